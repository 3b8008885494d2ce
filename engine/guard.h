// Guard: checks every answer before the caller gets it, first attempts too. A provider that
// degrades silently reports success; only the answer itself can say otherwise. What it checks is
// the table of guard_validators.h. One thread: buffers and windows are reused, hence one per
// engine.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engine/diagnosis.h"
#include "engine/guard_config.h"
#include "engine/guard_validators.h"
#include "engine/json_schema.h"

namespace squall {

class Guard {
 public:
  // Patterns in `config` must be valid, as Describe() demands.
  explicit Guard(const GuardConfig& config);
  ~Guard();

  // The fault found in `content`, or an ok diagnosis. `schema` may be nullptr: nothing to keep.
  Diagnosis Check(std::string_view content, const JsonSchema* schema,
                  const AnswerFacts& facts = AnswerFacts());

  // Where the schema was broken by the answer last checked; kNone if it was not. For ReaskMessage.
  const Violation& violation() const { return violation_; }

 private:
  struct Buffers;
  void Parse(std::string_view content, GuardRun* run);

  GuardConfig config_;
  std::vector<const ValidatorRow*> active_;
  ForbiddenPatterns forbidden_;
  bool wants_texts_ = false;
  Violation violation_;
  TextScan scan_;
  RepetitionMeter repetition_;
  DriftWindows drift_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace squall
