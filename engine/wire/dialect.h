// Dialects: how each family of providers writes chat requests and replies. The engine's side only:
// it encodes requests and decodes replies. The mock providers have encoders of their own, so that a
// mistake here and a mistake there cannot cancel out. Adding a dialect is adding a row in
// dialect.cc.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/wire/decoded_body.h"
#include "engine/wire/http.h"
#include "engine/wire/message.h"

namespace simdjson::dom {
class element;
}  // namespace simdjson::dom

namespace squall {

class StreamState;
class TextParts;

// Reads reply bodies of one dialect. Keeps its buffers between calls, hence one per engine.
class ReplyDecoder {
 public:
  virtual ~ReplyDecoder() = default;

  virtual DecodedBody Decode(std::string_view body) = 0;

  // Has the body that was decoded last all members that the API promises of a reply? Then a client
  // of that API can be given its bytes as they are. False for APIs that squall offers no client.
  virtual bool IsWhole() const = 0;
};

// Fills `out`, whose shape is kOther, from the root of a body. `parts` is empty; texts of `out` may
// point into it.
using BodyReader = void (*)(const simdjson::dom::element& root, TextParts* parts, DecodedBody* out);

// Takes one event of a stream. `type` is the name in its "event:" line, often empty.
using EventReader = void (*)(std::string_view type, const simdjson::dom::element& data,
                             StreamState* state);

inline constexpr std::string_view kOpenAiFamily = "openai";
inline constexpr std::string_view kAnthropicFamily = "anthropic";

struct Dialect {
  std::string_view name;
  // Fills method, target, headers and body. `max_tokens` is the limit in force, which may be a
  // patch of the request's own. `api_key` may be empty.
  void (*encode)(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                 std::string_view api_key, HttpRequest* out);
  std::unique_ptr<ReplyDecoder> (*make_decoder)();
  BodyReader read_body;
  EventReader read_event;
  std::string_view done_marker = {};  // data that ends a stream where it is no JSON; "" = none
  bool terminal_event = true;  // false: the last piece shows itself, and its stream just ends
  // Over which the limit on requests holds that its headers tell.
  Duration request_window = 1min;
  // Dialects of one family take the same messages, tools and parameters; "" is like no other.
  std::string_view family = {};
};

std::span<const Dialect> Dialects();
const Dialect* FindDialect(std::string_view name);  // nullptr if there is none

}  // namespace squall
