// What a reply's headers say of the client's limits: x-ratelimit-{limit,remaining,reset}-{requests,
// tokens} (OpenAI, Azure, DeepSeek and their kin) and anthropic-ratelimit-{requests,tokens,
// input-tokens,output-tokens}-{limit,remaining,reset}. Resets are Go durations, seconds, or dates,
// which count from the reply's own Date. Facts: the vendors' documentation of rate limits.
//
// Pure; no allocation.
#pragma once

#include <array>

#include "engine/policy/rate_limiter.h"
#include "engine/wire/http.h"

namespace squall {

// By RateDimension; what is not said keeps its default.
using RateFacts = std::array<RateHeaders, kRateDimensions>;
// `request_window` is that of the limit on requests (Dialect); tokens are counted by the minute.
RateFacts ReadRateFacts(const Headers& headers, Duration request_window = 1min);

}  // namespace squall
