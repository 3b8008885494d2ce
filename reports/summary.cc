#include "reports/summary.h"

#include <cmath>

#include "reports/histogram.h"

namespace squall {

namespace {

std::vector<int64_t> SpectrumOf(const Histogram& histogram) {
  std::vector<int64_t> spectrum;
  for (const double q : kSpectrumQuantiles) {
    if (q > 0.5 && !EnoughForQuantile(histogram.count(), q)) break;
    spectrum.push_back(histogram.Quantile(q));
  }
  return spectrum;
}

}  // namespace

Quantiles QuantilesOf(const Histogram& histogram) {
  Quantiles q{.n = histogram.count(),
              .mean = histogram.mean(),
              .p50 = histogram.Quantile(0.5),
              .p90 = histogram.Quantile(0.9),
              .p99 = histogram.Quantile(0.99),
              .p999 = histogram.Quantile(0.999),
              .max = histogram.max(),
              .spectrum = {}};
  if (q.n == 0) return q;
  q.spectrum = SpectrumOf(histogram);
  constexpr double kAt[] = {0.5, 0.9, 0.99, 0.999};
  for (size_t i = 0; i < q.ci95.size(); ++i) {
    const Interval rank = Wilson(std::llround(kAt[i] * static_cast<double>(q.n)), q.n);
    q.ci95[i] = {histogram.Quantile(rank.low), histogram.Quantile(rank.high)};
  }
  return q;
}

std::string_view RequestKindName(RequestKind kind) {
  switch (kind) {
    case RequestKind::kUnsent: return "unsent";
    case RequestKind::kByLoad: return "by_load";
    case RequestKind::kSlow: return "slow";
    case RequestKind::kFaulted: return "faulted";
    case RequestKind::kModelError: return "model_error";
    case RequestKind::kHealthy: return "healthy";
  }
  return "?";
}

RequestKind KindOf(const Outcome& outcome) {
  if (outcome.attempts.empty()) return RequestKind::kUnsent;
  if (outcome.attempts[0].by_load) return RequestKind::kByLoad;
  if (outcome.attempts[0].impairment) return RequestKind::kSlow;
  if (outcome.attempts[0].fault >= 0) return RequestKind::kFaulted;
  return outcome.wrong_by_model ? RequestKind::kModelError : RequestKind::kHealthy;
}

std::optional<double> Tally::ceiling() const {
  if (ceiling_known == 0) return std::nullopt;
  return static_cast<double>(ceiling_recovered) / static_cast<double>(ceiling_known);
}

std::optional<double> Tally::efficiency() const {
  if (ceiling_recovered == 0) return std::nullopt;
  return static_cast<double>(strict) / static_cast<double>(n) / *ceiling();
}

void Tally::Merge(const Tally& other) {
  n += other.n;
  strict += other.strict;
  lenient += other.lenient;
  abstained += other.abstained;
  late += other.late;
  silent_escape += other.silent_escape;
  ceiling_known += other.ceiling_known;
  ceiling_recovered += other.ceiling_recovered;
}

void DiagnosisScore::Merge(const DiagnosisScore& other) {
  attempts += other.attempts;
  class_right += other.class_right;
  retry_right += other.retry_right;
}

void Obedience::Merge(const Obedience& other) {
  hints_given += other.hints_given;
  early_same_request += other.early_same_request;
  early_same_user += other.early_same_user;
}

void Duplicates::Merge(const Duplicates& other) {
  submissions += other.submissions;
  results += other.results;
  executions += other.executions;
  requests += other.requests;
}

std::optional<double> Summary::goodput_per_s() const {
  if (span_s <= 0) return std::nullopt;
  return static_cast<double>(all.strict) / span_s;
}

}  // namespace squall
