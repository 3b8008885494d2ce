#include "reports/atomic_file.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/catch.h"

namespace squall::atomic_file_test {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "squall-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(const char* name) const { return path_ / name; }
  std::ptrdiff_t Files() const {
    return std::distance(fs::directory_iterator(path_), fs::directory_iterator());
  }

 private:
  fs::path path_;
};

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("a file is written whole, replaces what was there, and leaves nothing else") {
  const Folder folder;
  const std::string path = (folder / "result.json").string();
  CHECK(WriteFileAtomically(path, "first").ok());
  CHECK(Read(path) == "first");
  const std::string large(3'000'000, 'x');
  CHECK(WriteFileAtomically(path, large).ok());
  CHECK(Read(path) == large);
  CHECK(WriteFileAtomically(path, "").ok());
  CHECK(Read(path).empty());
  CHECK(folder.Files() == 1);
}

TEST_CASE("a file that cannot be written is an error that names it") {
  const Folder folder;
  const std::string path = (folder / "missing/result.json").string();
  const absl::Status missing = WriteFileAtomically(path, "text");
  CHECK(missing.code() == absl::StatusCode::kNotFound);
  CHECK(std::string(missing.message()).find(path) != std::string::npos);
  fs::create_directory(folder / "taken");
  CHECK_FALSE(WriteFileAtomically((folder / "taken").string(), "text").ok());
  CHECK(folder.Files() == 1);
}

TEST_CASE("a symbolic link stays a link, and permissions stay what they were") {
  const Folder folder;
  const fs::path file = folder / "file";
  const fs::path link = folder / "link";
  CHECK(WriteFileAtomically(file.string(), "old").ok());
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink(file, link);
  CHECK(WriteFileAtomically(link.string(), "new").ok());
  CHECK(fs::is_symlink(link));
  CHECK(Read(file) == "new");
  CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("a device is written to, not replaced") {
  CHECK(WriteFileAtomically("/dev/null", "text").ok());
  CHECK(fs::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace squall::atomic_file_test
