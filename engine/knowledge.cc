#include "engine/knowledge.h"

#include <algorithm>
#include <cmath>

namespace squall {
namespace {

constexpr StreamId kExplore = Stream("engine/explore");

constexpr double kCredible = 1.645;  // 95 % quantile of the standard normal distribution

// Beyond this a weight is above its cap by more than rounding.
constexpr double kRounding = 1 + 1e-9;

bool SentTo(std::span<const AttemptRecord> attempts, Target target) {
  return std::any_of(attempts.begin(), attempts.end(), [target](const AttemptRecord& attempt) {
    return attempt.sent && attempt.provider == target.provider && attempt.model == target.model;
  });
}

}  // namespace

Situation SituationOf(const AttemptRecord& failed) {
  Situation situation;
  situation.failure = failed.diagnosis.failure;
  situation.at = Target{failed.provider, failed.model};
  situation.hinted = failed.diagnosis.retry_after.has_value();
  return situation;
}

std::optional<Lesson> LessonOf(std::span<const AttemptRecord> attempts) {
  if (attempts.empty() || !attempts.back().sent) return std::nullopt;
  const AttemptRecord& newest = attempts.back();
  const Origin origin = newest.diagnosis.origin;
  if (origin == Origin::kCaller || origin == Origin::kSelf) return std::nullopt;
  if (newest.diagnosis.failure == FailureClass::kCancelled) return std::nullopt;
  const std::span<const AttemptRecord> before = attempts.first(attempts.size() - 1);
  const AttemptRecord* failed = nullptr;
  for (const AttemptRecord& attempt : before) {
    if (attempt.sent && attempt.purpose == Purpose::kAnswer) failed = &attempt;
  }
  const bool answers = failed != nullptr && !failed->diagnosis.ok();
  if (!answers || failed->ended > newest.started) return std::nullopt;
  Lesson lesson;
  lesson.after = SituationOf(*failed);
  lesson.action.then = Target{newest.provider, newest.model};
  lesson.action.again = SentTo(before, lesson.action.then);
  lesson.success = newest.diagnosis.ok();
  return lesson;
}

std::optional<RuleKey> KeyOf(RuleScope scope, const Situation& after, const Action& action) {
  RuleKey key;
  key.failure = after.failure;
  key.scope = scope;
  key.then = action.then;
  key.again = action.again;
  switch (scope) {
    case RuleScope::kAnywhere:
      if (action.then.provider == after.at.provider) return std::nullopt;
      return key;
    case RuleScope::kAnyFailure:
      key.failure = FailureClass::kOk;
      key.at.provider = after.at.provider;
      return key;
    case RuleScope::kProvider: key.at.provider = after.at.provider; return key;
    case RuleScope::kExact:
      key.at = after.at;
      key.hinted = after.hinted;
      return key;
  }
  return std::nullopt;
}

double Rule::low() const {
  const double m = mean();
  return m - kCredible * std::sqrt(m * (1 - m) / (weight() + 3));
}

void AddRules(std::vector<LearnedRule>* sum, const std::vector<LearnedRule>& more) {
  std::map<RuleKey, LearnedRule> by_key;
  for (const LearnedRule& rule : *sum) by_key.emplace(rule.key, rule);
  for (const LearnedRule& rule : more) {
    const auto [place, added] = by_key.emplace(rule.key, rule);
    if (added) continue;
    LearnedRule& to = place->second;
    to.successes += rule.successes;
    to.failures += rule.failures;
    to.speaks = false;
    to.age = std::min(to.age, rule.age);
  }
  sum->clear();
  for (const auto& [key, rule] : by_key) sum->push_back(rule);
}

Knowledge::Knowledge(const KnowledgeConfig& config, uint64_t seed)
    : config_(config), seed_(seed), returns_(config.decay_per_sample) {}

Rule Knowledge::Faded(const Rule& rule, Time now) const {
  Rule faded = rule;
  if (config_.half_life <= 0s || now <= rule.last) return faded;
  const double kept = std::exp2(-Seconds(now - rule.last) / Seconds(config_.half_life));
  faded.successes *= kept;
  faded.failures *= kept;
  return faded;
}

// The rule as it is now; a new one takes the place of the lightest where there is no room.
Rule& Knowledge::Find(const RuleKey& key, Time now) {
  const auto found = rules_.find(key);
  if (found == rules_.end()) {
    if (rules_.size() >= static_cast<size_t>(config_.max_rules)) ForgetLightest(now);
    Rule& rule = rules_[key];
    rule.last = now;
    return rule;
  }
  found->second = Faded(found->second, now);
  found->second.last = std::max(found->second.last, now);
  return found->second;
}

// Does it speak, now that its counts have changed?
void Knowledge::Settle(Rule* rule) const {
  const bool sure = rule->weight() >= static_cast<double>(config_.minimum_samples) &&
                    rule->low() > config_.minimum_success;
  rule->speaks = rule->speaks ? rule->mean() >= config_.silent_below : sure;
}

void Knowledge::Learn(const Lesson& lesson, Time now) {
  if (!config_.learn) return;
  const double room = static_cast<double>(config_.max_samples) - 1;
  for (const RuleScope scope : kRuleScopes) {
    const std::optional<RuleKey> key = KeyOf(scope, lesson.after, lesson.action);
    if (!key.has_value()) continue;
    Rule& rule = Find(*key, now);
    const double past = rule.weight() * config_.decay_per_sample;
    const double kept =
        past > room ? config_.decay_per_sample * room / past : config_.decay_per_sample;
    rule.successes *= kept;
    rule.failures *= kept;
    (lesson.success ? rule.successes : rule.failures) += 1;
    Settle(&rule);
  }
}

void Knowledge::ForgetLightest(Time now) {
  const auto lightest =
      std::min_element(rules_.begin(), rules_.end(), [this, now](const auto& a, const auto& b) {
        return Faded(a.second, now).weight() < Faded(b.second, now).weight();
      });
  rules_.erase(lightest);
}

// The most specific rule with enough weight. A rule that speaks may fade to half of that before its
// place is taken, so that it does not come and go.
std::optional<Rule> Knowledge::Judge(const Situation& after, const Action& action, Time now) const {
  const auto enough = static_cast<double>(config_.minimum_samples);
  for (const RuleScope scope : kRuleScopes) {
    const std::optional<RuleKey> key = KeyOf(scope, after, action);
    if (!key.has_value()) continue;
    const auto found = rules_.find(*key);
    if (found == rules_.end()) continue;
    const Rule rule = Faded(found->second, now);
    if (rule.weight() >= (rule.speaks ? enough / 2 : enough)) return rule;
  }
  return std::nullopt;
}

std::optional<size_t> Knowledge::Best(const Situation& after, std::span<const Action> actions,
                                      Time now) const {
  std::optional<size_t> best;
  double highest = 0;
  for (size_t i = 0; i < actions.size(); ++i) {
    const std::optional<Rule> rule = Judge(after, actions[i], now);
    if (!rule.has_value() || !rule->speaks || rule->mean() < config_.silent_below) continue;
    if (best.has_value() && rule->low() <= highest) continue;
    best = i;
    highest = rule->low();
  }
  return best;
}

bool Knowledge::Explores(uint64_t call_key, uint64_t plan) const {
  return config_.learn && Draw(seed_, kExplore, call_key, plan) < config_.explore;
}

double Knowledge::Evidence(const Situation& after, const Action& action, Time now) const {
  double most = 0;
  for (const RuleScope scope : kRuleScopes) {
    const std::optional<RuleKey> key = KeyOf(scope, after, action);
    const auto found = key.has_value() ? rules_.find(*key) : rules_.end();
    if (found != rules_.end()) most = std::max(most, Faded(found->second, now).weight());
  }
  return most;
}

std::optional<size_t> Knowledge::LeastKnown(const Situation& after, std::span<const Action> actions,
                                            Time now) const {
  std::optional<size_t> least;
  double lowest = 0;
  for (size_t i = 0; i < actions.size(); ++i) {
    if (Judge(after, actions[i], now).has_value()) continue;
    const double evidence = Evidence(after, actions[i], now);
    if (least.has_value() && evidence >= lowest) continue;
    least = i;
    lowest = evidence;
  }
  return least;
}

std::vector<LearnedRule> Knowledge::Export(Time now) const {
  std::vector<LearnedRule> rules;
  for (const auto& [key, rule] : rules_) {
    rules.push_back({key, rule.successes, rule.failures, rule.speaks, now - rule.last});
  }
  return rules;
}

void Knowledge::Import(std::span<const LearnedRule> rules, Time now) {
  const double most = static_cast<double>(config_.max_samples);
  for (const LearnedRule& learned : rules) {
    const bool known = rules_.contains(learned.key);
    Rule& rule = Find(learned.key, now);
    if (!known) rule.last = now - learned.age;
    rule.successes += learned.successes;
    rule.failures += learned.failures;
    if (rule.weight() > most * kRounding) {
      const double kept = most / rule.weight();
      rule.successes *= kept;
      rule.failures *= kept;
    }
    rule.speaks = rule.speaks || learned.speaks;
    Settle(&rule);
  }
}

}  // namespace squall
