#include "scenarios/models/storm_splitting.h"

#include <absl/strings/str_cat.h>

#include <utility>
#include <vector>

#include "engine/base/random.h"

namespace squall {
namespace {

constexpr StreamId kPick = Stream("model/storm_splitting/pick");
constexpr StreamId kBranch = Stream("model/storm_splitting/branch");

struct Stage {
  std::vector<StormRun> reached;  // as they were when the level was reached
  int64_t stuck = 0;              // that ended so without reaching it
};

// Runs until `level` attempts wait. False if the storm ends before.
bool RunTo(int64_t level, StormRun* run) {
  while (run->Step()) {
    if (run->waiting() >= level) return true;
  }
  return false;
}

Stage RunStage(const StormSplitting& m, uint64_t seed, int64_t stage,
               const std::vector<StormRun>& from) {
  const bool last = stage == m.levels;
  const int64_t level = last ? INT64_MAX : m.first_level + stage * m.level_step;
  Stage result;
  for (int64_t i = 0; i < m.particles; ++i) {
    const auto branch = static_cast<uint64_t>(i);
    const auto key = static_cast<uint64_t>(stage);
    const uint64_t own = DrawBits(seed, kBranch, branch, key);
    StormRun run = stage == 0 ? StormRun(m.storm, own)
                              : from[PickBelow(DrawBits(seed, kPick, branch, key), from.size())];
    run.Reseed(own);
    if (RunTo(level, &run)) {
      result.reached.push_back(std::move(run));
    } else {
      result.stuck += run.stuck() ? 1 : 0;
    }
  }
  return result;
}

}  // namespace

void Describe(Fields& f, StormSplitting& m) {
  f.Int("particles", m.particles, {1, 10'000'000}, "Runs of each stage.");
  f.Int("first_level", m.first_level, {1, 10'000'000}, "Attempts waiting at the first level.");
  f.Int("level_step", m.level_step, {1, 10'000'000}, "More of them at each further level.");
  f.Int("levels", m.levels, {0, 1000}, "Number of levels; 0 is crude Monte Carlo.");
  f.Struct("storm", m.storm, "The storm, with the parameters of mm1_retry_storm.");
}

void RunModel(const StormSplitting& m, uint64_t seed, ModelOutputs* out) {
  const auto particles = static_cast<double>(m.particles);
  double weight = 1;
  double stuck = 0;
  std::vector<StormRun> from;
  for (int64_t stage = 0; stage <= m.levels && weight > 0; ++stage) {
    Stage result = RunStage(m, seed, stage, from);
    stuck += weight * static_cast<double>(result.stuck) / particles;
    const double reached = static_cast<double>(result.reached.size()) / particles;
    if (stage < m.levels) out->Add(absl::StrCat("reached_level_", stage + 1), reached);
    weight *= reached;
    from = std::move(result.reached);
  }
  out->Add("stuck", stuck);
}

}  // namespace squall
