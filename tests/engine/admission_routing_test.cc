// Routing through the engine: who is asked first, and that failovers follow the same order. The
// orders themselves are in policy/routing_test.cc.
#include <array>
#include <cmath>

#include "engine/policy/routing.h"
#include "tests/engine/admission_rig.h"

namespace squall::admission_routing_test {
namespace {

// Prices fall from alpha to gamma to beta.
std::vector<ProviderInfo> Three() {
  return {NamedProvider("alpha", {ModelInfo{"a", 10, 30}}),
          NamedProvider("beta", {ModelInfo{"b", 1, 3}}),
          NamedProvider("gamma", {ModelInfo{"c", 2, 6}})};
}

// Providers in the order in which one request that all of them fail meets them.
std::vector<ProviderId> Tour(const CallResult& result) {
  std::vector<ProviderId> tour;
  for (const AttemptRecord& attempt : result.attempts) tour.push_back(attempt.provider);
  return tour;
}

std::vector<ProviderId> TourOf(const EngineConfig& config) {
  Crowd crowd(config, Three());
  for (ProviderId p = 0; p < 3; ++p) crowd.transport.Script(p, {Status(500)});
  return Tour(crowd.Ask1({.id = "r"}));
}

TEST_CASE("routing: the first attempt and the failovers after it follow one order", "[admission]") {
  EngineConfig config = Unlimited();
  using Order = std::vector<ProviderId>;
  CHECK(TourOf(config) == Order{0, 1, 2});
  config.routing.tiers = {{"alpha", 2}, {"beta", 1}};
  CHECK(TourOf(config) == Order{2, 1, 0});
  config.routing.kind = RoutingKind::kCost;
  config.routing.tiers = {};
  CHECK(TourOf(config) == Order{1, 2, 0});
  config.routing.tiers = {{"beta", 1}};  // cheapest, but of a later tier
  CHECK(TourOf(config) == Order{2, 0, 1});
}

TEST_CASE("routing: weights share out first attempts, and failovers among those left",
          "[admission]") {
  EngineConfig config = Unlimited();
  config.routing.kind = RoutingKind::kWeighted;
  config.routing.weights = {{"alpha", 6}, {"beta", 3}};  // gamma: 1
  config.retry.max_attempts = 2;
  Crowd crowd(config, Three());
  for (ProviderId p = 0; p < 3; ++p) crowd.transport.Script(p, {Status(500)});
  constexpr int kCalls = 4'000;
  std::array<int, 3> first{};
  std::array<int, 3> after_alpha{};
  for (int i = 0; i < kCalls; ++i) {
    const auto tour = Tour(crowd.Ask1({.id = "r" + std::to_string(i)}));
    REQUIRE(tour.size() == 2);
    ++first[tour[0]];
    if (tour[0] == 0) ++after_alpha[tour[1]];
  }
  // Within 4 standard errors of a binomial: chance 6e-5 each.
  const auto fits = [](int got, int of, double share) {
    const double error = std::sqrt(share * (1 - share) / of);
    CAPTURE(got, of, share);
    CHECK(std::abs(static_cast<double>(got) / of - share) < 4 * error);
  };
  fits(first[0], kCalls, 0.6);
  fits(first[1], kCalls, 0.3);
  fits(first[2], kCalls, 0.1);
  fits(after_alpha[1], first[0], 0.75);
  CHECK(after_alpha[0] == 0);
}

TEST_CASE("routing: by latency, the quickest is asked first once all are known", "[admission]") {
  EngineConfig config = Unlimited();
  config.routing.kind = RoutingKind::kLatency;
  config.health.assumed = 1ms;  // whoever is not known yet is tried
  Crowd crowd(config, Three());
  const Duration takes[] = {900ms, 500ms, 100ms};
  for (ProviderId p = 0; p < 3; ++p) crowd.transport.Script(p, {After(takes[p], Good())});
  for (int i = 0; i < 3; ++i) crowd.Ask1({.id = "known" + std::to_string(i)});
  for (ProviderId p = 0; p < 3; ++p) CHECK(crowd.TimesAt(p).size() == 1);
  for (ProviderId p = 0; p < 3; ++p) crowd.transport.Script(p, {Status(500)});
  CHECK(Tour(crowd.Ask1({.id = "r"})) == std::vector<ProviderId>{2, 1, 0});
}

TEST_CASE("routing: of two drawn the healthier leads, so the worst of three hardly ever does",
          "[admission]") {
  EngineConfig config = Unlimited();
  config.routing.kind = RoutingKind::kP2c;
  Crowd crowd(config, Three());
  crowd.transport.Script(1, {Status(500)});
  std::array<int, 3> first{};
  for (int i = 0; i < 700; ++i) {
    const CallResult& result = crowd.Ask1({.id = "r" + std::to_string(i)});
    CHECK(result.ok);
    if (i >= 100) ++first[result.attempts[0].provider];
  }
  // A pair of three without beta: a third of all; with beta the other one leads. So none is beta's
  // while it is known to be ill; it is forgiven with a time constant of a minute, and asked again.
  CHECK(first[1] < 60);
  CHECK(first[0] + first[2] > 540);
  CHECK(std::min(first[0], first[2]) > 100);
}

std::vector<ProviderInfo> ShortAndLong() {
  ModelInfo narrow{"narrow"};
  narrow.context_tokens = 500;
  ModelInfo wide{"wide"};
  wide.context_tokens = 100'000;
  wide.max_output_tokens = 400;
  return {NamedProvider("alpha", {narrow}), NamedProvider("beta", {wide})};
}

std::string Text(int words) {
  std::string text;
  for (int i = 0; i < words; ++i) text += "word ";
  return text;
}

TEST_CASE("routing: a request goes first to where it fits", "[admission]") {
  struct Row {
    int words;
    int64_t max_tokens;
    ProviderId first;
  };
  const Row rows[] = {
      {10, 100, 0},     // fits both
      {1'000, 100, 1},  // its prompt is too long for alpha
      {10, 495, 0},     // its answer is too long for both: better to ask than not
      {10, 450, 0},     // its answer is too long for beta
      {1'000, 450, 0},  // nobody: estimates err
  };
  for (const Row& row : rows) {
    CAPTURE(row.words, row.max_tokens);
    Crowd crowd(Unlimited(), ShortAndLong());
    const CallResult& result =
        crowd.Ask1({.id = "r", .text = Text(row.words), .max_tokens = row.max_tokens});
    CHECK(Tour(result) == std::vector<ProviderId>{row.first});
  }
}

TEST_CASE("routing: a request that only another model of a provider can take goes to that",
          "[admission]") {
  ModelInfo narrow{"narrow"};
  narrow.context_tokens = 500;
  Crowd crowd(Unlimited(), {NamedProvider("alpha", {narrow, ModelInfo{"wide"}})});
  CHECK(crowd.Ask1({.id = "short"}).attempts[0].model == 0);
  CHECK(crowd.Ask1({.id = "long", .text = Text(1'000)}).attempts[0].model == 1);
}

}  // namespace
}  // namespace squall::admission_routing_test
