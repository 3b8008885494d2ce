#include <absl/status/status.h>

#include <charconv>
#include <chrono>
#include <optional>

#include "engine/base/json_fields.h"
#include "scenarios/scenario.h"
#include "scenarios/text_file.h"

namespace squall {
namespace {

constexpr size_t kMaxTraceBytes = size_t{1} << 30;
constexpr int64_t kMaxTokens = 1'000'000'000;
constexpr std::string_view kHeader = "TIMESTAMP,ContextTokens,GeneratedTokens";

// Takes a whole number of exactly `digits` digits (any number of them if 0) off the front of
// `rest`.
std::optional<int64_t> TakeNumber(std::string_view* rest, size_t digits) {
  int64_t value = 0;
  const std::string_view field = digits == 0 ? *rest : rest->substr(0, digits);
  if (field.size() < digits || field.empty() || field.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  const auto used = static_cast<size_t>(end - field.data());
  if (error != std::errc() || (digits != 0 && used != digits)) return std::nullopt;
  rest->remove_prefix(used);
  return value;
}

bool TakeChar(std::string_view* rest, char c) {
  if (rest->empty() || rest->front() != c) return false;
  rest->remove_prefix(1);
  return true;
}

// ".9799600" exactly, up to 9 decimals; no fraction is 0.
std::optional<int64_t> TakeFractionNs(std::string_view* rest) {
  if (!TakeChar(rest, '.')) return 0;
  int64_t ns = 0;
  int digits = 0;
  while (!rest->empty() && rest->front() >= '0' && rest->front() <= '9') {
    if (++digits > 9) return std::nullopt;
    ns = ns * 10 + (rest->front() - '0');
    rest->remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) ns *= 10;
  return ns;
}

// "2023-11-16 18:17:03.9799600" as nanoseconds since 1970. Traces of 2024 add a "+00:00".
std::optional<int64_t> ParseTimestamp(std::string_view text) {
  const auto year = TakeNumber(&text, 4);
  if (!year || *year < 1970 || *year > 2261 || !TakeChar(&text, '-')) return std::nullopt;
  const auto month = TakeNumber(&text, 2);
  if (!month || !TakeChar(&text, '-')) return std::nullopt;
  const auto day = TakeNumber(&text, 2);
  if (!day || !(TakeChar(&text, ' ') || TakeChar(&text, 'T'))) return std::nullopt;
  const auto hour = TakeNumber(&text, 2);
  if (!hour || *hour > 23 || !TakeChar(&text, ':')) return std::nullopt;
  const auto minute = TakeNumber(&text, 2);
  if (!minute || *minute > 59 || !TakeChar(&text, ':')) return std::nullopt;
  const auto second = TakeNumber(&text, 2);
  if (!second || *second > 59) return std::nullopt;
  const auto fraction_ns = TakeFractionNs(&text);
  if (!fraction_ns || !(text.empty() || text == "Z" || text == "+00:00")) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t seconds = ((days * 24 + *hour) * 60 + *minute) * 60 + *second;
  return seconds * 1'000'000'000 + *fraction_ns;
}

// A row whose `at` is the absolute time.
std::optional<TraceRow> ParseRow(std::string_view line) {
  const size_t comma = line.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto at_ns = ParseTimestamp(line.substr(0, comma));
  line.remove_prefix(comma + 1);
  const auto context = TakeNumber(&line, 0);
  if (!at_ns || !context || *context > kMaxTokens || !TakeChar(&line, ',')) return std::nullopt;
  const auto generated = TakeNumber(&line, 0);
  if (!generated || *generated > kMaxTokens || !line.empty()) return std::nullopt;
  return TraceRow{Duration(*at_ns), *context, *generated};
}

// The next line without its line end.
std::string_view TakeLine(std::string_view* rest) {
  const size_t end = rest->find('\n');
  std::string_view line = rest->substr(0, end);
  rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

}  // namespace

absl::StatusOr<std::vector<TraceRow>> ParseTrace(std::string_view text, const std::string& name) {
  const auto bad = [&name](size_t line, const std::string& message) {
    return absl::InvalidArgumentError(name + ":" + std::to_string(line) + ": " + message);
  };
  std::string_view rest = text;
  const std::string_view header = TakeLine(&rest);
  if (header != kHeader) {
    return bad(1, "got " + ShowText(header) + ", expected " + std::string(kHeader));
  }
  std::vector<TraceRow> rows;
  rows.reserve(rest.size() / 32);
  Duration first{};
  for (size_t number = 2; !rest.empty(); ++number) {
    const std::string_view line = TakeLine(&rest);
    auto row = ParseRow(line);
    if (!row) {
      return bad(number, "got " + ShowText(line) +
                             ", expected a row such as 2023-11-16 18:17:03.9799600,4808,10");
    }
    if (rows.empty()) first = row->at;
    row->at -= first;
    if (row->at < (rows.empty() ? Duration::zero() : rows.back().at)) {
      return bad(number,
                 "got " + ShowText(line) + ", expected a time that is not before the row above");
    }
    rows.push_back(*row);
  }
  if (rows.empty()) return bad(2, "got no rows, expected at least one");
  return rows;
}

absl::StatusOr<std::vector<TraceRow>> LoadTrace(const std::string& path) {
  const auto text = ReadTextFile(path, kMaxTraceBytes);
  if (!text.ok()) return text.status();
  return ParseTrace(*text, path);
}

}  // namespace squall
