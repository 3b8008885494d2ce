// What the Gemini API says when it says no: google.rpc.Status with its details. It has no rate
// headers and no retry-after; RetryInfo in the body is its only hint. Sources: google.rpc, the
// troubleshooting page, and captured replies.
#pragma once

#include <string>
#include <string_view>

#include "mock_providers/dialect_server.h"

namespace squall {

struct GeminiError {
  int status = 400;
  std::string message;
  std::string details = {};    // the elements of the array, JSON
  std::string_view name = {};  // of the status, where it is not the usual one
};

GeminiError GeminiErrorOf(const ApiError& error);
GeminiError GeminiUnknownModel(std::string_view model);

void AddGeminiHeaders(Headers* headers);  // of every reply
void AppendGeminiError(const GeminiError& error, std::string* out);

// A stream that is an array is one from its start, so its errors are in an array too.
void WriteGeminiError(const GeminiError& error, bool in_array, ReplyPlan* plan);
void WriteGeminiError(const ApiError& error, bool in_array, ReplyPlan* plan);  // and its hint

}  // namespace squall
