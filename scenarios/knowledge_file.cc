#include "scenarios/knowledge_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/json_document.h"
#include "engine/base/json_fields.h"
#include "scenarios/text_file.h"

namespace squall {
namespace {

constexpr std::string_view kAnyFailure = "any";

std::vector<std::string_view> FailureNames() {
  std::vector<std::string_view> names = {kAnyFailure};  // for kOk, which is no failure
  for (int i = 1; i < kFailureClassCount; ++i) {
    names.push_back(FailureClassName(static_cast<FailureClass>(i)));
  }
  return names;
}

}  // namespace

void Describe(Fields& f, KnowledgeSource& c) {
  f.Text("scenario", c.scenario, "Name of the scenario.");
  f.Text("hash", c.hash, "Hash of its values.");
  f.Int("seed", c.seed, {0}, "Seed of the first replication.");
  f.Int("replications", c.replications, {1}, "How many seeds.");
}

void Describe(Fields& f, NamedRule& c) {
  f.Object(
      "after",
      [&c](Fields& after) {
        after.Enum("failure", c.failure, FailureNames(), "What failed; any for whatever did.");
        after.Text("provider", c.provider, "Where; empty for anywhere.");
        after.Text("model", c.model, "At which model; empty for any.");
        after.Bool("hinted", c.hinted, "Whether the provider named a wait.");
      },
      "The pattern.");
  f.Object(
      "then",
      [&c](Fields& then) {
        then.Text("provider", c.then_provider, "Where the next attempt goes.");
        then.Text("model", c.then_model, "To which model.");
        then.Bool("again", c.again, "Whether the request has been there before.");
      },
      "The action.");
  f.Number("successes", c.successes, {0, 1e9}, "Answers, as far as they are remembered.");
  f.Number("failures", c.failures, {0, 1e9}, "Failures, likewise.");
  f.Bool("speaks", c.speaks, "Whether the rule is sure enough to act.");
  f.Span("age", c.age, {0s, Duration::max()}, "Time since its last outcome.");
  f.Require(c.failure != FailureClass::kOk || (!c.provider.empty() && c.model.empty()),
            "any failure needs an after/provider and no after/model");
  f.Require(!c.provider.empty() || c.model.empty(), "after/model needs an after/provider");
  f.Require(!c.model.empty() || !c.hinted, "after/hinted needs an after/model");
  f.Require(!c.then_provider.empty() && !c.then_model.empty(),
            "then must name a provider and a model");
}

void Describe(Fields& f, KnowledgeFile& c) {
  constexpr IntRange kVersion{KnowledgeFile::kFormatVersion, KnowledgeFile::kFormatVersion};
  f.Int("format_version", c.format_version, kVersion, "Version of this format.");
  f.List("learned_on", c.learned_on, "What the rules were learned on.");
  f.List("checked_on", c.checked_on, "What they were checked on; empty before a check.");
  f.List("rules", c.rules, "The rules.");
  f.Require(c.format_version == KnowledgeFile::kFormatVersion, "format_version must be given");
}

namespace {

// nullptr if there is none of that name.
const ProviderConfig* FindProvider(const Scenario& scenario, const std::string& name) {
  for (const ProviderConfig& provider : scenario.providers) {
    if (provider.name == name) return &provider;
  }
  return nullptr;
}

void CheckNames(const Scenario& scenario, const std::string& at, const std::string& provider,
                const std::string& model, Problems* problems) {
  const ProviderConfig* found = FindProvider(scenario, provider);
  std::vector<std::string> known;
  if (found == nullptr) {
    for (const ProviderConfig& other : scenario.providers) known.push_back(other.name);
    problems->Add(at + "/provider", "got unknown provider " + ShowText(provider) + ", " +
                                        ExpectedOneOf(provider, known));
    return;
  }
  for (const ModelConfig& other : found->models) known.push_back(other.name);
  if (std::find(known.begin(), known.end(), model) != known.end()) return;
  problems->Add(at + "/model", "got unknown model " + ShowText(model) + " of " + provider + ", " +
                                   ExpectedOneOf(model, known));
}

auto KeyFields(const NamedRule& rule) {
  return std::make_tuple(rule.failure, rule.provider, rule.model, rule.hinted, rule.then_provider,
                         rule.then_model, rule.again);
}

void CheckRules(const KnowledgeFile& file, const Scenario* scenario, Problems* problems) {
  std::set<decltype(KeyFields(NamedRule()))> seen;
  for (size_t i = 0; i < file.rules.size(); ++i) {
    const NamedRule& rule = file.rules[i];
    const std::string here = "/rules/" + std::to_string(i);
    if (!seen.insert(KeyFields(rule)).second) {
      problems->Add(here, "got a rule a second time, expected it once");
    }
    if (scenario == nullptr) continue;
    if (!rule.provider.empty()) {
      const ProviderConfig* at = FindProvider(*scenario, rule.provider);
      const bool any = rule.model.empty() && at != nullptr;
      const std::string& model = any ? at->models[0].name : rule.model;
      CheckNames(*scenario, here + "/after", rule.provider, model, problems);
    }
    CheckNames(*scenario, here + "/then", rule.then_provider, rule.then_model, problems);
  }
}

Target FindTarget(const Scenario& scenario, const std::string& provider, const std::string& model) {
  const ProviderConfig* found = FindProvider(scenario, provider);
  SQUALL_CHECK(found != nullptr);
  Target target;
  target.provider = static_cast<ProviderId>(found - scenario.providers.data());
  if (model.empty()) return target;
  while (found->models[target.model].name != model) {
    ++target.model;
    SQUALL_CHECK(target.model < found->models.size());
  }
  return target;
}

}  // namespace

absl::StatusOr<KnowledgeFile> ReadKnowledge(std::string_view text, const std::string& name,
                                            const Scenario* scenario) {
  const auto document = JsonDocument::Parse(text, name);
  if (!document.ok()) return document.status();
  KnowledgeFile file;
  Problems problems;
  ReadFields(
      document->root(), [&file](Fields& f) { Describe(f, file); }, &problems);
  if (problems.empty()) CheckRules(file, scenario, &problems);
  if (!problems.empty()) return document->Report(problems);
  return file;
}

absl::StatusOr<KnowledgeFile> LoadKnowledge(const std::string& path, const Scenario* scenario) {
  const auto text = ReadTextFile(path, JsonDocument::kMaxBytes);
  if (!text.ok()) return text.status();
  return ReadKnowledge(*text, path, scenario);
}

std::string DumpKnowledge(KnowledgeFile file) {
  file.format_version = KnowledgeFile::kFormatVersion;
  return DumpFields([&file](Fields& f) { Describe(f, file); }).dump(2) + "\n";
}

std::vector<NamedRule> NameRules(std::span<const LearnedRule> rules, const Scenario& scenario) {
  std::vector<NamedRule> named;
  for (const LearnedRule& rule : rules) {
    NamedRule out;
    out.failure = rule.key.failure;
    if (rule.key.scope != RuleScope::kAnywhere) {
      out.provider = scenario.providers[rule.key.at.provider].name;
    }
    if (rule.key.scope == RuleScope::kExact) {
      out.model = scenario.providers[rule.key.at.provider].models[rule.key.at.model].name;
    }
    out.hinted = rule.key.hinted;
    out.then_provider = scenario.providers[rule.key.then.provider].name;
    out.then_model = scenario.providers[rule.key.then.provider].models[rule.key.then.model].name;
    out.again = rule.key.again;
    out.successes = rule.successes;
    out.failures = rule.failures;
    out.speaks = rule.speaks;
    out.age = rule.age;
    named.push_back(std::move(out));
  }
  return named;
}

std::vector<LearnedRule> ResolveRules(std::span<const NamedRule> rules, const Scenario& scenario) {
  std::vector<LearnedRule> resolved;
  for (const NamedRule& rule : rules) {
    LearnedRule out;
    out.key.failure = rule.failure;
    if (!rule.provider.empty()) {
      out.key.scope = rule.failure == FailureClass::kOk ? RuleScope::kAnyFailure
                      : rule.model.empty()              ? RuleScope::kProvider
                                                        : RuleScope::kExact;
      out.key.at = FindTarget(scenario, rule.provider, rule.model);
    }
    out.key.hinted = rule.hinted;
    out.key.then = FindTarget(scenario, rule.then_provider, rule.then_model);
    out.key.again = rule.again;
    out.successes = rule.successes;
    out.failures = rule.failures;
    out.speaks = rule.speaks;
    out.age = rule.age;
    resolved.push_back(out);
  }
  return resolved;
}

KnowledgeSource SourceOf(const Scenario& scenario, int64_t replications) {
  return {scenario.name, scenario.hash, scenario.seed, replications};
}

std::string RuleText(const NamedRule& rule) {
  std::string text = "after " + std::string(FailureNames()[static_cast<size_t>(rule.failure)]);
  if (rule.failure == FailureClass::kOk) text += " failure";
  if (rule.hinted) text += " with a hint";
  if (!rule.provider.empty()) text += " at " + rule.provider;
  if (!rule.model.empty()) text += "/" + rule.model;
  if (rule.provider.empty()) text += " anywhere";
  text += " -> " + rule.then_provider + "/" + rule.then_model;
  if (rule.again) text += " again";
  return text;
}

}  // namespace squall
