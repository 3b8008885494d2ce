// Rules as files: read strictly, by name, and back to the same.
#include "scenarios/knowledge_file.h"

#include "tests/catch.h"

namespace squall::knowledge_file_test {
namespace {

Scenario Learning() {
  absl::StatusOr<Scenario> scenario = LoadScenario("learning", ScenarioOptions());
  REQUIRE(scenario.ok());
  return *std::move(scenario);
}

std::string With(const std::string& rules) {
  return R"({"format_version": 1, "rules": [)" + rules + "]}";
}

constexpr const char* kRule = R"({"after": {"failure": "timeout", "provider": "alpha"},
"then": {"provider": "gamma", "model": "gamma-large"}, "successes": 30.5, "failures": 2,
"speaks": true, "age": "3s"})";

TEST_CASE("knowledge file: a rule is read by the names of the scenario") {
  const Scenario scenario = Learning();
  const auto file = ReadKnowledge(With(kRule), "k.json", &scenario);
  INFO(file.status().message());
  REQUIRE(file.ok());
  const std::vector<LearnedRule> rules = ResolveRules(file->rules, scenario);
  REQUIRE(rules.size() == 1);
  CHECK(rules[0].key.failure == FailureClass::kTimeout);
  CHECK(rules[0].key.scope == RuleScope::kProvider);
  CHECK(rules[0].key.at == Target{0, 0});
  CHECK(rules[0].key.then == Target{2, 0});
  CHECK(rules[0].successes == 30.5);
  CHECK(rules[0].age == 3s);
  CHECK(RuleText(file->rules[0]) == "after timeout at alpha -> gamma/gamma-large");
}

TEST_CASE("knowledge file: every scope of a rule comes back the same, digits and all") {
  const Scenario scenario = Learning();
  const Situation after{FailureClass::kRateLimit, Target{1, 1}, true};
  std::vector<LearnedRule> rules;
  for (const RuleScope scope :
       {RuleScope::kAnyFailure, RuleScope::kAnywhere, RuleScope::kProvider, RuleScope::kExact}) {
    LearnedRule rule;
    rule.key = *KeyOf(scope, after, Action{Target{2, 1}, scope == RuleScope::kExact});
    rule.successes = 100.0 / 3;
    rule.failures = 0.1;
    rule.age = 1234567891ns;
    rule.speaks = scope != RuleScope::kExact;
    rules.push_back(rule);
  }
  KnowledgeFile file;
  file.learned_on = {SourceOf(scenario, 5)};
  file.rules = NameRules(rules, scenario);
  const std::string text = DumpKnowledge(file);
  const auto again = ReadKnowledge(text, "k.json", &scenario);
  INFO(again.status().message());
  REQUIRE(again.ok());
  CHECK(ResolveRules(again->rules, scenario) == rules);
  CHECK(again->learned_on.at(0).hash == scenario.hash);
  CHECK(DumpKnowledge(*again) == text);
}

TEST_CASE("knowledge file: the order of a scenario's providers changes no rule") {
  Scenario scenario = Learning();
  const auto file = ReadKnowledge(With(kRule), "k.json", &scenario);
  REQUIRE(file.ok());
  std::swap(scenario.providers[0], scenario.providers[2]);
  const std::vector<LearnedRule> rules = ResolveRules(file->rules, scenario);
  CHECK(rules[0].key.at.provider == 2);
  CHECK(rules[0].key.then.provider == 0);
}

TEST_CASE("knowledge file: every mistake is one line with place, pointer, got and expected") {
  const Scenario scenario = Learning();
  const std::string then = R"("then": {"provider": "gamma", "model": "gamma-large"})";
  struct Row {
    std::string text;
    std::string start;
    std::string part;
  };
  const auto row = GENERATE_COPY(values<Row>({
      {"[1]", "k.json:1:1: got a list, expected an object", ""},
      {R"({"rules": []})", "k.json:1:1: got values that break a rule: format_version", ""},
      {R"({"format_version": 2})", "k.json:1:2: /format_version: got 2, expected", "1"},
      {With(R"({"afer": {}, "after": {"failure": "timeout"}, )" + then + "}"),
       "k.json:1:34: /rules/0/afer: got unknown key \"afer\"", "did you mean \"after\"?"},
      {With(R"({"after": {"failure": "timeot", "provider": "alpha"}, )" + then + "}"),
       "k.json:1:44: /rules/0/after/failure: got \"timeot\"", "\"timeout\"?"},
      {With(R"({"after": {"failure": "timeout", "provider": "alpa"}, )" + then + "}"),
       "k.json:1:66: /rules/0/after/provider: got unknown provider \"alpa\"",
       "expected one of alpha, beta, gamma; did you mean \"alpha\"?"},
      {With(R"({"after": {"failure": "timeout"}, "then": {"provider": "beta", "model": "b"}})"),
       "k.json:1:96: /rules/0/then/model: got unknown model \"b\" of beta",
       "expected one of beta-large, beta-small"},
      {With(R"({"after": {"failure": "timeout"}})"),
       "k.json:1:33: /rules/0: got values that break a rule: then must name a provider", ""},
      {With(R"({"after": {"failure": "any"}, )" + then + "}"),
       "k.json:1:33: /rules/0: got values that break a rule: any failure needs", ""},
      {With(R"({"after": {"failure": "timeout", "hinted": true}, )" + then + "}"),
       "k.json:1:33: /rules/0: got values that break a rule: after/hinted needs", ""},
      {With(R"({"after": {"failure": "timeout"}, )" + then + R"(, "failures": -1})"),
       "k.json:1:122: /rules/0/failures: got -1, expected", ""},
      {With(std::string(kRule) + "," + kRule), "k.json:3:30: /rules/1: got a rule a second time",
       "expected it once"},
  }));
  CAPTURE(row.text);
  const auto file = ReadKnowledge(row.text, "k.json", &scenario);
  REQUIRE_FALSE(file.ok());
  const std::string message(file.status().message());
  CAPTURE(message);
  CHECK(file.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(message.rfind(row.start, 0) == 0);
  CHECK(message.find(row.part) != std::string::npos);
}

TEST_CASE("knowledge file: without a scenario any names are read") {
  CHECK(ReadKnowledge(With(kRule), "k.json", nullptr).ok());
  CHECK(LoadKnowledge("/nowhere/k.json", nullptr).status().code() == absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace squall::knowledge_file_test
