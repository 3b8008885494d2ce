#include "bench/tune/nats_worker.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "bench/tune/nats_inside.h"
#include "bench/tune/point.h"
#include "engine/base/cat.h"

namespace squall {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int64_t kTakeWaitMs = 500;
constexpr int64_t kWorkerPauseMs = 200;

// The points that are being run, so that the server can be told.
class Held {
 public:
  void Take(natsMsg* message) {
    const std::lock_guard lock(mutex_);
    messages_.insert(message);
  }
  void Release(natsMsg* message) {
    const std::lock_guard lock(mutex_);
    messages_.erase(message);
  }
  void SayInProgress() {
    const std::lock_guard lock(mutex_);
    for (natsMsg* message : messages_) natsMsg_InProgress(message, nullptr);
  }

 private:
  std::mutex mutex_;
  std::set<natsMsg*> messages_;
};

class Worker {
 public:
  Worker(NatsLink* link, std::string build, int64_t idle_s, const std::atomic<bool>* stop)
      : link_(link), build_(std::move(build)), idle_(idle_s), stop_(stop) {}

  absl::Status Run(int threads, WorkerReport* report) {
    {
      std::jthread heart([this](const std::stop_token& ended) { Beat(ended); });
      std::vector<std::jthread> others;
      for (int i = 1; i < threads; ++i) others.emplace_back([this] { Work(); });
      Work();
    }
    report->points = points_;
    report->redelivered = redelivered_;
    const std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  bool Stopped() const { return stop_->load() || failed_.load(); }

  void Fail(absl::Status status) {
    const std::lock_guard lock(mutex_);
    if (error_.ok()) error_ = std::move(status);
    failed_ = true;
  }

  void Beat(const std::stop_token& ended) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any wake;
    while (!wake.wait_for(lock, ended, std::chrono::milliseconds(beat_ms_.load()),
                          [&] { return ended.stop_requested(); })) {
      held_.SayInProgress();
    }
  }

  // Binds to the workers' consumer; nullptr while there is none or the server is away.
  NatsSubscription Bind() {
    const absl::StatusOr<std::string> build = link_->BuildOfWork();
    if (!build.ok()) return nullptr;
    if (*build != build_) {
      Fail(absl::FailedPreconditionError(Cat("NATS: got a queue of squall ", *build,
                                             ", expected one of squall ", build_,
                                             ", which this worker is")));
      return nullptr;
    }
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Stream = kWorkStream;
    options.Consumer = kWorkers;
    natsSubscription* made = nullptr;
    jsErrCode code{};
    js_PullSubscribe(&made, link_->inside().stream.get(), kWorkSubject, nullptr, nullptr, &options,
                     &code);
    NatsSubscription subscription(made);
    jsConsumerInfo* found = nullptr;
    if (made != nullptr &&
        natsSubscription_GetConsumerInfo(&found, made, nullptr, &code) == NATS_OK) {
      beat_ms_ = std::max<int64_t>(50, found->Config->AckWait / kNanosecondsPerMs / 3);
    }
    const NatsConsumerInfo info(found);
    return subscription;
  }

  void Work() {
    NatsSubscription subscription;
    Clock::time_point busy = Clock::now();
    while (!Stopped()) {
      if (idle_ > 0 && Clock::now() - busy > std::chrono::seconds(idle_)) return;
      if (subscription == nullptr) subscription = Bind();
      natsMsgList list{};
      jsErrCode code{};
      const natsStatus status =
          subscription == nullptr
              ? NATS_CONNECTION_DISCONNECTED
              : natsSubscription_Fetch(&list, subscription.get(), 1, kTakeWaitMs, &code);
      if (status == NATS_OK && list.Count > 0) {
        Do(list.Msgs[0]);
        busy = Clock::now();
      }
      natsMsgList_Destroy(&list);
      if (status == NATS_OK || status == NATS_TIMEOUT) continue;
      subscription.reset();
      nats_Sleep(kWorkerPauseMs);
    }
  }

  // Until the server has it, or this worker is told to go.
  bool Deliver(const std::string& subject, const std::string& id, const std::string& text) {
    while (!link_->Publish(subject, id, text).ok()) {
      if (Stopped()) return false;
      nats_Sleep(kWorkerPauseMs);
    }
    return true;
  }

  void PutAside(natsMsg* message, const std::string& hash, const std::string& why) {
    if (Deliver(Cat(kDeadSubject, hash), Cat("dead-", hash), why)) natsMsg_Term(message, nullptr);
  }

  void Do(natsMsg* message) {
    jsMsgMetaData* data = nullptr;
    natsMsg_GetMetaData(&data, message);
    const NatsMetaData meta(data);
    const uint64_t delivered = data == nullptr ? 1 : data->NumDelivered;
    const absl::StatusOr<SweepPoint> point = ReadPoint(TextOf(message), "point");
    if (!point.ok()) {
      natsMsg_Term(message, nullptr);  // none of ours: nobody waits for it
      return;
    }
    const std::string hash = PointHash(*point);
    if (delivered > kMostDeliveries) {
      return PutAside(
          message, hash,
          Cat("given to workers ", kMostDeliveries, " times, and none has finished it"));
    }
    if (point->build != build_) {
      natsMsg_Nak(message, nullptr);
      return Fail(absl::FailedPreconditionError(
          Cat("NATS: got a point of squall ", point->build, ", expected squall ", build_)));
    }
    held_.Take(message);
    const absl::StatusOr<PointResult> result = RunPoint(*point, stop_);
    bool done = false;
    if (result.ok()) {
      done = Deliver(Cat(kResultSubject, hash), hash, ResultText(*result));
    }
    held_.Release(message);
    if (done) {
      natsMsg_Ack(message, nullptr);
      ++points_;
      redelivered_ += delivered > 1 ? 1 : 0;
    } else if (result.ok() || absl::IsCancelled(result.status())) {
      natsMsg_Nak(message, nullptr);  // for somebody else, at once
    } else {
      PutAside(message, hash, std::string(result.status().message()));
    }
  }

  NatsLink* link_;
  std::string build_;
  int64_t idle_;
  const std::atomic<bool>* stop_;
  Held held_;
  std::atomic<int64_t> beat_ms_{1000};
  std::atomic<int64_t> points_{0};
  std::atomic<int64_t> redelivered_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  absl::Status error_;
};

}  // namespace

absl::Status WorkOnNats(NatsLink* link, const std::string& build, int threads, int64_t idle_s,
                        const std::atomic<bool>* stop, WorkerReport* report) {
  return Worker(link, build, idle_s, stop).Run(threads, report);
}

}  // namespace squall
