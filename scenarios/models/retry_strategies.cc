#include "scenarios/models/retry_strategies.h"

#include <array>
#include <vector>

#include "engine/policy/retry_budget.h"
#include "scenarios/models/draws.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 3> kStrategyNames = {"retries", "adaptive", "breaker"};

// More than one token is asked for: the share of the bucket that one token is must be exceeded.
// What a call gives is what the engine's bucket takes for a success.
RetryBudgetConfig BucketOf(const RetryStrategies& m) {
  RetryBudgetConfig config;
  config.kind = BudgetKind::kTokenBucket;
  config.capacity = m.bucket_size;
  config.retry_cost = 1;
  config.success_gain = m.bucket_fill;
  config.refund = false;
  config.retry_above = 1 / m.bucket_size;
  return config;
}

struct Client {
  explicit Client(const RetryBudgetConfig& bucket) : budget(bucket) {}
  RetryBudget budget;
  int64_t calls = 0;
  int64_t failures = 0;
};

class Simulation {
 public:
  Simulation(const RetryStrategies& m, uint64_t seed)
      : m_(m),
        end_(kStart + m.run_for),
        draws_(seed, Stream("model/retry_strategies")),
        clients_(static_cast<size_t>(m.clients), Client(BucketOf(m))) {}

  void Run() {
    for (uint32_t i = 0; i < clients_.size(); ++i) {
      const double u = draws_(i, 0, kFirst);
      events_.Push(kStart + ExponentialSpan(u, m_.network_mean), {What::kCall, i, 0, 0});
    }
    while (!events_.empty()) {
      auto event = events_.Pop();
      now_ = event.at;
      Handle(event.what);
    }
  }

  int64_t calls() const { return calls_; }
  int64_t attempts() const { return attempts_; }
  int64_t successes() const { return successes_; }

 private:
  enum class What : uint8_t { kCall, kServer, kFailed };
  // Draws of an attempt, and those of a client.
  enum : uint64_t { kThere, kBack, kFails, kGap, kFirst };
  struct Event {
    What what;
    uint32_t client;
    uint32_t call;  // number over all clients
    uint32_t attempt;
  };

  Duration Network(const Event& e, uint64_t way) const {
    return ExponentialSpan(draws_(kCalls + e.call, e.attempt, way), m_.network_mean);
  }

  void Handle(Event e) {
    Client& client = clients_[e.client];
    if (e.what == What::kCall) {
      if (now_ > end_) return;
      const auto n = static_cast<uint64_t>(client.calls);
      const Duration gap =
          ExponentialSpan(draws_(e.client, n, kGap), FromSeconds(1 / m_.calls_per_s));
      events_.Push(now_ + gap, {What::kCall, e.client, 0, 0});
      e.call = static_cast<uint32_t>(calls_++);
      ++client.calls;
      AttemptEnd fill;
      fill.outcome = CallOutcome::kSuccess;
      client.budget.Settle(now_, fill);
      Send(e);
    } else if (e.what == What::kServer) {
      if (draws_(kCalls + e.call, e.attempt, kFails) >= m_.failure_rate) {
        ++successes_;  // whenever the reply arrives, nothing depends on it
        return;
      }
      e.what = What::kFailed;
      events_.Push(now_ + Network(e, kBack), e);
    } else {
      ++client.failures;
      if (!MayRetry(e, &client)) return;
      ++e.attempt;
      Send(e);
    }
  }

  void Send(Event e) {
    ++attempts_;
    e.what = What::kServer;
    events_.Push(now_ + Network(e, kThere), e);
  }

  bool MayRetry(const Event& e, Client* client) const {
    const bool left = static_cast<int64_t>(e.attempt) < m_.retries;
    switch (m_.strategy) {
      case RetryStrategy::kRetries: return left;
      case RetryStrategy::kAdaptive: return client->budget.Withdraw(now_);
      case RetryStrategy::kBreaker:
        return left && static_cast<double>(client->failures) <=
                           m_.breaker_share * static_cast<double>(client->calls);
    }
    return false;
  }

  static constexpr uint64_t kCalls = uint64_t{1} << 32;  // keys of calls, past those of clients

  const RetryStrategies& m_;
  const Time end_;
  Draws draws_;
  std::vector<Client> clients_;
  EventHeap<Event> events_;
  Time now_ = kStart;
  int64_t calls_ = 0;
  int64_t attempts_ = 0;
  int64_t successes_ = 0;
};

}  // namespace

void Describe(Fields& f, RetryStrategies& m) {
  f.Enum("strategy", m.strategy, kStrategyNames, "What decides whether a failure is retried.");
  f.Number("failure_rate", m.failure_rate, kRateRange,
           "Share of attempts that fail, independently.");
  f.Int("clients", m.clients, {1, 1'000'000}, "Clients, each with a bucket or breaker of its own.");
  f.Number("calls_per_s", m.calls_per_s, {1e-6, 1e6}, "Calls a second of each client.");
  f.Span("network_mean", m.network_mean, {0s, 1h}, "Mean time of each message, exponential.");
  f.Span("run_for", m.run_for, {1ms, 24h}, "Time in which calls begin.");
  f.Int("retries", m.retries, {0, 1000}, "Retries of strategies retries and breaker.");
  f.Number("bucket_fill", m.bucket_fill, {0, 1000}, "Tokens that a call puts into the bucket.");
  f.Number("bucket_size", m.bucket_size, {1.000001, 1e9}, "Tokens that it holds, and starts with.");
  f.Number("breaker_share", m.breaker_share, {0, 1000},
           "Failures of attempts per call above which nothing is retried.");
  f.Require(static_cast<double>(m.clients) * m.calls_per_s * Seconds(m.run_for) <= 1e8,
            "clients * calls_per_s * run_for must be at most 100 million calls");
}

void RunModel(const RetryStrategies& m, uint64_t seed, ModelOutputs* out) {
  Simulation simulation(m, seed);
  simulation.Run();
  const auto calls = static_cast<double>(simulation.calls());
  if (calls == 0) return;
  out->Add("success", static_cast<double>(simulation.successes()) / calls);
  out->Add("load", static_cast<double>(simulation.attempts()) / calls);
}

}  // namespace squall
