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
  JsonDecoder(BodyReader read, WholenessCheck is_whole) : read_(read), is_whole_(is_whole) {}

  DecodedBody Decode(std::string_view body) override {
    DecodedBody decoded;
    is_json_ = false;
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return decoded;
    // The parser reads a little past the end of its text.
    padded_.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    padded_.assign(body);
    constexpr bool kCopy = false;  // the padding is there
    is_json_ = parser_.parse(padded_.data(), body.size(), kCopy).get(root_) == simdjson::SUCCESS;
    if (!is_json_) {
      decoded.shape = DecodedBody::Shape::kNotJson;
      return decoded;
    }
    decoded.shape = DecodedBody::Shape::kOther;
    parts_.Clear();
    read_(root_, &parts_, &decoded);
    return decoded;
  }

  bool IsWhole() const override { return is_json_ && is_whole_ != nullptr && is_whole_(root_); }

 private:
  BodyReader read_;
  WholenessCheck is_whole_;
  std::string padded_;
  TextParts parts_;
  simdjson::dom::parser parser_;
  bool is_json_ = false;  // root_ is there
  element root_;
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

std::unique_ptr<ReplyDecoder> MakeJsonDecoder(BodyReader read, WholenessCheck is_whole) {
  return std::make_unique<JsonDecoder>(read, is_whole);
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

bool HasJsonText(const object& parent, std::string_view key) { return parent[key].is_string(); }

bool HasJsonInt(const object& parent, std::string_view key) { return parent[key].is_int64(); }

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
