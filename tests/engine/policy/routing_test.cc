#include "engine/policy/routing.h"

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::routing_test {
namespace {

constexpr RoutingKind kKinds[] = {RoutingKind::kPriority, RoutingKind::kWeighted,
                                  RoutingKind::kLatency, RoutingKind::kCost, RoutingKind::kP2c};

std::vector<size_t> Order(RoutingKind kind, const std::vector<RouteTarget>& targets,
                          const RouteNeeds& needs = {}, uint64_t bits = 1) {
  const RouteOrder order = OrderTargets({kind}, targets, needs, bits);
  return {order.begin(), order.end()};
}

using Indices = std::vector<size_t>;

TEST_CASE("routing: ties keep the order given, tiers come first", "[policy]") {
  std::vector<RouteTarget> targets(5);
  for (const RoutingKind kind :
       {RoutingKind::kPriority, RoutingKind::kLatency, RoutingKind::kCost}) {
    CHECK(Order(kind, targets) == Indices{0, 1, 2, 3, 4});
  }
  targets[0].tier = 2;
  targets[1].tier = 1;
  CHECK(Order(RoutingKind::kPriority, targets) == Indices{2, 3, 4, 1, 0});
  for (const RoutingKind kind : kKinds) {
    for (uint64_t bits = 0; bits < 100; ++bits) {
      const Indices order = Order(kind, targets, {}, Mix(bits));
      CHECK(order[3] == 1);
      CHECK(order[4] == 0);
    }
  }
}

TEST_CASE("routing: one target is routed to, none is not", "[policy]") {
  for (const RoutingKind kind : kKinds) {
    CHECK(Order(kind, std::vector<RouteTarget>(1)) == Indices{0});
    CHECK(Order(kind, {}) == Indices{});
  }
}

TEST_CASE("routing: quickest first, and cheapest first for the tokens of this request",
          "[policy]") {
  std::vector<RouteTarget> targets(3);
  targets[0].latency_s = 3;
  targets[1].latency_s = 1;
  targets[2].latency_s = 2;
  CHECK(Order(RoutingKind::kLatency, targets) == Indices{1, 2, 0});
  targets[0].usd_per_mtok_in = 1;   // dear to ask
  targets[1].usd_per_mtok_out = 4;  // dear to hear
  targets[2].usd_per_mtok_in = 0.5;
  targets[2].usd_per_mtok_out = 2;
  RouteNeeds needs;
  needs.prompt_tokens = 10'000;
  needs.output_tokens = 100;
  CHECK(Order(RoutingKind::kCost, targets, needs) == Indices{1, 2, 0});
  needs.output_tokens = 10'000;
  CHECK(Order(RoutingKind::kCost, targets, needs) == Indices{0, 2, 1});
}

TEST_CASE("routing: weighted leads with each target in its share", "[policy]") {
  std::vector<RouteTarget> targets(4);
  const double weights[] = {1, 2, 5, 0};
  for (size_t i = 0; i < 4; ++i) targets[i].weight = weights[i];
  constexpr int kDraws = 20'000;
  std::map<size_t, int> first;
  int one_after_two = 0;
  for (uint64_t i = 0; i < kDraws; ++i) {
    const Indices order = Order(RoutingKind::kWeighted, targets, {}, DrawBits(1, 1, i));
    CHECK(order.back() == 3);
    ++first[order[0]];
    one_after_two += order[0] == 2 && order[1] == 1 ? 1 : 0;
  }
  for (size_t i = 0; i < 3; ++i) {
    const double p = weights[i] / 8;
    // Five sigma of the binomial: one run in 1.7 million fails by chance.
    CHECK(std::abs(first[i] - kDraws * p) <= 5 * std::sqrt(kDraws * p * (1 - p)));
  }
  // And the second by weight among those left: 5/8 * 2/3.
  const double p = 5.0 / 8 * 2 / 3;
  CHECK(std::abs(one_after_two - kDraws * p) <= 5 * std::sqrt(kDraws * p * (1 - p)));
}

TEST_CASE("routing: p2c leads with the healthier of two, and never with the worst", "[policy]") {
  std::vector<RouteTarget> targets(4);
  const double costs[] = {3, 1, 4, 2};  // ranks 2, 0, 3, 1
  for (size_t i = 0; i < 4; ++i) targets[i].health_cost = costs[i];
  constexpr int kDraws = 20'000;
  std::map<size_t, int> first;
  for (uint64_t i = 0; i < kDraws; ++i) {
    const Indices order = Order(RoutingKind::kP2c, targets, {}, DrawBits(2, 2, i));
    ++first[order[0]];
    CHECK(costs[order[0]] < costs[order[1]]);
    CHECK(costs[order[2]] < costs[order[3]]);  // the rest by health
    CHECK(std::set<size_t>(order.begin(), order.end()).size() == 4);
  }
  // Of the six pairs the best is in three, the second leads two, the third one.
  const std::map<size_t, double> shares = {{1, 3.0 / 6}, {3, 2.0 / 6}, {0, 1.0 / 6}};
  for (const auto& [target, p] : shares) {
    CHECK(std::abs(first[target] - kDraws * p) <= 5 * std::sqrt(kDraws * p * (1 - p)));
  }
  CHECK(first[2] == 0);
}

TEST_CASE("routing: never to what cannot serve, whatever the strategy", "[policy]") {
  const auto bit = [](uint64_t seed, uint64_t i, uint64_t k) {
    return DrawBits(seed, 3, i, k) % 4 != 0;
  };
  for (uint64_t seed = 1; seed <= 2'000; ++seed) {
    std::vector<RouteTarget> targets(1 + seed % 9);
    for (uint64_t i = 0; i < targets.size(); ++i) {
      RouteTarget& t = targets[i];
      t.tier = static_cast<int64_t>(DrawBits(seed, 4, i) % 3);
      t.weight = Draw(seed, 5, i);
      t.health_cost = Draw(seed, 6, i);
      t.available = bit(seed, i, 0);
      t.streaming = bit(seed, i, 1);
      t.tools = bit(seed, i, 2);
      t.json = bit(seed, i, 3);
      t.context_tokens = static_cast<int64_t>(DrawBits(seed, 7, i) % 3 * 8'000);
      t.max_output_tokens = static_cast<int64_t>(DrawBits(seed, 8, i) % 3 * 2'000);
    }
    const RouteNeeds needs{bit(seed, 99, 0), bit(seed, 99, 1), bit(seed, 99, 2), 7'000, 1'500};
    size_t able = 0;
    for (const RouteTarget& t : targets) {
      const bool context = t.context_tokens == 0 || t.context_tokens >= 8'500;
      const bool output = t.max_output_tokens == 0 || t.max_output_tokens >= 1'500;
      able += t.available && (t.streaming || !needs.streaming) && (t.tools || !needs.tools) &&
                      (t.json || !needs.json) && context && output
                  ? 1
                  : 0;
    }
    for (const RoutingKind kind : kKinds) {
      const Indices order = Order(kind, targets, needs, Mix(seed));
      CHECK(order.size() == able);
      for (const size_t i : order) CHECK(CanServe(targets[i], needs));
      CHECK(std::set<size_t>(order.begin(), order.end()).size() == order.size());
    }
  }
}

TEST_CASE("routing: of more targets than fit, the first are ordered", "[policy]") {
  const std::vector<RouteTarget> targets(kMaxRouteTargets + 5);
  for (const RoutingKind kind : kKinds) CHECK(Order(kind, targets).size() == kMaxRouteTargets);
}

}  // namespace
}  // namespace squall::routing_test
