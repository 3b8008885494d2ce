#include "engine/wire/json_body.h"

#include <simdjson.h>

#include <algorithm>

namespace squall {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr int64_t kCountMax = 1'000'000'000'000;  // no reply has more tokens

class JsonDecoder final : public ReplyDecoder {
 public:
  explicit JsonDecoder(BodyReader read) : read_(read) {}

  DecodedBody Decode(std::string_view body) override {
    DecodedBody decoded;
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return decoded;
    // The parser reads a little past the end of its text.
    padded_.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    padded_.assign(body);
    element root;
    constexpr bool kCopy = false;  // the padding is there
    if (parser_.parse(padded_.data(), body.size(), kCopy).get(root) != simdjson::SUCCESS) {
      decoded.shape = DecodedBody::Shape::kNotJson;
      return decoded;
    }
    decoded.shape = DecodedBody::Shape::kOther;
    parts_.Clear();
    read_(root, &parts_, &decoded);
    return decoded;
  }

 private:
  BodyReader read_;
  std::string padded_;
  TextParts parts_;
  simdjson::dom::parser parser_;
};

template <class T>
T Member(const object& parent, std::string_view key) {
  T value{};
  if (parent[key].get(value) != simdjson::SUCCESS) return T{};
  return value;
}

}  // namespace

void TextParts::Add(std::string_view part) {
  if (part.empty()) return;
  ++count_;
  if (count_ == 1) {
    first_ = part;
    return;
  }
  if (count_ == 2) joined_.assign(first_);
  joined_.append(part);
}

std::string_view TextParts::text() const {
  if (count_ == 0) return {};
  return count_ == 1 ? first_ : std::string_view(joined_);
}

std::unique_ptr<ReplyDecoder> MakeJsonDecoder(BodyReader read) {
  return std::make_unique<JsonDecoder>(read);
}

std::string_view JsonText(const object& parent, std::string_view key) {
  return Member<std::string_view>(parent, key);
}

std::string JsonArguments(const object& parent, std::string_view key) {
  element value;
  std::string_view text;
  if (parent[key].get(value) != simdjson::SUCCESS || value.is_null()) return {};
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  return simdjson::minify(value);
}

int64_t JsonInt(const object& parent, std::string_view key) { return Member<int64_t>(parent, key); }

bool JsonBool(const object& parent, std::string_view key) { return Member<bool>(parent, key); }

int64_t JsonCount(const object& parent, std::string_view key) {
  return std::clamp<int64_t>(JsonInt(parent, key), 0, kCountMax);
}

int64_t JsonCount(const element& value) {
  int64_t count = 0;
  if (value.get(count) != simdjson::SUCCESS) return 0;
  return std::clamp<int64_t>(count, 0, kCountMax);
}

bool JsonObject(const object& parent, std::string_view key, object* out) {
  object found;
  if (parent[key].get(found) != simdjson::SUCCESS) return false;
  *out = found;
  return true;
}

bool JsonArray(const object& parent, std::string_view key, array* out) {
  array found;
  if (parent[key].get(found) != simdjson::SUCCESS) return false;
  *out = found;
  return true;
}

void SetFinish(Finish finish, std::string_view own, DecodedBody* out) {
  out->finish = own.empty() ? Finish::kAbsent : finish;
  out->provider_finish = own;
  const std::string_view word = FinishWord(out->finish);
  out->finish_reason = word.empty() ? own : word;
}

}  // namespace squall
