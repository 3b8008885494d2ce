// What each preset of a product does under an outage, a rate limit and a passing fault: as many
// attempts, waits and reasons to stop as the product documents. The sources of the figures are in
// the presets' own "sources"; where providers alpha and beta both appear, the product fails over.
#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "scenarios/scenario.h"
#include "tests/catch.h"
#include "tests/engine/engine_rig.h"

namespace squall::presets_test {
namespace {

EngineConfig PresetConfig(const std::string& name) {
  ScenarioOptions options;
  options.preset = name;
  const auto scenario = LoadScenarioText(
      R"({"providers": [{"name": "alpha", "models": [{"name": "large"}]}]})", "s.json", options);
  INFO(scenario.status().ToString());
  REQUIRE(scenario.ok());
  return scenario->engine;
}

struct Range {
  Duration low{};
  Duration high{};
};

struct Row {
  const char* preset;
  // 500 for ever, everywhere.
  int attempts;
  Range first_wait;
  Range last_wait;
  const char* stop;
  // One 429 with Retry-After: 2 at the first provider, good answers after it.
  bool limit_ok;
  int limit_attempts;
  Range limit_wait;
  // Three times 500 from each provider, good answers after them.
  bool passing_ok;
  int passing_attempts;
};

constexpr Range kNoWait{};
constexpr Range kHint{2s, 2s};

const Row kRows[] = {
    // 2 retries, 0.5 s * 2^k less up to 25 %, the hint to the letter.
    {"openai-sdk", 3, {375ms, 500ms}, {750ms, 1s}, "attempts", true, 2, kHint, false, 3},
    {"anthropic-sdk", 3, {375ms, 500ms}, {750ms, 1s}, "attempts", true, 2, kHint, false, 3},
    // 2 retries, 2 s * 2^k, no jitter.
    {"vercel-ai", 3, {2s, 2s}, {4s, 4s}, "attempts", true, 2, kHint, false, 3},
    // 2 retries, the first elsewhere at once, then 0.5 s plus up to 0.75 s.
    {"litellm-router", 3, kNoWait, {500ms, 1250ms}, "attempts", true, 2, kNoWait, false, 3},
    // No retries; one attempt at each of two targets.
    {"portkey", 2, kNoWait, kNoWait, "no_plan", true, 2, kNoWait, false, 2},
    {"bifrost", 2, kNoWait, kNoWait, "no_plan", true, 2, kNoWait, false, 2},
    {"tensorzero", 2, kNoWait, kNoWait, "no_plan", true, 2, kNoWait, false, 2},
    // No retries unless asked for.
    {"genai-default", 1, kNoWait, kNoWait, "attempts", false, 1, kNoWait, false, 1},
    // 10 attempts, 5 s * 2^k, cap 30 s, +-30 %; a hint and up to the first window on top.
    {"gemini-cli", 10, {3500ms, 6500ms}, {21s, 39s}, "attempts", true, 2, {2s, 7s}, true, 4},
    // 4 retries, 0.2 s * 2^k +-10 %; 429 is final.
    {"codex", 5, {180ms, 220ms}, {1440ms, 1760ms}, "attempts", false, 1, kNoWait, true, 4},
    // 3 attempts, 2 s * 2^k, no hints.
    {"cline", 3, {2s, 2s}, {4s, 4s}, "attempts", true, 2, {2s, 2s}, false, 3},
    // 2 retries, 1 s * 2^k plus up to as much; a 429 goes elsewhere, its provider is out.
    {"helicone", 3, {1s, 2s}, {2s, 4s}, "attempts", true, 2, kNoWait, false, 3},
    // 3 retries, constant 2 s.
    {"polly-standard", 4, {2s, 2s}, {2s, 2s}, "attempts", true, 2, {2s, 2s}, true, 4},
    // 3 attempts, 500 ms.
    {"resilience4j-default",
     3,
     {500ms, 500ms},
     {500ms, 500ms},
     "attempts",
     true,
     2,
     {500ms, 500ms},
     false,
     3},
    // 2 retries, no delay, the hint to the letter.
    {"failsafe-go-budget", 3, kNoWait, kNoWait, "attempts", true, 2, kHint, false, 3},
    // Requeues at once until each endpoint is out after 5 failures in a row.
    {"finagle", 10, kNoWait, kNoWait, "circuit_open", true, 2, kNoWait, true, 4},
    // 3 attempts, U(0, 2^k) s.
    {"aws-standard", 3, {0s, 1s}, {0s, 2s}, "attempts", true, 2, {0s, 1s}, false, 3},
    // The same, but a new client that is throttled at 0.1 s holds a tenth of what an attempt takes,
    // and the rest comes at 0.5/s.
    {"aws-adaptive", 3, {0s, 1s}, {0s, 2s}, "attempts", true, 2, {1800ms, 1800ms}, false, 3},
    // 4 attempts, 0.1 s * 2^k +-20 %.
    {"grpc-a6", 4, {80ms, 120ms}, {320ms, 480ms}, "attempts", true, 2, {80ms, 120ms}, true, 4},
    // 1 retry, U(0, 25 ms).
    {"envoy-default", 2, {0s, 25ms}, {0s, 25ms}, "attempts", true, 2, {0s, 25ms}, false, 2},
    // Without end, here 32 attempts; 1 s * 2^k, cap 100 s.
    {"temporal", 32, {1s, 1s}, {100s, 100s}, "attempts", true, 2, {1s, 1s}, true, 4},
    // 70, here 32 attempts; 0.5 s * 2^k, cap 60 s, plus up to 30 %.
    {"restate", 32, {500ms, 650ms}, {60s, 78s}, "attempts", true, 2, {500ms, 650ms}, true, 4},
    // 5 retries of 1, 2, 4, ... s, but the breaker opens at 5 failures; then the next provider.
    {"neuralbridge-article", 10, {1s, 1s}, {8s, 8s}, "circuit_open", true, 2, {1s, 1s}, true, 4},
    // 3 to 5 attempts, here 4 over two providers; U(0, 2^k) s, the hint to the letter.
    // Ours: two rounds over two providers; U(0, 0.25) s since a provider's own failure, of which
    // the
    // other one's answer takes 0.1 s.
    {"squall", 4, kNoWait, {0s, 150ms}, "no_plan", true, 2, kNoWait, false, 4},
    {"minimum-viable-stack", 4, {0s, 1s}, {0s, 1s}, "attempts", true, 2, kHint, false, 4},
};

struct Seen {
  int attempts = 0;
  bool ok = false;
  std::string stop;
  std::vector<Duration> waits;
};

Seen Play(const EngineConfig& config, const std::string& id, const std::deque<ScriptedReply>& alpha,
          const std::deque<ScriptedReply>& beta) {
  Rig rig(config);
  rig.patience = 24h;
  rig.transport.Script(0, alpha);
  rig.transport.Script(1, beta);
  const CallResult result = rig.Call(id);
  Seen seen;
  seen.attempts = static_cast<int>(rig.transport.sent.size());
  seen.ok = result.ok;
  seen.stop = std::string(result.stop_reason);
  const AttemptRecord* last = nullptr;
  for (const AttemptRecord& attempt : result.attempts) {
    if (!attempt.sent) continue;
    if (last != nullptr) seen.waits.push_back(attempt.started - last->ended);
    last = &attempt;
  }
  return seen;
}

// All of a hundred draws in the range, and, where it is one, its outer fifths both met: 0.8^100 is
// below 1e-9.
void CheckWaits(std::vector<Duration> waits, Range range) {
  REQUIRE(!waits.empty());
  std::sort(waits.begin(), waits.end());
  CAPTURE(Seconds(waits.front()), Seconds(waits.back()), Seconds(range.low), Seconds(range.high));
  CHECK(waits.front() >= range.low - 1us);
  CHECK(waits.back() <= range.high + 1us);
  CHECK(waits.front() <= range.low + (range.high - range.low) / 5 + 1us);
  CHECK(waits.back() >= range.high - (range.high - range.low) / 5 - 1us);
}

constexpr int kDraws = 100;

TEST_CASE("presets: an outage meets as many attempts and waits as each product documents") {
  for (const Row& row : kRows) {
    CAPTURE(row.preset);
    const EngineConfig config = PresetConfig(row.preset);
    std::vector<Duration> first;
    std::vector<Duration> last;
    for (int i = 0; i < kDraws; ++i) {
      const Seen seen = Play(config, "r" + std::to_string(i), {Status(500)}, {Status(500)});
      REQUIRE(seen.attempts == row.attempts);
      REQUIRE_FALSE(seen.ok);
      REQUIRE(seen.stop == row.stop);
      if (seen.waits.empty()) continue;
      first.push_back(seen.waits.front());
      last.push_back(seen.waits.back());
    }
    if (row.attempts == 1) continue;
    CheckWaits(first, row.first_wait);
    CheckWaits(last, row.last_wait);
  }
}

TEST_CASE("presets: a rate limit with a hint is waited for, passed by or final") {
  for (const Row& row : kRows) {
    CAPTURE(row.preset);
    const EngineConfig config = PresetConfig(row.preset);
    std::vector<Duration> waits;
    for (int i = 0; i < kDraws; ++i) {
      const Seen seen = Play(config, "r" + std::to_string(i), {Status(429, "2"), Good()}, {Good()});
      REQUIRE(seen.attempts == row.limit_attempts);
      REQUIRE(seen.ok == row.limit_ok);
      if (!seen.waits.empty()) waits.push_back(seen.waits.front());
    }
    if (row.limit_attempts > 1) CheckWaits(waits, row.limit_wait);
  }
}

TEST_CASE("presets: three faults in a row are survived by those who try a fourth time") {
  for (const Row& row : kRows) {
    CAPTURE(row.preset);
    const std::deque<ScriptedReply> passing = {Status(500), Status(500), Status(500), Good()};
    const Seen seen = Play(PresetConfig(row.preset), "r1", passing, passing);
    CHECK(seen.attempts == row.passing_attempts);
    CHECK(seen.ok == row.passing_ok);
  }
}

struct DryRow {
  const char* preset;
  int whole_calls;  // whose attempts are all made
  int attempts;     // of the first call that is cut short
  const char* stop;
};

const DryRow kDryRows[] = {
    // 500 tokens, 5 a retry, 2 retries a call.
    {"aws-standard", 50, 1, "budget"},
    {"aws-adaptive", 50, 1, "budget"},
    // 10 tokens, 1 a failure, retries above 5: after 4 failures there are 6 left.
    {"grpc-a6", 1, 1, "budget"},
    // Ejected at the fifth 5xx in a row, 2 a call.
    {"envoy-default", 2, 1, "circuit_open"},
    // 100 calls at least, 3 a call.
    {"resilience4j-default", 33, 1, "circuit_open"},
};

TEST_CASE("presets: budgets and breakers cut off an outage after as many calls as documented") {
  for (const DryRow& row : kDryRows) {
    CAPTURE(row.preset);
    Rig rig(PresetConfig(row.preset));
    rig.transport.Script(0, {Status(500)});
    for (int i = 0; i < row.whole_calls; ++i) {
      REQUIRE(rig.Call("r" + std::to_string(i)).stop_reason == "attempts");
    }
    const size_t before = rig.transport.sent.size();
    CHECK(rig.Call("last").stop_reason == row.stop);
    CHECK(rig.transport.sent.size() == before + static_cast<size_t>(row.attempts));
  }
}

}  // namespace
}  // namespace squall::presets_test
