#include "engine/gateway/gateway_core.h"

#include <sys/random.h>

#include <array>

#include "engine/base/check.h"

namespace squall {

std::string NewRequestId() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, 16> bytes{};
  SQUALL_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  std::string id = "req_";
  for (const unsigned char byte : bytes) {
    id.push_back(kHex[byte >> 4]);
    id.push_back(kHex[byte & 15]);
  }
  return id;
}

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
