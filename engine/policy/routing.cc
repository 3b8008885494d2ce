#include "engine/policy/routing.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/random.h"

namespace squall {
namespace {

constexpr std::string_view kRoutingKinds[] = {"priority", "weighted", "latency", "cost", "p2c"};

using Keys = std::array<double, kMaxRouteTargets>;

double CostUsd(const RouteTarget& target, const RouteNeeds& needs) {
  return target.usd_per_mtok_in * static_cast<double>(needs.prompt_tokens) +
         target.usd_per_mtok_out * static_cast<double>(needs.output_tokens);
}

// What a target, the `place`th, is ordered by within its tier, less first.
double KeyOf(RoutingKind kind, const RouteTarget& target, const RouteNeeds& needs, uint64_t bits,
             size_t place) {
  switch (kind) {
    case RoutingKind::kPriority: return 0;
    case RoutingKind::kLatency: return target.latency_s;
    case RoutingKind::kCost: return CostUsd(target, needs);
    case RoutingKind::kP2c: return target.health_cost;
    case RoutingKind::kWeighted: {
      // The first of exponential clocks that run at the speed of the weights.
      const double u = ToUnit(Mix(bits ^ Mix(place + 1)));
      return target.weight > 0 ? Exponential(u, 1 / target.weight)
                               : std::numeric_limits<double>::infinity();
    }
  }
  return 0;
}

// Moves the better of two that are drawn from order[0, n) to the front, the other one behind it.
void LeadWithTwo(uint8_t* order, size_t n, uint64_t bits) {
  if (n < 3) return;  // both of two are drawn, and they are in order
  const size_t first = PickBelow(Mix(bits), n);
  const size_t other = PickBelow(Mix(bits + 1), n - 1);
  const size_t second = other < first ? other : other + 1;
  // They are in order of health: the one that stands first is the better.
  const auto [better, worse] = std::minmax(first, second);
  std::rotate(order, order + better, order + better + 1);
  std::rotate(order + 1, order + worse, order + worse + 1);
}

}  // namespace

void Describe(Fields& f, RoutingConfig& c) {
  f.Enum("kind", c.kind, kRoutingKinds,
         "Order of the targets within a tier: as listed, drawn by weight, quickest first, cheapest "
         "first, or the healthier of two drawn at random first.");
  f.NumberMap("tiers", c.tiers, {0, 1'000},
              "Tier of a provider, by name: lower ones come first; 0 where it is not named.");
  f.NumberMap("weights", c.weights, {0, 1e9},
              "Share of the traffic of a provider, by name, for weighted; 1 where unnamed.");
}

bool CanServe(const RouteTarget& target, const RouteNeeds& needs) {
  if (!target.available) return false;
  if (needs.streaming && !target.streaming) return false;
  if (needs.tools && !target.tools) return false;
  if (needs.json && !target.json) return false;
  const int64_t all = needs.prompt_tokens + needs.output_tokens;
  if (target.context_tokens > 0 && all > target.context_tokens) return false;
  return target.max_output_tokens == 0 || needs.output_tokens <= target.max_output_tokens;
}

RouteOrder OrderTargets(const RoutingConfig& config, std::span<const RouteTarget> targets,
                        const RouteNeeds& needs, uint64_t bits) {
  RouteOrder order;
  Keys keys{};
  for (size_t i = 0; i < std::min(targets.size(), kMaxRouteTargets); ++i) {
    if (!CanServe(targets[i], needs)) continue;
    keys[i] = KeyOf(config.kind, targets[i], needs, bits, i);
    order.index_[order.size_++] = static_cast<uint8_t>(i);
  }
  uint8_t* const begin = order.index_.data();
  uint8_t* const end = begin + order.size_;
  std::sort(begin, end, [&](size_t a, size_t b) {
    if (targets[a].tier != targets[b].tier) return targets[a].tier < targets[b].tier;
    return keys[a] != keys[b] ? keys[a] < keys[b] : a < b;
  });
  if (config.kind != RoutingKind::kP2c) return order;
  for (uint8_t* tier = begin; tier < end;) {
    const auto* next =
        std::find_if(tier, end, [&](size_t i) { return targets[i].tier != targets[*tier].tier; });
    const auto n = static_cast<size_t>(next - tier);
    LeadWithTwo(tier, n, bits);
    tier += n;
  }
  return order;
}

}  // namespace squall
