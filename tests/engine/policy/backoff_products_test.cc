// How what people run today reads in the terms of BackoffConfig. Ranges are those of each product's
// own formula; shares at the cap were measured on re-implementations of the formulas (200,000
// draws), independently of this code.
#include <cmath>
#include <map>

#include "engine/base/random.h"
#include "engine/policy/backoff.h"
#include "tests/catch.h"

namespace squall::backoff_products_test {
namespace {

constexpr auto kConstant = BackoffKind::kConstant;
constexpr auto kExponential = BackoffKind::kExponential;
constexpr auto kFull = BackoffKind::kFull;
constexpr auto kDown = JitterSide::kDown;
constexpr auto kBothSides = JitterSide::kBoth;
constexpr auto kUp = JitterSide::kUp;
constexpr auto kWindow = CapRule::kWindow;
constexpr auto kDelay = CapRule::kDelay;
constexpr auto kBoth = CapRule::kBoth;

struct Product {
  const char* name;
  BackoffConfig config;  // base, cap, kind, multiplier, jitter, side, extra, cap_rule
  Duration first_low, first_high;
  Duration third_low, third_high;
};

const Product kProducts[] = {
    {"OpenAI and Anthropic SDKs: min(0.5 * 2^k, 8) less up to 25 %",
     {500ms, 8s, kExponential, 2, 0.25, kDown},
     375ms,
     500ms,
     1500ms,
     2s},
    {"Vercel AI SDK: 2 s * 2^k", {2s, 24h, kExponential}, 2s, 2s, 8s, 8s},
    {"Portkey: 1 s * 2^k", {1s, 24h, kExponential}, 1s, 1s, 4s, 4s},
    {"LiteLLM: min(0.5 * 2^k, 8) plus up to 0.75 s",
     {500ms, 8s, kExponential, 2, 0, kDown, 750ms},
     500ms,
     1250ms,
     2s,
     2750ms},
    {"Bifrost: min(min(0.5 * 2^k, 5) * U(0.8, 1.2), 5)",
     {500ms, 5s, kExponential, 2, 0.2, kBothSides, 0s, kBoth},
     400ms,
     600ms,
     1600ms,
     2400ms},
    {"google-genai: min(2^k + U(0, 1), 60)",
     {1s, 60s, kExponential, 2, 0, kDown, 1s, kDelay},
     1s,
     2s,
     4s,
     5s},
    {"gemini-cli: 5 s * 2^k, cap 30, +-30 %",
     {5s, 30s, kExponential, 2, 0.3, kBothSides},
     3500ms,
     6500ms,
     14s,
     26s},
    {"codex: 0.2 * 2^k * U(0.9, 1.1)",
     {200ms, 24h, kExponential, 2, 0.1, kBothSides},
     180ms,
     220ms,
     720ms,
     880ms},
    {"cline: 250 ms after an empty turn", {250ms, 250ms, kConstant}, 250ms, 250ms, 250ms, 250ms},
    {"Roo-Code: 5 s * 2^k, cap 600", {5s, 600s, kExponential}, 5s, 5s, 20s, 20s},
    {"Helicone, TensorZero (backon): delay plus up to as much",
     {1s, 30s, kExponential, 2, 1, kUp},
     1s,
     2s,
     4s,
     8s},
    {"Restate: 0.5 * 2^k, cap 60, plus up to 30 %",
     {500ms, 60s, kExponential, 2, 0.3, kUp},
     500ms,
     650ms,
     2s,
     2600ms},
    {"Temporal: 1 s * 2^k, cap 100 s", {1s, 100s, kExponential}, 1s, 1s, 4s, 4s},
    {"AWS standard: U * min(2^k, 20)", {1s, 20s, kFull}, 0s, 1s, 0s, 4s},
    {"AWS standard of 2025: base 0.05", {50ms, 20s, kFull}, 0s, 50ms, 0s, 200ms},
    {"Envoy: base 25 ms, cap ten times that", {25ms, 250ms, kFull}, 0s, 25ms, 0s, 100ms},
    {"gRPC A6 as amended: min(0.1 * 2^k, 1) +-20 %",
     {100ms, 1s, kExponential, 2, 0.2, kBothSides},
     80ms,
     120ms,
     320ms,
     480ms},
    {"gRPC A6 as first published: U(0, min(0.1 * 2^k, 1))",
     {100ms, 1s, kFull},
     0s,
     100ms,
     0s,
     400ms},
    {"resilience4j: 0.5 s * 1.5^k +-50 %",
     {500ms, 24h, kExponential, 1.5, 0.5, kBothSides},
     250ms,
     750ms,
     562500us,
     1687500us},
    {"Polly v8: constant 2 s", {2s, 24h, kConstant}, 2s, 2s, 2s, 2s},
    {"Polly v8: linear 2 s with jitter +-25 %",
     {2s, 24h, BackoffKind::kLinear, 2, 0.25, kBothSides},
     1500ms,
     2500ms,
     4500ms,
     7500ms},
    {"Finagle: equal jitter, 5 to 300 s", {5s, 300s, BackoffKind::kEqual}, 2500ms, 5s, 10s, 20s},
    {"failsafe-go, LiteLLM between deployments: no wait",
     {1s, 1s, BackoffKind::kNone},
     0s,
     0s,
     0s,
     0s},
};

TEST_CASE("backoff: each product's formula is a row of numbers", "[policy]") {
  const double last = 1 - 0x1p-53;
  for (const Product& row : kProducts) {
    CAPTURE(row.name);
    const auto near = [](Duration a, Duration b) { return a - b <= 1us && b - a <= 1us; };
    Duration first[] = {BackoffDelay(row.config, {0}, 0), BackoffDelay(row.config, {0}, last)};
    Duration third[] = {BackoffDelay(row.config, {2}, 0), BackoffDelay(row.config, {2}, last)};
    CHECK(near(std::min(first[0], first[1]), row.first_low));
    CHECK(near(std::max(first[0], first[1]), row.first_high));
    CHECK(near(std::min(third[0], third[1]), row.third_low));
    CHECK(near(std::max(third[0], third[1]), row.third_high));
  }
}

struct Collapse {
  const char* name;
  BackoffConfig config;
  int retry;             // from 0
  double share_at_most;  // on one value
  double mean_s;
};

// The cap-collapse table: base 0.5 s and cap 8 s where nothing else is said, the sixth wait.
const Collapse kCollapses[] = {
    {"AWS full jitter", {500ms, 8s, kFull}, 5, 0, 4.00},
    {"OpenAI and Anthropic SDKs", {500ms, 8s, kExponential, 2, 0.25, kDown}, 5, 0, 7.00},
    {"LiteLLM", {500ms, 8s, kExponential, 2, 0, kDown, 750ms}, 5, 0, 8.375},
    {"gRPC A6", {500ms, 8s, kExponential, 2, 0.2, kBothSides}, 5, 0, 8.00},
    {"Bifrost", {500ms, 5s, kExponential, 2, 0.2, kBothSides, 0s, kBoth}, 5, 0.501, 4.75},
    {"AWS decorrelated",
     {500ms, 8s, BackoffKind::kDecorrelated, 3, 0, kDown, 0s, kDelay},
     5,
     0.333,
     4.88},
    {"Polly V2, sixth", {500ms, 8s, BackoffKind::kSmooth, 2, 0, kDown, 0s, kDelay}, 5, 0.501, 6.59},
    {"Polly V2, eighth",
     {500ms, 8s, BackoffKind::kSmooth, 2, 0, kDown, 0s, kDelay},
     7,
     0.968,
     7.92},
    {"resilience4j", {500ms, 2s, kExponential, 1.5, 0.5, kBothSides, 0s, kDelay}, 5, 0.973, 2.00},
};

TEST_CASE(
    "backoff: trap: products that cap after the draw collapse as measured, and the window "
    "rule cures each",
    "[policy]") {
  constexpr int kDraws = 20'000;
  for (const Collapse& row : kCollapses) {
    for (const bool cured : {false, true}) {
      BackoffConfig config = row.config;
      if (cured) config.cap_rule = kWindow;
      std::map<Duration, int> mass;
      double sum_s = 0;
      for (uint64_t i = 0; i < kDraws; ++i) {
        BackoffPast past;
        for (; past.retry < row.retry; ++past.retry) {
          past.previous_u = Draw(3, Stream("collapse"), i, static_cast<uint64_t>(past.retry));
          past.previous = BackoffDelay(config, past, past.previous_u);
        }
        const double u = Draw(3, Stream("collapse"), i, static_cast<uint64_t>(row.retry));
        const Duration wait = BackoffDelay(config, past, u);
        ++mass[wait];
        sum_s += Seconds(wait);
      }
      int most = 0;
      for (const auto& [wait, count] : mass) most = std::max(most, count);
      const double share = static_cast<double>(most) / kDraws;
      CAPTURE(row.name, cured, share);
      // Four binomial standard errors of each side's share, and the table's rounding.
      const double p = row.share_at_most;
      const double slack = 4 * std::sqrt(p * (1 - p) / kDraws) + 0.002;
      if (cured) {
        CHECK(share < 0.01);
      } else {
        CHECK(std::abs(share - p) < slack);
        CHECK(std::abs(sum_s / kDraws - row.mean_s) < 0.02 * row.mean_s);
      }
    }
  }
}

}  // namespace
}  // namespace squall::backoff_products_test
