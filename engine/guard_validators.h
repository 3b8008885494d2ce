// The validators: one row each, run in the order of the table, the first fault ends it. Adding one
// is adding a row. Rows are ordered by what a fault means and by cost: contract before quality,
// cheap before dear.
#pragma once

#include <span>
#include <string_view>

#include "engine/diagnosis.h"
#include "engine/guard_config.h"
#include "engine/guard_drift.h"
#include "engine/guard_forbidden.h"
#include "engine/guard_garbage.h"
#include "engine/json_schema.h"

namespace squall {

// What the caller knows about one answer beyond its text. All of it may be absent.
struct AnswerFacts {
  std::string_view prompt;    // the user's words; their scripts are expected in the answer
  std::string_view language;  // expected one (guard_language.h); goes before the configuration
  std::string_view task_key;  // answers under one key should be alike: a template and its model
  std::span<const std::string_view> required;  // texts that must occur in the answer
};

// One answer on its way through the table.
struct GuardRun {
  GuardRun(const GuardConfig& limits, std::string_view text, const JsonSchema* contract,
           const AnswerFacts& known)
      : config(limits), content(text), schema(contract), facts(known) {}

  const GuardConfig& config;
  std::string_view content;
  const JsonSchema* schema;
  const AnswerFacts& facts;
  const simdjson::dom::element* root = nullptr;  // nullptr: not JSON, or nobody asked for JSON
  std::span<const std::string_view> values;      // texts: the strings of `root`, else the content
  // Owned by the guard.
  const ForbiddenPatterns* forbidden = nullptr;
  TextScan* scan = nullptr;
  RepetitionMeter* repetition = nullptr;
  DriftWindows* drift = nullptr;
  Violation* violation = nullptr;

  // Of `values`, once somebody asks.
  const TextScan& Scan() {
    if (!scanned) scan->Read(values);
    scanned = true;
    return *scan;
  }
  bool scanned = false;
};

enum class ValidatorCost : uint8_t {
  kConstant,
  kSize,   // one pass over the answer
  kSizes,  // several passes, or a sort
};

struct ValidatorRow {
  std::string_view name;  // of its field in GuardConfig
  bool (*on)(const GuardConfig& config);
  ValidatorCost cost;
  FailureClass failure;
  // A contract that was broken may hold the next time; a model that has lost its quality says
  // nothing better when asked again.
  RetryDecision retry;
  // The name of the rule that the answer breaks, static; empty if it passes.
  std::string_view (*check)(GuardRun& run);
};

std::span<const ValidatorRow> Validators();
const ValidatorRow* FindValidator(std::string_view name);  // nullptr if there is none

// Does a glob (* any run, ? any character) occur in `text`? At most glob * text steps.
bool GlobOccurs(std::string_view glob, std::string_view text);

}  // namespace squall
