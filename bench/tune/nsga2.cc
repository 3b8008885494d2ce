#include "bench/tune/nsga2.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "engine/base/random.h"

namespace squall {
namespace {

constexpr StreamId kBreeding = Stream("tune/nsga2");
constexpr double kCrossoverIndex = 15;  // larger: children closer to their parents
constexpr double kMutationIndex = 20;
constexpr double kCrossoverShare = 0.9;

// Keyed draws of one generation, in the order in which they are asked for.
class Breeding {
 public:
  Breeding(int64_t seed, int64_t generation)
      : seed_(static_cast<uint64_t>(seed)), generation_(static_cast<uint64_t>(generation)) {}
  double Next() { return Draw(seed_, kBreeding, generation_, index_++); }

 private:
  uint64_t seed_;
  uint64_t generation_;
  uint64_t index_ = 0;
};

// Simulated binary crossover of two coordinates, both within [0, 1].
std::pair<double, double> Cross(double a, double b, double u) {
  const double spread = u <= 0.5 ? std::pow(2 * u, 1 / (kCrossoverIndex + 1))
                                 : std::pow(1 / (2 * (1 - u)), 1 / (kCrossoverIndex + 1));
  const double middle = (a + b) / 2;
  const double half = spread * (b - a) / 2;
  return {std::clamp(middle - half, 0.0, 1.0), std::clamp(middle + half, 0.0, 1.0)};
}

double Mutate(double x, double u) {
  const double step = u < 0.5 ? std::pow(2 * u, 1 / (kMutationIndex + 1)) - 1
                              : 1 - std::pow(2 * (1 - u), 1 / (kMutationIndex + 1));
  return std::clamp(x + step, 0.0, 1.0);
}

using Unit = std::vector<double>;

// The better of two picked at random; `population` is in order from the best.
const Unit& Tournament(const Study& study, const std::vector<size_t>& population, Breeding* draws) {
  const auto pick = [&] {
    return std::min(population.size() - 1,
                    static_cast<size_t>(draws->Next() * static_cast<double>(population.size())));
  };
  const size_t first = pick();
  const size_t second = pick();
  return study.candidates()[population[std::min(first, second)]].unit;
}

std::vector<Unit> Children(const Study& study, const std::vector<size_t>& population,
                           Breeding* draws) {
  std::vector<Unit> children;
  while (children.size() < population.size()) {
    Unit a = Tournament(study, population, draws);
    Unit b = Tournament(study, population, draws);
    const bool cross = draws->Next() < kCrossoverShare;
    const double mutation = 1 / static_cast<double>(a.size());
    for (size_t i = 0; i < a.size(); ++i) {
      const bool this_one = cross && draws->Next() < 0.5;
      if (this_one) std::tie(a[i], b[i]) = Cross(a[i], b[i], draws->Next());
      for (double* x : {&a[i], &b[i]}) {
        if (draws->Next() < mutation) *x = Mutate(*x, draws->Next());
      }
    }
    children.push_back(std::move(a));
    children.push_back(std::move(b));
  }
  return children;
}

// The best of all, in order, without repetition.
std::vector<size_t> SelectPopulation(const Study& study, std::vector<size_t> all, size_t size) {
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::vector<Scores> scores;
  for (const size_t c : all) scores.push_back(ScoresOf(study, Trials::kSearch, c));
  std::vector<size_t> best;
  for (const size_t i : ParetoOrder(scores)) {
    if (best.size() < size) best.push_back(all[i]);
  }
  return best;
}

}  // namespace

absl::StatusOr<SearchOutcome> EvolveNsga2(Study* study) {
  const TuneSpace& space = study->space();
  const auto size = static_cast<size_t>(space.candidates);
  SearchOutcome outcome;
  std::vector<size_t> all;
  std::vector<size_t> population;
  std::vector<Unit> next = SobolPoints(space.parameters.size(), space.candidates, space.seed);
  for (int64_t generation = 0; generation <= space.generations; ++generation) {
    std::vector<size_t> fresh;
    for (const Unit& unit : next) {
      const size_t candidate = study->Add(CandidateAt(space, unit));
      fresh.push_back(candidate);
    }
    std::sort(fresh.begin(), fresh.end());
    fresh.erase(std::unique(fresh.begin(), fresh.end()), fresh.end());
    const absl::Status run = study->Run(Trials::kSearch, fresh, space.replications);
    if (!run.ok()) return run;
    outcome.steps.push_back({static_cast<int64_t>(fresh.size()), space.replications, 0});
    all.insert(all.end(), fresh.begin(), fresh.end());
    population.insert(population.end(), fresh.begin(), fresh.end());
    population = SelectPopulation(*study, population, size);
    Breeding draws(space.seed, generation);
    next = Children(*study, population, &draws);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  outcome.followed = std::move(all);
  return outcome;
}

}  // namespace squall
