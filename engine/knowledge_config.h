// What is learned from outcomes, how sure a rule must be before it speaks, and how fast it is
// forgotten. The rules themselves are in knowledge.h.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/fields.h"
#include "engine/base/time.h"

namespace squall {

struct KnowledgeConfig {
  bool learn = true;
  int64_t minimum_samples = 20;    // weight that a rule needs before it speaks, >= 1
  double minimum_success = 0.5;    // it begins to where its lower credible bound is above, 0..1
  double silent_below = 0.4;       // and stops where its posterior mean is below, 0..1
  int64_t max_rules = 256;         // bounded memory, 1..65536
  double decay_per_sample = 0.99;  // weight of a rule's past at each new outcome, (0, 1]
  int64_t max_samples = 50;        // most weight of one rule, >= minimum_samples
  Duration half_life = 1h;         // in which a rule without news loses half its weight; 0 = never
  double explore = 0;              // share of recoveries that may try what is not known, 0..0.5
};

void Describe(Fields& f, KnowledgeConfig& c);

// The weight that a rule tends to at most: `max_samples`, or less where decay ends its growth.
double MostWeight(const KnowledgeConfig& config);

// Failures in a row after which any rule is silent, whatever it has seen before. nullopt: a rule
// that is sure enough never falls silent, which Describe refuses.
std::optional<int64_t> MostContraryOutcomes(const KnowledgeConfig& config);

}  // namespace squall
