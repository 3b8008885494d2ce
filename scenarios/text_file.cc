#include "scenarios/text_file.h"

#include <absl/status/status.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

namespace squall {

bool IsFile(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  return !error && std::filesystem::exists(status) && !std::filesystem::is_directory(status);
}

absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t max_bytes) {
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::NotFoundError(path + ": got a directory, expected a file");
  }
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) {
    const std::string why = errno == ENOENT ? "no such file" : std::strerror(errno);
    return absl::NotFoundError(path + ": " + why);
  }
  std::string out;
  char buffer[1 << 16];
  size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof(buffer), file.get())) > 0) {
    out.append(buffer, got);
    if (out.size() > max_bytes) {
      return absl::InvalidArgumentError(path + ": got a file of more than " +
                                        std::to_string(max_bytes) + " bytes, expected less");
    }
  }
  if (std::ferror(file.get()) != 0) return absl::NotFoundError(path + ": cannot be read");
  return out;
}

}  // namespace squall
