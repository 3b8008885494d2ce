#include "reports/exposure.h"

#include <algorithm>

namespace squall {

void Exposure::OnOpen(Time now) {
  if (!trigger_ || trip_ || now < trigger_->from || now >= trigger_->to) return;
  trip_ = now;
}

void Exposure::AddAttempt(const AttemptOutcome& attempt) {
  ++sums_.struck;
  if (attempt.fault == hang_) hung_.Record((attempt.ended - attempt.started).count());
  if (!trip_ || attempt.ended <= *trip_) {
    ++sums_.failed_before_trip;
  } else if (attempt.started < *trip_) {
    ++sums_.hanging;
  } else {
    ++sums_.probes;
  }
}

void Exposure::Add(const Outcome& outcome) {
  if (!trigger_ || outcome.started >= trigger_->to) return;
  bool struck = false;
  for (const AttemptOutcome& attempt : outcome.attempts) {
    const bool hit = attempt.episode >= 0 && !attempt.by_load && attempt.started >= trigger_->from;
    if (hit) AddAttempt(attempt);
    struck = struck || hit;
  }
  sums_.requests_struck += struck;
  if (!trip_ || outcome.started < *trip_ || struck) return;
  const int64_t took_ns = (outcome.ended - outcome.started).count();
  if (outcome.ok) {
    fallback_.Record(took_ns);
  } else if (outcome.attempts.empty()) {
    fast_fail_.Record(took_ns);
  }
}

void Exposure::Merge(const Exposure& other) {
  if (!other.trigger_) return;
  const auto add_trip = [this](const Exposure& run) {
    if (run.trip_) trips_s_.push_back(Seconds(*run.trip_ - run.trigger_->from));
  };
  if (trigger_) add_trip(*this);
  trip_.reset();
  trigger_ = other.trigger_;
  hang_ = other.hang_;
  trips_s_.insert(trips_s_.end(), other.trips_s_.begin(), other.trips_s_.end());
  add_trip(other);
  sums_.struck += other.sums_.struck;
  sums_.requests_struck += other.sums_.requests_struck;
  sums_.failed_before_trip += other.sums_.failed_before_trip;
  sums_.hanging += other.sums_.hanging;
  sums_.probes += other.sums_.probes;
  hung_.Merge(other.hung_);
  fast_fail_.Merge(other.fast_fail_);
  fallback_.Merge(other.fallback_);
}

std::optional<ExposureSummary> Exposure::Summarize() const {
  if (sums_.struck == 0) return std::nullopt;
  ExposureSummary out = sums_;
  std::vector<double> trips_s = trips_s_;
  if (trip_) trips_s.push_back(Seconds(*trip_ - trigger_->from));
  std::sort(trips_s.begin(), trips_s.end());
  out.trips = static_cast<int64_t>(trips_s.size());
  if (!trips_s.empty()) out.trip_s = trips_s[(trips_s.size() - 1) / 2];
  out.hung = QuantilesOf(hung_);
  out.fast_fail = QuantilesOf(fast_fail_);
  out.fallback = QuantilesOf(fallback_);
  return out;
}

}  // namespace squall
