// The dialects' words for why an answer ended. Sources: OpenAI, Anthropic, Gemini, Bedrock
// Converse, Cohere, Zhipu, DeepSeek and Mistral API references.
#include "engine/diagnose_evidence.h"
#include "engine/wire/http.h"

namespace squall {
namespace {

struct EndingRow {
  std::string_view name;
  BodyEnding finish;
};

// Words that are not here end an answer properly (stop, end_turn, tool_calls, COMPLETE, ...).
constexpr EndingRow kFinishes[] = {
    {"length", BodyEnding::kLength},
    {"max_tokens", BodyEnding::kLength},
    {"max_output_tokens", BodyEnding::kLength},
    {"max_length", BodyEnding::kLength},
    {"model_length", BodyEnding::kLength},
    {"max_output", BodyEnding::kLength},
    {"token_limit", BodyEnding::kLength},
    {"limit", BodyEnding::kLength},
    {"incomplete", BodyEnding::kIncomplete},
    {"content_filter", BodyEnding::kFilter},
    {"content_filtered", BodyEnding::kFilter},
    {"guardrail_intervened", BodyEnding::kFilter},
    {"refusal", BodyEnding::kFilter},
    {"sensitive", BodyEnding::kFilter},
    {"error_toxic", BodyEnding::kFilter},
    {"safety", BodyEnding::kFilter},
    {"recitation", BodyEnding::kFilter},
    {"blocklist", BodyEnding::kFilter},
    {"prohibited_content", BodyEnding::kFilter},
    {"spii", BodyEnding::kFilter},
    {"language", BodyEnding::kFilter},
    {"other", BodyEnding::kFilter},
    {"model_armor", BodyEnding::kFilter},
    {"jailbreak", BodyEnding::kFilter},
    {"image_safety", BodyEnding::kFilter},
    {"image_prohibited_content", BodyEnding::kFilter},
    {"image_recitation", BodyEnding::kFilter},
    {"model_context_window_exceeded", BodyEnding::kContext},
    {"context_length_exceeded", BodyEnding::kContext},
    {"error_limit", BodyEnding::kContext},
    {"malformed_function_call", BodyEnding::kBadOutput},
    {"malformed_tool_use", BodyEnding::kBadOutput},
    {"malformed_model_output", BodyEnding::kBadOutput},
    {"malformed_response", BodyEnding::kBadOutput},
    {"unexpected_tool_call", BodyEnding::kBadOutput},
    {"too_many_tool_calls", BodyEnding::kBadOutput},
    {"insufficient_system_resource", BodyEnding::kOverload},
    {"timeout", BodyEnding::kTimeout},
    {"time_limit", BodyEnding::kTimeout},
    {"error", BodyEnding::kError},
    {"network_error", BodyEnding::kError},
    {"failed", BodyEnding::kError},
    {"engine_error", BodyEnding::kError},
    {"pause_turn", BodyEnding::kPaused},
    {"interrupted", BodyEnding::kInterrupted},
    {"abort", BodyEnding::kInterrupted},
    {"aborted", BodyEnding::kInterrupted},
    {"cancelled", BodyEnding::kInterrupted},
    {"canceled", BodyEnding::kInterrupted},
    {"user_cancel", BodyEnding::kInterrupted},
    {"not_finished", BodyEnding::kNone},
    {"null", BodyEnding::kNone},
};

}  // namespace

BodyEnding EndingByName(std::string_view name) {
  if (name.empty()) return BodyEnding::kNone;
  for (const EndingRow& row : kFinishes) {
    if (EqualsIgnoreCase(row.name, name)) return row.finish;
  }
  return BodyEnding::kStop;
}

}  // namespace squall
