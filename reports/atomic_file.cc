#include "reports/atomic_file.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace squall {
namespace {

absl::Status Failed(const char* doing, const std::string& path, int error) {
  const std::string message =
      absl::StrCat(path, ": cannot ", doing, ": ", std::generic_category().message(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR: return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS: return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return absl::ResourceExhaustedError(message);
    default: return absl::UnknownError(message);
  }
}

// 0, or the errno of the first write that failed.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

absl::Status WriteDirectly(const std::string& path, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return Failed("open", path, errno);
  const int error = WriteAll(fd, text);
  close(fd);
  return error == 0 ? absl::OkStatus() : Failed("write", path, error);
}

// The rename itself must survive a power cut too; a folder that cannot be synced is no error.
void SyncFolder(const std::filesystem::path& folder) {
  const int fd = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace

absl::Status WriteFileAtomically(const std::string& path, std::string_view text) {
  std::error_code missing;
  const std::filesystem::path real = std::filesystem::canonical(path, missing);
  const std::string target = missing ? path : real.string();
  struct stat existing {};
  const bool exists = stat(target.c_str(), &existing) == 0;
  if (exists && S_ISDIR(existing.st_mode)) return Failed("write", path, EISDIR);
  if (exists && !S_ISREG(existing.st_mode)) return WriteDirectly(path, text);

  const std::string temporary = absl::StrCat(target, ".", getpid(), ".tmp");
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return Failed("create", path, errno);
  int error = WriteAll(fd, text);
  if (error == 0 && exists && fchmod(fd, existing.st_mode & 07777) != 0) error = errno;
  if (error == 0 && fsync(fd) != 0) error = errno;
  if (close(fd) != 0 && error == 0) error = errno;
  if (error == 0 && std::rename(temporary.c_str(), target.c_str()) != 0) error = errno;
  if (error != 0) {
    unlink(temporary.c_str());
    return Failed("write", path, error);
  }
  SyncFolder(std::filesystem::path(target).parent_path());
  return absl::OkStatus();
}

}  // namespace squall
