#include "reports/metrics.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/cpu_clock.h"

namespace squall {
namespace {

template <class T, size_t N>
void AddEach(std::array<T, N>& sum, const std::array<T, N>& other) {
  for (size_t i = 0; i < N; ++i) sum[i] += other[i];
}

template <class T>
std::optional<T> Larger(std::optional<T> a, std::optional<T> b) {
  return std::max(a, b);  // nullopt is less than any value
}

// The caller holds a right answer in time.
bool IsGood(const Outcome& outcome) {
  return outcome.in_time && outcome.ok && outcome.body && outcome.right;
}

}  // namespace

Metrics::Metrics(std::vector<std::string> fault_names) {
  SQUALL_CHECK(fault_names.size() < kNoFirstAttempt);
  for (std::string& name : fault_names) {
    by_fault_.emplace_back();
    by_fault_.back().name = std::move(name);
  }
}

void Metrics::Add(const Outcome& outcome) {
  const RequestKind kind = KindOf(outcome);
  by_kind_[static_cast<size_t>(kind)].Add(outcome);
  if (kind == RequestKind::kFaulted) AddFaulted(outcome);

  ++running_.requests;
  running_.windows.Offered(outcome.started);
  running_.first_arrival = std::min(running_.first_arrival, outcome.started);
  running_.last_end = std::max(running_.last_end, outcome.ended);
  if (IsGood(outcome)) running_.windows.Good(outcome.started, outcome.ended);
  for (const AttemptOutcome& attempt : outcome.attempts) {
    running_.windows.Sent(attempt.started);
    if (!outcome.target) AddDiagnosis(attempt);
  }
  const size_t attempts = outcome.attempts.size();
  attempts_ += static_cast<int64_t>(attempts);
  attempts_squares_ += static_cast<double>(attempts * attempts);
  ++attempts_per_request_[std::min<size_t>(attempts, kMaxAttemptsCounted)];

  AddLatency(outcome, kind);
  if (outcome.streamed) AddStream(outcome);
  if (trigger_) trigger_phases_.Add(*trigger_, outcome);
  if (!outcome.target) {
    exposure_.Add(outcome);
    detection_.Add(outcome);
  }
  AddDuplicates(outcome);
  prompt_tokens_ += outcome.prompt_tokens;
  completion_tokens_ += outcome.completion_tokens;
  cost_usd_.Add(outcome.cost_usd);
  cost_squares_.Add(outcome.cost_usd * outcome.cost_usd);
  RememberRequest(outcome);
  FeedOutcome(outcome, &fingerprint_);
}

void Metrics::AddFaulted(const Outcome& outcome) {
  const size_t fault = static_cast<size_t>(outcome.attempts[0].fault);
  SQUALL_CHECK(fault < by_fault_.size());
  Tally one;
  one.Add(outcome);
  by_fault_[fault].tally.Merge(one);
  visible_.Add(outcome);
  if (one.strict == 0 && outcome.ceiling > 0) {
    by_fault_[fault].losses.Add(ReasonOf(outcome), 1, outcome.index);
  }
  ++running_.recovered.n;
  running_.recovered.successes += one.strict;
  if (one.strict > 0 && !outcome.target) CountRecovery(outcome.answered_by, 1);
}

void Metrics::AddDiagnosis(const AttemptOutcome& attempt) {
  if (attempt.impairment || attempt.by_load) return;
  if (attempt.fault < 0) {
    if (attempt.truth != FailureClass::kOk) return;  // an error of the model
    ++healthy_attempts_;
    false_alarms_ += attempt.diagnosed != FailureClass::kOk;
    return;
  }
  SQUALL_CHECK(static_cast<size_t>(attempt.fault) < by_fault_.size());
  DiagnosisScore& score = by_fault_[static_cast<size_t>(attempt.fault)].diagnosis;
  ++score.attempts;
  score.class_right += attempt.diagnosed == attempt.truth;
  score.retry_right += attempt.diagnosed_retry == attempt.truth_retry;
  ++confusion_[static_cast<size_t>(attempt.truth)][static_cast<size_t>(attempt.diagnosed)];
}

void Metrics::AddLatency(const Outcome& outcome, RequestKind kind) {
  const int64_t latency_ns = (outcome.ended - outcome.started).count();
  latency_.Record(latency_ns);
  if (outcome.added) added_.Record(std::max<int64_t>(outcome.added->count(), 0));
  if (!IsGood(outcome)) return;
  latency_success_.Record(latency_ns);
  if (kind == RequestKind::kFaulted) latency_recovered_.Record(latency_ns);
}

void Metrics::AddStream(const Outcome& outcome) {
  ++streams_.requests;
  streams_.restarted += outcome.restarts > 0;
  streams_.broken += outcome.broken_stream();
  if (!outcome.ok || outcome.first_piece == kNever) return;
  first_piece_.Record((outcome.first_piece - outcome.started).count());
}

void Metrics::AddDuplicates(const Outcome& outcome) {
  duplicates_.submissions += outcome.submissions - 1;
  duplicates_.results += std::max<int64_t>(outcome.results - 1, 0);
  duplicates_.executions += std::max<int64_t>(outcome.executions - 1, 0);
  duplicates_.requests += outcome.executions > 1;
}

void Metrics::CountRecovery(std::string_view strategy, int64_t count) {
  for (auto& [name, total] : recovered_by_) {
    if (name != strategy) continue;
    total += count;
    return;
  }
  recovered_by_.emplace_back(std::string(strategy), count);
}

void Metrics::RememberRequest(const Outcome& outcome) {
  SQUALL_CHECK(outcome.index < (uint64_t{1} << 32));
  const size_t index = static_cast<size_t>(outcome.index);
  if (index >= first_faults_.size()) {
    first_faults_.resize(index + 1, kNoFirstAttempt);
    marks_.resize(index + 1, 0);
  }
  marks_[index] = PairMark::Of(outcome).ToByte();
  if (outcome.attempts.empty()) return;
  const AttemptOutcome& first = outcome.attempts[0];
  const bool drawn = first.fault >= 0 && !first.by_load;
  if (drawn) {
    SQUALL_CHECK(static_cast<size_t>(first.fault) < by_fault_.size());
    ++by_fault_[static_cast<size_t>(first.fault)].first_attempts;
  }
  first_faults_[index] = static_cast<uint8_t>(drawn ? first.fault + 1 : 0);
}

void Metrics::Ended::Append(const Ended& later) {
  recovered.insert(recovered.end(), later.recovered.begin(), later.recovered.end());
  worst_1s = Larger(worst_1s, later.worst_1s);
  worst_10s = Larger(worst_10s, later.worst_10s);
  span_s += later.span_s;
  load.Merge(later.load);
  recoveries.insert(recoveries.end(), later.recoveries.begin(), later.recoveries.end());
}

Metrics::Ended Metrics::EndedWithRunning() const {
  Ended all = ended_;
  if (running_.requests == 0) return all;
  Ended last;
  last.recovered = {running_.recovered};
  last.worst_1s = running_.windows.Worst(1);
  last.worst_10s = running_.windows.Worst(10);
  last.span_s = Seconds(running_.last_end - running_.first_arrival);
  last.load.Add(running_.windows);
  if (trigger_) last.recoveries = {RecoveryAfter(*trigger_, running_.windows)};
  all.Append(last);
  return all;
}

void Metrics::Merge(const Metrics& other) {
  SQUALL_CHECK(by_fault_.size() == other.by_fault_.size());
  if (other.empty()) return;
  ended_ = EndedWithRunning();
  running_ = Running();
  ended_.Append(other.EndedWithRunning());
  if (!trigger_) trigger_ = other.trigger_;

  for (size_t i = 0; i < by_kind_.size(); ++i) by_kind_[i].Merge(other.by_kind_[i]);
  for (size_t i = 0; i < by_fault_.size(); ++i) {
    FaultSummary& sum = by_fault_[i];
    const FaultSummary& add = other.by_fault_[i];
    sum.tally.Merge(add.tally);
    sum.losses.Merge(add.losses);
    sum.first_attempts += add.first_attempts;
    sum.diagnosis.Merge(add.diagnosis);
  }
  visible_.Merge(other.visible_);
  latency_.Merge(other.latency_);
  latency_success_.Merge(other.latency_success_);
  latency_recovered_.Merge(other.latency_recovered_);
  added_.Merge(other.added_);
  streams_.requests += other.streams_.requests;
  streams_.restarted += other.streams_.restarted;
  streams_.broken += other.streams_.broken;
  first_piece_.Merge(other.first_piece_);
  for (size_t i = 0; i < phases_.size(); ++i) phases_[i].Merge(other.phases_[i]);
  for (size_t i = 0; i < confusion_.size(); ++i) AddEach(confusion_[i], other.confusion_[i]);
  healthy_attempts_ += other.healthy_attempts_;
  false_alarms_ += other.false_alarms_;
  attempts_ += other.attempts_;
  attempts_squares_ += other.attempts_squares_;
  AddEach(attempts_per_request_, other.attempts_per_request_);
  for (const auto& [strategy, count] : other.recovered_by_) CountRecovery(strategy, count);
  prompt_tokens_ += other.prompt_tokens_;
  completion_tokens_ += other.completion_tokens_;
  cost_usd_.Merge(other.cost_usd_);
  cost_squares_.Merge(other.cost_squares_);
  obedience_.Merge(other.obedience_);
  trigger_phases_.Merge(other.trigger_phases_);
  exposure_.Merge(other.exposure_);
  detection_.Merge(other.detection_);
  duplicates_.Merge(other.duplicates_);
  fingerprint_.Combine(other.fingerprint_);
  first_faults_.insert(first_faults_.end(), other.first_faults_.begin(), other.first_faults_.end());
  marks_.insert(marks_.end(), other.marks_.begin(), other.marks_.end());
}

Summary Metrics::Summarize() const {
  Summary s;
  s.by_kind = by_kind_;
  for (const Tally& tally : by_kind_) s.all.Merge(tally);
  s.requests = s.all.n;
  s.by_fault = by_fault_;
  for (const FaultSummary& fault : by_fault_) s.losses.Merge(fault.losses);
  s.visible = visible_;
  const Ended ended = EndedWithRunning();
  s.replications = ended.recovered;
  s.span_s = ended.span_s;
  s.load = ended.load.Compress();
  if (trigger_) s.recovery = squall::Summarize(*trigger_, ended.recoveries);

  s.amplification.attempts = attempts_;
  if (s.requests > 0) {
    s.amplification.mean = static_cast<double>(attempts_) / static_cast<double>(s.requests);
    s.amplification.mean_ci95 =
        MeanInterval(static_cast<double>(attempts_), attempts_squares_, s.requests);
    s.cost_per_request_ci95 = MeanInterval(cost_usd_.value(), cost_squares_.value(), s.requests);
  }
  s.amplification.worst_1s = ended.worst_1s;
  s.amplification.worst_10s = ended.worst_10s;
  s.attempts_per_request = attempts_per_request_;

  s.latency = QuantilesOf(latency_);
  s.latency_success = QuantilesOf(latency_success_);
  s.latency_recovered = QuantilesOf(latency_recovered_);
  s.added = QuantilesOf(added_);
  s.streams = streams_;
  s.streams.first_piece = QuantilesOf(first_piece_);
  for (size_t i = 0; i < phases_.size(); ++i) s.phases[i] = QuantilesOf(phases_[i]);

  for (const FaultSummary& fault : by_fault_) s.diagnosis.Merge(fault.diagnosis);
  s.confusion = confusion_;
  s.healthy_attempts = healthy_attempts_;
  s.false_alarms = false_alarms_;

  s.recovered_by = recovered_by_;
  std::sort(s.recovered_by.begin(), s.recovered_by.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  s.prompt_tokens = prompt_tokens_;
  s.completion_tokens = completion_tokens_;
  s.cost_usd = cost_usd_.value();
  s.obedience = obedience_;
  if (trigger_) s.phases_of_trigger = trigger_phases_.Summarize();
  s.exposure = exposure_.Summarize();
  s.detection = detection_.Summarize();
  s.duplicates = duplicates_;
  s.fingerprint = fingerprint_.value();
  return s;
}

std::optional<double> ShareDiffering(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  int64_t compared = 0;
  int64_t different = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] == Metrics::kNoFirstAttempt || b[i] == Metrics::kNoFirstAttempt) continue;
    ++compared;
    different += a[i] != b[i];
  }
  if (compared == 0) return std::nullopt;
  return static_cast<double>(different) / static_cast<double>(compared);
}

void FeedOutcome(const Outcome& outcome, Fingerprint* fingerprint) {
  const auto bit = [](bool value, int position) {
    return static_cast<uint64_t>(value) << position;
  };
  fingerprint->Feed(outcome.index);
  fingerprint->Feed(static_cast<uint64_t>(outcome.started.time_since_epoch().count()));
  fingerprint->Feed(static_cast<uint64_t>(outcome.ended.time_since_epoch().count()));
  fingerprint->Feed(bit(outcome.in_time, 0) | bit(outcome.ok, 1) | bit(outcome.body, 2) |
                    bit(outcome.right, 3) | bit(outcome.wrong_by_model, 4) |
                    static_cast<uint64_t>(outcome.attempts.size()) << 8);
  if (outcome.streamed) {
    fingerprint->Feed(static_cast<uint64_t>(outcome.first_piece.time_since_epoch().count()));
    fingerprint->Feed(static_cast<uint64_t>(outcome.restarts));
  }
  for (const AttemptOutcome& attempt : outcome.attempts) {
    fingerprint->Feed(static_cast<uint64_t>(attempt.started.time_since_epoch().count()));
    fingerprint->Feed(static_cast<uint64_t>(attempt.fault + 1) | bit(attempt.impairment, 32) |
                      bit(attempt.by_load, 33) | static_cast<uint64_t>(attempt.diagnosed) << 40 |
                      static_cast<uint64_t>(attempt.diagnosed_retry) << 48);
  }
}

int64_t MeasureTimerOverheadNs() {
  std::array<int64_t, 1001> readings;
  for (int64_t& reading : readings) {
    const int64_t before = RealNanoseconds();
    reading = RealNanoseconds() - before;
  }
  std::nth_element(readings.begin(), readings.begin() + readings.size() / 2, readings.end());
  return readings[readings.size() / 2];
}

}  // namespace squall
