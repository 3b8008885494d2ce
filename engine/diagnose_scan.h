// A forgiving JSON reader for bodies that something else has damaged: it walks raw bytes, allocates
// nothing, and goes on after what a strict parser refuses (stray commas, unterminated ends, Python
// literals and quotes), remembering only that the text was broken. Strings come out as they stand
// in the text, escapes included. Used by diagnose_evidence.cc; grammar: RFC 8259.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace squall {

constexpr bool IsJsonBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

struct JsonToken {
  enum class Kind : uint8_t {
    kObject,
    kArray,
    kClose,
    kString,
    kNumber,
    kTrue,
    kFalse,
    kNull,
    kEnd
  };
  Kind kind = Kind::kEnd;
  std::string_view key;   // of the member, empty in arrays
  std::string_view text;  // of a string (without quotes) or number
};

class LenientJson {
 public:
  // Reads the first value of `text`, which must outlive this.
  explicit LenientJson(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  JsonToken Next();

  // Was a rule of the grammar broken so far?
  bool broken() const { return broken_; }

  // What follows the value, once Next() has said kEnd.
  std::string_view rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }

 private:
  enum class Expect : uint8_t { kValue, kValueOrClose, kKey, kKeyOrClose, kCommaOrClose, kNothing };
  static constexpr int kDepthMax = 64;

  bool in_object() const { return depth_ > 0 && stack_[depth_ - 1]; }
  void SkipBlanks();
  JsonToken Open(JsonToken::Kind kind);
  JsonToken Close();
  JsonToken Value(JsonToken::Kind kind, std::string_view text);
  JsonToken Word();
  std::string_view String();
  void ReadKey();
  void Comma();
  JsonToken End(bool broken);

  const char* at_;
  const char* end_;
  std::string_view key_;
  int depth_ = 0;
  Expect expect_ = Expect::kValue;
  bool broken_ = false;
  std::array<bool, kDepthMax> stack_;  // true: an object
};

}  // namespace squall
