#include "engine/wire/dialect.h"

#include <array>
#include <cstring>

#include "engine/wire/openai.h"

namespace squall {
namespace {

constexpr std::array kDialects = {
    Dialect{"openai", &EncodeOpenAiChat, &MakeOpenAiDecoder},
};

// The first byte from `at` on that a JSON string must escape, or the size of `text`. Looks at eight
// bytes at once: prompts are long and hold few of them.
size_t FindSpecial(std::string_view text, size_t at) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  constexpr uint64_t kHighs = 0x8080808080808080u;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    const uint64_t quote = word ^ (kOnes * '"');
    const uint64_t slash = word ^ (kOnes * '\\');
    const uint64_t hits =
        ((word - kOnes * 0x20) & ~word) | ((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash);
    if ((hits & kHighs) != 0) break;
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c == '"' || c == '\\') break;
  }
  return at;
}

void AppendEscape(unsigned char c, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"': out->append("\\\""); break;
    case '\\': out->append("\\\\"); break;
    case '\n': out->append("\\n"); break;
    case '\r': out->append("\\r"); break;
    case '\t': out->append("\\t"); break;
    default:
      out->append("\\u00");
      out->push_back(kHex[c >> 4]);
      out->push_back(kHex[c & 15]);
  }
}

}  // namespace

std::span<const Dialect> Dialects() { return kDialects; }

const Dialect* FindDialect(std::string_view name) {
  for (const Dialect& dialect : kDialects) {
    if (dialect.name == name) return &dialect;
  }
  return nullptr;
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  size_t clean = 0;
  for (size_t at = FindSpecial(text, 0); at < text.size(); at = FindSpecial(text, clean)) {
    out->append(text.substr(clean, at - clean));
    AppendEscape(static_cast<unsigned char>(text[at]), out);
    clean = at + 1;
  }
  out->append(text.substr(clean));
  out->push_back('"');
}

}  // namespace squall
