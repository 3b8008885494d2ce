#include "bench/tune/study.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/cat.h"
#include "scenarios/scenario.h"
#include "scenarios/text_file.h"

namespace squall {
namespace {

// Seeds that a search cannot reach.
constexpr int64_t kFreshFrom = int64_t{1} << 30;
// Replications of one point: small enough for many cores to share a candidate.
constexpr int64_t kMostPerPoint = 5;

// The scenario itself where a worker elsewhere cannot find it by name.
absl::StatusOr<std::string> DocumentOf(const TuneScenario& scenario) {
  if (!IsFile(scenario.scenario)) return std::string();
  const absl::StatusOr<Scenario> loaded = LoadScenario(scenario.scenario, {});
  if (!loaded.ok()) return loaded.status();
  return CanonicalDocument(DumpScenario(*loaded));
}

double Combine(std::vector<double> values, Over over, double cvar_share, bool more_is_better) {
  std::sort(values.begin(), values.end());
  if (!more_is_better) std::reverse(values.begin(), values.end());  // the worst first
  size_t count = values.size();
  if (over == Over::kWorst) count = 1;
  if (over == Over::kCvar) {
    count = static_cast<size_t>(std::ceil(cvar_share * static_cast<double>(count) - 1e-9));
  }
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += values[i];
  return sum / static_cast<double>(count);
}

}  // namespace

absl::StatusOr<Study> Study::Make(TuneSpace space, std::string build, PointRunner* runner,
                                  PointStore* store, Shard shard) {
  Study study(std::move(space), std::move(build), runner, store, shard);
  study.metrics_ = MetricsOf(study.space_);
  for (const Trials trials : {Trials::kSearch, Trials::kFresh, Trials::kHeldOut}) {
    for (const TuneScenario& scenario : study.ScenariosOf(trials)) {
      absl::StatusOr<std::string> document = DocumentOf(scenario);
      if (!document.ok()) return document.status();
      study.documents_[static_cast<size_t>(trials)].push_back(std::move(*document));
    }
  }
  return study;
}

const std::vector<TuneScenario>& Study::ScenariosOf(Trials trials) const {
  return trials == Trials::kHeldOut ? space_.held_out : space_.scenarios;
}

size_t Study::Add(const Candidate& candidate) {
  const auto [at, added] = by_sets_.try_emplace(candidate.sets, candidates_.size());
  if (added) {
    candidates_.push_back(candidate);
    for (int t = 0; t < kTrialKinds; ++t) {
      have_[t].emplace_back(ScenariosOf(static_cast<Trials>(t)).size());
    }
  }
  return at->second;
}

SweepPoint Study::PointOf(Trials trials, size_t candidate, size_t scenario, int64_t first,
                          int64_t count) const {
  const TuneScenario& base = ScenariosOf(trials)[scenario];
  SweepPoint point;
  point.scenario = base.scenario;
  point.document = documents_[static_cast<size_t>(trials)][scenario];
  point.engine = space_.engine;
  point.sets = base.sets;
  const std::vector<std::string>& own = candidates_[candidate].sets;
  point.sets.insert(point.sets.end(), own.begin(), own.end());
  point.seed = space_.seed;
  point.first = first + (trials == Trials::kSearch ? 0 : kFreshFrom);
  point.count = count;
  point.metrics = metrics_;
  point.build = build_;
  return point;
}

absl::Status Study::RunMissing(const std::vector<SweepPoint>& points) {
  points_ += static_cast<int64_t>(points.size());
  size_t missing = 0;
  std::vector<SweepPoint> mine;
  for (size_t i = 0; i < points.size(); ++i) {
    if (store_->Find(points[i]) != nullptr) continue;
    ++missing;
    if (static_cast<int64_t>(i) % shard_.count == shard_.index) mine.push_back(points[i]);
  }
  const auto keep = [&](const PointResult& result) { return store_->Add(result); };
  const absl::Status run = mine.empty() ? absl::OkStatus() : runner_->Run(mine, keep);
  if (!run.ok() || mine.size() == missing) return run;
  return absl::UnavailableError(
      Cat(missing - mine.size(), " of ", points.size(), " points of this stage are other shards'"));
}

absl::Status Study::Run(Trials trials, std::span<const size_t> which, int64_t replications) {
  struct Asked {
    size_t candidate;
    size_t scenario;
    SweepPoint point;
  };
  std::vector<Asked> asked;
  std::vector<SweepPoint> points;
  for (const size_t c : which) {
    const int64_t from = Replications(trials, c);
    for (size_t s = 0; s < ScenariosOf(trials).size(); ++s) {
      for (int64_t first = from; first < replications; first += kMostPerPoint) {
        const int64_t count = std::min(kMostPerPoint, replications - first);
        asked.push_back({c, s, PointOf(trials, c, s, first, count)});
        points.push_back(asked.back().point);
      }
    }
  }
  const absl::Status run = RunMissing(points);
  if (!run.ok()) return run;
  std::map<std::string, bool> any;
  for (const Asked& one : asked) {
    const PointResult* result = store_->Find(one.point);
    for (const auto& [metric, values] : result->values) {
      std::vector<double>& series = Have(trials, one.candidate)[one.scenario][metric];
      for (const std::optional<double>& value : values) {
        series.push_back(value.value_or(kNoFigure));
        any[metric] = any[metric] || value.has_value();
      }
    }
  }
  for (const auto& [metric, found] : any) {
    if (found) continue;
    return absl::InvalidArgumentError(Cat(
        "got no ", metric, " in any run, expected a metric that the scenarios have a figure for"));
  }
  return absl::OkStatus();
}

int64_t Study::Replications(Trials trials, size_t candidate) const {
  const std::vector<ByMetric>& have = have_[static_cast<size_t>(trials)][candidate];
  if (have.empty() || have[0].empty()) return 0;
  return static_cast<int64_t>(have[0].begin()->second.size());
}

std::vector<double> Study::Series(Trials trials, size_t candidate, const std::string& metric,
                                  bool more_is_better) const {
  const std::vector<ByMetric>& have = have_[static_cast<size_t>(trials)][candidate];
  std::vector<double> series;
  for (int64_t r = 0; r < Replications(trials, candidate); ++r) {
    std::vector<double> figures;
    for (const ByMetric& one : have) figures.push_back(one.at(metric)[static_cast<size_t>(r)]);
    const bool whole = std::none_of(figures.begin(), figures.end(),
                                    [](double value) { return std::isnan(value); });
    series.push_back(whole ? Combine(figures, space_.over, space_.cvar_share, more_is_better)
                           : kNoFigure);
  }
  return series;
}

double Study::Excess(Trials trials, size_t candidate) const {
  double excess = 0;
  for (const Threshold& limit : ConstraintsOf(space_)) {
    const bool more = limit.op == Comparison::kAtLeast || limit.op == Comparison::kAbove;
    const MeanEstimate mean = MeanOf(Series(trials, candidate, limit.metric, more));
    if (mean.n == 0) return std::numeric_limits<double>::infinity();
    if (Holds(mean.mean, limit.op, limit.limit)) continue;
    // A limit that is just met by equality, where that is not enough, is exceeded by a trifle.
    const double beyond = std::abs(mean.mean - limit.limit) + 1e-9;
    excess += beyond / std::max(std::abs(limit.limit), 1e-9);
  }
  return excess;
}

MeanEstimate MeanOf(std::span<const double> series) {
  std::vector<double> figures;
  for (const double value : series) {
    if (!std::isnan(value)) figures.push_back(value);
  }
  return figures.empty() ? MeanEstimate() : Mean(figures);
}

std::vector<double> Differences(std::span<const double> a, std::span<const double> b) {
  std::vector<double> differences;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (!std::isnan(a[i]) && !std::isnan(b[i])) differences.push_back(a[i] - b[i]);
  }
  return differences;
}

std::vector<MeanEstimate> ChangesOf(const Study& study, Trials trials, size_t candidate,
                                    size_t less) {
  std::vector<MeanEstimate> changes;
  for (const TuneObjective& objective : study.space().objectives) {
    changes.push_back(MeanOf(Differences(study.Series(trials, candidate, objective),
                                         study.Series(trials, less, objective))));
  }
  return changes;
}

}  // namespace squall
