// Diagnose: the A of MAPE-K, from what one attempt showed to a Diagnosis. Pure functions over
// memory that is already there; no allocation.
//
// Order: how the transport ended, then the status and the structured codes of an error body, then
// the shape of a successful body. Text is never searched here, least of all a model's answer.
#pragma once

#include <optional>
#include <string_view>

#include "engine/diagnosis.h"
#include "engine/wire/dialect.h"
#include "engine/wire/http.h"

namespace squall {

// What one attempt showed. The pointers outlive the call.
struct Observation {
  TransportError error = TransportError::kNone;
  int status = 0;
  const Headers* headers = nullptr;
  const DecodedBody* body = nullptr;
};

Diagnosis Diagnose(const Observation& seen);

// What a bare retry loop sees: transport errors and status codes of 429 and from 500 on; everything
// else is a success or final. For presets that model such loops.
Diagnosis DiagnoseByStatus(const Observation& seen);

// The wait that the headers ask for: retry-after-ms (milliseconds) before retry-after (seconds,
// with or without fraction). nullopt when there is none, or none that can be read, or a negative
// one.
std::optional<Duration> RetryAfter(const Headers& headers);

// A diagnosis of something in an answer that was received whole: executed, and worth sampling
// again.
Diagnosis AnswerFault(FailureClass failure, std::string_view rule);

}  // namespace squall
