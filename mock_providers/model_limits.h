// What a model turns down for what the request says: one longer than its window, a bound of the
// answer beyond what it can generate, a parameter that it does not take, a stream or JSON of one
// that has none. Facts of model and request, neither drawn nor due to load: every engine meets them
// alike on its first attempt, each time it sends the same bytes, and not once it has changed them.
// They count as faults (context_length_exceeded, invalid_request, invalid_model), so that adapting
// a request shows as recovery. Pure. Source of what counts against a window: OpenAI, prompt and
// bound; Anthropic, both since Claude 3.7; Gemini, the prompt (its models' inputTokenLimit).
#pragma once

#include <cstdint>
#include <string_view>

#include "mock_providers/config.h"
#include "mock_providers/dialect_server.h"

namespace squall {

// kMethod: of the API, where a stream is one rather than a parameter (Gemini).
enum class ModelLimit : uint8_t { kWindow, kMaxTokens, kParameter, kMethod, kNone };

struct LimitHit {
  ModelLimit limit = ModelLimit::kNone;
  int64_t tokens = 0;          // the limit itself, of the first two
  std::string_view parameter;  // at fault, as the request spells it; valid until the next Read
  bool present() const { return limit != ModelLimit::kNone; }
};

// The first limit that the request is beyond; a vendor checks parameters before it counts tokens.
LimitHit FindLimit(const ModelConfig& model, const ApiRequest& request,
                   const DialectServer& server);

// Does the model take a request of this size?
bool Fits(const ModelConfig& model, int64_t prompt_tokens, int64_t max_tokens,
          const DialectServer& server);

}  // namespace squall
