#include "engine/gateway/record.h"

#include <algorithm>
#include <array>

#include "engine/gateway/record_tables.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 5> kRequestStatuses = {"queued", "processing", "retrying",
                                                              "completed", "failed"};
constexpr std::array<std::string_view, 5> kAttemptOutcomes = {"running", "succeeded", "failed",
                                                              "unknown", "abandoned"};
constexpr size_t kErrorCodeMax = 40;
constexpr int64_t kErrorCodeDigitsMax = 4;  // a key of hexadecimal digits has more
constexpr size_t kErrorMessageMax = 256;
constexpr size_t kErrorWordMax = 24;

bool IsCodeCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

}  // namespace

std::span<const std::string_view> RequestStatusNames() { return kRequestStatuses; }
std::string_view Name(RequestStatus status) {
  return kRequestStatuses.at(static_cast<size_t>(status));
}
std::span<const std::string_view> RecordedOutcomeNames() { return kAttemptOutcomes; }
std::string_view Name(RecordedOutcome outcome) {
  return kAttemptOutcomes.at(static_cast<size_t>(outcome));
}

std::string SafeErrorCode(std::string_view code) {
  const auto digits =
      std::count_if(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
  const bool safe = code.size() <= kErrorCodeMax && digits <= kErrorCodeDigitsMax &&
                    std::all_of(code.begin(), code.end(), &IsCodeCharacter);
  return std::string(safe ? code : "other");
}

std::string SafeErrorMessage(std::string_view message) {
  std::string safe;
  size_t i = 0;
  while (i < message.size() && safe.size() < kErrorMessageMax) {
    if (message[i] == ' ') {
      safe += ' ';
      ++i;
      continue;
    }
    const std::string_view word = message.substr(i, message.find(' ', i) - i);
    i += word.size();
    if (word.size() > kErrorWordMax) {
      safe += "[...]";
      continue;
    }
    for (const char c : word) safe += c > ' ' && c < '\x7f' ? c : '?';
  }
  safe.resize(std::min(safe.size(), kErrorMessageMax));
  return safe;
}

absl::StatusOr<std::unique_ptr<RequestRecord>> OpenRecord(const RecordConfig& config) {
  auto connection =
      config.store == RecordStore::kPostgres ? OpenPostgres(config) : OpenSqlite(config);
  if (!connection.ok()) return connection.status();
  return std::make_unique<TableRecord>(config, *std::move(connection));
}

}  // namespace squall
