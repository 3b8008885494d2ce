#include "engine/wire/http.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"

namespace squall {
namespace {

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Marks the first of the eight bytes that is `c`; 0 if there is none.
uint64_t MarkByte(uint64_t word, char c) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  const uint64_t zero = word ^ (kOnes * static_cast<unsigned char>(c));
  return (zero - kOnes) & ~zero & (kOnes << 7);
}

// Would `text` end the header line that holds it?
bool EndsLine(std::string_view text) {
  constexpr size_t kWord = sizeof(uint64_t);
  const auto marks = [&](size_t at) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, kWord);
    return MarkByte(word, '\r') | MarkByte(word, '\n');
  };
  uint64_t ends = 0;
  if (text.size() < kWord) {
    for (const char c : text) ends |= c == '\r' || c == '\n' ? 1 : 0;
    return ends != 0;
  }
  for (size_t at = 0; at + kWord < text.size(); at += kWord) ends |= marks(at);
  return (ends | marks(text.size() - kWord)) != 0;  // the last eight, seen already or not
}

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

void Headers::Add(std::string_view name, std::string_view value) {
  SQUALL_CHECK(!EndsLine(name) && !EndsLine(value) && name.find(':') == std::string_view::npos);
  // Grown once, not by each of the four pieces.
  const size_t size = block_.size();
  block_.resize(size + name.size() + value.size() + 4);
  char* at = std::copy(name.begin(), name.end(), block_.data() + size);
  at = std::copy_n(": ", 2, at);
  at = std::copy(value.begin(), value.end(), at);
  std::copy_n("\r\n", 2, at);
}

bool Headers::NextLine(std::string_view* rest, std::string_view* name, std::string_view* value) {
  const size_t end = rest->find("\r\n");
  if (end == std::string_view::npos) return false;
  const std::string_view line = rest->substr(0, end);
  rest->remove_prefix(end + 2);
  const size_t colon = line.find(':');  // present in every line that Add wrote
  *name = line.substr(0, colon);
  *value = Trim(line.substr(colon + 1));
  return true;
}

std::optional<std::string_view> Headers::Find(std::string_view wanted) const {
  std::string_view rest = block_;
  std::string_view name;
  std::string_view value;
  while (NextLine(&rest, &name, &value)) {
    if (EqualsIgnoreCase(name, wanted)) return value;
  }
  return std::nullopt;
}

std::string_view TransportErrorName(TransportError error) {
  switch (error) {
    case TransportError::kNone: return "none";
    case TransportError::kTimeout: return "timeout";
    case TransportError::kConnect: return "connect";
    case TransportError::kReset: return "reset";
    case TransportError::kCut: return "cut";
    case TransportError::kProtocol: return "protocol";
    case TransportError::kTooLarge: return "too_large";
    case TransportError::kCancelled: return "cancelled";
  }
  return "unknown";
}

}  // namespace squall
