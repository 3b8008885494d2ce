#include "bench/tune/sensitivity.h"

#include <algorithm>
#include <cmath>

#include "reports/bootstrap.h"

namespace squall {
namespace {

constexpr double kStep = 0.1;
constexpr int64_t kRowsReplications = 1;

// Other values of one parameter near a candidate, as coordinates.
std::vector<double> Moves(const TuneParameter& parameter, double at) {
  if (parameter.kind == ParameterKind::kCategorical) return GridSteps(parameter);
  double step = kStep;
  if (parameter.kind == ParameterKind::kInteger) {
    step = std::max(step, 1 / (parameter.high - parameter.low + 1));
  }
  return {std::max(0.0, at - step), std::min(1.0, at + step)};
}

double VarianceOf(std::span<const double> values) {
  double mean = 0;
  for (const double value : values) mean += value;
  mean /= static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size());
}

std::vector<double> MeansAt(const Study& study, const TuneObjective& objective,
                            const std::vector<size_t>& rows) {
  std::vector<double> means;
  for (const size_t c : rows) {
    const std::vector<double> series = study.Series(Trials::kSearch, c, objective);
    const std::span<const double> first(series.data(), kRowsReplications);
    const MeanEstimate mean = MeanOf(first);
    means.push_back(mean.n == 0 ? 0 : mean.mean);
  }
  return means;
}

std::vector<double> Picked(std::span<const double> values, std::span<const int64_t> rows) {
  std::vector<double> picked;
  for (const int64_t row : rows) picked.push_back(values[static_cast<size_t>(row)]);
  return picked;
}

}  // namespace

double JansenTotal(std::span<const double> f_a, std::span<const double> f_ab,
                   std::span<const double> all) {
  const double variance = VarianceOf(all);
  if (variance <= 0) return 0;
  double sum = 0;
  for (size_t i = 0; i < f_a.size(); ++i) sum += (f_a[i] - f_ab[i]) * (f_a[i] - f_ab[i]);
  return sum / (2 * static_cast<double>(f_a.size()) * variance);
}

absl::StatusOr<std::vector<Neighbour>> ChangesAround(Study* study, size_t candidate) {
  const TuneSpace& space = study->space();
  const Candidate centre = study->candidates()[candidate];
  std::vector<Neighbour> around;
  std::vector<size_t> which = {candidate};
  for (size_t p = 0; p < space.parameters.size(); ++p) {
    if (centre.values[p].empty()) continue;
    for (const double at : Moves(space.parameters[p], centre.unit[p])) {
      std::vector<double> unit = centre.unit;
      unit[p] = at;
      const Candidate moved = CandidateAt(space, unit);
      if (moved == centre) continue;
      Neighbour neighbour;
      neighbour.parameter = p;
      neighbour.from = centre.values[p];
      neighbour.to = moved.values[p];
      neighbour.candidate = study->Add(moved);
      which.push_back(neighbour.candidate);
      around.push_back(std::move(neighbour));
    }
  }
  const absl::Status run = study->Run(Trials::kFresh, which, space.fresh);
  if (!run.ok()) return run;
  for (Neighbour& neighbour : around) {
    neighbour.change = ChangesOf(*study, Trials::kFresh, neighbour.candidate, candidate);
  }
  return around;
}

absl::StatusOr<std::vector<std::vector<TotalIndex>>> TotalIndices(Study* study) {
  const TuneSpace& space = study->space();
  const size_t d = space.parameters.size();
  const auto add = [&](const std::vector<double>& unit) {
    return study->Add(CandidateAt(space, unit));
  };
  std::vector<size_t> rows_a;
  std::vector<std::vector<size_t>> rows_ab(d);
  for (const std::vector<double>& both : SobolPoints(2 * d, space.sensitivity, space.seed + 1)) {
    const std::vector<double> a(both.begin(), both.begin() + static_cast<int64_t>(d));
    rows_a.push_back(add(a));
    for (size_t p = 0; p < d; ++p) {
      std::vector<double> ab = a;
      ab[p] = both[d + p];
      rows_ab[p].push_back(add(ab));
    }
  }
  std::vector<size_t> all = rows_a;
  for (const std::vector<size_t>& rows : rows_ab) all.insert(all.end(), rows.begin(), rows.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  const absl::Status run = study->Run(Trials::kSearch, all, kRowsReplications);
  if (!run.ok()) return run;
  std::vector<std::vector<TotalIndex>> indices;
  const auto n = static_cast<int64_t>(rows_a.size());
  for (const TuneObjective& objective : space.objectives) {
    const std::vector<double> f_a = MeansAt(*study, objective, rows_a);
    std::vector<TotalIndex> of_objective;
    for (size_t p = 0; p < d; ++p) {
      const std::vector<double> f_ab = MeansAt(*study, objective, rows_ab[p]);
      TotalIndex total;
      total.parameter = p;
      total.index = JansenTotal(f_a, f_ab, f_a);
      BootstrapOptions options;
      options.seed = static_cast<uint64_t>(space.seed);
      options.resamples = 500;
      total.ci95 = Bootstrap(n, n, options, [&](std::span<const int64_t> picked) {
        const std::vector<double> a = Picked(f_a, picked);
        return JansenTotal(a, Picked(f_ab, picked), a);
      });
      of_objective.push_back(total);
    }
    indices.push_back(std::move(of_objective));
  }
  return indices;
}

}  // namespace squall
