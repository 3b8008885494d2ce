#include "engine/diagnose_scan.h"

#include "engine/diagnose_bytes.h"

namespace squall {
namespace {

constexpr bool EndsWord(char c) {
  return IsJsonBlank(c) || c == ',' || c == '}' || c == ']' || c == ':' || c == '{' || c == '[' ||
         c == '"';
}

}  // namespace

void LenientJson::SkipBlanks() {
  while (at_ != end_ && IsJsonBlank(*at_)) ++at_;
}

JsonToken LenientJson::End(bool broken) {
  broken_ = broken_ || broken;
  expect_ = Expect::kNothing;
  return JsonToken();
}

JsonToken LenientJson::Open(JsonToken::Kind kind) {
  if (expect_ != Expect::kValue && expect_ != Expect::kValueOrClose) broken_ = true;
  if (depth_ == kDepthMax) {
    at_ = end_;
    return End(true);
  }
  ++at_;
  const bool object = kind == JsonToken::Kind::kObject;
  stack_[depth_++] = object;
  expect_ = object ? Expect::kKeyOrClose : Expect::kValueOrClose;
  const JsonToken token{kind, key_, {}};
  key_ = {};
  return token;
}

JsonToken LenientJson::Close() {
  const bool object = *at_ == '}';
  if (expect_ == Expect::kKey || expect_ == Expect::kValue || object != in_object()) broken_ = true;
  if (depth_ == 0) return End(true);
  ++at_;
  --depth_;
  expect_ = depth_ == 0 ? Expect::kNothing : Expect::kCommaOrClose;
  key_ = {};
  return JsonToken{JsonToken::Kind::kClose, {}, {}};
}

JsonToken LenientJson::Value(JsonToken::Kind kind, std::string_view text) {
  if (expect_ != Expect::kValue && expect_ != Expect::kValueOrClose) broken_ = true;
  expect_ = depth_ == 0 ? Expect::kNothing : Expect::kCommaOrClose;
  const JsonToken token{kind, key_, text};
  key_ = {};
  return token;
}

// Between quotes of either kind.
std::string_view LenientJson::String() {
  const char quote = *at_++;
  if (quote != '"') broken_ = true;
  const char* from = at_;
  const char* found = from;
  while (true) {
    found = FindEither(found, end_, quote, '\\');
    if (found == end_) break;
    if (*found == quote) {
      at_ = found + 1;
      return {from, static_cast<size_t>(found - from)};
    }
    found += end_ - found > 1 ? 2 : 1;  // what follows a backslash ends nothing
  }
  broken_ = true;
  at_ = end_;
  return {from, static_cast<size_t>(end_ - from)};
}

void LenientJson::ReadKey() {
  if (expect_ == Expect::kCommaOrClose) broken_ = true;
  key_ = String();
  SkipBlanks();
  if (at_ != end_ && *at_ == ':') {
    ++at_;
    expect_ = Expect::kValue;
    return;
  }
  broken_ = true;  // a lone string: no member
  key_ = {};
  expect_ = Expect::kCommaOrClose;
}

void LenientJson::Comma() {
  if (expect_ != Expect::kCommaOrClose) broken_ = true;
  ++at_;
  expect_ = in_object() ? Expect::kKey : Expect::kValue;
}

JsonToken LenientJson::Word() {
  const char* from = at_;
  while (at_ != end_ && !EndsWord(*at_)) ++at_;
  if (at_ == from) ++at_;  // a stray colon or bracket
  const std::string_view word(from, static_cast<size_t>(at_ - from));
  using enum JsonToken::Kind;
  const char c = word.front();
  if (c == '-' || (c >= '0' && c <= '9')) return Value(kNumber, word);
  if (word == "true") return Value(kTrue, {});
  if (word == "false") return Value(kFalse, {});
  if (word == "null") return Value(kNull, {});
  broken_ = true;
  if (word == "True") return Value(kTrue, {});
  if (word == "False") return Value(kFalse, {});
  return Value(kNull, {});
}

JsonToken LenientJson::Next() {
  while (true) {
    if (expect_ == Expect::kNothing) return JsonToken();
    SkipBlanks();
    if (at_ == end_) return End(true);
    switch (*at_) {
      case ',': Comma(); continue;
      case '}':
      case ']': return Close();
      case '{': return Open(JsonToken::Kind::kObject);
      case '[': return Open(JsonToken::Kind::kArray);
      case '\'':
      case '"':
        if (in_object() && expect_ != Expect::kValue) {
          ReadKey();
          continue;
        }
        return Value(JsonToken::Kind::kString, String());
      default: return Word();
    }
  }
}

}  // namespace squall
