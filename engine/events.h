// What the engine reports, as it happens and at the end of each request. Reports and tests read
// this; the engine itself never does.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/diagnosis.h"
#include "engine/policy/breaker.h"
#include "engine/wire/decoded_body.h"
#include "engine/wire/message.h"
#include "engine/wire/transport.h"

namespace squall {

// What an attempt was sent for.
enum class Purpose : uint8_t {
  kAnswer,
  kSecondOpinion,  // the same question to another provider, to compare the answers
  kJudgement,      // whether an answer at hand is right
};

struct AttemptRecord {
  ProviderId provider = 0;
  uint16_t model = 0;         // index into the provider's models
  std::string_view strategy;  // static name of the plan row that asked for it
  Purpose purpose = Purpose::kAnswer;
  bool sent = false;  // false: refused locally, never reached the transport
  Time started{};     // when the request went out (or was refused)
  Time ended{};
  int status = 0;
  TransportError error = TransportError::kNone;
  Time first_piece = kNever;  // of a streamed answer
  Diagnosis diagnosis;
  Usage usage;
};

// What is known of an answer beyond the guard's checks.
enum class Verification : uint8_t {
  kNone,    // nobody else was asked
  kAgreed,  // another model gave the same answer
  kJudged,  // a judge found it right
  kOpen,    // others were asked, and nobody could say
};

struct CallResult {
  CallResult() {}
  bool ok = false;                  // the engine's own opinion
  int status = 0;                   // HTTP status of the last response, 0 if there was none
  bool has_body = false;            // the last response had bytes
  bool reply_is_whole = false;      // reply_body is an answer and whole (ReplyDecoder::IsWhole)
  std::string content;              // the answer handed to the caller, when ok
  std::string tool_calls;           // that it holds, as a text (tool_calls.h); "" for none
  Finish finish = Finish::kAbsent;  // why it ended, where its reply says
  // The bytes that brought the answer, or the last failure, where the request keeps them and they
  // were no stream of events; "" of an answer that was mended or compared.
  std::string reply_body;
  std::string_view stop_reason;  // static: "answered", "disagreement", "attempts", ...
  std::string_view answered_by;  // static: plan row whose answer that is
  Verification verification = Verification::kNone;
  int restarts = 0;  // of a streamed answer, that the caller was told of
  Time started{};
  Time ended{};
  Time retry_at = kNever;  // "all_open": when a circuit may admit again
  // One in place: with more, the frame of a call would be larger than those that Asio keeps.
  absl::InlinedVector<AttemptRecord, 1> attempts;
};

// CPU time of one phase of one attempt, in real nanoseconds. Never virtual time.
enum class Phase : uint8_t { kClassify, kParse, kValidate, kDecide };
inline constexpr int kPhaseCount = 4;

// Overridden for what one wants to hear of.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void OnAttempt(std::string_view /*request_id*/, const AttemptRecord& /*attempt*/) {}
  virtual void OnBreaker(ProviderId, BreakerState /*from*/, BreakerState /*to*/, Time /*now*/) {}
  virtual void OnPhase(Phase, int64_t /*ns*/) {}
};

}  // namespace squall
