// SpareRequests: requests that have been sent, kept for their buffers. The next request is written
// where an earlier one was, so that a service under way allocates nothing to send. One thread.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "engine/wire/http.h"

namespace squall {

class SpareRequests {
 public:
  // Makes of *request, which is new, one without headers and body.
  void Take(HttpRequest* request) {
    if (spare_.empty()) return;
    *request = std::move(spare_.back());
    spare_.pop_back();
    request->headers.clear();
    request->body.clear();
  }

  // Drops what would hold much memory for long.
  void Keep(HttpRequest&& request) {
    if (spare_.size() < kMost && request.body.capacity() <= kLargestBody) {
      spare_.push_back(std::move(request));
    }
  }

 private:
  static constexpr size_t kMost = 64;
  static constexpr size_t kLargestBody = 64 << 10;  // bytes
  std::vector<HttpRequest> spare_;
};

}  // namespace squall
