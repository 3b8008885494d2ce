// TortureLoad: clients of gateways that are killed under them. They send keyed requests, wait for
// some and ask about others, come back with keys they have used, and write down all that a gateway
// has told them. Nothing that was told may ever change: that is what they look for.
//
// Threads: each client has one of its own; all public calls from any other. Mistakes that are found
// are gathered as sentences, since Catch2's assertions are for one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/gateway_process.h"
#include "tests/bench/torture_upstream.h"

namespace squall {

struct TortureCounts {
  int64_t accepted = 0;  // keys that a gateway has taken
  int64_t refused = 0;   // replies that nothing was recorded
  int64_t broken = 0;    // replies that never came in whole
  int64_t replayed = 0;  // results under a key that had been used
  int64_t completed = 0;
  int64_t failed = 0;
  int64_t repeated = 0;  // executions after the first
  int64_t unknown = 0;   // attempts of unknown outcome
};

class TortureLoad {
 public:
  // `ports` are those of gateways that share one record; 0 while one is down.
  // `at_most_once`: what may have been executed is never executed again (record.on_unknown).
  TortureLoad(const TortureUpstream& upstream, size_t clients, size_t gateways,
              bool at_most_once = false);
  ~TortureLoad();
  TortureLoad(const TortureLoad&) = delete;
  TortureLoad& operator=(const TortureLoad&) = delete;

  void SetPort(size_t gateway, uint16_t port) { ports_[gateway] = port; }

  // No client begins anything until Resume(); returns once all have ended what they were at.
  void Quiesce();
  void Resume() { quiet_ = false; }

  // Waits until everything accepted since the last time (or ever) is finished, as a gateway says,
  // and compares it with what was told, with the attempts, and with what came to the providers.
  // Where another gateway runs, it has to say the same.
  void Settle(size_t gateway, bool all);

  TortureCounts counts() const;
  std::vector<std::string> mistakes() const;

 private:
  struct Told {
    std::string id;      // of the request
    std::string result;  // bytes
    int status = 0;      // of the result; 0 = not told yet
    bool settled = false;
  };

  void Run(size_t client);
  void Step(size_t client, uint64_t step);
  void Post(uint16_t port, uint64_t task, bool wait, bool used);
  void Look(uint16_t port, uint64_t task);
  void Hear(uint64_t task, const GatewayReply& reply, bool used);
  void HearResult(uint64_t task, const std::string& id, int status, const std::string& result);
  void SettleOne(uint16_t port, uint16_t other, uint64_t task, const Told& told);
  void CompareAttempts(uint64_t task, const nlohmann::json& request, bool first);
  void Mistake(uint64_t task, const std::string& what);

  const TortureUpstream& upstream_;
  const bool at_most_once_;
  std::vector<std::atomic<uint16_t>> ports_;
  std::atomic<bool> quiet_ = false;
  std::atomic<bool> ended_ = false;
  std::atomic<int> busy_ = 0;
  mutable std::mutex mutex_;  // of what follows
  uint64_t tasks_ = 0;        // used so far
  std::map<uint64_t, Told> told_;
  TortureCounts counts_;
  std::vector<std::string> mistakes_;
  std::vector<std::thread> clients_;
};

}  // namespace squall
