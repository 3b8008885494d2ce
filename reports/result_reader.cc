#include "reports/result_reader.h"

#include <absl/strings/str_cat.h>
#include <simdjson.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/json_schema.h"
#include "reports/result_parts.h"
#include "reports/result_schema.h"

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxBytes = size_t{2} << 30;
constexpr size_t kShown = 60;  // of a value in a message

absl::Status Corrupt(const std::string& message) { return absl::DataLossError(message); }

// Where the text stops being JSON.
class ErrorPlace : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*size*/) override { return true; }
  bool key(string_t& /*value*/) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t /*size*/) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    position_ = position;
    return false;
  }
  std::size_t position() const { return position_; }

 private:
  std::size_t position_ = 0;
};

absl::Status NotJson(std::string_view text, const std::string& name) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return Corrupt(name + ": got an empty file, expected a result");
  }
  ErrorPlace place;
  Json::sax_parse(text.begin(), text.end(), &place);
  const std::string_view before = text.substr(0, place.position() > 0 ? place.position() - 1 : 0);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t start = before.rfind('\n');
  const size_t column = before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
  const bool torn = place.position() >= text.size();
  return Corrupt(absl::StrCat(name, ":", line, ":", column, ": got ",
                              torn ? "the end of the file" : "what is no JSON",
                              ", expected the rest of a result"));
}

std::string Shown(const Json& document, const std::string& pointer) {
  const Json::json_pointer place(pointer);
  if (!document.contains(place)) return "nothing";
  std::string text = document[place].dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  return text;
}

absl::Status CheckVersion(const Json& json, const std::string& name) {
  const std::string at = name + ": /format_version: ";
  const std::string expected = absl::StrCat("expected ", kResultFormatVersion);
  if (!json.is_object()) return Corrupt(name + ": got no object, expected a result");
  if (!json.contains("format_version")) return Corrupt(at + "got nothing, " + expected);
  if (json["format_version"] == kResultFormatVersion) return absl::OkStatus();
  return Corrupt(absl::StrCat(at, "got ", Shown(json, "/format_version"), ", ", expected,
                              " (of squall ", RunResult::BuildVersion(),
                              "); run it again to compare"));
}

std::string Expected(const Violation& violation) {
  switch (violation.kind) {
    case Drift::kMissing: return "this key";
    case Drift::kType: return "type " + violation.expected;
    default: return std::string(violation.keyword) + " " + violation.expected;
  }
}

absl::Status CheckSchema(const Json& document, const std::string& name) {
  static const absl::StatusOr<JsonSchema> schema = JsonSchema::Compile(ResultSchema());
  if (!schema.ok()) return absl::InternalError(std::string(schema.status().message()));
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(document.dump()).get(root) != simdjson::SUCCESS) {
    return Corrupt(name + ": got text that is no UTF-8, expected a result");
  }
  const Violation violation = schema->Explain(root);
  if (violation.kind == Drift::kNone) return absl::OkStatus();
  return Corrupt(absl::StrCat(name, ": ", violation.pointer.empty() ? "/" : violation.pointer,
                              ": got ", Shown(document, violation.pointer), ", expected ",
                              Expected(violation)));
}

absl::StatusOr<StoredResult> ReadOne(Json json, const std::string& name) {
  const absl::Status version = CheckVersion(json, name);
  if (!version.ok()) return version;
  StoredResult stored;
  stored.name = name;
  const absl::Status schema = CheckSchema(json, name);
  if (!schema.ok()) return schema;
  stored.result = ResultOf(json);
  auto chronicle = std::make_shared<Chronicle>();
  const std::string wrong = ReadChronicle(json, chronicle.get());
  if (!wrong.empty()) return Corrupt(absl::StrCat(name, ": ", wrong));
  if (json.contains("timeline")) stored.result.chronicle = std::move(chronicle);
  const auto rows = json.find("per_request");
  if (rows != json.end()) {
    auto table = RequestsTable::FromJson(*rows);
    if (!table.ok()) {
      return Corrupt(absl::StrCat(name, ": /per_request", table.status().message()));
    }
    if (static_cast<int64_t>(table->rows().size()) < stored.result.summary.requests) {
      return Corrupt(absl::StrCat(name, ": /per_request/n: got ", table->rows().size(),
                                  ", expected at least the ", stored.result.summary.requests,
                                  " of /requests"));
    }
    stored.result.requests = std::make_shared<const RequestsTable>(*std::move(table));
    json.erase("per_request");
  }
  stored.json = std::make_shared<const Json>(std::move(json));
  return stored;
}

}  // namespace

absl::StatusOr<std::vector<StoredResult>> ReadResults(std::string_view text,
                                                      const std::string& name) {
  Json document = Json::parse(text.begin(), text.end(), nullptr, false);
  if (document.is_discarded()) return NotJson(text, name);
  std::vector<StoredResult> results;
  if (!document.is_array()) {
    auto one = ReadOne(std::move(document), name);
    if (!one.ok()) return one.status();
    results.push_back(*std::move(one));
    return results;
  }
  if (document.empty()) return Corrupt(name + ": got an empty list, expected results");
  for (size_t i = 0; i < document.size(); ++i) {
    auto one = ReadOne(std::move(document[i]), absl::StrCat(name, "[", i, "]"));
    if (!one.ok()) return one.status();
    results.push_back(*std::move(one));
  }
  return results;
}

absl::StatusOr<std::vector<StoredResult>> LoadResults(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(path + ": got no such file, expected a result");
  std::ostringstream read;
  read << file.rdbuf();
  const std::string text = std::move(read).str();
  if (text.size() > kMaxBytes) return Corrupt(path + ": got more than 2 GiB, expected a result");
  return ReadResults(text, path);
}

absl::StatusOr<StoredResult> LoadResult(const std::string& path) {
  auto results = LoadResults(path);
  if (!results.ok()) return results.status();
  if (results->size() != 1) {
    return Corrupt(absl::StrCat(path, ": got ", results->size(), " results, expected one"));
  }
  return std::move(results->front());
}

}  // namespace squall
