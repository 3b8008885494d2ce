#include "engine/config.h"

namespace squall {
namespace {

constexpr SpanRange kPositiveSpan{1us, 24h};
constexpr SpanRange kAnySpan{0s, 24h};
constexpr IntRange kAttempts{1, 32};
constexpr std::string_view kAfterCommit[] = {"error", "restart"};

}  // namespace

void Describe(Fields& f, BackoffConfig& c) {
  f.Span("base", c.base, kPositiveSpan,
         "First window of full jitter; it doubles with every retry.");
  f.Span("cap", c.cap, kPositiveSpan, "Widest window of full jitter.");
  f.Require(c.cap >= c.base, "cap must be at least base");
}

void Describe(Fields& f, RetryConfig& c) {
  f.Int("max_attempts", c.max_attempts, kAttempts,
        "Attempts at one request over all providers, the first one included.");
  f.Int("max_attempts_per_target", c.max_attempts_per_target, kAttempts,
        "Attempts at one model of one provider, the first one included.");
  f.Struct("backoff", c.backoff, "Wait before a retry: Uniform(0, min(cap, base * 2^retry)).");
  f.Bool("obey_retry_after", c.obey_retry_after,
         "Whether a server's Retry-After is a minimum wait; ignored where false.");
  f.Number("retry_after_spread", c.retry_after_spread, {0, 10},
           "Random wait on top of a Retry-After, as a share of it, so that clients do not return "
           "together.");
}

void Describe(Fields& f, DeadlineConfig& c) {
  f.Span("per_try", c.per_try, kPositiveSpan,
         "Longest single attempt; the request's own deadline ends it earlier.");
  f.Span("failover_reserve", c.failover_reserve, kAnySpan,
         "Time that an attempt leaves for one more provider while one is untried.");
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

void Describe(Fields& f, BreakerConfig& c) {
  f.Bool("enabled", c.enabled, "Whether each provider has a circuit breaker.");
  f.Span("window", c.window, kPositiveSpan, "Length of the sliding window of outcomes.");
  f.Number("failure_threshold", c.failure_threshold, {1e-6, 1},
           "Share of failures in the window above which the circuit opens.");
  f.Int("minimum_calls", c.minimum_calls, {1, 1'000'000},
        "Calls in the window below which the circuit stays closed.");
  f.Span("open_for", c.open_for, kPositiveSpan, "Time from opening to the first half-open probe.");
  f.Span("probe_lease", c.probe_lease, kPositiveSpan,
         "Time after which a probe that nobody reported is given up.");
  f.Int("probes_to_close", c.probes_to_close, {1, 1'000},
        "Successful probes in a row that close the circuit.");
}

void Describe(Fields& f, RetryBudgetConfig& c) {
  f.Bool("enabled", c.enabled, "Whether extra attempts of all kinds share one budget.");
  f.Number("ratio", c.ratio, {0, 1000}, "Extra attempts allowed per offered request.");
  f.Number("floor_per_s", c.floor_per_s, {0, 1e6},
           "Extra attempts a second that are allowed whatever the traffic.");
  f.Span("window", c.window, kPositiveSpan, "Time over which requests and attempts are counted.");
}

void Describe(Fields& f, KnowledgeConfig& c) {
  f.Bool("learn", c.learn, "Whether outcomes become rules for later requests.");
  f.Int("minimum_samples", c.minimum_samples, {1, 1'000'000},
        "Outcomes that a rule needs before it speaks.");
  f.Number("minimum_success", c.minimum_success, kRate,
           "Posterior mean of success above which a rule speaks.");
  f.Int("max_rules", c.max_rules, {1, 65'536}, "Most rules kept in memory.");
  f.Number("decay_per_sample", c.decay_per_sample, {1e-6, 1},
           "Weight that a rule's past keeps at each new outcome.");
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
  f.Struct("breaker", c.breaker, "Circuit breaker, one per provider.");
  f.Struct("budget", c.budget, "Retry budget, shared by retries, failovers and repairs.");
  f.Struct("guard", c.guard, "Validation of every answer, first attempts included.");
  f.Struct("knowledge", c.knowledge, "What is learned from outcomes.");
}

}  // namespace squall
