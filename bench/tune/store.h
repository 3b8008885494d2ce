// PointStore: results of sweep points by their hash, and the file that keeps them, a line each
// (point.h). The file is the state of a search: whoever has its lines need not run them again, in
// whatever order and from however many places they came. A line counts once it is whole; a torn
// last one, as a crash leaves it, is cut off.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "bench/tune/point.h"

namespace squall {

class PointStore {
 public:
  // Takes in the lines of a file. `may_be_torn`: its last line may have no end. Errors: kNotFound,
  // kDataLoss for a line that is no result, with file and line.
  absl::Status Read(const std::string& path, bool may_be_torn);

  // Reads the file if there is one, cuts off a torn last line, and appends what is added from now
  // on. Errors: those of Read, kPermissionDenied where it cannot be written.
  absl::Status Open(const std::string& path);

  // Of the same point; nullptr if there is none.
  const PointResult* Find(const SweepPoint& point) const;

  // Adds a result unless it is there already. Errors: kResourceExhausted where it cannot be kept.
  absl::Status Add(const PointResult& result);

  size_t size() const { return results_.size(); }
  // The lines of all results, in the order of their hashes: the same whoever made them.
  std::string Text() const;

 private:
  struct Closer {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  std::map<std::string, PointResult> results_;  // by hash
  std::unique_ptr<FILE, Closer> file_;
  std::string path_;
};

}  // namespace squall
