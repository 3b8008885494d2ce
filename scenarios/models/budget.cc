#include "scenarios/models/budget.h"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/policy/retry_budget.h"
#include "scenarios/models/draws.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 7> kRuleNames = {
    "none", "per_call", "per_success", "grpc", "failure_share", "windowed", "concurrent"};

RetryBudgetConfig ConfigOf(const Budget& m) {
  RetryBudgetConfig config;
  config.enabled = m.rule != BudgetRule::kNone && m.rule != BudgetRule::kFailureShare;
  config.kind = m.rule == BudgetRule::kWindowed     ? BudgetKind::kWindowed
                : m.rule == BudgetRule::kConcurrent ? BudgetKind::kConcurrent
                                                    : BudgetKind::kTokenBucket;
  config.ratio = m.ratio;
  config.floor_per_s = m.floor_per_s;
  config.window = m.window;
  config.floor_concurrent = 0;
  config.capacity = m.capacity;
  config.refund = false;
  config.retry_cost = m.rule == BudgetRule::kGrpc ? 0 : 1;
  config.failure_cost = m.rule == BudgetRule::kGrpc ? 1 : 0;
  config.retry_above = m.rule == BudgetRule::kGrpc ? 0.5 : 0;
  config.success_gain = m.ratio;
  return config;
}

struct Batch {
  int64_t calls = 0;
  int64_t attempts = 0;
  int64_t good = 0;
};

class Simulation {
 public:
  Simulation(const Budget& m, uint64_t seed)
      : m_(m),
        budget_(ConfigOf(m)),
        draws_(seed, Stream("model/budget")),
        batches_(static_cast<size_t>(m.batches)) {}

  void Run() {
    if (m_.rule == BudgetRule::kConcurrent) return RunOverlapping();
    for (int64_t call = 0; call < total(); ++call) {
      // The next call comes when this one is over; only a windowed budget looks at the time.
      now_ +=
          ExponentialSpan(draws_(static_cast<uint64_t>(call), 0), FromSeconds(1 / m_.calls_per_s));
      Begin(call);
      int64_t attempt = 0;
      while (!End(call, attempt++)) {
      }
    }
  }

  const std::vector<Batch>& batches() const { return batches_; }

 private:
  // A call that is under way, by the number of its attempt.
  struct Flying {
    int64_t call;
    int64_t attempt;  // -1: the call is about to begin
  };

  // Overlapping calls go on arriving until those counted are over: what is allowed depends on all.
  int64_t total() const {
    const bool overlap = m_.rule == BudgetRule::kConcurrent;
    return m_.warmup + m_.calls + (overlap ? m_.warmup : 0);
  }

  Batch& BatchOf(int64_t call) {
    if (call < m_.warmup || call >= m_.warmup + m_.calls) return uncounted_;
    return batches_[static_cast<size_t>((call - m_.warmup) * m_.batches / m_.calls)];
  }

  void Begin(int64_t call) {
    budget_.Deposit(now_);
    // What fills the bucket per call is what the engine's takes for a success.
    if (m_.rule == BudgetRule::kPerCall) {
      AttemptEnd fill;
      fill.outcome = CallOutcome::kSuccess;
      budget_.Settle(now_, fill);
    }
    ++calls_;
    ++BatchOf(call).calls;
    ++BatchOf(call).attempts;
  }

  // An attempt ends. True if the call does too; else the next attempt has begun.
  bool End(int64_t call, int64_t attempt) {
    const double u = draws_(static_cast<uint64_t>(call), 1 + static_cast<uint64_t>(attempt));
    const bool good = u >= m_.failure_rate;
    AttemptEnd end;
    end.extra = attempt > 0;
    end.outcome = good ? CallOutcome::kSuccess : CallOutcome::kFailure;
    if (m_.rule != BudgetRule::kPerCall) budget_.Settle(now_, end);
    if (good) {
      ++BatchOf(call).good;
      return true;
    }
    ++failures_;
    if (attempt + 1 >= m_.attempts || !MayRetry()) return true;
    ++BatchOf(call).attempts;
    return false;
  }

  bool MayRetry() {
    if (m_.rule != BudgetRule::kFailureShare) return budget_.Withdraw(now_);
    return static_cast<double>(failures_) <= m_.ratio * static_cast<double>(calls_);
  }

  void RunOverlapping() {
    EventHeap<Flying> events;
    events.Push(now_, {0, -1});
    const auto fly = [&](int64_t call, int64_t attempt) {
      const double u = draws_(static_cast<uint64_t>(call), 1 + static_cast<uint64_t>(attempt), 1);
      events.Push(now_ + ExponentialSpan(u, m_.latency), {call, attempt});
    };
    while (!events.empty()) {
      const auto event = events.Pop();
      now_ = event.at;
      const Flying& one = event.what;
      if (one.attempt >= 0) {
        if (!End(one.call, one.attempt)) fly(one.call, one.attempt + 1);
        continue;
      }
      Begin(one.call);
      fly(one.call, 0);
      if (one.call + 1 == total()) continue;
      const double u = draws_(static_cast<uint64_t>(one.call + 1), 0);
      events.Push(now_ + ExponentialSpan(u, FromSeconds(1 / m_.calls_per_s)), {one.call + 1, -1});
    }
  }

  const Budget& m_;
  RetryBudget budget_;
  Draws draws_;
  std::vector<Batch> batches_;
  Batch uncounted_;
  Time now_ = kStart;
  int64_t calls_ = 0;
  int64_t failures_ = 0;
};

}  // namespace

void Describe(Fields& f, Budget& m) {
  f.Enum("rule", m.rule, kRuleNames,
         "What limits retries: a bucket filled per call, per success or as in gRPC, the share of "
         "failures so far, a window of time as in Finagle, or the share of active requests as in "
         "Envoy.");
  f.Number("failure_rate", m.failure_rate, kRateRange,
           "Share of attempts that fail, independently.");
  f.Number("ratio", m.ratio, {0, 1000}, "What the budget allows: 0.1 is 10 %.");
  f.Number("capacity", m.capacity, {1e-6, 1e12}, "Bucket: what it holds at first and at most.");
  f.Int("attempts", m.attempts, {1, 1'000'000}, "Attempts at one call at most.");
  f.Int("warmup", m.warmup, {0, 1'000'000'000},
        "Calls before counting begins; concurrent: and after it ends.");
  f.Int("calls", m.calls, {1, 1'000'000'000}, "Calls counted in one replication.");
  f.Int("batches", m.batches, {1, 10'000}, "Batches of calls, each one observation.");
  f.Number("calls_per_s", m.calls_per_s, {1e-6, 1e9}, "Windowed and concurrent: calls a second.");
  f.Number("floor_per_s", m.floor_per_s, {0, 1e9}, "Windowed: retries a second allowed besides.");
  f.Span("window", m.window, {1us, 24h}, "Windowed: time over which load is counted.");
  f.Span("latency", m.latency, {1us, 24h}, "Concurrent: mean time of an attempt.");
  f.Require(m.calls >= m.batches, "calls must be at least batches");
}

void RunModel(const Budget& m, uint64_t seed, ModelOutputs* out) {
  Simulation simulation(m, seed);
  simulation.Run();
  for (const Batch& batch : simulation.batches()) {
    const auto calls = static_cast<double>(batch.calls);
    out->Add("amplification", static_cast<double>(batch.attempts) / calls);
    out->Add("success", static_cast<double>(batch.good) / calls);
  }
}

}  // namespace squall
