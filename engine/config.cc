#include "engine/config.h"

#include <algorithm>

#include "engine/policy/breaker_scopes.h"

namespace squall {
namespace {

constexpr SpanRange kPositiveSpan{1us, 24h};
constexpr SpanRange kAnySpan{0s, 24h};
constexpr IntRange kAttempts{1, 32};
constexpr std::string_view kAllOpen[] = {"fail_fast", "wait", "fail_open"};
constexpr std::string_view kJitterSides[] = {"down", "both", "up"};
constexpr std::string_view kCapRules[] = {"window", "delay", "both"};
constexpr std::string_view kBudgetKinds[] = {"windowed", "concurrent", "token_bucket"};
constexpr std::string_view kBudgetUnits[] = {"attempts", "tokens", "usd"};
constexpr std::string_view kAfterCommit[] = {"error", "restart"};

}  // namespace

void Describe(Fields& f, BackoffConfig& c) {
  f.Enum("kind", c.kind, BackoffKindNames(), "How waits grow and what they are drawn from.");
  f.Span("base", c.base, kPositiveSpan, "First window; later ones grow from it.");
  f.Span("cap", c.cap, kPositiveSpan, "Widest window.");
  f.Number("multiplier", c.multiplier, {1, 100},
           "Growth of the window per retry; of the last wait in decorrelated and rising.");
  f.Number("jitter", c.jitter, kRateRange,
           "Share by which constant, linear and exponential waits are spread.");
  f.Enum("side", c.side, kJitterSides, "Whether jitter makes a wait shorter, either, or longer.");
  f.Span("extra", c.extra, kAnySpan, "Random wait on top, Uniform(0, extra), whatever the kind.");
  f.Enum("cap_rule", c.cap_rule, kCapRules,
         "What the cap cuts: the window that a wait is drawn from; the delay after jitter, which "
         "gathers clients on the cap; or both.");
  f.Require(c.cap >= c.base, "cap must be at least base");
  const bool chained = c.kind == BackoffKind::kDecorrelated || c.kind == BackoffKind::kRising;
  f.Require(!chained || (c.cap > c.base && c.multiplier > 1),
            "decorrelated and rising waits need a cap above base and a multiplier above 1");
}

void Describe(Fields& f, RetryConfig& c) {
  f.Int("max_attempts", c.max_attempts, kAttempts,
        "Attempts at one request over all providers, the first one included.");
  f.Int("max_attempts_per_target", c.max_attempts_per_target, kAttempts,
        "Attempts at one model of one provider, the first one included.");
  f.Int("max_attempts_elsewhere", c.max_attempts_elsewhere, {0, kAttempts.max},
        "Attempts at each model other than the one that a request asked first; 0 = as many as "
        "there.");
  f.Int(
      "failover_rounds", c.failover_rounds, kAttempts,
      "Times that failover goes round the providers; from the second on it returns no sooner than "
      "a retry would.");
  f.Bool("failover_refused", c.failover_refused,
         "Whether a request that a provider turned down for its own sake may go to one other "
         "provider.");
  f.Bool("degrade_timeouts", c.degrade_timeouts,
         "Whether the next model of a provider is asked after a timeout, too: a smaller one may be "
         "quick enough.");
  f.Struct("backoff", c.backoff, "Wait before a retry.");
  f.Bool("obey_retry_after", c.obey_retry_after,
         "Whether a server's Retry-After is a minimum wait; ignored where false.");
  f.Number("retry_after_spread", c.retry_after_spread, {0, 10},
           "Random wait on top of a Retry-After, as a share of it, so that clients do not return "
           "together.");
}

void Describe(Fields& f, DeadlineConfig& c) {
  f.Span("per_try", c.per_try, kPositiveSpan,
         "Longest single attempt; the request's own deadline ends it earlier.");
  f.Number("adaptive_factor", c.adaptive_factor, {0, 1000},
           "Multiple of the provider's usual latency that ends an attempt before per_try would; 0 "
           "never does.");
  f.Number("adaptive_quantile", c.adaptive_quantile, kRateRange,
           "Quantile of the latency of good answers that is the usual one.");
  f.Require(c.adaptive_factor == 0 || c.adaptive_factor >= 1,
            "adaptive_factor must be 0 or at least 1");
  f.Span("failover_reserve", c.failover_reserve, kAnySpan,
         "Time that an attempt leaves for each provider that is still untried.");
  f.Int("reserve_stages", c.reserve_stages, {1, 64},
        "How many untried providers are left that time, at most.");
  f.Bool("share_when_short", c.share_when_short,
         "Whether reserves that do not fit become equal shares of the time left; without, none is "
         "kept.");
  f.Span("least_attempt", c.least_attempt, kAnySpan,
         "Least time for an answer; an attempt that has less left is not sent.");
}

void Describe(Fields& f, StreamWatchConfig& c) {
  f.Span("first_piece", c.first_piece, kAnySpan,
         "Longest wait for the first piece of an answer; 0 waits for the deadline.");
  f.Span("between", c.between, kAnySpan,
         "Longest pause between two pieces; 0 waits for the deadline. Keep-alives do not count.");
  f.Number("min_bytes_per_s", c.min_bytes_per_s, kNotNegative,
           "Least rate of text over the window; 0 takes any.");
  f.Span("rate_window", c.rate_window, kPositiveSpan,
         "Time over which the rate is judged, from the first piece on.");
}

void Describe(Fields& f, StreamConfig& c) {
  f.Struct("watch", c.watch, "When a stream has stopped being worth waiting for.");
  f.Enum("after_commit", c.after_commit, kAfterCommit,
         "What a failure does to an answer of which the caller holds a part: error ends the call, "
         "restart announces that it begins anew.");
  f.Bool("hold_until_valid", c.hold_until_valid,
         "Whether nothing is passed on before the whole answer has passed the guard.");
}

void DescribeOpening(Fields& f, BreakerConfig& c) {
  f.Span("window", c.window, kPositiveSpan, "Length of the sliding window of outcomes.");
  f.Int("window_calls", c.window_calls, {0, OutcomeWindow::kMaxCalls},
        "Length of the window in calls; 0 counts time.");
  f.Number("failure_threshold", c.failure_threshold, kRateRange,
           "Share of failures in the window at which the circuit opens; 0 ignores it.");
  f.Int("minimum_calls", c.minimum_calls, {1, 1'000'000},
        "Calls below which no share and no average opens the circuit.");
  f.Int("consecutive_failures", c.consecutive_failures, {0, 1'000'000},
        "Failures in a row that open the circuit; 0 ignores them.");
  f.Span("slow_call", c.slow_call, kAnySpan, "How long a slow call takes; 0 means none is.");
  f.Number("slow_threshold", c.slow_threshold, {1e-6, 1},
           "Share of slow calls in the window at which the circuit opens.");
  f.Span("ewma_window", c.ewma_window, kAnySpan,
         "Time in which the fading average of failures forgets all but 1/e; 0 keeps none.");
  f.Number("ewma_threshold", c.ewma_threshold, {1e-6, 1},
           "Fading average of failures at which the circuit opens.");
  f.Require(c.window_calls == 0 || c.window_calls >= c.minimum_calls,
            "window_calls must be 0 or at least minimum_calls");
}

void DescribeClosing(Fields& f, BreakerConfig& c) {
  f.Span("open_for", c.open_for, kPositiveSpan, "Time from opening to the first half-open probe.");
  f.Number(
      "open_jitter", c.open_jitter, {0, 10},
      "Random time on top of open_for, as a share of it, so that clients do not probe together.");
  f.Number("open_growth", c.open_growth, {1, 100},
           "Factor on open_for for each time in a row that the circuit failed to close.");
  f.Span("open_max", c.open_max, kPositiveSpan,
         "Where that growth ends, before jitter; never below open_for.");
  f.Span("open_on_hint", c.open_on_hint, kAnySpan,
         "A server's Retry-After at least this long opens the circuit until then; 0 means none "
         "does.");
  f.Span("probe_lease", c.probe_lease, kPositiveSpan,
         "Time after which a probe that nobody reported is given up.");
  f.Int("probes_at_once", c.probes_at_once, {1, 64}, "Half-open probes under way together.");
  f.Int("probes_to_close", c.probes_to_close, {1, 1'000},
        "Successful probes that close the circuit.");
  f.Int("probes_to_open", c.probes_to_open, {1, 1'000},
        "Failed or slow probes that open it again.");
  f.Span("ramp", c.ramp, kAnySpan,
         "Time after closing in which the admitted share of calls grows from 0 to 1.");
}

void Describe(Fields& f, BreakerConfig& c) {
  f.Bool("enabled", c.enabled, "Whether each provider has a circuit breaker.");
  DescribeOpening(f, c);
  DescribeClosing(f, c);
}

void Describe(Fields& f, RetryBudgetConfig& c) {
  f.Bool("enabled", c.enabled, "Whether extra attempts of all kinds share one budget.");
  f.Enum("kind", c.kind, kBudgetKinds,
         "What extra load is measured against: load offered in a window of time, load under way, "
         "or a bucket that successes fill.");
  f.Enum("unit", c.unit, kBudgetUnits, "What load is counted in.");
  f.Number("ratio", c.ratio, {0, 1000},
           "Extra load allowed per offered load, or per load under way.");
  f.Number("floor_per_s", c.floor_per_s, {0, 1e6},
           "Windowed: extra load a second that is allowed whatever the traffic.");
  f.Span("window", c.window, kPositiveSpan, "Windowed: time over which load is counted.");
  f.Number("floor_concurrent", c.floor_concurrent, {0, 1e9},
           "Concurrent: extra load under way that is allowed whatever the traffic.");
  f.Number("capacity", c.capacity, {1e-6, 1e12}, "Bucket: what it holds at first and at most.");
  f.Number("retry_cost", c.retry_cost, kNotNegative, "Bucket: cost of an extra attempt.");
  f.Number("timeout_cost", c.timeout_cost, kNotNegative, "Bucket: of one after a timeout.");
  f.Number("throttled_cost", c.throttled_cost, kNotNegative, "Bucket: of one after a rate limit.");
  f.Number("failure_cost", c.failure_cost, kNotNegative, "Bucket: cost of an attempt that fails.");
  f.Number("success_gain", c.success_gain, kNotNegative, "Bucket: what a success gives.");
  f.Bool("refund", c.refund,
         "Bucket: whether a successful extra attempt gives its cost back instead.");
  f.Number("retry_above", c.retry_above, kRateRange,
           "Bucket: share of the capacity above which extra attempts are allowed.");
}

void Describe(Fields& f, EngineConfig& c) {
  f.Bool("diagnose", c.diagnose,
         "Whether replies are diagnosed; without, only transport errors, 429 and 5xx count as "
         "failures.");
  f.TextList("ladder", c.ladder,
             "Recovery strategies in the order they are asked; empty means one attempt only.");
  f.Struct("retry", c.retry, "How often and when a request is sent again.");
  f.Struct("deadline", c.deadline, "How a request's time is split over attempts.");
  f.Struct("stream", c.stream, "What is done about answers that arrive in pieces.");
  f.Struct("hedge", c.hedge, "When a late attempt gets company at another provider.");
  f.Struct("hedge_latency", c.hedge_latency,
           "Which latencies the quantiles of hedges and adaptive timeouts are of.");
  f.Struct("routing", c.routing, "Which provider a request goes to first, and which next.");
  f.Struct("health", c.health, "What routing by latency and by health goes by.");
  f.Struct("breaker", c.breaker, "Circuit breaker, one per provider or other scope.");
  f.TextList("breaker_scopes", c.breaker_scopes,
             "What has a breaker of its own: provider, model, region, key; one or several.");
  const auto is_scope = [](const std::string& name) {
    const auto names = BreakerScopeNames();
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  f.Require(!c.breaker_scopes.empty() &&
                std::all_of(c.breaker_scopes.begin(), c.breaker_scopes.end(), is_scope),
            "breaker_scopes must name some of provider, model, region, key");
  f.Bool("breaker_counts_followed", c.breaker_counts_followed,
         "Whether a failure counts against a circuit where the same request has failed at another "
         "provider before.");
  f.Enum("all_open", c.all_open, kAllOpen,
         "What becomes of a request when no circuit admits it: it fails at once, waits until one "
         "may, or is sent to the first provider all the same.");
  f.Struct("quality", c.quality, "Breaker over answers that fail the guard, one per provider.");
  f.Struct("budget", c.budget,
           "Retry budget, shared by retries, failovers, hedges, repairs and second opinions.");
  f.Struct("provider_budget", c.provider_budget,
           "Budget of what comes to one provider again, besides the one over all.");
  f.Bool("provider_budget_counts_answers", c.provider_budget_counts_answers,
         "Whether it also pays for what returns to a provider whose answer came whole and was bad, "
         "which says nothing about its load.");
  f.Struct("limiter", c.limiter, "Pace below a provider's limits on requests and tokens.");
  f.Struct(
      "send_rate", c.send_rate,
      "Pace at a provider that has throttled, found out from its replies (AWS's adaptive mode).");
  f.Struct("concurrency", c.concurrency, "Requests in flight at one provider.");
  f.Struct("conversation", c.conversation,
           "Limits on money, tokens and turns, told apart by the request's user.");
  f.Struct("guard", c.guard, "Validation of every answer, first attempts included.");
  f.Struct("opinions", c.opinions, "When another model is asked about an answer.");
  f.Struct("knowledge", c.knowledge, "What is learned from outcomes.");
}

}  // namespace squall
