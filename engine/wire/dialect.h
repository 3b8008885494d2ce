// Dialects: how each family of providers writes chat requests and replies. The engine's side only:
// it encodes requests and decodes replies. The mock providers have encoders of their own, so that a
// mistake here and a mistake there cannot cancel out. Adding a dialect is adding a row in
// dialect.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/wire/http.h"
#include "engine/wire/message.h"

namespace squall {

// What a body turned out to be. Texts point into the decoder and live until its next Decode.
struct DecodedBody {
  enum class Shape : uint8_t {
    kEmpty,    // no bytes, or only blanks
    kNotJson,  // bytes that are no JSON document
    kReply,    // a reply with at least one choice
    kError,    // the dialect's error object
    kOther,    // JSON of neither kind
  };
  Shape shape = Shape::kEmpty;

  // kReply
  std::string_view model;
  std::string_view content;        // empty when null or absent
  std::string_view finish_reason;  // empty when null or absent
  bool has_refusal = false;        // a refusal stands in place of the content
  bool has_tool_calls = false;
  Usage usage;

  // kError
  std::string_view error_message;
  std::string_view error_type;
  std::string_view error_code;
};

// Reads reply bodies of one dialect. Keeps its buffers between calls, hence one per engine.
class ReplyDecoder {
 public:
  virtual ~ReplyDecoder() = default;

  // `body` may be given more capacity (the parser reads a little past its end), never other bytes.
  virtual DecodedBody Decode(std::string* body) = 0;
};

struct Dialect {
  std::string_view name;
  // Fills method, target, headers and body. `max_tokens` is the limit in force, which may be a
  // patch of the request's own. `api_key` may be empty.
  void (*encode)(const ChatRequest& request, std::string_view model, int64_t max_tokens,
                 std::string_view api_key, HttpRequest* out);
  std::unique_ptr<ReplyDecoder> (*make_decoder)();
};

std::span<const Dialect> Dialects();
const Dialect* FindDialect(std::string_view name);  // nullptr if there is none

}  // namespace squall
