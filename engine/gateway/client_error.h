// ClientError: what a client is told when its request has no answer, in the shape of the API that
// it speaks. Words are ours or, of a request that a provider turned down, the provider's, without
// anything that looks like a key.
//
// Pure; any thread. Sources of the shapes: OpenAI's ErrorResponse; Anthropic's page "Errors".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/events.h"

namespace squall {

enum class ApiShape : uint8_t { kOpenAi, kAnthropic };

struct ClientError {
  ClientError() {}
  ClientError(int status_in, std::string_view code_in, std::string message_in)
      : status(status_in), code(code_in), message(std::move(message_in)) {}

  int status = 500;
  std::string_view code;  // static: "model_not_found", ...; what programs tell errors apart by
  std::string message;
  std::string param;  // the member of the request that is at fault, or empty
  std::optional<Duration> retry_after;
  bool retry = true;  // false: the same request will fail again, so clients should not repeat it
};

// The type that each API has for the status: "invalid_request_error", "rate_limit_error", ...
std::string_view ErrorType(ApiShape shape, int status);

std::string ErrorBody(const ClientError& error, ApiShape shape, std::string_view request_id);

// Retry-After (whole seconds, rounded up), retry-after-ms and x-should-retry, as far as they apply.
std::string ErrorHeaders(const ClientError& error);

// What a call that has failed means to its client. `now` is the call's clock.
ClientError ErrorOfCall(const CallResult& result, Time now);

// The words of a provider that turned a request down, fit to be passed on: short, and without
// anything that looks like a key. "" where `body` is no error that can be read.
std::string ProviderWords(std::string_view body);

}  // namespace squall
