// The fault table: one row per kind of misbehaviour, each an edit of a healthy ReplyPlan. Adding a
// fault is adding a row in faults.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "mock_providers/config.h"
#include "mock_providers/reply_plan.h"
#include "mock_providers/tasks.h"

namespace squall {

struct FaultVariant {
  std::string_view name;
  double weight;                    // default, relative
  std::string_view failure_class;   // what a perfect diagnosis says; names of engine/diagnosis.h
  std::string_view retry_decision;
};

// What an edit may look at. The healthy answer has been rendered into `plan` already.
struct FaultContext {
  const FaultConfig& config;
  uint64_t seed;
  const TaskSpec* task;    // nullptr where the prompt holds no task of ours
  std::string_view model;
  std::string_view answer;  // text of the healthy answer
  int64_t prompt_tokens;
  Time now;
  double u[4];             // uniform draws keyed by this attempt
};

struct FaultRow {
  std::string_view name;
  std::string_view doc;
  bool impairment;  // a reply that is still good: own rows, never in the recovery denominator
  std::span<const FaultVariant> variants;
  void (*apply)(const FaultContext& context, int variant, ReplyPlan* plan);
};

std::span<const FaultRow> FaultTable();
int FindFault(std::string_view name);  // index of the row, -1 if there is none

}  // namespace squall
