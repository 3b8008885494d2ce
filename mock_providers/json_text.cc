#include "mock_providers/json_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace squall {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101u;
constexpr uint64_t kHighs = 0x8080808080808080u;

// Does any of the eight bytes equal zero? (The classic exact test; false positives are impossible
// for the question "any", only for "which".)
constexpr bool HasZero(uint64_t word) { return ((word - kOnes) & ~word & kHighs) != 0; }

// Is any of the eight bytes a quote, a backslash or below a blank?
bool NeedsEscape(const char* text) {
  uint64_t word;
  std::memcpy(&word, text, sizeof(word));
  const bool control = ((word - kOnes * 0x20) & ~word & kHighs) != 0;
  return control || HasZero(word ^ (kOnes * '"')) || HasZero(word ^ (kOnes * '\\'));
}

constexpr bool IsSpecial(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

constexpr size_t kLongestEscape = 6;

// Writes the escape of `c` at `out` and returns its length.
size_t WriteEscape(char c, char* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out[0] = '\\';
  switch (c) {
    case '"':
    case '\\': out[1] = c; return 2;
    case '\n': out[1] = 'n'; return 2;
    case '\r': out[1] = 'r'; return 2;
    case '\t': out[1] = 't'; return 2;
    default: break;
  }
  const auto byte = static_cast<unsigned char>(c);
  std::memcpy(out + 1, "u00", 3);
  out[4] = kHex[byte >> 4];
  out[5] = kHex[byte & 15];
  return kLongestEscape;
}

}  // namespace

// Collects in a buffer on the stack: growing the string for every piece between two escapes would
// cost more than the copying, and answers are JSON texts, full of quotes.
void AppendJsonText(std::string_view text, std::string* out) {
  std::array<char, 512> buffer;
  size_t used = 0;
  buffer[used++] = '"';
  size_t at = 0;
  while (at < text.size()) {
    if (used + 8 * kLongestEscape > buffer.size()) {
      out->append(buffer.data(), used);
      used = 0;
    }
    // Most text needs no escape: look at eight bytes at a time.
    const size_t step = std::min<size_t>(8, text.size() - at);
    if (step == 8 && !NeedsEscape(text.data() + at)) {
      std::memcpy(buffer.data() + used, text.data() + at, 8);
      used += 8;
    } else {
      for (const char c : text.substr(at, step)) {
        if (IsSpecial(c)) {
          used += WriteEscape(c, buffer.data() + used);
        } else {
          buffer[used++] = c;
        }
      }
    }
    at += step;
  }
  out->append(buffer.data(), used).push_back('"');
}

}  // namespace squall
