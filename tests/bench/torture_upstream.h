// TortureUpstream: providers that fail often, and know how often each task has come to them, over
// all of them and over all lives of the gateways before them. What a task's n-th arrival meets is
// drawn by (task, n); a healthy answer is different each time, so that two results of one task
// cannot be the same by chance.
//
// Threads: the providers run on one of their own; all public calls from any other.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/real_env.h"
#include "mock_providers/http_server.h"

namespace squall {

enum class TortureFate : uint8_t {
  kAnswer,
  kSlowAnswer,
  kError500,
  kError429,
  kReset,
  kCut,
  kGarbage,
  kHang,
  kRefusal,  // 400: it will not pass
};

class TortureUpstream {
 public:
  using Fates = std::function<TortureFate(uint64_t task, uint32_t arrival)>;

  static TortureFate UsualFate(uint64_t task, uint32_t arrival);

  // As many providers, each on a port of its own; `fates` is called on their thread.
  explicit TortureUpstream(size_t providers, Fates fates = &UsualFate);
  ~TortureUpstream();
  TortureUpstream(const TortureUpstream&) = delete;
  TortureUpstream& operator=(const TortureUpstream&) = delete;

  uint16_t port(size_t provider) const { return ports_[provider]; }

  struct Seen {
    int64_t arrived = 0;   // how often it was, or may have been, executed
    int64_t answered = 0;  // of those: with a healthy answer that went out in whole
  };
  Seen Of(uint64_t task) const;
  int64_t arrivals() const;  // of all tasks

  // "task-17", as it stands in a prompt.
  static std::string Marker(uint64_t task);

 private:
  class Source;

  RealEnv env_;
  Fates fates_;
  mutable std::mutex mutex_;  // of seen_
  std::map<uint64_t, Seen> seen_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<std::unique_ptr<MockHttpServer>> servers_;
  std::vector<uint16_t> ports_;
  std::thread thread_;
};

}  // namespace squall
