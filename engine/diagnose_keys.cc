#include "engine/diagnose_keys.h"

#include <array>

#include "engine/diagnose_bytes.h"

namespace squall {
namespace {

struct KeyRow {
  Place place;
  std::string_view key;
  Act act;
};

constexpr KeyRow kKeys[] = {
    {Place::kTop, "error", Act::kError},
    {Place::kTop, "errors", Act::kErrors},
    {Place::kTop, "Error", Act::kError},
    {Place::kTop, "Response", Act::kInside},
    {Place::kTop, "message", Act::kText},
    {Place::kTop, "msg", Act::kText},
    {Place::kTop, "Message", Act::kText},
    {Place::kTop, "detail", Act::kError},
    {Place::kTop, "details", Act::kText},
    {Place::kTop, "title", Act::kText},
    {Place::kTop, "error_message", Act::kError},
    {Place::kTop, "error_msg", Act::kError},
    {Place::kTop, "errorMessage", Act::kError},
    {Place::kTop, "error_description", Act::kText},
    {Place::kTop, "reason", Act::kCodeText},
    {Place::kTop, "code", Act::kCodeText},
    {Place::kTop, "type", Act::kEvent},
    {Place::kTop, "object", Act::kEvent},
    {Place::kTop, "event_type", Act::kEvent},
    {Place::kTop, "__type", Act::kCode},
    {Place::kTop, "error_code", Act::kStatus},
    {Place::kTop, "error_type", Act::kCode},
    {Place::kTop, "error_name", Act::kCode},
    {Place::kTop, "errorType", Act::kCode},
    {Place::kTop, "status", Act::kReplyStatus},
    {Place::kTop, "status_code", Act::kStatus},
    {Place::kTop, "statusCode", Act::kStatus},
    {Place::kTop, "success", Act::kSuccess},
    {Place::kTop, "retryable", Act::kRetryable},
    {Place::kTop, "is_retryable", Act::kRetryable},
    {Place::kTop, "retry_after", Act::kSeconds},
    {Place::kTop, "retryAfter", Act::kSeconds},
    {Place::kTop, "retry_after_seconds", Act::kSeconds},
    {Place::kTop, "estimated_time", Act::kSeconds},
    {Place::kTop, "resets_in_seconds", Act::kSeconds},
    {Place::kTop, "retryAfterSeconds", Act::kSeconds},
    {Place::kTop, "retry_after_ms", Act::kMilliseconds},
    {Place::kTop, "retryAfterMs", Act::kMilliseconds},
    {Place::kTop, "resets_at", Act::kResetsAt},
    {Place::kTop, "reset_at", Act::kResetsAt},
    {Place::kTop, "resetAt", Act::kResetsAt},
    {Place::kTop, "base_resp", Act::kBase},
    {Place::kTop, "throttlingException", Act::kException},
    {Place::kTop, "validationException", Act::kException},
    {Place::kTop, "internalServerException", Act::kException},
    {Place::kTop, "serviceUnavailableException", Act::kException},
    {Place::kTop, "modelStreamErrorException", Act::kException},
    {Place::kTop, "modelTimeoutException", Act::kException},
    {Place::kTop, "choices", Act::kReply},
    {Place::kTop, "candidates", Act::kReply},
    {Place::kTop, "output", Act::kReply},
    {Place::kTop, "outputs", Act::kReply},
    {Place::kTop, "results", Act::kReply},
    {Place::kTop, "generations", Act::kReply},
    {Place::kTop, "promptFeedback", Act::kReply},
    {Place::kTop, "data", Act::kReply},
    {Place::kTop, "embeddings", Act::kReply},
    {Place::kTop, "response", Act::kInside},
    {Place::kTop, "result", Act::kInside},
    {Place::kTop, "incomplete_details", Act::kReply},
    {Place::kTop, "content", Act::kContent},
    {Place::kTop, "text", Act::kContent},
    {Place::kTop, "completion", Act::kContent},
    {Place::kTop, "generation", Act::kContent},
    {Place::kTop, "generated_text", Act::kContent},
    {Place::kTop, "outputText", Act::kContent},
    {Place::kTop, "delta", Act::kContent},
    {Place::kTop, "content_block", Act::kPiece},
    {Place::kTop, "item", Act::kPiece},
    {Place::kTop, "tool_calls", Act::kTools},
    {Place::kTop, "stop_reason", Act::kFinish},
    {Place::kTop, "stopReason", Act::kFinish},
    {Place::kTop, "finish_reason", Act::kFinish},
    {Place::kTop, "finishReason", Act::kFinish},
    {Place::kTop, "done_reason", Act::kFinish},
    {Place::kTop, "done", Act::kDone},
    {Place::kTop, "is_finished", Act::kDone},
    {Place::kTop, "messageStop", Act::kInside},
    {Place::kTop, "contentBlockDelta", Act::kInside},

    {Place::kError, "message", Act::kText},
    {Place::kError, "msg", Act::kText},
    {Place::kError, "Message", Act::kText},
    {Place::kError, "error", Act::kError},
    {Place::kError, "errors", Act::kInside},
    {Place::kError, "error_message", Act::kText},
    {Place::kError, "detail", Act::kText},
    {Place::kError, "details", Act::kText},
    {Place::kError, "description", Act::kText},
    {Place::kError, "title", Act::kText},
    {Place::kError, "raw", Act::kText},
    {Place::kError, "body", Act::kText},
    {Place::kError, "cause", Act::kText},
    {Place::kError, "metadata", Act::kInside},
    {Place::kError, "violations", Act::kInside},
    {Place::kError, "innererror", Act::kInside},
    {Place::kError, "inner_error", Act::kInside},
    {Place::kError, "originalError", Act::kInside},
    {Place::kError, "response", Act::kInside},
    {Place::kError, "code", Act::kCodeText},
    {Place::kError, "Code", Act::kCodeText},
    {Place::kError, "type", Act::kCodeText},
    {Place::kError, "reason", Act::kCodeText},
    {Place::kError, "param", Act::kParam},
    {Place::kError, "error_code", Act::kCode},
    {Place::kError, "error_type", Act::kCode},
    {Place::kError, "errorCode", Act::kCode},
    {Place::kError, "__type", Act::kCode},
    {Place::kError, "name", Act::kCode},
    {Place::kError, "status", Act::kStatus},
    {Place::kError, "status_code", Act::kStatus},
    {Place::kError, "statusCode", Act::kStatus},
    {Place::kError, "http_code", Act::kStatus},
    {Place::kError, "http_status", Act::kStatus},
    {Place::kError, "originalStatusCode", Act::kStatus},
    {Place::kError, "retryable", Act::kRetryable},
    {Place::kError, "is_retryable", Act::kRetryable},
    {Place::kError, "quotaId", Act::kQuota},
    {Place::kError, "quotaMetric", Act::kQuota},
    {Place::kError, "quota_limit", Act::kQuota},
    {Place::kError, "retryDelay", Act::kSeconds},
    {Place::kError, "retry_delay", Act::kSeconds},
    {Place::kError, "retry_after", Act::kSeconds},
    {Place::kError, "retryAfter", Act::kSeconds},
    {Place::kError, "retry_after_seconds", Act::kSeconds},
    {Place::kError, "quotaResetDelay", Act::kSeconds},
    {Place::kError, "resets_in_seconds", Act::kSeconds},
    {Place::kError, "estimated_time", Act::kSeconds},
    {Place::kError, "retryAfterSeconds", Act::kSeconds},
    {Place::kError, "retry_after_ms", Act::kMilliseconds},
    {Place::kError, "retryAfterMs", Act::kMilliseconds},
    {Place::kError, "resets_at", Act::kResetsAt},
    {Place::kError, "reset_at", Act::kResetsAt},
    {Place::kError, "resetAt", Act::kResetsAt},
    {Place::kError, "X-RateLimit-Reset", Act::kResetsAt},
    {Place::kError, "headers", Act::kInside},
    {Place::kError, "Retry-After", Act::kSeconds},
    {Place::kError, "retry-after", Act::kSeconds},

    {Place::kReply, "finish_reason", Act::kFinish},
    {Place::kReply, "finishReason", Act::kFinish},
    {Place::kReply, "stop_reason", Act::kFinish},
    {Place::kReply, "completionReason", Act::kFinish},
    {Place::kReply, "blockReason", Act::kFinish},
    {Place::kReply, "reason", Act::kFinish},
    {Place::kReply, "message", Act::kPiece},
    {Place::kReply, "delta", Act::kPiece},
    {Place::kReply, "messages", Act::kPiece},
    {Place::kReply, "content", Act::kContent},
    {Place::kReply, "parts", Act::kPiece},
    {Place::kReply, "text", Act::kContent},
    {Place::kReply, "output_text", Act::kContent},
    {Place::kReply, "outputText", Act::kContent},
    {Place::kReply, "generated_text", Act::kContent},
    {Place::kReply, "embedding", Act::kContent},
    {Place::kReply, "url", Act::kContent},
    {Place::kReply, "b64_json", Act::kContent},
    {Place::kReply, "choices", Act::kReply},
    {Place::kReply, "error", Act::kError},
    {Place::kReply, "type", Act::kKind},
    {Place::kReply, "arguments", Act::kArguments},
    {Place::kReply, "refusal", Act::kRefusal},
    {Place::kReply, "tool_calls", Act::kTools},
    {Place::kReply, "function_call", Act::kTools},

    {Place::kMessage, "content", Act::kContent},
    {Place::kMessage, "parts", Act::kPiece},
    {Place::kMessage, "text", Act::kContent},
    {Place::kMessage, "tool_calls", Act::kTools},
    {Place::kMessage, "function_call", Act::kTools},
    {Place::kMessage, "functionCall", Act::kTools},
    {Place::kMessage, "toolUse", Act::kTools},
    {Place::kMessage, "executableCode", Act::kTools},
    {Place::kMessage, "inlineData", Act::kTools},
    {Place::kMessage, "image_url", Act::kTools},
    {Place::kMessage, "images", Act::kTools},
    {Place::kMessage, "audio", Act::kTools},
    {Place::kMessage, "arguments", Act::kArguments},
    {Place::kMessage, "partial_json", Act::kTools},
    {Place::kMessage, "refusal", Act::kRefusal},
    {Place::kMessage, "stop_reason", Act::kFinish},
    {Place::kMessage, "finish_reason", Act::kFinish},
    {Place::kMessage, "type", Act::kKind},
    {Place::kMessage, "thought", Act::kThought},
    {Place::kMessage, "message", Act::kPiece},
    {Place::kMessage, "error", Act::kError},

    {Place::kTool, "function", Act::kInside},
    {Place::kTool, "arguments", Act::kArguments},

    {Place::kBase, "status_code", Act::kBaseCode},
    {Place::kBase, "status_msg", Act::kText},
};

constexpr size_t kKeySlots = 1024;

constexpr size_t SlotOf(Place place, TextEnds ends) {
  return HashOf(ends, static_cast<size_t>(place)) % kKeySlots;
}

// A key's ends and size are all that tells it from the others, so that lookups compare no texts;
// keys of more than sixteen bytes compare the middle as well.
struct KeySlot {
  TextEnds ends;
  uint8_t size = 0;
  Place place = Place::kSkip;
  Act act = Act::kSkip;
  uint16_t row = 0;  // 1 + row of kKeys, 0 where free
};

constexpr auto kKeyIndex = [] {
  std::array<KeySlot, kKeySlots> slots{};
  for (uint16_t row = 0; row < std::size(kKeys); ++row) {
    const KeyRow& key = kKeys[row];
    const TextEnds ends = EndsOf(key.key);
    size_t at = SlotOf(key.place, ends);
    while (slots[at].row != 0) at = (at + 1) % kKeySlots;
    slots[at] = {ends, static_cast<uint8_t>(key.key.size()), key.place, key.act,
                 static_cast<uint16_t>(row + 1)};
  }
  return slots;
}();

}  // namespace

Act ActOf(Place place, std::string_view key) {
  if (place == Place::kSkip) return Act::kSkip;
  const TextEnds ends = EndsOf(key);
  for (size_t at = SlotOf(place, ends); kKeyIndex[at].row != 0; at = (at + 1) % kKeySlots) {
    const KeySlot& slot = kKeyIndex[at];
    if (slot.ends != ends || slot.size != key.size() || slot.place != place) continue;
    if (key.size() <= 2 * sizeof ends.head || kKeys[slot.row - 1].key == key) return slot.act;
  }
  return Act::kSkip;
}

}  // namespace squall
