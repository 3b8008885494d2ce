#include "reports/requests_table.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/base/check.h"
#include "reports/fingerprint.h"
#include "reports/json_values.h"
#include "reports/metrics.h"
#include "reports/summary.h"

namespace squall {
namespace {

// Base 36 comes first, so that the same characters count and name.
constexpr std::string_view kDigits =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kEndings = "swalSWAL";  // `abstained` in capitals cannot happen
constexpr int kDigestDigits = 6;

struct KindLetter {
  char letter;
  RequestKind kind;
};
constexpr KindLetter kKindLetters[] = {
    {'h', RequestKind::kHealthy}, {'f', RequestKind::kFaulted},    {'s', RequestKind::kSlow},
    {'l', RequestKind::kByLoad},  {'m', RequestKind::kModelError}, {'u', RequestKind::kUnsent}};

char LetterOf(RequestKind kind) {
  for (const KindLetter& row : kKindLetters) {
    if (row.kind == kind) return row.letter;
  }
  return '-';
}

char EndingLetter(const Outcome& outcome) {
  Tally one;
  one.Add(outcome);
  const int row = one.strict > 0 ? 0 : one.lenient > 0 ? 1 : one.abstained > 0 ? 2 : 3;
  return kEndings[static_cast<size_t>(row + (one.silent_escape > 0 ? 4 : 0))];
}

// The character of an index + 1; '.' of 0. Beyond the digits the last one stands for all.
char NameLetter(int index) {
  if (index == 0) return '.';
  return kDigits[std::min<size_t>(static_cast<size_t>(index - 1), kDigits.size() - 1)];
}

int Position(std::string_view letters, char c) {
  const size_t at = letters.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

int NameIndex(char c) { return c == '.' ? 0 : Position(kDigits, c) + 1; }

uint8_t Capped(int64_t count) {
  return static_cast<uint8_t>(std::min<int64_t>(count, kMostAttemptsKept));
}

Json Names(const std::vector<std::string>& names) {
  Json legend = {{".", "none"}};
  for (size_t i = 0; i < names.size(); ++i) {
    legend[std::string(1, NameLetter(static_cast<int>(i) + 1))] = names[i];
  }
  return legend;
}

Json Legend(const RequestsTable& table) {
  Json kinds = {{"-", "did not end"}};
  for (const KindLetter& row : kKindLetters) {
    kinds[std::string(1, row.letter)] = std::string(RequestKindName(row.kind));
  }
  std::vector<std::string> classes;
  for (int i = 0; i < kFailureClassCount; ++i) {
    classes.emplace_back(FailureClassName(static_cast<FailureClass>(i)));
  }
  const Json class_names = Names(classes);
  return {{"kind", std::move(kinds)},
          {"ending",
           {{"-", "did not end"},
            {"s", "right answer in time"},
            {"w", "wrong answer in time, or one too many"},
            {"a", "told of its failure in time"},
            {"l", "late or empty"},
            {"S", "as s, and it is the first attempt's reply"},
            {"W", "as w, and it is the first attempt's reply"},
            {"L", "as l, and it is the first attempt's reply"}}},
          {"fault", Names(table.fault_names())},
          {"diagnosis", class_names},
          {"truth", class_names},
          {"action", Names(table.actions())},
          {"ceiling", {{"1", "recoverable"}, {"0", "not recoverable"}, {".", "not known"}}}};
}

}  // namespace

// The columns, once for writing and for reading.
class RequestColumns {
 public:
  struct Letters {
    const char* name;
    char (*get)(const RequestRow&);
    bool (*set)(RequestRow&, char);  // false: no such character
  };
  struct Numbers {
    const char* name;
    int64_t RequestRow::*field;
  };

  template <uint8_t RequestRow::*kField>
  static constexpr Letters Count(const char* name) {
    return {name, [](const RequestRow& row) { return kDigits[row.*kField]; },
            [](RequestRow& row, char c) {
              const int digit = Position(kDigits, c);
              row.*kField = static_cast<uint8_t>(std::max(digit, 0));
              return digit >= 0 && digit <= kMostAttemptsKept;
            }};
  }
  template <uint8_t RequestRow::*kField>
  static constexpr Letters Name(const char* name) {
    return {name, [](const RequestRow& row) { return NameLetter(row.*kField); },
            [](RequestRow& row, char c) {
              row.*kField = static_cast<uint8_t>(NameIndex(c));
              return c == '.' || row.*kField > 0;
            }};
  }

  static std::vector<Letters> AllLetters() {
    return {{"kind", [](const RequestRow& row) { return row.kind; },
             [](RequestRow& row, char c) {
               row.kind = c;
               return c == '-' || std::any_of(std::begin(kKindLetters), std::end(kKindLetters),
                                              [c](const auto& one) { return one.letter == c; });
             }},
            {"ending", [](const RequestRow& row) { return row.ending; },
             [](RequestRow& row, char c) {
               row.ending = c;
               return c == '-' || Position(kEndings, c) >= 0;
             }},
            Name<&RequestRow::fault>("fault"),
            Name<&RequestRow::diagnosis>("diagnosis"),
            Name<&RequestRow::truth>("truth"),
            Name<&RequestRow::action>("action"),
            {"ceiling",
             [](const RequestRow& row) { return row.ceiling < 0 ? '.' : kDigits[row.ceiling]; },
             [](RequestRow& row, char c) {
               row.ceiling = static_cast<int8_t>(c == '.' ? -1 : c - '0');
               return c == '.' || c == '0' || c == '1';
             }},
            Count<&RequestRow::attempts>("attempts"),
            Count<&RequestRow::faulted_attempts>("faulted_attempts"),
            Count<&RequestRow::class_right>("class_right"),
            Count<&RequestRow::retry_right>("retry_right")};
  }
  static std::vector<Numbers> AllNumbers() {
    return {{"arrival_ms", &RequestRow::arrival_ms},
            {"latency_us", &RequestRow::latency_us},
            {"cost_nusd", &RequestRow::cost_nusd}};
  }

  static absl::Status Read(const nlohmann::ordered_json& json, RequestsTable* table);
  static absl::Status ReadNames(const nlohmann::ordered_json& legend, const char* column,
                                std::vector<std::string>* names);
};

RequestsTable::RequestsTable(std::vector<std::string> fault_names)
    : fault_names_(std::move(fault_names)) {}

uint8_t RequestsTable::ActionIndex(std::string_view name) {
  for (size_t i = 0; i < actions_.size(); ++i) {
    if (actions_[i] == name) return static_cast<uint8_t>(i + 1);
  }
  SQUALL_CHECK(actions_.size() < kDigits.size());
  actions_.emplace_back(name);
  return static_cast<uint8_t>(actions_.size());
}

void RequestsTable::Add(const Outcome& outcome) {
  if (replications_.empty()) replications_.push_back(0);
  const size_t first = rows_.size() - static_cast<size_t>(replications_.back());
  const size_t at = first + static_cast<size_t>(outcome.index);
  if (at >= rows_.size()) {
    rows_.resize(at + 1);
    replications_.back() = static_cast<int64_t>(at + 1 - first);
  }
  RequestRow& row = rows_[at];
  row.kind = LetterOf(KindOf(outcome));
  row.ending = EndingLetter(outcome);
  row.ceiling = static_cast<int8_t>(outcome.ceiling);
  row.attempts = Capped(static_cast<int64_t>(outcome.attempts.size()));
  int64_t faulted = 0;
  int64_t class_right = 0;
  int64_t retry_right = 0;
  for (const AttemptOutcome& attempt : outcome.attempts) {
    if (attempt.fault < 0 || attempt.impairment || attempt.by_load) continue;
    ++faulted;
    class_right += attempt.diagnosed == attempt.truth;
    retry_right += attempt.diagnosed_retry == attempt.truth_retry;
  }
  row.faulted_attempts = Capped(faulted);
  row.class_right = Capped(outcome.target ? 0 : class_right);
  row.retry_right = Capped(outcome.target ? 0 : retry_right);
  if (!outcome.attempts.empty()) {
    const AttemptOutcome& attempt = outcome.attempts[0];
    const bool drawn = attempt.fault >= 0 && !attempt.by_load;
    row.fault = static_cast<uint8_t>(drawn ? attempt.fault + 1 : 0);
    const int diagnosis = static_cast<int>(attempt.diagnosed) + 1;
    row.diagnosis = static_cast<uint8_t>(outcome.target ? 0 : diagnosis);
    row.truth = static_cast<uint8_t>(static_cast<int>(attempt.truth) + 1);
  }
  if (outcome.attempts.size() > 1 && !outcome.target)
    row.action = ActionIndex(outcome.attempts[1].strategy);
  Fingerprint fingerprint;
  FeedOutcome(outcome, &fingerprint);
  row.digest = static_cast<uint32_t>(fingerprint.value() >> (64 - 4 * kDigestDigits));
  row.arrival_ms = outcome.started.time_since_epoch().count() / 1'000'000;
  row.latency_us = (outcome.ended - outcome.started).count() / 1'000;
  row.cost_nusd = std::llround(outcome.cost_usd * 1e9);
}

void RequestsTable::Append(const RequestsTable& later) {
  if (fault_names_.empty()) fault_names_ = later.fault_names_;
  replications_.insert(replications_.end(), later.replications_.begin(), later.replications_.end());
  std::vector<uint8_t> actions = {0};
  for (const std::string& action : later.actions_) actions.push_back(ActionIndex(action));
  rows_.reserve(rows_.size() + later.rows_.size());
  for (RequestRow row : later.rows_) {
    row.action = actions[row.action];
    rows_.push_back(row);
  }
}

std::string RequestsTable::NameOf(size_t row) const {
  if (replications_.size() <= 1) return absl::StrCat(row);
  size_t replication = 0;
  size_t index = row;
  while (replication + 1 < replications_.size() &&
         index >= static_cast<size_t>(replications_[replication])) {
    index -= static_cast<size_t>(replications_[replication++]);
  }
  return absl::StrCat(replication, ":", index);
}

std::string RequestsTable::ToJson(int indent) const {
  const std::string member = ",\n" + std::string(static_cast<size_t>(indent) + 2, ' ') + "\"";
  std::string out = absl::StrCat("{", member.substr(1), "n\": ", rows_.size());
  absl::StrAppend(&out, member, "replications\": ", Json(replications_).dump());
  absl::StrAppend(&out, member, "legend\": ", Legend(*this).dump());
  for (const RequestColumns::Letters& column : RequestColumns::AllLetters()) {
    absl::StrAppend(&out, member, column.name, "\": \"");
    for (const RequestRow& row : rows_) out += column.get(row);
    out += '"';
  }
  for (const RequestColumns::Numbers& column : RequestColumns::AllNumbers()) {
    absl::StrAppend(&out, member, column.name, "\": [");
    for (size_t i = 0; i < rows_.size(); ++i) {
      absl::StrAppend(&out, i == 0 ? "" : ",", rows_[i].*column.field);
    }
    out += ']';
  }
  absl::StrAppend(&out, member, "digest\": \"");
  for (const RequestRow& row : rows_) {
    for (int digit = kDigestDigits - 1; digit >= 0; --digit) {
      out += kDigits[(row.digest >> (4 * digit)) & 15];
    }
  }
  absl::StrAppend(&out, "\"\n", std::string(static_cast<size_t>(indent), ' '), "}");
  return out;
}

namespace {

absl::Status Bad(const std::string& pointer, const std::string& what) {
  return absl::InvalidArgumentError(pointer + ": " + what);
}

}  // namespace

// The names of a column in the order of their characters, without "none".
absl::Status RequestColumns::ReadNames(const nlohmann::ordered_json& legend, const char* column,
                                       std::vector<std::string>* names) {
  const std::string pointer = absl::StrCat("/legend/", column);
  if (!legend.contains(column) || !legend[column].is_object()) {
    return Bad(pointer, "got nothing, expected names by their characters");
  }
  const nlohmann::ordered_json& letters = legend[column];
  for (int index = 1; index <= static_cast<int>(kDigits.size()); ++index) {
    const auto found = letters.find(std::string(1, NameLetter(index)));
    if (found == letters.end()) break;
    if (!found->is_string()) return Bad(pointer, "got " + found->dump() + ", expected a text");
    names->push_back(found->get<std::string>());
  }
  return absl::OkStatus();
}

absl::Status RequestColumns::Read(const nlohmann::ordered_json& json, RequestsTable* table) {
  std::vector<RequestRow>& rows = table->rows_;
  const auto length = [&rows](size_t got, size_t each) {
    return absl::StrCat("got ", got, " entries, expected ", each * rows.size(), ": ",
                        each == 1 ? "one" : absl::StrCat(each), " for each of the requests");
  };
  for (const Letters& column : AllLetters()) {
    const std::string pointer = absl::StrCat("/", column.name);
    if (!json.contains(column.name) || !json[column.name].is_string()) {
      return Bad(pointer, "got no text, expected a character for each request");
    }
    const auto& text = json[column.name].get_ref<const std::string&>();
    if (text.size() != rows.size()) return Bad(pointer, length(text.size(), 1));
    for (size_t i = 0; i < rows.size(); ++i) {
      if (column.set(rows[i], text[i])) continue;
      return Bad(pointer, absl::StrCat("got ",
                                       nlohmann::ordered_json(std::string(1, text[i]))
                                           .dump(-1, ' ', true,
                                                 nlohmann::ordered_json::error_handler_t::replace),
                                       " at ", i, ", expected a character of the legend"));
    }
  }
  for (const Numbers& column : AllNumbers()) {
    const std::string pointer = absl::StrCat("/", column.name);
    if (!json.contains(column.name) || !json[column.name].is_array()) {
      return Bad(pointer, "got no list, expected an integer for each request");
    }
    const nlohmann::ordered_json& list = json[column.name];
    if (list.size() != rows.size()) return Bad(pointer, length(list.size(), 1));
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!list[i].is_number_integer()) {
        return Bad(absl::StrCat(pointer, "/", i),
                   "got " + list[i].dump() + ", expected an integer");
      }
      rows[i].*column.field = list[i].get<int64_t>();
    }
  }
  if (!json.contains("digest") || !json["digest"].is_string()) {
    return Bad("/digest", "got no text, expected 6 hex digits for each request");
  }
  const auto& digest = json["digest"].get_ref<const std::string&>();
  if (digest.size() != kDigestDigits * rows.size()) {
    return Bad("/digest", length(digest.size(), kDigestDigits));
  }
  for (size_t i = 0; i < digest.size(); ++i) {
    const int digit = Position(kDigits.substr(0, 16), digest[i]);
    if (digit < 0) return Bad("/digest", absl::StrCat("got no hex digit at ", i));
    uint32_t& value = rows[i / kDigestDigits].digest;
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  return absl::OkStatus();
}

absl::StatusOr<RequestsTable> RequestsTable::FromJson(const nlohmann::ordered_json& json) {
  if (!json.is_object()) return Bad("", "got no object, expected columns");
  const auto is_count = [](const nlohmann::ordered_json& value) {
    return value.is_number_integer() && value >= 0 && value <= kMostRequestsKept;
  };
  RequestsTable table;
  if (!json.contains("n") || !is_count(json["n"])) {
    return Bad("/n", absl::StrCat("expected a count of at most ", kMostRequestsKept));
  }
  table.rows_.resize(json["n"].get<size_t>());
  if (!json.contains("replications") || !json["replications"].is_array()) {
    return Bad("/replications", "got no list, expected the number of requests of each");
  }
  int64_t sum = 0;
  for (const nlohmann::ordered_json& count : json["replications"]) {
    if (!is_count(count)) return Bad("/replications", "got " + count.dump() + ", expected a count");
    table.replications_.push_back(count.get<int64_t>());
    sum += table.replications_.back();
  }
  if (sum != static_cast<int64_t>(table.rows_.size())) {
    return Bad("/replications",
               absl::StrCat("got ", sum, " in all, expected ", table.rows_.size()));
  }
  const nlohmann::ordered_json legend = json.value("legend", nlohmann::ordered_json::object());
  auto read = RequestColumns::ReadNames(legend, "fault", &table.fault_names_);
  if (read.ok()) read = RequestColumns::ReadNames(legend, "action", &table.actions_);
  if (read.ok()) read = RequestColumns::Read(json, &table);
  if (!read.ok()) return read;
  for (size_t i = 0; i < table.rows_.size(); ++i) {
    const RequestRow& row = table.rows_[i];
    if (row.fault > table.fault_names_.size() || row.diagnosis > kFailureClassCount ||
        row.truth > kFailureClassCount || row.action > table.actions_.size()) {
      return Bad("/fault", absl::StrCat("got a character at ", i, " that the legend lacks"));
    }
  }
  return table;
}

}  // namespace squall
