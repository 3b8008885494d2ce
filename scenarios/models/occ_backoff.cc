#include "scenarios/models/occ_backoff.h"

#include <array>
#include <cmath>
#include <vector>

#include "engine/policy/backoff.h"
#include "scenarios/models/draws.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 5> kPolicyNames = {"none", "exponential", "equal", "full",
                                                          "decorrelated"};
constexpr BackoffKind kKinds[] = {BackoffKind::kNone, BackoffKind::kExponential,
                                  BackoffKind::kEqual, BackoffKind::kFull,
                                  BackoffKind::kDecorrelated};

// Where a client's message is. Two follow each other: a read and its reply, a write and its reply.
enum class Stage : uint8_t { kReadArrives, kReadReply, kWriteArrives, kWriteReply };
constexpr uint64_t kBackoffDraw = 4;  // index of the draw after those of the four messages

struct Client {
  Stage stage = Stage::kReadArrives;
  bool written = false;
  int failures = 0;
  int64_t version = 0;
  Duration wait{};
};

// The engine counts retries from 0 and AWS from 1, so its windows begin one doubling later.
BackoffConfig ConfigOf(const OccBackoff& m) {
  BackoffConfig config;
  config.kind = kKinds[static_cast<size_t>(m.policy)];
  config.base = m.base * 2;
  config.cap = m.cap;
  if (m.policy == OccPolicy::kDecorrelated) {
    config.base = m.base;
    config.multiplier = 3;
    config.cap_rule = CapRule::kDelay;
  }
  return config;
}

class Simulation {
 public:
  Simulation(const OccBackoff& m, uint64_t seed)
      : draws_(seed, Stream("model/occ_backoff")),
        mean_ns_(static_cast<double>(m.network_mean.count())),
        sd_ns_(static_cast<double>(m.network_sd.count())),
        backoff_(ConfigOf(m)),
        clients_(static_cast<size_t>(m.clients)) {}

  void Run() {
    for (uint32_t i = 0; i < clients_.size(); ++i) events_.Push(kStart + Network(i), i);
    while (!events_.empty()) {
      const auto event = events_.Pop();
      now_ = event.at;
      Deliver(event.what);
    }
  }

  int64_t calls() const { return calls_; }
  Time end() const { return now_; }

 private:
  Duration Network(uint32_t i) const {
    const Client& c = clients_[i];
    const double u = draws_(i, static_cast<uint64_t>(c.failures), static_cast<uint64_t>(c.stage));
    return Duration(static_cast<int64_t>(std::abs(mean_ns_ + sd_ns_ * NormalQuantile(u))));
  }

  Duration Backoff(uint32_t i) {
    Client& c = clients_[i];
    const double u = draws_(i, static_cast<uint64_t>(c.failures), kBackoffDraw);
    c.wait = BackoffDelay(backoff_, {c.failures - 1, c.wait, 0}, u);
    return c.wait;
  }

  void Deliver(uint32_t i) {
    Client& c = clients_[i];
    Duration backoff{};
    switch (c.stage) {
      case Stage::kReadArrives:
        c.version = version_;
        c.stage = Stage::kReadReply;
        break;
      case Stage::kReadReply: c.stage = Stage::kWriteArrives; break;
      case Stage::kWriteArrives:
        ++calls_;
        c.written = c.version == version_;
        if (c.written) ++version_;
        c.stage = Stage::kWriteReply;
        break;
      case Stage::kWriteReply:
        if (c.written) return;
        ++c.failures;
        backoff = Backoff(i);
        c.stage = Stage::kReadArrives;
        break;
    }
    events_.Push(now_ + Network(i) + backoff, i);
  }

  Draws draws_;
  double mean_ns_;
  double sd_ns_;
  BackoffConfig backoff_;
  std::vector<Client> clients_;
  EventHeap<uint32_t> events_;
  Time now_ = kStart;
  int64_t version_ = 0;
  int64_t calls_ = 0;
};

}  // namespace

void Describe(Fields& f, OccBackoff& m) {
  f.Int("clients", m.clients, {1, 100'000}, "Clients that start together.");
  f.Span("network_mean", m.network_mean, {0s, 1h},
         "Mean of a message's time before its absolute value is taken.");
  f.Span("network_sd", m.network_sd, {0s, 1h}, "Standard deviation of that normal variable.");
  f.Enum("policy", m.policy, kPolicyNames, "How a client waits after a failed write.");
  f.Span("base", m.base, {1us, 24h}, "Half of the first window, as AWS counts.");
  f.Span("cap", m.cap, {1us, 24h}, "Widest window.");
  f.Require(m.cap >= m.base, "cap must be at least base");
}

void RunModel(const OccBackoff& m, uint64_t seed, ModelOutputs* out) {
  Simulation simulation(m, seed);
  simulation.Run();
  out->Add("calls", static_cast<double>(simulation.calls()));
  out->Add("time_ms", Millis(simulation.end() - kStart));
}

}  // namespace squall
