// Where tests keep records: in memory, and in a folder of their own that goes with them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/engine/gateway/record_claims.h"

namespace squall {

inline RecordConfig RecordTestConfig() {
  RecordConfig config;
  config.clock = RecordClock::kCaller;
  config.max_body_bytes = 1 << 20;
  config.max_bytes = 64 << 20;
  return config;
}

inline RecordPlace MemoryPlace() {
  RecordPlace place;
  place.config = RecordTestConfig();
  place.wipe = [] {};
  place.outlives_process = false;
  return place;
}

class RecordFolder {
 public:
  RecordFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "squall-record-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~RecordFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  RecordFolder(const RecordFolder&) = delete;
  RecordFolder& operator=(const RecordFolder&) = delete;

  std::string path() const { return path_; }
  std::string file() const { return path_ + "/record.db"; }

  RecordPlace Place() const {
    RecordPlace place;
    place.config = RecordTestConfig();
    place.config.store = RecordStore::kSqlite;
    place.config.path = file();
    place.wipe = [path = path_] {
      for (const auto& entry : std::filesystem::directory_iterator(path)) {
        std::filesystem::remove_all(entry.path());
      }
    };
    return place;
  }

 private:
  std::string path_;
};

}  // namespace squall
