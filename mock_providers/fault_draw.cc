#include "mock_providers/fault_draw.h"

#include <algorithm>
#include <numeric>

#include "mock_providers/faults.h"

namespace squall {
namespace {

constexpr StreamId kShared = Stream("fault/shared");
constexpr StreamId kSharedVariant = Stream("fault/shared_variant");

// Indices of draws within the stay stream.
constexpr uint64_t kPinned = 0;
constexpr uint64_t kPersists = 1;
constexpr uint64_t kHeals = 2;

constexpr double kShareRounding = 1e-12;  // shares that add up to 1 leave less than this of it

double Sum(const std::vector<double>& weights) {
  return std::accumulate(weights.begin(), weights.end(), 0.0);
}

}  // namespace

int PickBelowSum(double u, double sum, const std::vector<double>& weights) {
  if (u >= sum) return -1;
  const int pick = PickWeighted(u, weights);
  if (pick >= 0) return pick;
  size_t last = weights.size();
  while (last > 0 && weights[last - 1] <= 0) --last;
  return static_cast<int>(last) - 1;
}

FaultDraw::FaultDraw(const std::map<std::string, FaultConfig>& faults, std::string_view provider,
                     uint64_t seed)
    : seed_(seed),
      own_stream_(Stream("fault/own/" + std::string(provider))),
      stay_stream_(Stream("fault/stay/" + std::string(provider))),
      reach_stream_(Stream("fault/reach/" + std::string(provider))),
      variant_stream_(Stream("fault/variant/" + std::string(provider))) {
  const size_t rows = FaultTable().size();
  shared_.assign(rows * 2, 0);
  own_.assign(rows, 0);
  for (size_t i = 0; i < rows; ++i) {
    Kind kind;
    const auto it = faults.find(std::string(FaultTable()[i].name));
    if (it != faults.end()) kind.config = it->second;
    const FaultConfig& c = kind.config;
    kind.variants = VariantWeights(static_cast<int>(i), c.variants, c.retry_after_present);
    shared_[i] = c.rate * c.request_bound;
    shared_[rows + i] = c.rate * c.common_cause;
    const double rest = 1 - c.request_bound - c.common_cause;
    own_[i] = rest > kShareRounding ? c.rate * rest : 0;
    kinds_.push_back(std::move(kind));
  }
  shared_sum_ = Sum(shared_);
  for (double& weight : own_) weight = shared_sum_ < 1 ? weight / (1 - shared_sum_) : 0;
  own_sum_ = std::min(1.0, Sum(own_));
}

FaultDraw::State FaultDraw::First(uint64_t request) const {
  if (shared_sum_ > 0) {
    const int pick = PickBelowSum(Draw(seed_, kShared, request), shared_sum_, shared_);
    const auto rows = static_cast<int>(kinds_.size());
    if (pick >= rows) {
      const double reach = config(pick - rows).reach;
      if (reach >= 1 || Draw(seed_, reach_stream_, request) < reach) {
        return {pick - rows, Cause::kCommon, 0};
      }
    } else if (pick >= 0) {
      return {pick, Cause::kBound, 0};
    }
  }
  return Own(request, 0);
}

FaultDraw::State FaultDraw::Own(uint64_t request, uint32_t arrival) const {
  if (own_sum_ <= 0) return {};
  const int pick = PickBelowSum(Draw(seed_, own_stream_, request, arrival), own_sum_, own_);
  return pick < 0 ? State() : State{pick, Cause::kOwn, arrival};
}

bool FaultDraw::Stays(const State& state, uint64_t request, uint32_t arrival,
                      bool other_model) const {
  const FaultConfig& c = config(state.kind);
  if (state.cause == Cause::kBound) {
    if (!other_model || c.model_heals <= 0) return true;
    return Draw(seed_, stay_stream_, request, state.since, kHeals) >= c.model_heals;
  }
  if (other_model && !c.model_clears) return true;
  if (Draw(seed_, stay_stream_, request, state.since, kPinned) < c.pinned) return true;
  return Draw(seed_, stay_stream_, request, arrival, kPersists) < c.persists;
}

FaultHit FaultDraw::At(uint64_t request, uint32_t arrival, size_t model) const {
  if (own_sum_ <= 0 && shared_sum_ <= 0) return {};
  if (arrival >= kLife) request = Mix(request ^ arrival / kLife);
  arrival %= kLife;
  State state = First(request);
  for (uint32_t n = 1; n <= arrival; ++n) {
    const bool other_model = n == arrival && model > 0;
    if (state.kind < 0 || !Stays(state, request, n, other_model)) state = Own(request, n);
  }
  if (state.kind < 0) return {};
  // One cause shows in one way for as long as it lasts, and a shared one in the same way
  // everywhere.
  const StreamId stream = state.cause == Cause::kOwn ? variant_stream_ : kSharedVariant;
  const std::vector<double>& weights = kinds_[static_cast<size_t>(state.kind)].variants;
  const int variant = PickBelowSum(Draw(seed_, stream, request, state.since), 1.0, weights);
  return {state.kind, variant, state.cause == Cause::kBound};
}

}  // namespace squall
