// Any bytes as the body of a client's request: reading them must not crash; what is taken must be
// written again as JSON, by every dialect, and to the client's own family with every member that
// the client wrote. The first byte picks the API.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/gateway/chat_intake.h"
#include "engine/wire/dialect.h"

namespace squall {
namespace {

using nlohmann::json;

// What the gateway takes for itself, or writes anew.
bool IsOurs(const std::string& key) {
  constexpr std::string_view kOurs[] = {"model", "stream", "stream_options",
                                        "n",     "wait",   "idempotency_key"};
  return std::find(std::begin(kOurs), std::end(kOurs), key) != std::end(kOurs);
}

void CheckEncoded(const ChatIntake& intake, const json& body) {
  for (const Dialect& dialect : Dialects()) {
    HttpRequest message;
    const bool own = dialect.family == intake.request.client_text->family;
    if (!own && !intake.opaque_member.empty()) continue;
    dialect.encode(intake.request, "model-x", intake.request.max_tokens, "", &message);
    const json sent = json::parse(message.body, nullptr, false);
    SQUALL_CHECK(sent.is_object());
    if (!own) continue;
    for (const auto& [key, value] : body.items()) {
      const bool limit = key == "max_tokens" || key == "max_completion_tokens";
      if (IsOurs(key) || limit || value.is_null()) continue;
      SQUALL_CHECK(sent.contains(key));
      SQUALL_CHECK(sent[key] == value);
    }
  }
}

}  // namespace
}  // namespace squall

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace squall;
  if (size == 0) return 0;
  const ApiShape shape = data[0] % 2 == 0 ? ApiShape::kOpenAi : ApiShape::kAnthropic;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  ChatIntake intake;
  const std::optional<ClientError> error = ReadChat(body, shape, 4096, &intake);
  if (error.has_value()) {
    SQUALL_CHECK(error->status == 400 && !error->message.empty());
    SQUALL_CHECK(json::accept(ErrorBody(*error, shape, "id")));
    return 0;
  }
  const json parsed = json::parse(body, nullptr, false);
  SQUALL_CHECK(parsed.is_object());
  CheckEncoded(intake, parsed);
  return 0;
}
