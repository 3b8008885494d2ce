// Knowledge: the K of MAPE-K. Learned rules of the form "after this failure here, that target
// answers", each a decaying count of successes and failures from zero: no seeded counters, so a
// rate that it reports is a rate that it saw. Bounded; the rule with the least weight leaves first.
//
// A rule speaks when it has `minimum_samples` of weight and its posterior mean, Beta(1, 1) prior,
// (successes + 1) / (successes + failures + 2), is above `minimum_success`. Decay lets it un-learn.
// One thread; one per engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/config.h"
#include "engine/diagnosis.h"
#include "engine/wire/transport.h"

namespace squall {

// One model of one provider.
struct Target {
  ProviderId provider = 0;
  uint16_t model = 0;
  friend auto operator<=>(const Target&, const Target&) = default;
};

struct RuleKey {
  FailureClass failure = FailureClass::kOk;
  ProviderId failed_at = 0;
  Target then;
  friend auto operator<=>(const RuleKey&, const RuleKey&) = default;
};

struct Rule {
  double successes = 0;  // decayed
  double failures = 0;
  double weight() const { return successes + failures; }
  double mean() const { return (successes + 1) / (weight() + 2); }
};

class Knowledge {
 public:
  explicit Knowledge(const KnowledgeConfig& config);

  // The attempt at `key.then`, sent because of `key.failure` at `key.failed_at`, did or did not
  // work.
  void Learn(const RuleKey& key, bool success);

  // Targets whose rules speak for this failure, best first; ties in the order of the targets.
  std::vector<Target> Recommend(FailureClass failure, ProviderId failed_at) const;

  const std::map<RuleKey, Rule>& rules() const { return rules_; }

 private:
  void ForgetLightest();

  KnowledgeConfig config_;
  std::map<RuleKey, Rule> rules_;
};

}  // namespace squall
