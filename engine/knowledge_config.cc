#include "engine/knowledge_config.h"

#include <algorithm>
#include <cmath>

namespace squall {

void Describe(Fields& f, KnowledgeConfig& c) {
  f.Bool("learn", c.learn, "Whether outcomes become rules for later requests.");
  f.Int("minimum_samples", c.minimum_samples, {1, 1'000'000},
        "Outcomes, as far as they are remembered, that a rule needs before it speaks.");
  f.Number("minimum_success", c.minimum_success, kRateRange,
           "A rule begins to speak where its success is above this with 95 % credibility.");
  f.Number("silent_below", c.silent_below, kRateRange,
           "A rule that speaks falls silent where its mean success is below this.");
  f.Int("max_rules", c.max_rules, {1, 65'536}, "Most rules kept in memory.");
  f.Number("decay_per_sample", c.decay_per_sample, {1e-6, 1},
           "Weight that a rule's past keeps at each new outcome.");
  f.Int("max_samples", c.max_samples, {1, 1'000'000},
        "Most outcomes that a rule remembers, which bounds how long it can be wrong.");
  f.Span("half_life", c.half_life, {0s, 24h * 365},
         "Time in which a rule without news loses half of what it has seen; 0 keeps all.");
  f.Number("explore", c.explore, {0, 0.5},
           "Share of recoveries that may try a target of which too little is known.");
  f.Require(c.silent_below <= c.minimum_success, "silent_below must be at most minimum_success");
  f.Require(static_cast<double>(c.minimum_samples) <= MostWeight(c),
            "a rule must be able to reach minimum_samples: max_samples and 1 / (1 - "
            "decay_per_sample) must be at least that");
  f.Require(MostContraryOutcomes(c).has_value(),
            "silent_below must be above 1 / (max_samples + 2), or a rule could never fall silent");
}

double MostWeight(const KnowledgeConfig& config) {
  const auto cap = static_cast<double>(config.max_samples);
  const double forgotten = 1 - config.decay_per_sample;
  return forgotten <= 0 ? cap : std::min(cap, 1 / forgotten);
}

// A saturated rule of weight n holds n successes. Each failure leaves the weight and multiplies the
// successes by q = 1 - 1 / n, so that after k of them the mean is (n q^k + 1) / (n + 2).
std::optional<int64_t> MostContraryOutcomes(const KnowledgeConfig& config) {
  const double n = MostWeight(config);
  const double successes = config.silent_below * (n + 2) - 1;  // with which the mean is the limit
  if (successes <= 0) return std::nullopt;
  if (successes >= n || n <= 1) return 1;
  const double k = std::log(successes / n) / std::log(1 - 1 / n);
  return static_cast<int64_t>(std::floor(k)) + 1;
}

}  // namespace squall
