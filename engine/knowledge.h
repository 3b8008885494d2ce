// Knowledge: the K of MAPE-K. Learned rules of the form "after this failure there, that action
// answers", each a Beta posterior from zero: no seeded counters, so what it claims is what it saw.
//
// A pattern is what failed, at which model of which provider, and whether the provider named a
// wait: a refusal that says when to return is another thing than one that does not. An action is
// where the next attempt goes, and whether this request has failed there before: a fault that
// stayed is likelier to stay on. Each outcome counts in up to four rules: this pattern, "after this
// failure at this provider", "after any failure at this provider" and "after this failure anywhere"
// (attempts at another provider only: how a provider answers its own second attempt says nothing of
// others). The most specific rule that has seen enough decides, even where it says no.
//
// With s successes and f failures the posterior under the uniform prior Beta(1, 1) has the mean
// m = (s + 1) / (s + f + 2) and the variance m (1 - m) / (s + f + 3). Its lower credible bound is
// taken in the normal approximation, m - 1.645 sd (95 %, one side). A rule begins to speak when it
// has enough weight and that bound is above `minimum_success`; it stops when the mean is below
// `silent_below`. Of rules that speak the highest bound wins. What counts as success is what the
// guard lets pass: rules know no more of wrong answers than it does.
//
// Old outcomes weigh less with each new one and with time; the weight is capped, so that at most
// MostContraryOutcomes() failures in a row silence any rule. One thread; one per engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/random.h"
#include "engine/diagnosis.h"
#include "engine/events.h"
#include "engine/knowledge_config.h"
#include "engine/return_odds.h"
#include "engine/wire/transport.h"

namespace squall {

// One model of one provider.
struct Target {
  ProviderId provider = 0;
  uint16_t model = 0;
  friend auto operator<=>(const Target&, const Target&) = default;
};

// What has happened to a request.
struct Situation {
  FailureClass failure = FailureClass::kOk;
  Target at;
  bool hinted = false;  // the provider named a wait
};

// What may be done about it.
struct Action {
  Target then;
  bool again = false;  // this request has been there before
};

struct Lesson {
  Situation after;
  Action action;
  bool success = false;
};

Situation SituationOf(const AttemptRecord& failed);

// What the last of a request's attempts teaches. nullopt where it is no answer to a failure (first
// attempts, hedges) or says nothing about its target: not sent, cancelled, or the caller's fault.
std::optional<Lesson> LessonOf(std::span<const AttemptRecord> attempts);

enum class RuleScope : uint8_t { kAnywhere, kAnyFailure, kProvider, kExact };
inline constexpr RuleScope kRuleScopes[] = {RuleScope::kExact, RuleScope::kProvider,
                                            RuleScope::kAnyFailure, RuleScope::kAnywhere};

// What a wider scope leaves open is zero, and the failure kOk.
struct RuleKey {
  FailureClass failure = FailureClass::kOk;
  RuleScope scope = RuleScope::kAnywhere;
  Target at;
  bool hinted = false;
  Target then;
  bool again = false;
  friend auto operator<=>(const RuleKey&, const RuleKey&) = default;
};

// nullopt where an action has no rule of that scope.
std::optional<RuleKey> KeyOf(RuleScope scope, const Situation& after, const Action& action);

struct Rule {
  double successes = 0;  // as far as they are remembered
  double failures = 0;
  bool speaks = false;  // since it was sure, until it is doubtful
  Time last{};          // outcome
  double weight() const { return successes + failures; }
  double mean() const { return (successes + 1) / (weight() + 2); }
  double low() const;  // lower credible bound
};

// A rule outside of an engine, whose clock means nothing there.
struct LearnedRule {
  RuleKey key;
  double successes = 0;
  double failures = 0;
  bool speaks = false;
  Duration age{};  // of its last outcome, when the rule was exported
  friend bool operator==(const LearnedRule&, const LearnedRule&) = default;
};

// Adds up what was learned apart, rule by rule, in the order of keys. The sum does not depend on
// caps, which Import applies; whether a sum speaks is decided there anew.
void AddRules(std::vector<LearnedRule>* sum, const std::vector<LearnedRule>& more);

class Knowledge {
 public:
  // `seed` keys the draws that decide who explores.
  explicit Knowledge(const KnowledgeConfig& config, uint64_t seed = 0);

  void Learn(const Lesson& lesson, Time now);

  // Takes the last of a request's attempts for what returns are worth.
  void LearnReturn(std::span<const AttemptRecord> attempts) {
    if (config_.learn) returns_.Learn(attempts);
  }
  const ReturnOdds& returns() const { return returns_; }

  // The action whose rule speaks and is surest of it, by its index; of equals the first.
  std::optional<size_t> Best(const Situation& after, std::span<const Action> actions,
                             Time now) const;

  // May this plan of this call try what is not known? A draw of its own for each plan, so that the
  // share of recoveries that explore is at most config.explore; never where nothing is learned.
  bool Explores(uint64_t call_key, uint64_t plan) const;

  // The action with the least evidence among those that no rule can judge; of equals the first.
  std::optional<size_t> LeastKnown(const Situation& after, std::span<const Action> actions,
                                   Time now) const;

  // In the order of keys.
  std::vector<LearnedRule> Export(Time now) const;

  // Adds them to what is known, within the caps of this configuration. What Export gave comes back
  // the same.
  void Import(std::span<const LearnedRule> rules, Time now);

  const std::map<RuleKey, Rule>& rules() const { return rules_; }

 private:
  Rule Faded(const Rule& rule, Time now) const;
  Rule& Find(const RuleKey& key, Time now);
  void Settle(Rule* rule) const;
  std::optional<Rule> Judge(const Situation& after, const Action& action, Time now) const;
  double Evidence(const Situation& after, const Action& action, Time now) const;
  void ForgetLightest(Time now);

  KnowledgeConfig config_;
  uint64_t seed_;
  std::map<RuleKey, Rule> rules_;
  ReturnOdds returns_;
};

}  // namespace squall
