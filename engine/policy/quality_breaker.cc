#include "engine/policy/quality_breaker.h"

namespace squall {
namespace {

constexpr SpanRange kPositiveSpan{1us, 24h};
constexpr std::string_view kActions[] = {"divert", "refuse"};

BreakerConfig BreakerOver(const QualityConfig& config) {
  BreakerConfig breaker;
  breaker.enabled = config.enabled;
  breaker.window = config.window;
  breaker.failure_threshold = config.bad_threshold;
  breaker.minimum_calls = config.minimum_answers;
  breaker.open_for = config.open_for;
  breaker.probes_to_close = config.probes_to_close;
  breaker.ramp = config.ramp;
  return breaker;
}

}  // namespace

void Describe(Fields& f, QualityConfig& c) {
  f.Bool("enabled", c.enabled, "Whether providers whose answers fail the guard are avoided.");
  f.Span("window", c.window, kPositiveSpan, "Length of the sliding window of answers.");
  f.Number("bad_threshold", c.bad_threshold, {1e-6, 1},
           "Share of answers that failed the guard at which a provider is avoided.");
  f.Int("minimum_answers", c.minimum_answers, {1, 1'000'000},
        "Answers in the window below which it is not.");
  f.Span("open_for", c.open_for, kPositiveSpan, "Time until it is probed.");
  f.Int("probes_to_close", c.probes_to_close, {1, 1'000}, "Good answers that take it back.");
  f.Span("ramp", c.ramp, {0s, 24h}, "Time in which its share of requests then grows to 1.");
  f.Enum("action", c.action, kActions,
         "Whether a request with nowhere else to go is sent there all the same (divert) or not "
         "(refuse).");
}

QualityBreaker::QualityBreaker(const QualityConfig& config)
    : action_(config.action), breaker_(BreakerOver(config)) {}

QualityBreaker::Decision QualityBreaker::Check(bool elsewhere, Time now, double u) {
  Decision decision;
  decision.permit = breaker_.Acquire(now, u);
  if (decision.permit.has_value()) return decision;
  if (elsewhere) {
    decision.verdict = Verdict::kDivert;
  } else if (action_ == QualityAction::kRefuse) {
    decision.verdict = Verdict::kRefuse;
  }
  return decision;
}

void QualityBreaker::Settle(const Decision& decision, CallOutcome answer, Time now, double u) {
  if (decision.permit.has_value()) breaker_.Report(*decision.permit, answer, now, u);
}

}  // namespace squall
