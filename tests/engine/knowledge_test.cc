// Learned rules: what makes one speak, what silences it, and that all of it stays bounded.
#include "engine/knowledge.h"

#include <set>

#include "reports/intervals.h"
#include "tests/catch.h"

namespace squall::knowledge_test {
namespace {

constexpr StreamId kDice = Stream("test/knowledge");

KnowledgeConfig Config() {
  KnowledgeConfig config;
  config.minimum_samples = 10;
  config.decay_per_sample = 1;
  config.max_samples = 1000;
  config.half_life = 0s;
  return config;
}

Situation After(FailureClass failure, ProviderId at, bool hinted = false) {
  return Situation{failure, Target{at, 0}, hinted};
}

Action Go(ProviderId then, bool again = false) { return Action{Target{then, 0}, again}; }

void Teach(Knowledge* knowledge, Situation after, Action action, int successes, int failures,
           Time now = kStart) {
  for (int i = 0; i < successes; ++i) knowledge->Learn({after, action, true}, now);
  for (int i = 0; i < failures; ++i) knowledge->Learn({after, action, false}, now);
}

bool Speaks(const Knowledge& knowledge, Situation after, Action action, Time now = kStart) {
  return knowledge.Best(after, std::array{action}, now).has_value();
}

TEST_CASE("knowledge: starts with nothing and says nothing before it has seen enough",
          "[knowledge]") {
  Knowledge knowledge(Config());
  const Situation after = After(FailureClass::kTimeout, 0);
  CHECK(knowledge.rules().empty());
  Teach(&knowledge, after, Go(1), 9, 0);
  CHECK_FALSE(Speaks(knowledge, after, Go(1)));
  Teach(&knowledge, after, Go(1), 1, 0);
  CHECK(Speaks(knowledge, after, Go(1)));
  CHECK_FALSE(Speaks(knowledge, After(FailureClass::kConnection, 2), Go(1)));
}

TEST_CASE("knowledge: a rule needs to be sure, not only to be ahead", "[knowledge]") {
  const Situation after = After(FailureClass::kTimeout, 0);
  Knowledge few(Config());
  Teach(&few, after, Go(1), 6, 4);  // mean 0.58, lower bound 0.36
  CHECK_FALSE(Speaks(few, after, Go(1)));
  Knowledge many(Config());
  Teach(&many, after, Go(1), 90, 60);  // mean 0.60, lower bound 0.53
  CHECK(Speaks(many, after, Go(1)));
}

TEST_CASE("knowledge: the lower bound is near the exact quantile of the Beta posterior",
          "[knowledge]") {
  // 5 % quantiles of Beta(s + 1, f + 1), which is Clopper-Pearson's lower bound of s + 1 in s + f +
  // 1 at 90 % two-sided.
  for (const auto& [s, f] : {std::pair(15, 5), std::pair(30, 20), std::pair(45, 5)}) {
    const double exact = ClopperPearson(s + 1, s + f + 1, 0.9).low;
    const Rule rule{static_cast<double>(s), static_cast<double>(f), false, kStart};
    CHECK(rule.low() == Approx(exact).margin(0.02));
  }
}

TEST_CASE("knowledge: of the rules that speak the surest is taken, and never a silent one",
          "[knowledge]") {
  Knowledge knowledge(Config());
  const Situation after = After(FailureClass::kTimeout, 0);
  Teach(&knowledge, after, Go(1), 75, 25);
  Teach(&knowledge, after, Go(2), 90, 10);
  Teach(&knowledge, after, Go(3), 25, 75);
  const std::array all = {Go(0, true), Go(1), Go(2), Go(3)};
  CHECK(knowledge.Best(after, all, kStart) == 2u);
  CHECK(knowledge.Best(after, std::array{Go(1), Go(3)}, kStart) == 0u);
  CHECK_FALSE(knowledge.Best(after, std::array{Go(0, true), Go(3)}, kStart).has_value());
}

TEST_CASE("knowledge: what is not known there is taken from the next more general rule",
          "[knowledge]") {
  Knowledge knowledge(Config());
  Teach(&knowledge, After(FailureClass::kTimeout, 0), Go(2), 20, 0);
  // A failure elsewhere, or another failure there.
  CHECK(Speaks(knowledge, After(FailureClass::kTimeout, 1), Go(2)));
  CHECK(Speaks(knowledge, After(FailureClass::kServerError, 0), Go(2)));
  CHECK(Speaks(knowledge, After(FailureClass::kTimeout, 0, true), Go(2)));
  CHECK_FALSE(Speaks(knowledge, After(FailureClass::kServerError, 1), Go(2)));
  // Whoever has failed there before is another case.
  CHECK_FALSE(Speaks(knowledge, After(FailureClass::kTimeout, 1), Go(2, true)));
  // What is known there decides, even where it says no.
  Teach(&knowledge, After(FailureClass::kTimeout, 1), Go(2), 0, 10);
  CHECK_FALSE(Speaks(knowledge, After(FailureClass::kTimeout, 1), Go(2)));
  CHECK(Speaks(knowledge, After(FailureClass::kTimeout, 0), Go(2)));
}

TEST_CASE("knowledge: a second attempt at one provider says nothing of the others", "[knowledge]") {
  Knowledge knowledge(Config());
  Teach(&knowledge, After(FailureClass::kTimeout, 0), Go(0, true), 50, 0);
  for (const auto& [key, rule] : knowledge.rules()) CHECK(key.scope != RuleScope::kAnywhere);
  CHECK_FALSE(Speaks(knowledge, After(FailureClass::kTimeout, 1), Go(0, true)));
}

TEST_CASE("knowledge: a rule that speaks goes on until it is doubtful", "[knowledge]") {
  Knowledge knowledge(Config());
  const Situation after = After(FailureClass::kTimeout, 0);
  Teach(&knowledge, after, Go(1), 20, 0);
  Teach(&knowledge, after, Go(1), 0, 31);  // mean 0.396
  CHECK_FALSE(Speaks(knowledge, after, Go(1)));
  Teach(&knowledge, after, Go(1), 14, 0);  // mean 0.52: enough to go on, not to begin
  CHECK_FALSE(Speaks(knowledge, after, Go(1)));
  Teach(&knowledge, after, Go(1), 40, 0);
  CHECK(Speaks(knowledge, after, Go(1)));
}

// How often the rule changes its mind over `n` outcomes of probability `p`; p = -1 alternates.
int Changes(const KnowledgeConfig& config, double p, int n) {
  Knowledge knowledge(config);
  const Situation after = After(FailureClass::kTimeout, 0);
  int changes = 0;
  bool before = false;
  for (int i = 0; i < n; ++i) {
    const double u = Draw(1, kDice, static_cast<uint64_t>(i));
    knowledge.Learn({after, Go(1), p < 0 ? i % 2 == 0 : u < p}, kStart);
    const bool now = Speaks(knowledge, after, Go(1));
    changes += now != before;
    before = now;
  }
  return changes;
}

TEST_CASE("knowledge: alternating outcomes do not make a rule flap", "[knowledge]") {
  const KnowledgeConfig config;
  CHECK(Changes(config, -1, 10'000) == 0);
  // Nor does chance: on the threshold itself it changes its mind less than once in 50 outcomes,
  // where a rule without hysteresis, silent below where it begins, does so five times as often.
  KnowledgeConfig single = config;
  single.silent_below = single.minimum_success;
  CHECK(Changes(config, 0.5, 10'000) < 200);
  CHECK(Changes(config, 0.7, 10'000) <= 20);
  CHECK(Changes(config, 0.5, 10'000) < Changes(single, 0.5, 10'000));
}

TEST_CASE("knowledge: any rule is silent after the stated number of failures in a row",
          "[knowledge]") {
  const Situation after = After(FailureClass::kTimeout, 0);
  for (uint64_t world = 0; world < 300; ++world) {
    CAPTURE(world);
    const auto u = [world](uint64_t i) { return Draw(world, kDice, i); };
    KnowledgeConfig config;
    config.minimum_samples = 1 + static_cast<int64_t>(10 * u(0));
    config.max_samples = config.minimum_samples + 2 + static_cast<int64_t>(100 * u(1));
    config.decay_per_sample = 1 - 0.08 * u(2);
    config.minimum_success = 0.3 + 0.4 * u(3);
    config.silent_below = 0.15 + (config.minimum_success - 0.15) * u(4);
    const std::optional<int64_t> bound = MostContraryOutcomes(config);
    if (!bound.has_value()) continue;
    Knowledge knowledge(config);
    const int history = static_cast<int>(300 * u(5));
    const double p = 0.5 + 0.5 * u(6);
    for (int i = 0; i < history; ++i) {
      const bool success = Draw(world, kDice, 100, static_cast<uint64_t>(i)) < p;
      knowledge.Learn({after, Go(1), success}, kStart);
    }
    Teach(&knowledge, after, Go(1), 0, static_cast<int>(*bound));
    CHECK_FALSE(Speaks(knowledge, after, Go(1)));
  }
}

TEST_CASE("knowledge: the stated number is what the surest rule takes", "[knowledge]") {
  const KnowledgeConfig config;
  const std::optional<int64_t> bound = MostContraryOutcomes(config);
  REQUIRE(bound == 46);  // with the defaults
  Knowledge knowledge(config);
  const Situation after = After(FailureClass::kTimeout, 0);
  Teach(&knowledge, after, Go(1), 10'000, 0);
  Teach(&knowledge, after, Go(1), 0, static_cast<int>(*bound) - 1);
  CHECK(Speaks(knowledge, after, Go(1)));
  Teach(&knowledge, after, Go(1), 0, 1);
  CHECK_FALSE(Speaks(knowledge, after, Go(1)));
}

TEST_CASE("knowledge: weight is capped, however long it goes on", "[knowledge]") {
  const KnowledgeConfig config;
  Knowledge knowledge(config);
  Teach(&knowledge, After(FailureClass::kTimeout, 0), Go(1), 3000, 2000);
  for (const auto& [key, rule] : knowledge.rules()) {
    CHECK(rule.weight() <= static_cast<double>(config.max_samples) * (1 + 1e-9));
  }
}

TEST_CASE("knowledge: a rule without news fades, and speaks no more once it is faint",
          "[knowledge]") {
  KnowledgeConfig config = Config();
  config.half_life = 10min;
  Knowledge knowledge(config);
  const Situation after = After(FailureClass::kTimeout, 0);
  Teach(&knowledge, after, Go(1), 40, 0);
  CHECK(Speaks(knowledge, after, Go(1), kStart + 29min));
  CHECK_FALSE(Speaks(knowledge, after, Go(1), kStart + 31min));  // an eighth of 40 is half of 10
  // It has not forgotten all: what comes after adds to what is left.
  Teach(&knowledge, after, Go(1), 6, 0, kStart + 31min);
  CHECK(Speaks(knowledge, after, Go(1), kStart + 31min));
}

TEST_CASE("knowledge: keeps a bounded number of rules and forgets the lightest", "[knowledge]") {
  KnowledgeConfig config = Config();
  config.max_rules = 40;
  Knowledge knowledge(config);
  const Situation heavy = After(FailureClass::kTimeout, 0);
  Teach(&knowledge, heavy, Go(1), 50, 0);
  for (uint64_t i = 0; i < 20'000; ++i) {
    const auto pick = [i](uint64_t index, uint64_t n) {
      return PickBelow(DrawBits(7, kDice, i, 0, index), n);
    };
    Situation after =
        After(static_cast<FailureClass>(1 + pick(0, 17)), static_cast<ProviderId>(2 + pick(1, 60)));
    after.at.model = static_cast<uint16_t>(pick(2, 5));
    Teach(&knowledge, after, Go(static_cast<ProviderId>(pick(3, 60))), 1, 0);
    REQUIRE(knowledge.rules().size() <= 40);
  }
  CHECK(Speaks(knowledge, heavy, Go(1)));
}

TEST_CASE("knowledge: switched off, it learns nothing and explores nothing", "[knowledge]") {
  KnowledgeConfig config = Config();
  config.learn = false;
  config.explore = 0.5;
  Knowledge knowledge(config);
  Teach(&knowledge, After(FailureClass::kTimeout, 0), Go(1), 50, 0);
  CHECK(knowledge.rules().empty());
  for (uint64_t key = 0; key < 100; ++key) CHECK_FALSE(knowledge.Explores(key, 1));
}

TEST_CASE("knowledge: the share that explores is the configured one, by draws of their own",
          "[knowledge]") {
  KnowledgeConfig config = Config();
  config.explore = 0.02;
  const Knowledge knowledge(config, 5);
  const Knowledge other(config, 6);
  constexpr int kPlans = 50'000;
  int explores = 0;
  int both = 0;
  for (int i = 0; i < kPlans; ++i) {
    const auto key = static_cast<uint64_t>(i / 2);
    const auto plan = static_cast<uint64_t>(i % 2);
    explores += knowledge.Explores(key, plan);
    both += knowledge.Explores(key, plan) && other.Explores(key, plan);
  }
  CHECK(BinomialBounds(kPlans, config.explore).Contains(explores));
  CHECK(BinomialBounds(kPlans, config.explore * config.explore).Contains(both));
}

TEST_CASE("knowledge: what is explored is what is known least, and never what is known",
          "[knowledge]") {
  Knowledge knowledge(Config());
  const Situation after = After(FailureClass::kTimeout, 0);
  Teach(&knowledge, after, Go(1), 0, 10);
  Teach(&knowledge, after, Go(2), 3, 0);
  const std::array all = {Go(1), Go(2), Go(3), Go(4)};
  CHECK(knowledge.LeastKnown(after, all, kStart) == 2u);
  CHECK_FALSE(knowledge.LeastKnown(after, std::array{Go(1)}, kStart).has_value());
}

TEST_CASE("knowledge: an export is in one order, whatever came first", "[knowledge]") {
  std::vector<std::pair<Situation, Action>> cases;
  for (ProviderId at = 0; at < 3; ++at) {
    for (ProviderId then = 0; then < 3; ++then) {
      cases.emplace_back(After(FailureClass::kTimeout, at, then == 1), Go(then, at == then));
      cases.emplace_back(After(FailureClass::kRateLimit, at), Go(then, at == then));
    }
  }
  Knowledge forwards(Config());
  Knowledge backwards(Config());
  for (size_t i = 0; i < cases.size(); ++i) {
    Teach(&forwards, cases[i].first, cases[i].second, 3, 0);
    const auto& [after, action] = cases[cases.size() - 1 - i];
    Teach(&backwards, after, action, 3, 0);
  }
  CHECK(forwards.Export(kStart) == backwards.Export(kStart));
}

TEST_CASE("knowledge: what was exported is imported to the same", "[knowledge]") {
  const KnowledgeConfig config;
  Knowledge knowledge(config, 1);
  for (uint64_t i = 0; i < 5000; ++i) {
    const auto pick = [i](uint64_t index, uint64_t n) {
      return PickBelow(DrawBits(3, kDice, i, 0, index), n);
    };
    const auto at = static_cast<ProviderId>(pick(0, 3));
    const auto then = static_cast<ProviderId>(pick(1, 3));
    const Situation after = After(static_cast<FailureClass>(1 + pick(2, 3)), at, pick(3, 2) == 1);
    const bool success = Draw(3, kDice, i, 1) < 0.3 + 0.2 * then;
    knowledge.Learn({after, Go(then, at == then), success}, kStart + i * 100ms);
  }
  const std::vector<LearnedRule> rules = knowledge.Export(kStart + 10min);
  REQUIRE(rules.size() > 20);
  Knowledge copy(config, 1);
  copy.Import(rules, kStart + 3h);
  CHECK(copy.Export(kStart + 3h) == rules);
}

TEST_CASE("knowledge: rules learned apart add up, whichever came first", "[knowledge]") {
  const KnowledgeConfig config = Config();
  const Situation after = After(FailureClass::kTimeout, 0);
  Knowledge one(config);
  Knowledge two(config);
  Teach(&one, after, Go(1), 8, 0);
  Teach(&one, after, Go(2), 1, 0);
  Teach(&two, after, Go(1), 7, 1);
  std::vector<LearnedRule> forwards = one.Export(kStart);
  AddRules(&forwards, two.Export(kStart + 1min));
  std::vector<LearnedRule> backwards = two.Export(kStart + 1min);
  AddRules(&backwards, one.Export(kStart));
  CHECK(forwards == backwards);
  Knowledge sum(config);
  CHECK_FALSE(Speaks(one, after, Go(1)));
  CHECK_FALSE(Speaks(two, after, Go(1)));
  sum.Import(forwards, kStart);
  CHECK(Speaks(sum, after, Go(1)));  // 15 of 16
}

AttemptRecord Attempt(ProviderId provider, FailureClass failure, Time started, Time ended) {
  AttemptRecord attempt;
  attempt.provider = provider;
  attempt.sent = true;
  attempt.started = started;
  attempt.ended = ended;
  attempt.diagnosis.failure = failure;
  return attempt;
}

TEST_CASE("knowledge: a lesson is an answer to a failure", "[knowledge]") {
  std::vector<AttemptRecord> call = {Attempt(0, FailureClass::kTimeout, kStart, kStart + 1s)};
  call[0].diagnosis.retry_after = 1s;
  CHECK_FALSE(LessonOf(call).has_value());  // a first attempt
  call.push_back(Attempt(1, FailureClass::kOk, kStart + 1s, kStart + 2s));
  const std::optional<Lesson> lesson = LessonOf(call);
  REQUIRE(lesson.has_value());
  CHECK(lesson->after.failure == FailureClass::kTimeout);
  CHECK(lesson->after.hinted);
  CHECK(lesson->action.then.provider == 1);
  CHECK_FALSE(lesson->action.again);
  CHECK(lesson->success);
  call[1] = Attempt(0, FailureClass::kTimeout, kStart + 1s, kStart + 2s);
  CHECK(LessonOf(call)->action.again);
  CHECK_FALSE(LessonOf(call)->success);
}

TEST_CASE("knowledge: hedges, what was cancelled and the caller's own mistakes teach nothing",
          "[knowledge]") {
  const AttemptRecord failed = Attempt(0, FailureClass::kTimeout, kStart, kStart + 2s);
  const AttemptRecord hedge = Attempt(1, FailureClass::kOk, kStart + 1s, kStart + 3s);
  CHECK_FALSE(LessonOf(std::array{failed, hedge}).has_value());
  AttemptRecord lost = Attempt(1, FailureClass::kCancelled, kStart + 2s, kStart + 3s);
  CHECK_FALSE(LessonOf(std::array{failed, lost}).has_value());
  AttemptRecord mistaken = Attempt(1, FailureClass::kInvalidRequest, kStart + 2s, kStart + 3s);
  mistaken.diagnosis.origin = Origin::kCaller;
  CHECK_FALSE(LessonOf(std::array{failed, mistaken}).has_value());
  AttemptRecord refused = Attempt(1, FailureClass::kRefusedLocally, kStart + 2s, kStart + 2s);
  refused.sent = false;
  CHECK_FALSE(LessonOf(std::array{failed, refused}).has_value());
  // After a success there is nothing to recover from.
  const AttemptRecord won = Attempt(0, FailureClass::kOk, kStart, kStart + 1s);
  CHECK_FALSE(LessonOf(std::array{won, hedge}).has_value());
}

}  // namespace
}  // namespace squall::knowledge_test
