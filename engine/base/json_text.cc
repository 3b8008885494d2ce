#include "engine/base/json_text.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace squall {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101u;
constexpr uint64_t kHighs = 0x8080808080808080u;
constexpr size_t kLongestEscape = 6;

// How many of the eight bytes, from the first on, need no escape. The subtractions mark the top bit
// of each byte that is below a blank, a quote or a backslash; a borrow can mark bytes behind the
// first such one too, but never before it.
size_t PlainBytes(uint64_t word) {
  static_assert(std::endian::native == std::endian::little);
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t slash = word ^ (kOnes * '\\');
  const uint64_t marks =
      ((word - kOnes * 0x20) & ~word) | ((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash);
  return static_cast<size_t>(std::countr_zero(marks & kHighs)) / 8;  // 8 if there is no mark
}

// Writes the escape of `c` at `out` and returns its length.
size_t WriteEscape(unsigned char c, char* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out[0] = '\\';
  switch (c) {
    case '"':
    case '\\': out[1] = static_cast<char>(c); return 2;
    case '\n': out[1] = 'n'; return 2;
    case '\r': out[1] = 'r'; return 2;
    case '\t': out[1] = 't'; return 2;
    default: break;
  }
  std::memcpy(out + 1, "u00", 3);
  out[4] = kHex[c >> 4];
  out[5] = kHex[c & 15];
  return kLongestEscape;
}

}  // namespace

// Eight bytes at a time: answers are JSON texts, full of quotes.
void JsonWriter::String(std::string_view text) {
  Raw("\"");
  while (text.size() >= 8) {
    Reserve(8 + kLongestEscape);
    uint64_t word;
    std::memcpy(&word, text.data(), 8);
    std::memcpy(buffer_.data() + used_, &word, 8);  // what must be escaped is overwritten
    const size_t plain = PlainBytes(word);
    used_ += plain;
    text.remove_prefix(plain);
    if (plain == 8) continue;
    used_ += WriteEscape(static_cast<unsigned char>(text.front()), buffer_.data() + used_);
    text.remove_prefix(1);
  }
  Reserve(8 * kLongestEscape);
  for (const char c : text) {
    const bool special = static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
    if (special) {
      used_ += WriteEscape(static_cast<unsigned char>(c), buffer_.data() + used_);
    } else {
      buffer_[used_++] = c;
    }
  }
  Raw("\"");
}

void JsonWriter::Number(int64_t number) {
  constexpr size_t kLongest = 20;
  Reserve(kLongest);
  char* const at = buffer_.data() + used_;
  used_ += static_cast<size_t>(std::to_chars(at, at + kLongest, number).ptr - at);
}

void AppendJsonString(std::string_view text, std::string* out) { JsonWriter(out).String(text); }

}  // namespace squall
