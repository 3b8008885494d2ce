// The dialects' words for why an answer ended. Sources: OpenAI, Anthropic, Gemini, Bedrock
// Converse, Cohere, Zhipu, DeepSeek and Mistral API references.
#include "engine/diagnose_evidence.h"
#include "engine/wire/http.h"

namespace squall {
namespace {

struct EndingRow {
  std::string_view name;
  Ending finish;
};

// Words that are not here end an answer properly (stop, end_turn, tool_calls, COMPLETE, ...).
constexpr EndingRow kFinishes[] = {
    {"length", Ending::kLength},
    {"max_tokens", Ending::kLength},
    {"max_output_tokens", Ending::kLength},
    {"max_length", Ending::kLength},
    {"model_length", Ending::kLength},
    {"max_output", Ending::kLength},
    {"token_limit", Ending::kLength},
    {"limit", Ending::kLength},
    {"incomplete", Ending::kIncomplete},
    {"content_filter", Ending::kFilter},
    {"content_filtered", Ending::kFilter},
    {"guardrail_intervened", Ending::kFilter},
    {"refusal", Ending::kFilter},
    {"sensitive", Ending::kFilter},
    {"error_toxic", Ending::kFilter},
    {"safety", Ending::kFilter},
    {"recitation", Ending::kFilter},
    {"blocklist", Ending::kFilter},
    {"prohibited_content", Ending::kFilter},
    {"spii", Ending::kFilter},
    {"language", Ending::kFilter},
    {"other", Ending::kFilter},
    {"model_armor", Ending::kFilter},
    {"jailbreak", Ending::kFilter},
    {"image_safety", Ending::kFilter},
    {"image_prohibited_content", Ending::kFilter},
    {"image_recitation", Ending::kFilter},
    {"model_context_window_exceeded", Ending::kContext},
    {"context_length_exceeded", Ending::kContext},
    {"error_limit", Ending::kContext},
    {"malformed_function_call", Ending::kBadOutput},
    {"malformed_tool_use", Ending::kBadOutput},
    {"malformed_model_output", Ending::kBadOutput},
    {"malformed_response", Ending::kBadOutput},
    {"unexpected_tool_call", Ending::kBadOutput},
    {"too_many_tool_calls", Ending::kBadOutput},
    {"insufficient_system_resource", Ending::kOverload},
    {"timeout", Ending::kTimeout},
    {"time_limit", Ending::kTimeout},
    {"error", Ending::kError},
    {"network_error", Ending::kError},
    {"failed", Ending::kError},
    {"engine_error", Ending::kError},
    {"pause_turn", Ending::kPaused},
    {"interrupted", Ending::kInterrupted},
    {"abort", Ending::kInterrupted},
    {"aborted", Ending::kInterrupted},
    {"cancelled", Ending::kInterrupted},
    {"canceled", Ending::kInterrupted},
    {"user_cancel", Ending::kInterrupted},
    {"not_finished", Ending::kNone},
    {"null", Ending::kNone},
};

}  // namespace

Ending EndingByName(std::string_view name) {
  if (name.empty()) return Ending::kNone;
  for (const EndingRow& row : kFinishes) {
    if (EqualsIgnoreCase(row.name, name)) return row.finish;
  }
  return Ending::kStop;
}

}  // namespace squall
