// DecodedBody: what the body of a reply turned out to be, in one vocabulary for all dialects. The
// dialects fill it (openai.cc, anthropic.cc, ...), diagnosis and the guard read it. Where a dialect
// has no counterpart of a field, the field keeps its default.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/wire/message.h"

namespace squall {

// Why generation ended.
enum class Finish : uint8_t {
  kAbsent,         // the reply does not say, or says null
  kStop,           // the model was done
  kLength,         // the token limit or the model's window was reached
  kToolCalls,      // the model waits for the result of a tool
  kContentFilter,  // a filter stopped it, or the model refused
  kInterrupted,    // the provider stopped it half way: resources, a paused turn, an unfinished job
  kOther,          // a word without counterpart here
};

// OpenAI's word for it: "stop", "length", "tool_calls", "content_filter"; "" for the others.
std::string_view FinishWord(Finish finish);

// Texts point into the decoder and live until its next Decode.
struct DecodedBody {
  enum class Shape : uint8_t {
    kEmpty,    // no bytes, or only blanks
    kNotJson,  // bytes that are no JSON document
    kReply,    // the dialect's reply, though it may hold no choice
    kError,    // the dialect's error object
    kOther,    // JSON of neither kind
  };
  Shape shape = Shape::kEmpty;

  // kReply
  std::string_view model;
  std::string_view content;          // empty when null or absent
  std::string_view finish_reason;    // OpenAI's word where there is one, else the provider's own
  std::string_view provider_finish;  // the provider's own word
  Finish finish = Finish::kAbsent;
  bool has_refusal = false;  // a refusal stands in place of the content
  bool has_tool_calls = false;
  std::string_view tool_calls;  // as a text (tool_calls.h); empty where there are none
  bool has_reasoning = false;   // the model's thoughts are there, whether or not an answer is
  bool unfiltered = false;      // the provider's content filter was down and says so
  Usage usage;

  // kError. Structured codes, from the most specific: error_code, error_type, error_status.
  std::string_view error_message;
  std::string_view error_type;         // Gemini: the status word, as RESOURCE_EXHAUSTED
  std::string_view error_code;         // Anthropic: details.error_code; Gemini: ErrorInfo.reason
  std::string_view error_param;        // the field of the request that is at fault
  std::string_view error_inner_code;   // Azure: innererror.code
  std::string_view error_quota_id;     // Gemini: QuotaFailure; a daily one before any other
  std::string_view error_retry_delay;  // Gemini: RetryInfo, as "22s" or "0.539s"
  int64_t error_resets_at_s = 0;       // Unix time at which a plan's window ends; 0 = not said
  int error_status = 0;                // the HTTP status as the body repeats it; 0 = not said
  std::string_view request_id;         // where the body of an error names it
};

}  // namespace squall
