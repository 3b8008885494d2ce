// Study: the candidates of one search and what their trials have brought. It asks for points, keeps
// what comes, and answers with series of figures, one per replication. All candidates meet the same
// seeds (common random numbers), so differences are taken within a replication.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "bench/tune/runner.h"
#include "bench/tune/space.h"
#include "bench/tune/store.h"
#include "reports/intervals.h"

namespace squall {

// Which seeds on which scenarios: those that the search looks at, others on the same scenarios, and
// those others on scenarios that it never saw.
enum class Trials : uint8_t { kSearch, kFresh, kHeldOut };
inline constexpr int kTrialKinds = 3;

inline constexpr double kNoFigure = std::numeric_limits<double>::quiet_NaN();

// One of several that share the work without knowing of each other: runs every count-th point.
struct Shard {
  int64_t index = 0;
  int64_t count = 1;
};

class Study {
 public:
  // Errors: those of loading the scenarios.
  static absl::StatusOr<Study> Make(TuneSpace space, std::string build, PointRunner* runner,
                                    PointStore* store, Shard shard);

  const TuneSpace& space() const { return space_; }
  const std::vector<Candidate>& candidates() const { return candidates_; }

  // The number of a candidate, which is new or one that was there.
  size_t Add(const Candidate& candidate);

  // Brings each of `which` to at least that many replications. Errors: those of the runner;
  // kUnavailable where another shard has not delivered yet.
  absl::Status Run(Trials trials, std::span<const size_t> which, int64_t replications);

  int64_t Replications(Trials trials, size_t candidate) const;
  const std::vector<TuneScenario>& ScenariosOf(Trials trials) const;

  // A metric by replication, put together from the scenarios as the space says; kNoFigure where one
  // of them has none. `more_is_better` says which scenario is the worst.
  std::vector<double> Series(Trials trials, size_t candidate, const std::string& metric,
                             bool more_is_better) const;
  std::vector<double> Series(Trials trials, size_t candidate, const TuneObjective& o) const {
    return Series(trials, candidate, o.metric, o.goal == Goal::kMaximize);
  }

  // How far the means of the constraints' metrics are beyond their limits, as shares of these,
  // added up; 0 where all are kept, infinite where a metric has no figure.
  double Excess(Trials trials, size_t candidate) const;
  bool Feasible(Trials trials, size_t candidate) const { return Excess(trials, candidate) == 0; }

  int64_t points() const { return points_; }  // asked for

 private:
  Study(TuneSpace space, std::string build, PointRunner* runner, PointStore* store, Shard shard)
      : space_(std::move(space)),
        build_(std::move(build)),
        runner_(runner),
        store_(store),
        shard_(shard) {}

  using ByMetric = std::map<std::string, std::vector<double>>;

  SweepPoint PointOf(Trials trials, size_t candidate, size_t scenario, int64_t first,
                     int64_t count) const;
  absl::Status RunMissing(const std::vector<SweepPoint>& points);
  std::vector<ByMetric>& Have(Trials trials, size_t candidate) {
    return have_[static_cast<size_t>(trials)][candidate];
  }

  TuneSpace space_;
  std::string build_;
  PointRunner* runner_;
  PointStore* store_;
  Shard shard_;
  std::vector<std::string> documents_[kTrialKinds];  // "" of bundled scenarios
  std::vector<std::string> metrics_;
  std::vector<Candidate> candidates_;
  std::map<std::vector<std::string>, size_t> by_sets_;
  std::vector<std::vector<ByMetric>> have_[kTrialKinds];  // by candidate, by scenario
  int64_t points_ = 0;
};

// Of those values that are figures; n = 0 if there are none.
MeanEstimate MeanOf(std::span<const double> series);

// a[r] - b[r] where both are figures.
std::vector<double> Differences(std::span<const double> a, std::span<const double> b);

// By objective, one candidate less another, paired by seed.
std::vector<MeanEstimate> ChangesOf(const Study& study, Trials trials, size_t candidate,
                                    size_t less);

}  // namespace squall
