// CallState: one request so far, and Step, what is done next. Plans read the one and yield the
// other (plan.h); Admission books what a step takes (admission.h).
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/events.h"
#include "engine/knowledge.h"

namespace squall {

// How the request that is sent differs from the caller's.
struct Patch {
  int64_t max_tokens = 0;      // limit on generated tokens; 0 leaves it as it is
  double keep = 1;             // share of the prompt's text that stays, (0, 1]
  bool drop_optional = false;  // without what a provider may lack: temperature, user
  friend bool operator==(const Patch&, const Patch&) = default;
};

struct Step {
  enum class Kind : uint8_t {
    kSend,
    kRepair,  // mend the answer at hand; nothing is sent
    kStop,
  };
  Kind kind = Kind::kStop;
  Time at{};  // not before; of a stop: when trying again may make sense, kNever = not known
  Target target;
  Purpose purpose = Purpose::kAnswer;
  bool past_breaker = false;  // send although the circuit does not admit it
  bool reask = false;         // with the refused answer and what was wrong with it
  Patch patch;                // all of it, that of earlier steps included
  std::string_view why;       // row of the strategy table, or the reason to stop
};

// An answer that the guard has passed and that waits for a second opinion.
struct Opinion {
  Target from;
  std::string content;
  std::string tool_calls;  // as a text (tool_calls.h)
  std::string_view by;     // plan row whose answer it is
};

// Did an answer come whole and was bad? That says nothing about load: sample again at once.
bool AnsweredBadly(const Diagnosis& diagnosis);

struct CallState {
  uint64_t key = 0;           // of its draws
  double ramp_u = 0;          // its place in the ramp of a breaker that has closed
  uint64_t conversation = 0;  // key of the conversation it belongs to, 0 = none
  Time deadline{};
  int64_t max_tokens = 0;       // limit in force, patches included
  int64_t wanted_tokens = 0;    // the caller's limit, or what it was raised to
  int64_t prompt_tokens = 0;    // estimated, where a policy counts tokens or money
  int64_t told_tokens = 0;      // of the whole prompt, by whom it was too long for, or estimated
  int64_t prompt_messages = 0;  // likewise
  double spent_usd = 0;         // by its attempts so far, as far as is known
  int64_t hedges = 0;           // begun so far
  int in_flight = 0;            // attempts beside which another one may begin
  int rounds = 0;               // plans made so far
  bool repeatable = true;       // ChatRequest says so
  bool caller_retries = false;  // likewise
  bool committed = false;       // the caller holds a piece of an answer that failed
  bool binding = false;         // and that cannot be taken back
  bool streaming = false;       // the answer is asked for in pieces
  bool wants_json = false;      // it has a contract
  uint32_t barred = 0;          // ChatRequest says so
  Patch patch;                  // in force
  Target patched;               // to whom it was sent
  // Answers that agree with none of the others yet; the first is the candidate.
  absl::InlinedVector<Opinion, 1> opinions;
  Purpose seeks = Purpose::kAnswer;  // what kind of opinion on it is sought
  std::string refused;               // the answer that the guard refused last, where it is of use
  std::string complaint;             // what was wrong with it, in words for a model
  bool repair_tried = false;         // of it
  CallResult result;

  bool Barred(ProviderId provider) const { return (barred >> provider & 1) != 0; }
  int sent() const;  // attempts that left
  // Of those that asked for an answer: one who judges has not been tried.
  int SentTo(Target target) const;
  bool Tried(ProviderId provider) const;
  // The last attempt at an answer; nullptr before the first.
  const AttemptRecord* LastSent() const;
};

}  // namespace squall
