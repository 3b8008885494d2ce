#include <algorithm>

#include "engine/base/check.h"
#include "mock_providers/faults.h"

namespace squall {
namespace {

constexpr std::string_view kWithHint = "with_hint";

}  // namespace

int FindFault(std::string_view name) {
  for (size_t i = 0; i < FaultTable().size(); ++i) {
    if (FaultTable()[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int FindVariant(int kind, std::string_view name) {
  const std::span<const FaultVariant> variants = FaultTable()[static_cast<size_t>(kind)].variants;
  for (size_t i = 0; i < variants.size(); ++i) {
    if (variants[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::vector<double> VariantWeights(int kind, const std::map<std::string, double>& variants,
                                   double hint_present) {
  std::vector<double> weights;
  double sum = 0;
  for (const FaultVariant& variant : FaultTable()[static_cast<size_t>(kind)].variants) {
    double weight = std::max(variant.weight, 0.0);
    if (variant.weight == 0) weight = variant.name == kWithHint ? hint_present : 1 - hint_present;
    if (!variants.empty()) {
      const auto it = variants.find(std::string(variant.name));
      weight = it == variants.end() ? 0 : it->second;
    }
    weights.push_back(weight);
    sum += weight;
  }
  SQUALL_CHECK(sum > 0);  // the loader has checked the names and that one weight is positive
  for (double& weight : weights) weight /= sum;
  return weights;
}

void ApplyFault(int kind, int variant, const FaultContext& context, ReplyPlan* plan) {
  const FaultVariant& row =
      FaultTable()[static_cast<size_t>(kind)].variants[static_cast<size_t>(variant)];
  plan->fault.kind = kind;
  plan->fault.slows = FaultTable()[static_cast<size_t>(kind)].slows;
  plan->fault.variant = row.name;
  plan->fault.failure_class = row.failure_class;
  plan->fault.retry_decision = row.retry_decision;
  plan->fault.hidden = row.hidden;
  row.apply(context, plan);
}

}  // namespace squall
