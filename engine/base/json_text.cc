#include "engine/base/json_text.h"

#include <array>
#include <bit>
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

// Works in a buffer on the stack, eight bytes at a time: answers are JSON texts, full of quotes,
// and growing the string for every piece between two of them would cost more than the copying.
void AppendJsonString(std::string_view text, std::string* out) {
  std::array<char, 1024> buffer;
  size_t used = 0;
  const auto flush_if_full = [&] {
    if (used + 8 + kLongestEscape <= buffer.size()) return;
    out->append(buffer.data(), used);
    used = 0;
  };
  buffer[used++] = '"';
  while (text.size() >= 8) {
    flush_if_full();
    uint64_t word;
    std::memcpy(&word, text.data(), 8);
    std::memcpy(buffer.data() + used, &word, 8);  // all eight; what must be escaped is overwritten
    const size_t plain = PlainBytes(word);
    used += plain;
    text.remove_prefix(plain);
    if (plain == 8) continue;
    used += WriteEscape(static_cast<unsigned char>(text.front()), buffer.data() + used);
    text.remove_prefix(1);
  }
  for (const char c : text) {
    flush_if_full();
    const bool special = static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
    if (special) {
      used += WriteEscape(static_cast<unsigned char>(c), buffer.data() + used);
    } else {
      buffer[used++] = c;
    }
  }
  flush_if_full();
  buffer[used++] = '"';
  out->append(buffer.data(), used);
}

}  // namespace squall
