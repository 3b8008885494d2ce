#include "engine/knowledge.h"

#include <algorithm>

namespace squall {

Knowledge::Knowledge(const KnowledgeConfig& config) : config_(config) {}

void Knowledge::Learn(const RuleKey& key, bool success) {
  if (!config_.learn) return;
  const bool known = rules_.contains(key);
  if (!known && rules_.size() >= static_cast<size_t>(config_.max_rules)) ForgetLightest();
  Rule& rule = rules_[key];
  rule.successes *= config_.decay_per_sample;
  rule.failures *= config_.decay_per_sample;
  (success ? rule.successes : rule.failures) += 1;
}

void Knowledge::ForgetLightest() {
  const auto lightest = std::min_element(
      rules_.begin(), rules_.end(),
      [](const auto& a, const auto& b) { return a.second.weight() < b.second.weight(); });
  rules_.erase(lightest);
}

std::vector<Target> Knowledge::Recommend(FailureClass failure, ProviderId failed_at) const {
  std::vector<std::pair<double, Target>> speaking;
  RuleKey first;
  first.failure = failure;
  first.failed_at = failed_at;
  for (auto it = rules_.lower_bound(first); it != rules_.end(); ++it) {
    const auto& [key, rule] = *it;
    if (key.failure != failure || key.failed_at != failed_at) break;
    const bool enough = rule.weight() >= static_cast<double>(config_.minimum_samples);
    if (enough && rule.mean() > config_.minimum_success) {
      speaking.emplace_back(rule.mean(), key.then);
    }
  }
  std::stable_sort(speaking.begin(), speaking.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Target> targets;
  for (const auto& [mean, target] : speaking) targets.push_back(target);
  return targets;
}

}  // namespace squall
