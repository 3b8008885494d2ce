// What the dialects share in reading JSON: the decoder that parses a body and hands its root to
// the dialect's reader, and access to members that may be absent, null or of another type. The
// parser's types are only named here, so that its header stays in the .cc files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "engine/wire/dialect.h"
#include "engine/wire/tool_calls.h"

namespace simdjson::dom {
class array;
class object;
}  // namespace simdjson::dom

namespace squall {

// Text that a reply may spread over several parts. One part stays where it is; only a second one
// makes a copy, into a buffer that is kept between replies. And its tool calls, which are copied.
class TextParts {
 public:
  void Clear() {
    count_ = 0;
    tool_calls_.clear();
  }
  void Add(std::string_view part);
  void AddToolCall(const ToolCall& call) { AppendToolCall(call, &tool_calls_); }
  std::string_view text() const;
  std::string_view tool_calls() const { return tool_calls_; }

 private:
  std::string tool_calls_;
  size_t count_ = 0;
  std::string_view first_;
  std::string joined_;
};

// Is `key` that name? Its size is known where it stands, so no function is called to compare: a
// reply has twenty keys, and most are compared with several names.
template <size_t kSize>
bool IsKey(std::string_view key, const char (&name)[kSize]) {
  return key.size() == kSize - 1 && std::memcmp(key.data(), name, kSize - 1) == 0;
}

// Has a reply all members that its API promises?
using WholenessCheck = bool (*)(const simdjson::dom::element& root);

// A decoder that parses any body as JSON, finds out empty bodies and those that are no JSON, and
// leaves the rest to `read` and `is_whole`.
std::unique_ptr<ReplyDecoder> MakeJsonDecoder(BodyReader read, WholenessCheck is_whole = nullptr);

// The member of that name; empty, 0 or false when it is absent, null or of another type.
std::string_view JsonText(const simdjson::dom::object& parent, std::string_view key);
int64_t JsonInt(const simdjson::dom::object& parent, std::string_view key);
bool JsonBool(const simdjson::dom::object& parent, std::string_view key);
// The member's value as a text: a string as it is, an object in its shortest form, else "".
std::string JsonArguments(const simdjson::dom::object& parent, std::string_view key);
// A count as providers bill it: never negative, and small enough to be added up.
int64_t JsonCount(const simdjson::dom::object& parent, std::string_view key);
int64_t JsonCount(const simdjson::dom::element& value);
// Is it there, as a text or as a whole number?
bool HasJsonText(const simdjson::dom::object& parent, std::string_view key);
bool HasJsonInt(const simdjson::dom::object& parent, std::string_view key);
// These say whether there is one; `out` is left alone if not.
bool JsonObject(const simdjson::dom::object& parent, std::string_view key,
                simdjson::dom::object* out);
bool JsonArray(const simdjson::dom::object& parent, std::string_view key,
               simdjson::dom::array* out);

// Sets the three fields of a finish reason. `own` is the provider's word; empty is absent.
void SetFinish(Finish finish, std::string_view own, DecodedBody* out);

}  // namespace squall
