#include <cmath>
#include <map>
#include <vector>

#include "engine/base/random.h"
#include "engine/policy/conversation_limits.h"
#include "engine/policy/quality_breaker.h"
#include "tests/catch.h"

namespace squall::admission_test {
namespace {

using Limits = ConversationLimits;
using LimitVerdict = ConversationLimits::Verdict;
using QualityVerdict = QualityBreaker::Verdict;

Limits::Attempt Turn(uint64_t conversation, double usd, int64_t tokens) {
  Limits::Attempt attempt;
  attempt.conversation = conversation;
  attempt.usd = usd;
  attempt.tokens = tokens;
  return attempt;
}

TEST_CASE("conversation limits: each limit degrades at its share and refuses at its end",
          "[policy]") {
  struct Row {
    std::string_view limit;
    ConversationLimitsConfig config;
  };
  ConversationLimitsConfig usd, tokens, turns;
  usd.usd_per_conversation = 10;
  tokens.tokens_per_conversation = 10;
  turns.turns_per_conversation = 10;
  const Row rows[] = {{"usd_per_conversation", usd},
                      {"tokens_per_conversation", tokens},
                      {"turns_per_conversation", turns}};
  for (const Row& row : rows) {
    Limits limits(row.config);
    for (int turn = 1; turn <= 12; ++turn) {
      CAPTURE(row.limit, turn);
      const auto decision = limits.Check(Turn(7, 1, 1));
      const auto expected = turn <= 8    ? LimitVerdict::kAdmit
                            : turn <= 10 ? LimitVerdict::kDegrade
                                         : LimitVerdict::kRefuse;
      CHECK(decision.verdict == expected);
      CHECK(decision.limit == (turn <= 8 ? "" : row.limit));
      if (decision.verdict != LimitVerdict::kRefuse) limits.Settle(decision, 1, 1);
    }
    CHECK(limits.Check(Turn(8, 1, 1)).verdict == LimitVerdict::kAdmit);  // another conversation
  }
}

TEST_CASE("conversation limits: a request's own limit counts what its attempts have spent",
          "[policy]") {
  ConversationLimitsConfig config;
  config.usd_per_request = 1;
  Limits limits(config);
  Limits::Attempt attempt = Turn(0, 0.3, 0);
  CHECK(limits.Check(attempt).verdict == LimitVerdict::kAdmit);
  attempt.request_usd = 0.6;
  CHECK(limits.Check(attempt).verdict == LimitVerdict::kDegrade);
  attempt.request_usd = 0.8;
  CHECK(limits.Check(attempt).verdict == LimitVerdict::kRefuse);
  CHECK(limits.remembered() == 0);
}

TEST_CASE("conversation limits: a retry is no turn", "[policy]") {
  ConversationLimitsConfig config;
  config.turns_per_conversation = 1;
  Limits limits(config);
  Limits::Attempt attempt = Turn(7, 0, 0);
  CHECK(limits.Check(attempt).verdict == LimitVerdict::kDegrade);
  attempt.first = false;
  CHECK(limits.Check(attempt).verdict == LimitVerdict::kAdmit);
  attempt.first = true;
  CHECK(limits.Check(attempt).verdict == LimitVerdict::kRefuse);
}

TEST_CASE("conversation limits: trap: turns side by side cannot overdraw together", "[policy]") {
  ConversationLimitsConfig config;
  config.usd_per_conversation = 10;
  Limits limits(config);
  std::vector<Limits::Decision> under_way;
  for (int i = 0; i < 50; ++i) {
    const auto decision = limits.Check(Turn(7, 1, 0));
    if (decision.verdict != LimitVerdict::kRefuse) under_way.push_back(decision);
  }
  CHECK(under_way.size() == 10);
  limits.Settle(under_way[0], 0, 0);    // never sent
  limits.Settle(under_way[1], 0.5, 0);  // cheaper than thought
  CHECK(limits.spent(7).usd == Approx(8.5));
  CHECK(limits.Check(Turn(7, 1.5, 0)).verdict == LimitVerdict::kDegrade);
  CHECK(limits.Check(Turn(7, 0.1, 0)).verdict == LimitVerdict::kRefuse);
}

TEST_CASE(
    "conversation limits: the conversation used longest ago is forgotten, and its settling "
    "with it",
    "[policy]") {
  ConversationLimitsConfig config;
  config.usd_per_conversation = 10;
  config.max_conversations = 2;
  Limits limits(config);
  const auto first = limits.Check(Turn(1, 5, 0));
  limits.Check(Turn(2, 5, 0));
  limits.Check(Turn(1, 1, 0));  // 2 is now the older
  limits.Check(Turn(3, 5, 0));
  CHECK(limits.spent(2).usd == 0);
  CHECK(limits.spent(1).usd == 6);
  CHECK(limits.forgotten() == 1);
  limits.Check(Turn(4, 5, 0));
  limits.Check(Turn(1, 2, 0));  // begins anew
  limits.Settle(first, 100, 0);
  CHECK(limits.spent(1).usd == 2);
  CHECK(limits.remembered() == 2);
}

TEST_CASE("conversation limits: agree with a model over random turns", "[policy]") {
  // With room for all conversations nothing is forgotten, so a plain map is the model.
  ConversationLimitsConfig config;
  config.usd_per_conversation = 3;
  config.tokens_per_conversation = 3'000;
  config.turns_per_conversation = 40;
  config.max_conversations = 16;
  Limits limits(config);
  std::map<uint64_t, Limits::Spent> model;
  std::vector<Limits::Decision> under_way;
  int refused = 0;
  for (uint64_t i = 0; i < 20'000; ++i) {
    const auto draw = [&](uint64_t k) { return Draw(6, Stream("limits"), i, k); };
    if (!under_way.empty() && draw(0) < 0.5) {
      const size_t pick = static_cast<size_t>(draw(1) * static_cast<double>(under_way.size()));
      const auto decision = under_way[pick];
      under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(pick));
      limits.Settle(decision, decision.usd / 4, decision.tokens / 4);
      model[decision.conversation].usd += decision.usd / 4 - decision.usd;
      model[decision.conversation].tokens += decision.tokens / 4 - decision.tokens;
      continue;
    }
    const uint64_t conversation = 1 + static_cast<uint64_t>(draw(2) * 16);
    // Quarters and eighths of a dollar add up exactly.
    const auto attempt =
        Turn(conversation, std::floor(draw(3) * 16) / 8, static_cast<int64_t>(draw(4) * 400));
    Limits::Spent& spent = model[conversation];
    const bool fits = spent.usd + attempt.usd <= 3 && spent.tokens + attempt.tokens <= 3'000 &&
                      spent.turns + 1 <= 40;
    const auto decision = limits.Check(attempt);
    REQUIRE((decision.verdict != LimitVerdict::kRefuse) == fits);
    refused += fits ? 0 : 1;
    if (fits) {
      spent.usd += attempt.usd;
      spent.tokens += attempt.tokens;
      ++spent.turns;
      under_way.push_back(decision);
    }
    REQUIRE(limits.spent(conversation).usd == spent.usd);
    REQUIRE(limits.spent(conversation).tokens == spent.tokens);
    REQUIRE(limits.spent(conversation).turns == spent.turns);
  }
  CHECK(refused > 1'000);
}

QualityConfig Quality(QualityAction action) {
  QualityConfig config;
  config.enabled = true;
  config.minimum_answers = 4;
  config.open_for = 10s;
  config.probes_to_close = 2;
  config.ramp = 0s;
  config.action = action;
  return config;
}

void Answer(QualityBreaker* quality, CallOutcome answer, Time now) {
  const auto decision = quality->Check(true, now);
  REQUIRE(decision.verdict == QualityVerdict::kAdmit);
  quality->Settle(decision, answer, now);
}

TEST_CASE("quality breaker: answers that fail the guard divert requests, or refuse them",
          "[policy]") {
  for (const auto action : {QualityAction::kDivert, QualityAction::kRefuse}) {
    QualityBreaker quality(Quality(action));
    for (int i = 0; i < 4; ++i) Answer(&quality, CallOutcome::kFailure, kStart + 1s);
    CHECK(quality.Check(true, kStart + 2s).verdict == QualityVerdict::kDivert);
    const auto cornered = quality.Check(false, kStart + 2s);
    const bool diverts = action == QualityAction::kDivert;
    CHECK(cornered.verdict == (diverts ? QualityVerdict::kAdmit : QualityVerdict::kRefuse));
    for (int i = 0; i < 9; ++i) quality.Settle(cornered, CallOutcome::kSuccess, kStart + 3s);
    CHECK(quality.Check(true, kStart + 4s).verdict == QualityVerdict::kDivert);
    for (int i = 0; i < 2; ++i) Answer(&quality, CallOutcome::kSuccess, kStart + 11s);
    CHECK(quality.breaker().state(kStart + 11s) == BreakerState::kClosed);
  }
}

TEST_CASE("quality breaker: what brought no answer says nothing about quality", "[policy]") {
  QualityBreaker quality(Quality(QualityAction::kDivert));
  for (int i = 0; i < 3; ++i) Answer(&quality, CallOutcome::kFailure, kStart + 1s);
  for (int i = 0; i < 100; ++i) Answer(&quality, CallOutcome::kNeutral, kStart + 1s);
  CHECK(quality.breaker().state(kStart + 1s) == BreakerState::kClosed);
  Answer(&quality, CallOutcome::kFailure, kStart + 1s);
  CHECK(quality.breaker().state(kStart + 1s) == BreakerState::kOpen);
}

}  // namespace
}  // namespace squall::admission_test
