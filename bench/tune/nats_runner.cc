#include "bench/tune/nats_runner.h"

#include <chrono>
#include <vector>

#include "bench/tune/nats_inside.h"
#include "engine/base/cat.h"

namespace squall {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(60);  // with a server that is away
constexpr int kBatchOfResults = 200;
constexpr int64_t kFetchWaitMs = 200;
constexpr int64_t kDrainWaitMs = 20;
constexpr int64_t kPauseMs = 200;
constexpr size_t kMaxEarly = 1'000'000;  // results, of half a kilobyte each

std::string_view HashIn(const natsMsg* message) {
  const std::string_view subject = natsMsg_GetSubject(message);
  return subject.substr(subject.rfind('.') + 1);
}

// All that is in a stream and comes into it. The consumer may get lost with the server; then
// another begins at the front.
class Follower {
 public:
  Follower(NatsLink* link, const char* stream, std::string subject)
      : link_(link), stream_(stream), subject_(std::move(subject)) {}

  // What there is by now, waiting a moment; false where the server is away.
  bool Fetch(int64_t wait_ms, std::vector<NatsMessage>* messages) {
    if (subscription_ == nullptr && !Subscribe()) return false;
    natsMsgList list{};
    jsErrCode code{};
    const natsStatus status =
        natsSubscription_Fetch(&list, subscription_.get(), kBatchOfResults, wait_ms, &code);
    for (int i = 0; i < list.Count; ++i) {
      messages->emplace_back(list.Msgs[i]);
      list.Msgs[i] = nullptr;
    }
    natsMsgList_Destroy(&list);
    if (status == NATS_OK || status == NATS_TIMEOUT) return true;
    subscription_.reset();
    return false;
  }

 private:
  bool Subscribe() {
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Stream = stream_;
    options.Config.AckPolicy = js_AckNone;
    options.Config.DeliverPolicy = js_DeliverAll;
    natsSubscription* made = nullptr;
    jsErrCode code{};
    const natsStatus status = js_PullSubscribe(&made, link_->inside().stream.get(),
                                               subject_.c_str(), nullptr, nullptr, &options, &code);
    subscription_.reset(made);
    return status == NATS_OK;
  }

  NatsLink* link_;
  const char* stream_;
  std::string subject_;
  NatsSubscription subscription_;
};

}  // namespace

struct NatsRunner::Inbox {
  explicit Inbox(NatsLink* link)
      : results(link, kResultStream, Cat(kResultSubject, "*")),
        dead(link, kDeadStream, Cat(kDeadSubject, "*")) {}
  absl::Status Keep(std::span<const NatsMessage> messages) {
    for (const NatsMessage& message : messages) {
      early.insert_or_assign(std::string(HashIn(message.get())),
                             std::string(TextOf(message.get())));
    }
    if (early.size() <= kMaxEarly) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        Cat("NATS: stream ", kResultStream, " holds more than ", kMaxEarly,
            " results of other sweeps; purge it (nats stream purge ", kResultStream, ")"));
  }

  Follower results;
  Follower dead;
  std::map<std::string, std::string> early;  // lines of results by hash that nobody has asked for
};

NatsRunner::NatsRunner(NatsLink* link, const std::atomic<bool>* stop)
    : link_(link), stop_(stop), inbox_(std::make_unique<Inbox>(link)) {}
NatsRunner::~NatsRunner() = default;

absl::Status NatsRunner::Ask(std::span<const SweepPoint> points) {
  for (const SweepPoint& point : points) {
    const Clock::time_point until = Clock::now() + kPatience;
    const std::string hash = PointHash(point);
    while (true) {
      if (stop_ != nullptr && *stop_) return absl::CancelledError("interrupted");
      const absl::Status sent = link_->Publish(kWorkSubject, hash, PointText(point));
      if (sent.ok()) break;
      if (Clock::now() > until) return sent;
      nats_Sleep(kPauseMs);
    }
  }
  return absl::OkStatus();
}

absl::Status NatsRunner::Deliver(std::map<std::string, const SweepPoint*>* awaited,
                                 ResultSink sink) {
  std::map<std::string, std::string>& early = inbox_->early;
  for (auto one = early.begin(); one != early.end();) {
    const auto wanted = awaited->find(one->first);
    if (wanted == awaited->end()) {
      ++one;
      continue;
    }
    const absl::StatusOr<PointResult> result = ReadResult(one->second, "NATS");
    one = early.erase(one);
    if (!result.ok()) return result.status();
    if (PointText(result->point) != PointText(*wanted->second)) continue;
    awaited->erase(wanted);
    const absl::Status kept = sink(*result);
    if (!kept.ok()) return kept;
  }
  return absl::OkStatus();
}

absl::Status NatsRunner::CheckDead(const std::map<std::string, const SweepPoint*>& awaited) {
  std::vector<NatsMessage> messages;
  inbox_->dead.Fetch(1, &messages);
  for (const NatsMessage& message : messages) {
    const auto found = awaited.find(std::string(HashIn(message.get())));
    if (found == awaited.end()) continue;
    return absl::AbortedError(
        Cat("point ", found->first, " of ", found->second->scenario, ": ", TextOf(message.get())));
  }
  return absl::OkStatus();
}

absl::Status NatsRunner::Collect(std::map<std::string, const SweepPoint*>* awaited,
                                 ResultSink sink) {
  Clock::time_point seen = Clock::now();
  while (true) {
    const absl::Status delivered = Deliver(awaited, sink);
    if (!delivered.ok() || awaited->empty()) return delivered;
    if (stop_ != nullptr && *stop_) return absl::CancelledError("interrupted");
    std::vector<NatsMessage> messages;
    if (inbox_->results.Fetch(kFetchWaitMs, &messages)) {
      seen = Clock::now();
    } else if (Clock::now() - seen > kPatience) {
      return absl::UnavailableError("NATS: the server has been away for a minute");
    } else {
      nats_Sleep(kPauseMs);
    }
    const absl::Status kept = inbox_->Keep(messages);
    if (!kept.ok()) return kept;
    if (!messages.empty()) continue;
    const absl::Status dead = CheckDead(*awaited);
    if (!dead.ok()) return dead;
  }
}

absl::Status NatsRunner::TakeWhatIsThere(std::map<std::string, const SweepPoint*>* awaited,
                                         ResultSink sink) {
  size_t got = 1;
  while (got > 0) {
    std::vector<NatsMessage> messages;
    inbox_->results.Fetch(kDrainWaitMs, &messages);
    got = messages.size();
    const absl::Status kept = inbox_->Keep(messages);
    if (!kept.ok()) return kept;
  }
  return Deliver(awaited, sink);
}

absl::Status NatsRunner::Run(std::span<const SweepPoint> points, ResultSink sink) {
  std::map<std::string, const SweepPoint*> awaited;
  for (const SweepPoint& point : points) awaited.emplace(PointHash(point), &point);
  const absl::Status there = TakeWhatIsThere(&awaited, sink);
  if (!there.ok() || awaited.empty()) return there;
  std::vector<SweepPoint> missing;
  for (const SweepPoint& point : points) {
    if (awaited.contains(PointHash(point))) missing.push_back(point);
  }
  const absl::Status asked = Ask(missing);
  return asked.ok() ? Collect(&awaited, sink) : asked;
}

}  // namespace squall
