#include "bench/tune/shard.h"

#include <absl/strings/numbers.h>

#include <cstdlib>
#include <optional>

#include "engine/base/cat.h"

namespace squall {
namespace {

std::optional<int64_t> Variable(const char* name) {
  const char* value = std::getenv(name);
  int64_t number = 0;
  if (value == nullptr || !absl::SimpleAtoi(value, &number)) return std::nullopt;
  return number;
}

struct SchedulerRow {
  const char* index;
  const char* first;  // of all indices; nullptr: 0
  const char* count;  // nullptr: the scheduler does not say
};
constexpr SchedulerRow kSchedulers[] = {
    {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT"},
    {"JOB_COMPLETION_INDEX", nullptr, nullptr},
    {"OMPI_COMM_WORLD_RANK", nullptr, "OMPI_COMM_WORLD_SIZE"},
    {"PMI_RANK", nullptr, "PMI_SIZE"},
    {"PMIX_RANK", nullptr, nullptr},
};

absl::Status Wrong(const std::string& text, std::string_view expected) {
  return absl::InvalidArgumentError(Cat("--shard: got \"", text, "\", expected ", expected));
}

absl::StatusOr<Shard> FromScheduler(const std::string& text, std::optional<int64_t> given) {
  for (const SchedulerRow& row : kSchedulers) {
    const std::optional<int64_t> index = Variable(row.index);
    if (!index) continue;
    const std::optional<int64_t> said = row.count == nullptr ? std::nullopt : Variable(row.count);
    const std::optional<int64_t> count = given ? given : said;
    if (!count) {
      return Wrong(text, Cat("auto/N: ", row.index, " comes without the number of shards"));
    }
    const int64_t first = row.first == nullptr ? 0 : Variable(row.first).value_or(0);
    return Shard{*index - first, *count};
  }
  return Wrong(text,
               "i/n: there is no SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, OMPI_COMM_WORLD_RANK, "
               "PMI_RANK or PMIX_RANK here");
}

}  // namespace

absl::StatusOr<Shard> ReadShard(const std::string& text) {
  if (text.empty()) return Shard();
  const size_t slash = text.find('/');
  const std::string left = text.substr(0, slash);
  std::optional<int64_t> count;
  if (slash != std::string::npos) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(text.substr(slash + 1), &number)) {
      return Wrong(text, "i/n, such as 0/4, or auto");
    }
    count = number;
  }
  Shard shard;
  if (left == "auto") {
    absl::StatusOr<Shard> found = FromScheduler(text, count);
    if (!found.ok()) return found;
    shard = *found;
  } else if (!count || !absl::SimpleAtoi(left, &shard.index)) {
    return Wrong(text, "i/n, such as 0/4, or auto");
  } else {
    shard.count = *count;
  }
  if (shard.count < 1 || shard.index < 0 || shard.index >= shard.count) {
    return Wrong(text, Cat("an index from 0 to one below the number of shards, got index ",
                           shard.index, " of ", shard.count));
  }
  return shard;
}

}  // namespace squall
