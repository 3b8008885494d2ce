#include "engine/gateway/gateway_core.h"

namespace squall {

double CostOf(const Route& route, const CallResult& result) {
  constexpr double kPerToken = 1e-6;
  double usd = 0;
  for (const AttemptRecord& attempt : result.attempts) {
    const ModelInfo& model = route.ModelOf(attempt);
    usd +=
        kPerToken * (static_cast<double>(attempt.usage.prompt_tokens) * model.usd_per_mtok_in +
                     static_cast<double>(attempt.usage.completion_tokens) * model.usd_per_mtok_out);
  }
  return usd;
}

Usage UsageOf(const CallResult& result) {
  Usage sum;
  for (const AttemptRecord& attempt : result.attempts) {
    sum.prompt_tokens += attempt.usage.prompt_tokens;
    sum.completion_tokens += attempt.usage.completion_tokens;
    sum.cached_tokens += attempt.usage.cached_tokens;
    sum.cache_write_tokens += attempt.usage.cache_write_tokens;
    sum.reasoning_tokens += attempt.usage.reasoning_tokens;
  }
  return sum;
}

}  // namespace squall
