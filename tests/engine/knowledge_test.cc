#include "engine/knowledge.h"

#include "tests/catch.h"

namespace squall {
namespace {

RuleKey Key(FailureClass failure, ProviderId at, ProviderId then) {
  RuleKey key;
  key.failure = failure;
  key.failed_at = at;
  key.then = Target{then, 0};
  return key;
}

KnowledgeConfig Config() {
  KnowledgeConfig config;
  config.minimum_samples = 10;
  config.decay_per_sample = 1.0;
  return config;
}

TEST_CASE("knowledge: starts with nothing and says nothing before it has seen enough", "[engine]") {
  Knowledge knowledge(Config());
  CHECK(knowledge.rules().empty());
  for (int i = 0; i < 9; ++i) knowledge.Learn(Key(FailureClass::kTimeout, 0, 1), true);
  CHECK(knowledge.Recommend(FailureClass::kTimeout, 0).empty());
  knowledge.Learn(Key(FailureClass::kTimeout, 0, 1), true);
  CHECK(knowledge.Recommend(FailureClass::kTimeout, 0).size() == 1);
  CHECK(knowledge.Recommend(FailureClass::kTimeout, 1).empty());
  CHECK(knowledge.Recommend(FailureClass::kConnection, 0).empty());
}

TEST_CASE("knowledge: recommends the better target first and never a bad one", "[engine]") {
  Knowledge knowledge(Config());
  for (int i = 0; i < 20; ++i) {
    knowledge.Learn(Key(FailureClass::kTimeout, 0, 1), i % 4 != 0);   // 75 %
    knowledge.Learn(Key(FailureClass::kTimeout, 0, 2), i % 10 != 0);  // 90 %
    knowledge.Learn(Key(FailureClass::kTimeout, 0, 3), i % 4 == 0);   // 25 %
  }
  const std::vector<Target> targets = knowledge.Recommend(FailureClass::kTimeout, 0);
  REQUIRE(targets.size() == 2);
  CHECK(targets[0].provider == 2);
  CHECK(targets[1].provider == 1);
}

TEST_CASE("knowledge: un-learns what has stopped being true", "[engine]") {
  KnowledgeConfig config = Config();
  config.decay_per_sample = 0.95;
  Knowledge knowledge(config);
  for (int i = 0; i < 200; ++i) knowledge.Learn(Key(FailureClass::kTimeout, 0, 1), true);
  REQUIRE(knowledge.Recommend(FailureClass::kTimeout, 0).size() == 1);
  for (int i = 0; i < 20; ++i) knowledge.Learn(Key(FailureClass::kTimeout, 0, 1), false);
  CHECK(knowledge.Recommend(FailureClass::kTimeout, 0).empty());
}

TEST_CASE("knowledge: keeps a bounded number of rules and forgets the lightest", "[engine]") {
  KnowledgeConfig config = Config();
  config.max_rules = 3;
  Knowledge knowledge(config);
  for (ProviderId p = 0; p < 3; ++p) {
    for (int i = 0; i <= p + 1; ++i) knowledge.Learn(Key(FailureClass::kTimeout, 0, p), true);
  }
  knowledge.Learn(Key(FailureClass::kTimeout, 0, 9), true);
  CHECK(knowledge.rules().size() == 3);
  CHECK_FALSE(knowledge.rules().contains(Key(FailureClass::kTimeout, 0, 0)));
  CHECK(knowledge.rules().contains(Key(FailureClass::kTimeout, 0, 9)));
}

TEST_CASE("knowledge: switched off, it learns nothing", "[engine]") {
  KnowledgeConfig config = Config();
  config.learn = false;
  Knowledge knowledge(config);
  for (int i = 0; i < 50; ++i) knowledge.Learn(Key(FailureClass::kTimeout, 0, 1), true);
  CHECK(knowledge.rules().empty());
}

}  // namespace
}  // namespace squall
