#include "scenarios/knowledge_trial.h"

#include <map>
#include <mutex>
#include <utility>

namespace squall {
namespace {

// Counts what became of each rule's action. Replications come from several threads; sums do not
// care for their order.
class Witness {
 public:
  explicit Witness(const std::vector<LearnedRule>& rules) {
    for (const LearnedRule& rule : rules) observed_[rule.key];
  }

  void Add(const Outcome& outcome, const CallResult& result) {
    const std::span<const AttemptRecord> attempts(result.attempts.data(), result.attempts.size());
    const std::lock_guard lock(mutex_);
    for (size_t n = 2; n <= attempts.size(); ++n) {
      const std::optional<Lesson> lesson = LessonOf(attempts.first(n));
      if (!lesson.has_value()) continue;
      for (const RuleScope scope : kRuleScopes) {
        const std::optional<RuleKey> key = KeyOf(scope, lesson->after, lesson->action);
        const auto found = key.has_value() ? observed_.find(*key) : observed_.end();
        if (found == observed_.end()) continue;
        ++found->second.n;
        found->second.successes += lesson->success && outcome.right && outcome.in_time ? 1 : 0;
      }
    }
  }

  Proportion Of(const RuleKey& key) const { return observed_.at(key); }

 private:
  std::mutex mutex_;
  std::map<RuleKey, Proportion> observed_;
};

TrialVerdict Judge(const LearnedRule& rule, const Proportion& observed,
                   const KnowledgeConfig& config) {
  if (!rule.speaks) return TrialVerdict::kSilent;
  if (observed.n < config.minimum_samples) return TrialVerdict::kUntried;
  const Interval interval = Wilson(observed.successes, observed.n);
  return interval.high < config.minimum_success ? TrialVerdict::kFails : TrialVerdict::kHolds;
}

}  // namespace

absl::StatusOr<KnowledgeTrial> TryKnowledge(const Scenario& scenario,
                                            const std::vector<LearnedRule>& rules,
                                            const ReplicateOptions& options,
                                            const std::atomic<bool>* stop,
                                            std::atomic<int64_t>* done) {
  Scenario frozen = scenario;
  frozen.engine.knowledge.learn = false;
  RunHooks hooks;
  hooks.stop = stop;
  hooks.done = done;
  const absl::StatusOr<WorldResult> without = RunReplications(frozen, options, hooks);
  if (!without.ok()) return without.status();
  Witness witness(rules);
  hooks.rules = &rules;
  hooks.on_outcome = [&witness](const Outcome& outcome, const CallResult& result) {
    witness.Add(outcome, result);
  };
  const absl::StatusOr<WorldResult> with = RunReplications(frozen, options, hooks);
  if (!with.ok()) return with.status();

  KnowledgeTrial trial;
  const Summary before = without->metrics.Summarize();
  const Summary after = with->metrics.Summarize();
  trial.without = {before.faulted().strict, before.faulted().n};
  trial.with = {after.faulted().strict, after.faulted().n};
  trial.attempts_without = before.amplification.attempts;
  trial.attempts_with = after.amplification.attempts;
  trial.interrupted = without->interrupted || with->interrupted;
  for (const LearnedRule& rule : rules) {
    RuleTrial one;
    one.rule = rule;
    one.observed = witness.Of(rule.key);
    one.verdict = Judge(rule, one.observed, scenario.engine.knowledge);
    trial.rules.push_back(one);
  }
  return trial;
}

std::vector<LearnedRule> RulesThatPassed(const KnowledgeTrial& trial) {
  std::vector<LearnedRule> passed;
  for (const RuleTrial& one : trial.rules) {
    if (one.verdict == TrialVerdict::kUntried) continue;
    LearnedRule rule = one.rule;
    if (one.verdict != TrialVerdict::kSilent) {
      rule.successes = static_cast<double>(one.observed.successes);
      rule.failures = static_cast<double>(one.observed.n - one.observed.successes);
      rule.speaks = one.verdict == TrialVerdict::kHolds;
      rule.age = 0s;
    }
    passed.push_back(rule);
  }
  return passed;
}

}  // namespace squall
