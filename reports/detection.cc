#include "reports/detection.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace squall {
namespace {

// The lower one of two.
std::optional<double> Median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) / 2];
}

void Append(const std::vector<double>& more, std::vector<double>* values) {
  values->insert(values->end(), more.begin(), more.end());
}

}  // namespace

void Detection::Begin(std::vector<Episode> episodes) {
  for (Episode& episode : episodes) {
    Row row;
    row.episode = std::move(episode);
    rows_.push_back(std::move(row));
  }
}

Detection::Rule* Detection::FindRule(std::string_view name, Row* row) {
  for (Rule& rule : row->rules) {
    if (rule.name == name) return &rule;
  }
  SQUALL_CHECK(row->rules.size() < kMostRules);
  row->rules.emplace_back();
  row->rules.back().name = std::string(name);
  return &row->rules.back();
}

void Detection::AddAlarm(std::string_view rule, int64_t count) {
  for (auto& [name, alarms] : false_alarms_) {
    if (name != rule) continue;
    alarms += count;
    return;
  }
  false_alarms_.emplace_back(std::string(rule), count);
}

void Detection::AddHit(const AttemptOutcome& attempt, const Outcome& outcome, Row* row) {
  ++row->hits;
  ++row->hits_running;
  const bool seen = attempt.diagnosed != FailureClass::kOk || attempt.doubted;
  if (!seen) {
    ++row->undetected;
    row->passed_on += outcome.ok && outcome.answered_by == attempt.strategy;
    return;
  }
  Rule* rule = FindRule(attempt.rule, row);
  ++rule->detections;
  const Time at = attempt.doubted ? outcome.ended : attempt.ended;
  std::vector<Time>& earliest = rule->running.earliest;
  if (earliest.empty()) rule->running.hits_before = row->hits_running - 1;
  earliest.insert(std::upper_bound(earliest.begin(), earliest.end(), at), at);
  if (earliest.size() > kEvidence) earliest.pop_back();
}

void Detection::Add(const Outcome& outcome) {
  if (rows_.empty()) return;
  for (const AttemptOutcome& attempt : outcome.attempts) {
    if (attempt.by_load || attempt.judges) continue;
    if (attempt.episode >= 0) {
      const auto row = static_cast<size_t>(attempt.episode);
      SQUALL_CHECK(row < rows_.size());
      AddHit(attempt, outcome, &rows_[row]);
    } else if (attempt.fault < 0 && attempt.truth == FailureClass::kOk) {
      ++healthy_;
      if (attempt.diagnosed != FailureClass::kOk || attempt.doubted) AddAlarm(attempt.rule, 1);
    }
  }
}

void Detection::EndRun(Row* row) {
  for (Rule& rule : row->rules) {
    const std::vector<Time>& earliest = rule.running.earliest;
    const Time from = row->episode.from;
    if (!earliest.empty()) {
      rule.first_s.push_back(Seconds(earliest.front() - from));
      rule.hits_before.push_back(static_cast<double>(rule.running.hits_before));
    }
    if (earliest.size() == kEvidence) rule.tenth_s.push_back(Seconds(earliest.back() - from));
    rule.running = Run();
  }
  row->hits_running = 0;
}

void Detection::Merge(const Detection& other) {
  if (rows_.empty()) {
    *this = other;
    for (Row& row : rows_) EndRun(&row);
    return;
  }
  SQUALL_CHECK(rows_.size() == other.rows_.size() || other.rows_.empty());
  for (size_t i = 0; i < other.rows_.size(); ++i) {
    Row later = other.rows_[i];
    EndRun(&later);
    Row& row = rows_[i];
    EndRun(&row);
    row.hits += later.hits;
    row.undetected += later.undetected;
    row.passed_on += later.passed_on;
    for (const Rule& more : later.rules) {
      Rule* rule = FindRule(more.name, &row);
      rule->detections += more.detections;
      Append(more.first_s, &rule->first_s);
      Append(more.tenth_s, &rule->tenth_s);
      Append(more.hits_before, &rule->hits_before);
    }
  }
  healthy_ += other.healthy_;
  for (const auto& [name, alarms] : other.false_alarms_) AddAlarm(name, alarms);
}

DetectionSummary Detection::Summarize() const {
  DetectionSummary out;
  out.healthy = healthy_;
  out.false_alarms = false_alarms_;
  std::sort(out.false_alarms.begin(), out.false_alarms.end());
  for (Row row : rows_) {
    EndRun(&row);
    EpisodeSummary episode;
    episode.name = row.episode.name;
    episode.from_s = Seconds(row.episode.from - kStart);
    episode.hits = row.hits;
    episode.undetected = row.undetected;
    episode.passed_on = row.passed_on;
    for (const Rule& rule : row.rules) {
      episode.detectors.push_back({rule.name, rule.detections,
                                   static_cast<int64_t>(rule.first_s.size()), Median(rule.first_s),
                                   Median(rule.tenth_s), Median(rule.hits_before)});
    }
    std::sort(episode.detectors.begin(), episode.detectors.end(),
              [](const auto& a, const auto& b) { return a.rule < b.rule; });
    out.episodes.push_back(std::move(episode));
  }
  return out;
}

}  // namespace squall
