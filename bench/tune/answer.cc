#include "bench/tune/answer.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/tune/sensitivity.h"
#include "engine/base/cat.h"
#include "engine/base/json_document.h"
#include "engine/base/random.h"
#include "scenarios/scenario.h"

namespace squall {
namespace {

constexpr StreamId kDominance = Stream("tune/dominance");
constexpr int kResamples = 1000;

// Series by candidate and objective, such that more is better; only seeds on which all have a
// figure.
std::vector<std::vector<std::vector<double>>> WholeSeries(const Study& study, Trials trials,
                                                          const std::vector<size_t>& front) {
  std::vector<std::vector<std::vector<double>>> all;
  std::vector<bool> whole(static_cast<size_t>(study.space().fresh), true);
  for (const size_t candidate : front) {
    std::vector<std::vector<double>> of_point;
    for (const TuneObjective& objective : study.space().objectives) {
      of_point.push_back(study.Series(trials, candidate, objective));
      for (size_t r = 0; r < whole.size(); ++r) {
        double& value = of_point.back()[r];
        if (objective.goal == Goal::kMinimize) value = -value;
        whole[r] = whole[r] && !std::isnan(value);
      }
    }
    all.push_back(std::move(of_point));
  }
  for (auto& of_point : all) {
    for (std::vector<double>& series : of_point) {
      size_t r = 0;
      std::erase_if(series, [&](double) { return !whole[r++]; });
    }
  }
  return all;
}

// Of each, the share of bootstrap samples over seeds in which another one of them dominates it.
std::vector<double> DominatedShares(const Study& study, Trials trials,
                                    const std::vector<size_t>& front) {
  const auto all = WholeSeries(study, trials, front);
  const size_t n = all.empty() ? 0 : all[0][0].size();
  std::vector<double> dominated(front.size(), 0);
  if (n == 0) return dominated;
  const auto seed = static_cast<uint64_t>(study.space().seed);
  std::vector<size_t> picks(n);
  for (uint64_t sample = 0; sample < kResamples; ++sample) {
    for (size_t i = 0; i < n; ++i) picks[i] = PickBelow(DrawBits(seed, kDominance, sample, i), n);
    std::vector<Scores> means;
    for (const auto& of_point : all) {
      Scores scores;
      for (const std::vector<double>& values : of_point) {
        double sum = 0;
        for (const size_t pick : picks) sum += values[pick];
        scores.push_back(sum / static_cast<double>(n));
      }
      means.push_back(std::move(scores));
    }
    const std::vector<int> ranks = ParetoRanks(means);
    for (size_t i = 0; i < ranks.size(); ++i) dominated[i] += ranks[i] > 0 ? 1 : 0;
  }
  for (double& share : dominated) share /= kResamples;
  return dominated;
}

std::vector<size_t> WithUnchanged(std::vector<size_t> front, size_t unchanged) {
  if (std::find(front.begin(), front.end(), unchanged) == front.end()) front.push_back(unchanged);
  return front;
}

}  // namespace

MetricUnit UnitOf(const std::string& metric) {
  const MetricRow* row = FindMetric(metric);
  return row == nullptr ? MetricUnit::kNumber : row->unit;
}

size_t Recommend(const Study& study, Trials trials, const std::vector<size_t>& front,
                 std::vector<std::string>* why) {
  std::vector<size_t> left = front;
  for (const TuneObjective& objective : study.space().objectives) {
    const double sign = objective.goal == Goal::kMaximize ? 1 : -1;
    const auto mean = [&](size_t c) { return MeanOf(study.Series(trials, c, objective)).mean; };
    const size_t best = *std::max_element(left.begin(), left.end(), [&](size_t a, size_t b) {
      return sign * mean(a) < sign * mean(b);
    });
    std::vector<size_t> kept;
    for (const size_t c : left) {
      std::vector<double> loss =
          Differences(study.Series(trials, best, objective), study.Series(trials, c, objective));
      for (double& value : loss) value *= sign;
      const bool shown = loss.size() > 1 && MeanInterval(Mean(loss)).low > objective.tolerance;
      if (c == best || !shown) kept.push_back(c);
    }
    if (why != nullptr) {
      why->push_back(
          absl::StrFormat("%s: of %d, %d not shown to be worse than the best, %s, by more than %s",
                          objective.metric, left.size(), kept.size(),
                          FigureText(UnitOf(objective.metric), mean(best)),
                          FigureText(UnitOf(objective.metric), objective.tolerance)));
    }
    left = kept;
  }
  const std::vector<double> shares = DominatedShares(study, trials, front);
  const auto share = [&](size_t c) {
    const auto at = std::find(front.begin(), front.end(), c) - front.begin();
    return shares[static_cast<size_t>(at)];
  };
  const size_t choice = *std::min_element(left.begin(), left.end(),
                                          [&](size_t a, size_t b) { return share(a) < share(b); });
  if (why != nullptr && left.size() > 1) {
    why->push_back(
        absl::StrFormat("of the %d left, the one that is beaten least often, in %.0f %% "
                        "of bootstrap samples",
                        left.size(), 100 * share(choice)));
  }
  return choice;
}

absl::StatusOr<TuneAnswer> Tune(Study* study) {
  TuneAnswer answer;
  const TuneSpace& space = study->space();
  absl::StatusOr<SearchOutcome> search = Search(study);
  if (!search.ok()) return search.status();
  answer.search = std::move(*search);
  std::vector<size_t> pool = answer.search.followed;
  std::erase_if(pool, [&](size_t c) { return !study->Feasible(Trials::kSearch, c); });
  answer.nothing_feasible = pool.empty();
  if (pool.empty()) pool = answer.search.followed;
  const std::vector<size_t> front = FrontOf(*study, Trials::kSearch, pool);
  answer.unchanged = study->Add(UnchangedCandidate(space));
  const std::vector<size_t> shown = WithUnchanged(front, answer.unchanged);
  absl::Status run = study->Run(Trials::kSearch, shown, space.replications);
  if (run.ok()) run = study->Run(Trials::kFresh, shown, space.fresh);
  if (run.ok()) run = study->Run(Trials::kHeldOut, shown, space.fresh);
  if (!run.ok()) return run;
  const std::vector<double> dominated = DominatedShares(*study, Trials::kFresh, front);
  for (size_t i = 0; i < front.size(); ++i) answer.front.push_back({front[i], dominated[i]});
  answer.recommended = Recommend(*study, Trials::kFresh, front, &answer.why);
  answer.held_out_choice = answer.recommended;
  if (!space.held_out.empty()) {
    answer.held_out_choice = Recommend(*study, Trials::kHeldOut, front, nullptr);
  }
  answer.same_held_out = answer.held_out_choice == answer.recommended;
  absl::StatusOr<std::vector<Neighbour>> around = ChangesAround(study, answer.recommended);
  if (!around.ok()) return around.status();
  answer.around = std::move(*around);
  if (space.sensitivity > 0) {
    auto indices = TotalIndices(study);
    if (!indices.ok()) return indices.status();
    answer.indices = std::move(*indices);
  }
  return answer;
}

absl::StatusOr<std::string> PresetOf(const TuneSpace& space, const Candidate& candidate,
                                     const std::string& how) {
  constexpr std::string_view kEngine = "/engine";
  const std::string base = PresetText(space.engine);
  if (base.empty()) {
    return absl::FailedPreconditionError("/engine: got no bundled preset, expected one to change");
  }
  absl::StatusOr<JsonDocument> document = JsonDocument::Parse(base, space.engine);
  if (!document.ok()) return document.status();
  for (const std::string& set : candidate.sets) {
    if (!set.starts_with("/engine/")) {
      return absl::FailedPreconditionError(
          Cat(set, ": got what is not the engine's, expected /engine/..."));
    }
    const absl::Status status = document->Set(set.substr(kEngine.size()));
    if (!status.ok()) return status;
  }
  nlohmann::json& root = document->root();
  root.erase("$schema");
  root["doc"] = Cat("Preset ", space.engine, " as tuned: ", space.doc);
  root["sources"] = {how};
  return root.dump(2) + "\n";
}

}  // namespace squall
