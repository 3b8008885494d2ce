#include "mock_providers/model_limits.h"

#include <algorithm>
#include <array>

namespace squall {
namespace {

// The parameter that bounds the answer, in any dialect's spelling.
constexpr std::array<std::string_view, 4> kBounds = {"max_tokens", "max_completion_tokens",
                                                     "max_output_tokens", "maxOutputTokens"};

// Those that hold an answer to JSON.
constexpr std::array<std::string_view, 6> kJson = {"response_format",  "text",
                                                   "output_config",    "output_format",
                                                   "responseMimeType", "response_mime_type"};

bool FitsWindow(const ModelConfig& model, int64_t prompt_tokens, int64_t max_tokens,
                const DialectServer& server) {
  const int64_t counted = server.CountsAnswerInWindow() ? max_tokens : 0;
  return model.context_tokens == 0 || prompt_tokens + counted <= model.context_tokens;
}

// What asks for a form that the model does not have.
LimitHit FindForm(const ModelConfig& model, const ApiRequest& request) {
  const auto& params = request.params;
  if (!model.streaming && request.format.stream) {
    const bool named = std::find(params.begin(), params.end(), "stream") != params.end();
    return {named ? ModelLimit::kParameter : ModelLimit::kMethod, 0, "stream"};
  }
  if (model.json || !request.json) return {};
  const auto json = std::find_first_of(params.begin(), params.end(), kJson.begin(), kJson.end());
  return {ModelLimit::kParameter, 0, json != params.end() ? *json : kJson[0]};
}

bool FitsOutput(const ModelConfig& model, int64_t max_tokens) {
  return model.max_output_tokens == 0 || max_tokens <= model.max_output_tokens;
}

}  // namespace

LimitHit FindLimit(const ModelConfig& model, const ApiRequest& request,
                   const DialectServer& server) {
  for (const std::string_view parameter : request.params) {
    const auto& rejects = model.rejects;
    if (std::find(rejects.begin(), rejects.end(), parameter) != rejects.end()) {
      return {ModelLimit::kParameter, 0, parameter};
    }
  }
  if (const LimitHit form = FindForm(model, request); form.present()) return form;
  if (!FitsOutput(model, request.max_tokens)) {
    const auto bound = std::find_first_of(request.params.begin(), request.params.end(),
                                          kBounds.begin(), kBounds.end());
    const bool named = bound != request.params.end();
    return {ModelLimit::kMaxTokens, model.max_output_tokens, named ? *bound : kBounds[0]};
  }
  if (FitsWindow(model, request.prompt_tokens, request.max_tokens, server)) return {};
  return {ModelLimit::kWindow, model.context_tokens, {}};
}

bool Fits(const ModelConfig& model, int64_t prompt_tokens, int64_t max_tokens,
          const DialectServer& server) {
  return FitsOutput(model, max_tokens) && FitsWindow(model, prompt_tokens, max_tokens, server);
}

}  // namespace squall
