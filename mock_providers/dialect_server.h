// DialectServer: the mock side of one provider API. It reads requests and writes replies; it
// decides nothing, so provider.cc and faults.cc serve every dialect. A further dialect is a class
// of this kind and a row in dialect_server.cc. Sans I/O. Not thread-safe: one per provider, whose
// thread it shares. Buffers are reused.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/wire/http.h"
#include "mock_providers/hint_form.h"
#include "mock_providers/reply_plan.h"
#include "mock_providers/tasks.h"

namespace squall {

struct QuotaView;  // quota.h
struct QuotaVerdict;

// The form that a client asked its reply to have.
struct ReplyFormat {
  bool stream = false;         // a reply in events, as they are generated
  bool include_usage = false;  // OpenAI: the stream ends with a chunk of token counts
  bool sse = true;             // Gemini: events, not a JSON array that grows
  std::string_view tool;       // the answer must be a call of this tool; valid until the next Read
  bool tool_named = false;     // OpenAI: the tool was asked for by name
};

// What a server understood of one request.
struct ApiRequest {
  size_t model = 0;       // index into the provider's models
  std::string_view user;  // end user or session; valid until the next Read
  int64_t prompt_tokens = 0;
  int64_t max_tokens = 0;  // bound of the answer, 0 = none
  bool json = false;       // the answer was asked to be JSON
  ReplyFormat format;
  std::optional<TaskSpec> task;
  std::string_view task_text;  // the text that holds the task; valid until the next Read
  std::optional<std::string_view> judged;  // the answer that a judge is asked about; likewise
  bool reask = false;  // the prompt holds an earlier answer to the task, and words on it after that
  // Parameters that the body names, as it spells them (Gemini: those of its generationConfig).
  absl::InlinedVector<std::string_view, 16> params;  // valid until the next Read
  std::string sample;  // JSON that fits the schema the answer is held to; empty without one
};

// One answer of a model.
struct ApiAnswer {
  std::string_view model;
  std::optional<std::string_view> content;  // none: the dialect's way of saying "no text"
  bool out_of_tokens = false;               // the model stopped at max_tokens
  bool refused = false;                     // the model declined; there is no content
  bool filtered = false;                    // a filter stopped the answer where `content` ends
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t cached_tokens = 0;     // of the prompt, read from a cache
  int64_t reasoning_tokens = 0;  // of the completion, where the dialect tells it
  Time now{};                    // for time stamps
  Duration processing{};         // for headers that tell it
  Duration ttft{};               // pace of a stream: time to its first token,
  Duration per_token{};          // and from each token to the next
  uint64_t id_bits = 0;          // ids are drawn from it
  ReplyFormat format;
  const QuotaView* quota = nullptr;  // for headers that tell what is left; null tells nothing
};

enum class ApiErrorKind : uint8_t {
  kRateLimit,       // 429
  kServerError,     // 500
  kOverloaded,      // 503 or 529
  kTimeout,         // 504 or 408
  kQuotaExhausted,  // 429, 402 or 400: money or plan used up
  kContentFilter,   // 400: the prompt was blocked
  // What the caller must change; each dialect has its own status for it.
  kKeyRevoked,
  kNoAccess,  // to the model or the service, with a good key
  kRegion,    // not served where the caller is
  kUnknownModel,
  kRetiredModel,
  kContextLength,
  kPayloadTooLarge,
  kUnknownParameter,
  kUnsupportedValue,
  kMaxTokensTooLarge,     // more than the model can generate
  kUnsupportedParameter,  // known to the vendor, but not for this model
  kConflict,              // 409
};

// By which a vendor tells its own clients whether to repeat a request.
inline constexpr std::string_view kShouldRetryHeader = "x-should-retry";

struct ApiError {
  ApiErrorKind kind = ApiErrorKind::kServerError;
  int status = 500;
  std::optional<Duration> retry_after;  // the wait to state, in the ways the dialect has
  HintForm hint = HintForm::kUsual;     // and in this form
  std::string_view model;
  int64_t tokens = 0;          // of the request, as a limiter counts them
  int64_t limit = 0;           // of the model, which the request is beyond; 0: figures are made up
  int64_t prompt_tokens = 0;   // of the request; these two where there is a limit
  int64_t max_tokens = 0;      // as the window counts it, 0 = not at all
  std::string_view parameter;  // that is wrong, as the request spells it
  std::optional<bool> should_retry;  // what that header says, in dialects that have it
  uint64_t id_bits = 0;              // ids and the choice among usual wordings
  ReplyFormat format;
  Time now{};
  const QuotaVerdict* quota = nullptr;  // the limit that was hit; null: figures are made up
};

class DialectServer {
 public:
  virtual ~DialectServer() = default;

  // True and fills `out`, or false and fills status, headers and body of `refusal`, whose ids are
  // drawn from `id_bits`.
  virtual bool Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
                    ReplyPlan* refusal) = 0;

  // Both replace status, headers, body and chunks of `plan`. A stream sets the time of its first
  // byte too; an error sets retry_not_before to what its bytes ask for.
  virtual void WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const = 0;
  virtual void WriteError(const ApiError& error, ReplyPlan* plan) const = 0;

  // Must the bound of the answer fit the model's window beside the prompt?
  virtual bool CountsAnswerInWindow() const { return true; }

  // Appends what the dialect says about a failure in a stream that has begun.
  virtual void AppendStreamError(const ApiError& error, std::string* out) const = 0;
};

std::vector<std::string_view> DialectServerNames();

// `models` are the names that the provider serves. `dialect` must be one of the names above.
std::unique_ptr<DialectServer> MakeDialectServer(std::string_view dialect,
                                                 std::vector<std::string> models);

}  // namespace squall
