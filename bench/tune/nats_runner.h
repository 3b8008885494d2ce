// NatsRunner: points are run by `squall worker` processes, on any machine that reaches the same
// NATS server. They may come and go, and be killed; so may the server, if it comes back. Done is
// when a result of each point is here, whatever the queue says; what comes twice counts once.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "bench/tune/nats_link.h"
#include "bench/tune/runner.h"

namespace squall {

class NatsRunner final : public PointRunner {
 public:
  // `link` has its streams. `stop` as in RunPoint.
  NatsRunner(NatsLink* link, const std::atomic<bool>* stop);
  ~NatsRunner() override;

  // Besides the errors of PointRunner: kAborted for a dead point, with the reason; kUnavailable
  // where the server is away for more than a minute.
  absl::Status Run(std::span<const SweepPoint> points, ResultSink sink) override;

 private:
  struct Inbox;  // and messages are those of the client library: nats_runner.cc
  absl::Status Ask(std::span<const SweepPoint> points);
  absl::Status Collect(std::map<std::string, const SweepPoint*>* awaited, ResultSink sink);
  absl::Status Deliver(std::map<std::string, const SweepPoint*>* awaited, ResultSink sink);
  absl::Status TakeWhatIsThere(std::map<std::string, const SweepPoint*>* awaited, ResultSink sink);
  absl::Status CheckDead(const std::map<std::string, const SweepPoint*>& awaited);

  NatsLink* link_;
  const std::atomic<bool>* stop_;
  std::unique_ptr<Inbox> inbox_;
};

}  // namespace squall
