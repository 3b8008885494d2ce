// Hints: how a refusal says when to come back, in the forms of HintForm, the wrong ones too, and
// what a client that obeys it would do. A dialect writes its words with WaitInWords, its rate
// headers from HintView, and then calls StateHint, which adds the other headers and records the
// truth: of two hints the later one counts, since each is a minimum; a figure and the same figure
// rounded up beside it are one hint; where no wait is stated, the reset of a limit whose remaining
// is 0 is one. Source of the forms: RFC 9110 section 10.2.3, the vendors' documents and captured
// replies; of the 60 s after which SDKs stop listening: openai-python and its siblings.
#pragma once

#include <optional>

#include "mock_providers/dialect_server.h"
#include "mock_providers/quota.h"

namespace squall {

// Where the reply of a dialect states a wait.
struct HintPlaces {
  enum class Exact : uint8_t { kAbsent, kIfRounded, kAlways };
  bool header = true;            // retry-after
  Exact exact = Exact::kAbsent;  // retry-after-ms beside it
  bool words = false;            // the body has WaitInWords in it
  bool whole_seconds = false;    // and rounds it up
};

// The wait that the words of an error state; none if they are to state none.
std::optional<Duration> WaitInWords(const ApiError& error);

// What its rate headers tell: the limiter's figures or, for forms that are about these headers,
// made-up ones. Limits of 0 are not told.
QuotaView HintView(const ApiError& error);

// `told` is the view as the rate headers print it.
void StateHint(const ApiError& error, const HintPlaces& places, const QuotaView& told,
               ReplyPlan* plan);

}  // namespace squall
