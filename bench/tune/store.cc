#include "bench/tune/store.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "engine/base/cat.h"
#include "scenarios/text_file.h"

namespace squall {
namespace {

constexpr size_t kMostStoreBytes = size_t{4} << 30;

}  // namespace

absl::Status PointStore::Read(const std::string& path, bool may_be_torn) {
  const absl::StatusOr<std::string> text = ReadTextFile(path, kMostStoreBytes);
  if (!text.ok()) return text.status();
  std::string_view rest = *text;
  for (int64_t line = 1; !rest.empty(); ++line) {
    const size_t end = rest.find('\n');
    if (end == rest.npos && may_be_torn) break;
    const std::string_view row = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    if (row.empty()) continue;
    absl::StatusOr<PointResult> result = ReadResult(row, Cat(path, ":", line));
    if (!result.ok()) return absl::DataLossError(result.status().message());
    results_.emplace(PointHash(result->point), std::move(*result));
  }
  return absl::OkStatus();
}

absl::Status PointStore::Open(const std::string& path) {
  if (IsFile(path)) {
    const absl::Status read = Read(path, true);
    if (!read.ok()) return read;
    const absl::StatusOr<std::string> text = ReadTextFile(path, kMostStoreBytes);
    if (!text.ok()) return text.status();
    const size_t whole = text->rfind('\n') + 1;  // npos + 1 is 0
    std::error_code error;
    if (whole < text->size()) std::filesystem::resize_file(path, whole, error);
  }
  file_.reset(std::fopen(path.c_str(), "ab"));
  if (file_ == nullptr) {
    return absl::PermissionDeniedError(Cat(path, ": ", std::strerror(errno)));
  }
  path_ = path;
  return absl::OkStatus();
}

const PointResult* PointStore::Find(const SweepPoint& point) const {
  const auto found = results_.find(PointHash(point));
  if (found == results_.end()) return nullptr;
  return PointText(found->second.point) == PointText(point) ? &found->second : nullptr;
}

absl::Status PointStore::Add(const PointResult& result) {
  if (!results_.emplace(PointHash(result.point), result).second) return absl::OkStatus();
  if (file_ == nullptr) return absl::OkStatus();
  const std::string line = ResultText(result) + "\n";
  const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size();
  if (written && std::fflush(file_.get()) == 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(Cat(path_, ": ", std::strerror(errno)));
}

std::string PointStore::Text() const {
  std::string text;
  for (const auto& [hash, result] : results_) AppendTo(&text, ResultText(result), "\n");
  return text;
}

}  // namespace squall
