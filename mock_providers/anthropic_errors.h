// What Anthropic says when it says no, and the headers of all its replies. Sources: its pages on
// errors and rate limits, and captured replies.
#pragma once

#include <string>
#include <string_view>

#include "mock_providers/dialect_server.h"
#include "mock_providers/quota.h"

namespace squall {

inline constexpr std::string_view kAnthropicOrganization = "5e1f0c9a-3b52-4a0e-9a0f-7f3c1d2b4e66";

struct AnthropicError {
  int status = 400;
  std::string_view type = "invalid_request_error";
  std::string message;
  std::string_view details_code = {};
};

std::string_view AnthropicErrorType(int status);
AnthropicError AnthropicErrorOf(const ApiError& error);

std::string AnthropicRequestId(uint64_t id_bits);
void AddAnthropicQuota(const QuotaView& view, Time now, Headers* headers);

// `in_stream` as captured there: details first, no request id.
void AppendAnthropicError(const AnthropicError& error, std::string_view request_id, bool in_stream,
                          std::string* out);

// Status, headers and body; of a failure its hint too.
void WriteAnthropicError(const AnthropicError& error, const Headers& common, uint64_t id_bits,
                         ReplyPlan* plan);
void WriteAnthropicError(const ApiError& error, const Headers& common, ReplyPlan* plan);

}  // namespace squall
