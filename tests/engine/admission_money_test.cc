// What may be spent: limits of conversations and requests, and budgets of extra attempts, through
// the engine. The laws of each are in policy/.
#include "engine/policy/conversation_limits.h"
#include "engine/policy/retry_budget.h"
#include "tests/engine/admission_rig.h"

namespace squall::admission_money_test {
namespace {

// A large model for 1000 and a small one for 10 dollars per million tokens, either way: a request
// for 990 tokens costs about a dollar or a cent, as estimated.
std::vector<ProviderInfo> LargeAndSmall() {
  return {NamedProvider("alpha", {ModelInfo{"large", 1000, 1000}, ModelInfo{"small", 10, 10}})};
}

ScriptedReply Billed(int64_t tokens) {
  ScriptedReply reply = Good();
  const std::string all = R"("prompt_tokens":10,"completion_tokens":5,"total_tokens":15)";
  const size_t at = reply.body.find(all);
  REQUIRE(at != std::string::npos);
  const std::string billed = R"("prompt_tokens":10,"completion_tokens":)" +
                             std::to_string(tokens - 10) + R"(,"total_tokens":)" +
                             std::to_string(tokens);
  reply.body.replace(at, all.size(), billed);
  return reply;
}

// The model of each of `count` turns of one conversation, or why there was none.
Words Turns(const EngineConfig& config, int count, int64_t billed) {
  Crowd crowd(config, LargeAndSmall());
  crowd.transport.Script(0, {Billed(billed)});
  Words turns;
  for (int i = 0; i < count; ++i) {
    const CallResult& result =
        crowd.Ask1({.id = "turn" + std::to_string(i), .user = "u", .max_tokens = 980});
    turns.emplace_back(result.ok ? (result.attempts[0].model == 0 ? "large" : "small")
                                 : result.stop_reason);
    if (!result.ok) CHECK(result.ended == result.started);
  }
  CHECK(crowd.Ask1({.id = "other", .user = "somebody else", .max_tokens = 980}).ok);
  CHECK(crowd.Ask1({.id = "none", .max_tokens = 980}).ok);  // belongs to no conversation
  return turns;
}

TEST_CASE("conversation: from a share of each limit on the cheaper model answers, and none beyond",
          "[admission]") {
  EngineConfig config = Unlimited();
  config.conversation.turns_per_conversation = 5;
  config.conversation.warn_share = 0.6;
  const std::string turns = "turns_per_conversation";
  CHECK(Turns(config, 7, 1'000) ==
        Words{"large", "large", "large", "small", "small", turns, turns});
  config.conversation.turns_per_conversation = 0;
  config.conversation.tokens_per_conversation = 5'100;
  const std::string tokens = "tokens_per_conversation";
  CHECK(Turns(config, 7, 1'000) ==
        Words{"large", "large", "large", "small", "small", tokens, tokens});
  // Money: the small model's turns cost a cent, so that a great many fit where no large one does.
  config.conversation.tokens_per_conversation = 0;
  config.conversation.usd_per_conversation = 5.1;
  CHECK(Turns(config, 6, 1'000) == Words{"large", "large", "large", "small", "small", "small"});
  config.conversation.usd_per_conversation = 1.025;
  config.conversation.warn_share = 1;
  const std::string usd = "usd_per_conversation";
  CHECK(Turns(config, 5, 1'000) == Words{"large", "small", "small", usd, usd});
}

TEST_CASE("conversation: what was reserved and not used is there again", "[admission]") {
  EngineConfig config = Unlimited();
  config.conversation.tokens_per_conversation = 1'200;
  config.conversation.warn_share = 1;
  CHECK(Turns(config, 4, 20) == Words{"large", "large", "large", "large"});
}

TEST_CASE("conversation: turns side by side cannot overdraw it together", "[admission]") {
  EngineConfig config = Unlimited();
  config.conversation.tokens_per_conversation = 3'500;
  config.conversation.warn_share = 1;
  Crowd crowd(config, LargeAndSmall());
  crowd.transport.Script(0, {After(1s, Billed(1'000))});
  crowd.OfferMany(6, {.id = "r", .user = "u", .max_tokens = 980});
  crowd.Run();
  CHECK(crowd.Got(0) == Words{"r00@0", "r01@0", "r02@0"});
  CHECK(crowd.Of("r03").stop_reason == "tokens_per_conversation");
}

TEST_CASE("request: its attempts together stay below its own limit of money", "[admission]") {
  EngineConfig config = Unlimited();
  config.ladder = {"retry"};
  config.retry.max_attempts = 8;
  config.retry.max_attempts_per_target = 4;
  config.conversation.usd_per_request = 2.5;
  Crowd crowd(config, LargeAndSmall());
  crowd.transport.Script(0, {Status(500)});  // may have run: counts as reserved
  const CallResult& result = crowd.Ask1({.id = "r", .max_tokens = 980});
  // One dollar, two dollars is the share that warns, then the small model for a cent each.
  std::vector<int> models;
  for (const AttemptRecord& attempt : result.attempts) models.push_back(attempt.model);
  CHECK(models == std::vector<int>{0, 0, 1, 1, 1, 1});
  config.conversation.usd_per_request = 1.5;
  Crowd poorer(config, {NamedProvider("alpha", {ModelInfo{"large", 1000, 1000}})});
  poorer.transport.Script(0, {Status(500)});
  const CallResult& once = poorer.Ask1({.id = "r", .max_tokens = 980});
  CHECK(once.attempts.size() == 1);
  CHECK(once.stop_reason == "usd_per_request");
  config.conversation.usd_per_request = 0.5;
  Crowd poorest(config, {NamedProvider("alpha", {ModelInfo{"large", 1000, 1000}})});
  const CallResult& never = poorest.Ask1({.id = "r", .max_tokens = 980});
  CHECK(never.attempts.empty());
  CHECK(never.stop_reason == "usd_per_request");
}

TEST_CASE("request: a provider that it cannot afford is passed over for one that it can",
          "[admission]") {
  EngineConfig config = Unlimited();
  config.conversation.usd_per_request = 0.5;
  Crowd crowd(config, {NamedProvider("alpha", {ModelInfo{"large", 1000, 1000}}),
                       NamedProvider("beta", {ModelInfo{"cheap", 10, 10}})});
  CHECK(StepsOf(crowd.Ask1({.id = "r", .max_tokens = 980})) == Words{"1"});
}

// ---- budgets of extra attempts ------------------------------------------------------------------

RetryBudgetConfig Tenth() {
  RetryBudgetConfig budget;
  budget.ratio = 0.1;
  budget.floor_per_s = 0.5;  // 5 in a window of 10 s
  return budget;
}

// What alpha, which fails, and beta, which does not, have got of 100 requests in 10 s.
std::pair<int, int> Load(const EngineConfig& config) {
  Crowd crowd(config, NamedProviders({"alpha", "beta"}));
  crowd.transport.Script(0, {Status(500)});
  for (int i = 0; i < 100; ++i) {
    crowd.Offer({.id = "r" + std::to_string(i), .at = kStart + i * 90ms});
  }
  crowd.Run();
  return {static_cast<int>(crowd.TimesAt(0).size()), static_cast<int>(crowd.TimesAt(1).size())};
}

TEST_CASE("budget: a failing provider's own bounds what comes back to it and not what leaves it",
          "[admission]") {
  EngineConfig config = Unlimited();
  config.ladder = {"retry", "failover"};
  config.retry.max_attempts_per_target = 2;
  config.retry.backoff.base = 1ms;
  config.retry.backoff.cap = 1ms;
  CHECK(Load(config) == std::pair(200, 100));
  config.ladder = {"failover", "retry"};
  CHECK(Load(config) == std::pair(100, 100));
  config.ladder = {"retry", "failover"};
  config.provider_budget = Tenth();
  const auto [alpha, beta] = Load(config);
  CHECK(alpha <= 100 + 10 + 5);
  CHECK(alpha >= 100 + 10);
  CHECK(beta == 100);
}

TEST_CASE("budget: the one over all bounds repeats and failovers together", "[admission]") {
  EngineConfig config = Unlimited();
  config.ladder = {"retry", "failover"};
  config.retry.max_attempts_per_target = 2;
  config.budget = Tenth();
  config.budget.enabled = true;
  const auto [alpha, beta] = Load(config);
  CHECK(alpha - 100 + beta <= 15);
  CHECK(alpha - 100 + beta >= 10);
  CHECK(alpha > 100);
}

}  // namespace
}  // namespace squall::admission_money_test
