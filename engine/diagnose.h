// Diagnose: the A of MAPE-K, from what one attempt showed to a Diagnosis. Pure functions over
// memory that is already there; no allocation.
//
// Order: how the transport ended, structured codes, phrases of error texts, the status; for a
// success, how its answer ended and whether there is one. Text is searched in errors only, never in
// a model's answer. Evidence is gathered in diagnose_evidence.h, judged in diagnose_rules.h; waits
// are read in diagnose_wait.h.
#pragma once

#include <optional>
#include <string_view>

#include "engine/diagnose_wait.h"
#include "engine/diagnosis.h"
#include "engine/wire/dialect.h"
#include "engine/wire/http.h"

namespace squall {

// What one attempt showed. What is pointed to outlives the call.
struct Observation {
  TransportError error = TransportError::kNone;
  int status = 0;  // 0 while none has arrived
  const Headers* headers = nullptr;
  const DecodedBody* body = nullptr;  // of a success, where a dialect's decoder has read it
  std::string_view bytes;             // the body as it came
  std::string_view provider;          // name, for wordings that two providers use differently
  std::string_view dialect;
  std::string_view transport_text;  // a client library's words, where `error` is not known
};

Diagnosis Diagnose(const Observation& seen);

// What a bare retry loop sees: transport errors and status codes of 429 and from 500 on; everything
// else is a success or final. For presets that model such loops.
Diagnosis DiagnoseByStatus(const Observation& seen);

// A diagnosis of something in an answer that was received whole: executed, and worth sampling
// again.
Diagnosis AnswerFault(FailureClass failure, std::string_view rule);

}  // namespace squall
