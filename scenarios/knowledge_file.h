// Learned rules as JSON, so that what one run has learned can be looked at, checked on traffic that
// it was not learned on (knowledge_trial.h), and given to another run. Providers and models go by
// their names, because their order is the scenario's business; the age of a rule is that of its
// last outcome when the file was written, since the clock of a run means nothing elsewhere.
//
// Strict like a scenario: what is unknown, missing or given twice is an error with its place.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/fields.h"
#include "engine/knowledge.h"
#include "mock_providers/config.h"
#include "scenarios/scenario.h"

namespace squall {

// Traffic that rules were learned or checked on.
struct KnowledgeSource {
  std::string scenario;
  std::string hash;  // of its values
  int64_t seed = 0;
  int64_t replications = 1;
};

// A rule by names. No model: at any of the provider's. No provider: anywhere.
struct NamedRule {
  FailureClass failure = FailureClass::kOk;
  std::string provider;
  std::string model;
  bool hinted = false;
  std::string then_provider;
  std::string then_model;
  bool again = false;
  double successes = 0;
  double failures = 0;
  bool speaks = false;
  Duration age{};
};

struct KnowledgeFile {
  static constexpr int64_t kFormatVersion = 1;
  int64_t format_version = 0;
  std::vector<KnowledgeSource> learned_on;
  std::vector<KnowledgeSource> checked_on;  // empty: nobody has checked, and no run takes it
  std::vector<NamedRule> rules;             // in the order of their keys
};

void Describe(Fields& f, KnowledgeSource& c);
void Describe(Fields& f, NamedRule& c);
void Describe(Fields& f, KnowledgeFile& c);

// Errors: kInvalidArgument, one line per problem, "name:line:column: /pointer: got …, expected …".
// With a scenario, providers and models must be its own.
absl::StatusOr<KnowledgeFile> ReadKnowledge(std::string_view text, const std::string& name,
                                            const Scenario* scenario);

// The same from a file; kNotFound if there is none.
absl::StatusOr<KnowledgeFile> LoadKnowledge(const std::string& path, const Scenario* scenario);

// ReadKnowledge of it gives the same back.
std::string DumpKnowledge(KnowledgeFile file);

// Between names and ids. The names must be the scenario's, as ReadKnowledge has seen to.
std::vector<NamedRule> NameRules(std::span<const LearnedRule> rules, const Scenario& scenario);
std::vector<LearnedRule> ResolveRules(std::span<const NamedRule> rules, const Scenario& scenario);

KnowledgeSource SourceOf(const Scenario& scenario, int64_t replications);

// "after timeout at alpha/alpha-large -> beta/beta-large".
std::string RuleText(const NamedRule& rule);

}  // namespace squall
