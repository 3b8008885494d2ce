// The fault table: one row per kind of misbehaviour, one entry per way it shows on the wire, each
// an edit of a healthy ReplyPlan (fault_edits.h). Adding a fault is adding a row in faults.cc.
// Edits are pure: what they may look at is in FaultContext, what they may change is the plan.
//
// `failure_class` and `retry_decision` say what a perfect diagnosis answers to these bytes; the
// names are those of engine/diagnosis.h. The rules: broken, cut, reset or missing replies may be
// sent again at once; 429 and 5xx after a wait (elsewhere only, if the wait is told and longer than
// ten minutes); an answer that ran out of tokens never unchanged; a wrong answer in perfect form
// elsewhere only.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mock_providers/config.h"
#include "mock_providers/dialect_server.h"
#include "mock_providers/model_limits.h"
#include "mock_providers/reply_plan.h"

namespace squall {

// What an edit may look at. The healthy answer has been rendered into the plan already.
struct FaultContext {
  const FaultConfig& config;
  const DialectServer& server;  // writes replies in the provider's dialect
  const ApiRequest& request;
  const ApiAnswer& answer;  // the healthy one, always with content
  uint64_t seed;            // of the run's tasks
  Duration ttft;            // time to first token of this arrival
  double u;                 // a uniform draw of this arrival
};

// Weight of a variant that shows only where the configuration names it. Those of streams show on a
// reply in one piece as the nearest thing that such a reply can do.
inline constexpr double kOptIn = -1;

struct FaultVariant {
  std::string_view name;
  double weight;  // default, relative; 0 means that the configuration decides (see kOptIn)
  std::string_view failure_class;
  std::string_view retry_decision;
  void (*apply)(const FaultContext& context, ReplyPlan* plan);
  bool hidden = false;  // right in form, language and kind: no look at the one answer can tell
};

struct FaultRow {
  std::string_view name;
  std::string_view doc;
  bool impairment;  // a reply that is still good: own rows, never in the recovery denominator
  std::span<const FaultVariant> variants;
  bool slows = false;  // an impairment that takes `slowdown` times as long
};

std::span<const FaultRow> FaultTable();
int FindFault(std::string_view name);              // index of the row, -1 if there is none
int FindVariant(int kind, std::string_view name);  // index in the row, -1 if there is none

// Weights of the row's variants, summing to 1: those of `variants` where it names any, else the
// defaults of the table, with "with_hint" as often as `hint_present` says.
std::vector<double> VariantWeights(int kind, const std::map<std::string, double>& variants,
                                   double hint_present);

// Makes `plan` show this variant, and records the truth in plan->fault. An episode and
// request_bound are the caller's to add.
void ApplyFault(int kind, int variant, const FaultContext& context, ReplyPlan* plan);

// The reply of a server whose queue is full, with its truth.
void ApplyQueueFull(const FaultContext& context, ReplyPlan* plan);

// The reply to a request that the model does not take as it stands, with its truth.
void ApplyModelLimit(const LimitHit& hit, const FaultContext& context, ReplyPlan* plan);

// The reply to a request beyond the client's quota, with its truth. Depends on the engine's own
// load.
void ApplyQuota(const QuotaVerdict& verdict, const FaultContext& context, ReplyPlan* plan);

}  // namespace squall
