// A trial of learned rules on traffic that they were not learned on, before any run takes them. The
// scenario is run twice on the same draws, without any knowledge and with the rules acting but
// frozen, so that what a rule meets in the trial cannot change what it says. Success is judged by
// the ground truth, not by the engine: an attempt answered if the caller then held a right answer.
//
// Every attempt made because of a failure counts for each rule whose pattern and action it is,
// whoever chose it, so general rules are tried on all that they cover.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "engine/knowledge.h"
#include "reports/intervals.h"
#include "scenarios/replicate.h"
#include "scenarios/scenario.h"

namespace squall {

enum class TrialVerdict : uint8_t {
  kHolds,    // its success may well be above the threshold for speaking
  kFails,    // the 95 % interval of its success lies below the threshold
  kUntried,  // it speaks, and met fewer cases than a rule needs
  kSilent,   // it makes no claim
};

struct RuleTrial {
  LearnedRule rule;
  Proportion observed;  // Wilson's interval is what the verdict goes by
  TrialVerdict verdict = TrialVerdict::kSilent;
};

struct KnowledgeTrial {
  std::vector<RuleTrial> rules;
  Proportion without;  // strict recovery, of the faulted
  Proportion with;
  int64_t attempts_without = 0;
  int64_t attempts_with = 0;
  bool interrupted = false;
};

// Errors are those of RunReplications. `done` counts finished requests of both runs; may be null.
absl::StatusOr<KnowledgeTrial> TryKnowledge(const Scenario& scenario,
                                            const std::vector<LearnedRule>& rules,
                                            const ReplicateOptions& options,
                                            const std::atomic<bool>* stop,
                                            std::atomic<int64_t>* done = nullptr);

// What a run may take. A rule that holds goes by what the trial saw, which unlike what it claimed
// did not choose it. One that fails stays as a silent rule with what the trial saw, or a more
// general one would speak in its place. What was untried goes. Silent rules only ever keep others
// from speaking, and stay as they are.
std::vector<LearnedRule> RulesThatPassed(const KnowledgeTrial& trial);

}  // namespace squall
