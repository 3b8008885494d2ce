#include "bench/tune/search.h"

#include <nlopt.h>

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <cmath>
#include <limits>
#include <memory>

#include "bench/tune/nsga2.h"
#include "engine/base/random.h"
#include "reports/intervals.h"

namespace squall {
namespace {

constexpr StreamId kRotation = Stream("tune/rotation");
constexpr double kConfidence = 0.95;
// Below every figure: of a candidate that breaks a constraint, times how far, or that has no
// figure.
constexpr double kInfeasible = -1e15;

std::vector<size_t> AddAll(Study* study, const std::vector<std::vector<double>>& points) {
  std::vector<size_t> added;
  for (const std::vector<double>& point : points) {
    added.push_back(study->Add(CandidateAt(study->space(), point)));
  }
  std::sort(added.begin(), added.end());
  added.erase(std::unique(added.begin(), added.end()), added.end());
  return added;
}

std::vector<std::vector<double>> GridPoints(const TuneSpace& space) {
  std::vector<std::vector<double>> points = {{}};
  for (const TuneParameter& parameter : space.parameters) {
    std::vector<std::vector<double>> longer;
    for (const std::vector<double>& point : points) {
      for (const double step : GridSteps(parameter)) {
        longer.push_back(point);
        longer.back().push_back(step);
      }
    }
    points = std::move(longer);
  }
  return points;
}

absl::StatusOr<SearchOutcome> RunDesign(Study* study,
                                        const std::vector<std::vector<double>>& points) {
  SearchOutcome outcome;
  outcome.followed = AddAll(study, points);
  const int64_t replications = study->space().replications;
  const absl::Status run = study->Run(Trials::kSearch, outcome.followed, replications);
  if (!run.ok()) return run;
  outcome.steps.push_back({static_cast<int64_t>(outcome.followed.size()), replications, 0});
  return outcome;
}

// Takes out what others are shown to be better than; never all.
int64_t DropDominated(const Study& study, std::vector<size_t>* alive) {
  const auto others = static_cast<double>(std::max<size_t>(alive->size() - 1, 1));
  const double confidence = 1 - (1 - kConfidence) / others;
  std::vector<size_t> kept;
  for (const size_t a : *alive) {
    const bool beaten = std::any_of(alive->begin(), alive->end(), [&](size_t b) {
      return b != a && ShownBetter(study, Trials::kSearch, b, a, confidence);
    });
    if (!beaten) kept.push_back(a);
  }
  if (kept.empty()) return 0;
  const auto dropped = static_cast<int64_t>(alive->size() - kept.size());
  *alive = std::move(kept);
  return dropped;
}

void KeepBest(const Study& study, size_t count, std::vector<size_t>* alive) {
  std::vector<Scores> scores;
  for (const size_t c : *alive) scores.push_back(ScoresOf(study, Trials::kSearch, c));
  std::vector<size_t> kept;
  for (const size_t i : ParetoOrder(scores)) {
    if (kept.size() < count) kept.push_back((*alive)[i]);
  }
  std::sort(kept.begin(), kept.end());
  *alive = std::move(kept);
}

absl::StatusOr<SearchOutcome> Halve(Study* study) {
  const TuneSpace& space = study->space();
  SearchOutcome outcome;
  std::vector<size_t> alive =
      AddAll(study, SobolPoints(space.parameters.size(), space.candidates, space.seed));
  const auto finalists = static_cast<size_t>(space.finalists);
  for (int64_t rung = space.first_rung;; rung = std::min(2 * rung, space.replications)) {
    const absl::Status run = study->Run(Trials::kSearch, alive, rung);
    if (!run.ok()) return run;
    SearchStep step{static_cast<int64_t>(alive.size()), rung, 0};
    if (rung == space.replications) {
      outcome.steps.push_back(step);
      break;
    }
    if (rung > 1) step.dominated = DropDominated(*study, &alive);
    outcome.steps.push_back(step);
    const size_t half = (alive.size() + 1) / 2;
    if (alive.size() > finalists) KeepBest(*study, std::max(finalists, half), &alive);
  }
  outcome.followed = alive;
  return outcome;
}

// What NLopt is given: a function of a point, and room for the error that it cannot pass on.
struct NloptRun {
  Study* study;
  nlopt_opt optimizer;
  absl::Status status;
  std::vector<size_t> seen;
};

double NloptScore(unsigned n, const double* x, double*, void* data) {
  auto* run = static_cast<NloptRun*>(data);
  const size_t candidate = run->study->Add(CandidateAt(run->study->space(), {x, n}));
  const size_t one[] = {candidate};
  run->status = run->study->Run(Trials::kSearch, one, run->study->space().replications);
  if (!run->status.ok()) {
    nlopt_force_stop(run->optimizer);
    return 0;
  }
  run->seen.push_back(candidate);
  return ScoresOf(*run->study, Trials::kSearch, candidate)[0];
}

absl::StatusOr<SearchOutcome> RunNlopt(Study* study) {
  const TuneSpace& space = study->space();
  const size_t n = space.parameters.size();
  const auto starts = static_cast<int64_t>(std::min<size_t>(4 * n, 32));
  absl::StatusOr<SearchOutcome> outcome = RunDesign(study, SobolPoints(n, starts, space.seed));
  if (!outcome.ok()) return outcome;
  std::vector<size_t> best = outcome->followed;
  KeepBest(*study, 1, &best);
  std::vector<double> x = study->candidates()[best[0]].unit;
  const std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)> optimizer(
      nlopt_create(NLOPT_LN_SBPLX, static_cast<unsigned>(n)), nlopt_destroy);
  NloptRun run{study, optimizer.get(), absl::OkStatus(), {}};
  nlopt_set_lower_bounds1(optimizer.get(), 0);
  nlopt_set_upper_bounds1(optimizer.get(), 1);
  nlopt_set_initial_step1(optimizer.get(), 0.2);
  nlopt_set_xtol_abs1(optimizer.get(), 1e-3);
  nlopt_set_maxeval(optimizer.get(), static_cast<int>(space.candidates));
  nlopt_set_max_objective(optimizer.get(), NloptScore, &run);
  double value = 0;
  nlopt_optimize(optimizer.get(), x.data(), &value);
  if (!run.status.ok()) return run.status;
  std::vector<size_t>& followed = outcome->followed;
  followed.insert(followed.end(), run.seen.begin(), run.seen.end());
  std::sort(followed.begin(), followed.end());
  followed.erase(std::unique(followed.begin(), followed.end()), followed.end());
  outcome->steps.push_back({static_cast<int64_t>(followed.size()), space.replications, 0});
  return outcome;
}

}  // namespace

std::vector<std::vector<double>> SobolPoints(size_t dimensions, int64_t count, int64_t seed) {
  boost::random::sobol engine(dimensions);
  std::vector<double> shift(dimensions);
  for (size_t d = 0; d < dimensions; ++d) {
    shift[d] = Draw(static_cast<uint64_t>(seed), kRotation, d);
  }
  std::vector<std::vector<double>> points(static_cast<size_t>(count),
                                          std::vector<double>(dimensions));
  for (std::vector<double>& point : points) {
    for (size_t d = 0; d < dimensions; ++d) {
      const double u = ToUnit(engine()) + shift[d];
      point[d] = u - std::floor(u);
    }
  }
  return points;
}

Scores ScoresOf(const Study& study, Trials trials, size_t candidate) {
  Scores scores;
  const double excess = study.Excess(trials, candidate);
  for (const TuneObjective& objective : study.space().objectives) {
    const MeanEstimate mean = MeanOf(study.Series(trials, candidate, objective));
    const double score = objective.goal == Goal::kMaximize ? mean.mean : -mean.mean;
    scores.push_back(excess > 0 ? kInfeasible * (1 + excess) : mean.n == 0 ? kInfeasible : score);
  }
  return scores;
}

std::vector<size_t> FrontOf(const Study& study, Trials trials, const std::vector<size_t>& of) {
  std::vector<Scores> scores;
  for (const size_t c : of) scores.push_back(ScoresOf(study, trials, c));
  std::vector<size_t> front;
  for (const size_t i : ParetoFront(scores)) front.push_back(of[i]);
  return front;
}

bool ShownBetter(const Study& study, Trials trials, size_t b, size_t a, double confidence) {
  if (study.Feasible(trials, b) < study.Feasible(trials, a)) return false;
  bool better = false;
  for (const TuneObjective& objective : study.space().objectives) {
    std::vector<double> gain =
        Differences(study.Series(trials, b, objective), study.Series(trials, a, objective));
    if (gain.size() < 2) return false;
    if (objective.goal == Goal::kMinimize) {
      for (double& value : gain) value = -value;
    }
    const Interval interval = MeanInterval(Mean(gain), confidence);
    if (interval.low < -objective.tolerance) return false;
    better = better || interval.low > objective.tolerance;
  }
  return better;
}

absl::StatusOr<SearchOutcome> Search(Study* study) {
  const TuneSpace& space = study->space();
  switch (space.method) {
    case TuneMethod::kGrid: return RunDesign(study, GridPoints(space));
    case TuneMethod::kSobol:
      return RunDesign(study, SobolPoints(space.parameters.size(), space.candidates, space.seed));
    case TuneMethod::kHalving: return Halve(study);
    case TuneMethod::kNsga2: return EvolveNsga2(study);
    case TuneMethod::kNlopt: return RunNlopt(study);
  }
  return absl::InternalError("unknown method");
}

}  // namespace squall
