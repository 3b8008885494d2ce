#include "engine/patch.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace squall {
namespace {

constexpr int64_t kLeastMaxTokens = 16;
constexpr double kLeastKept = 1.0 / 64;
constexpr double kMargin = 0.9;  // of a known window: estimates of tokens err by some percent
constexpr std::string_view kCut = "\n[...]\n";

// The share of the prompt that fits into a window that is known, else half of what was sent.
double KeepFor(const ModelInfo& model, const CallState& call) {
  const double halved = call.patch.keep / 2;
  if (model.context_tokens <= 0 || call.prompt_tokens <= 0) return halved;
  const auto room = static_cast<double>(model.context_tokens - call.max_tokens) * kMargin;
  const double fits = room / static_cast<double>(call.prompt_tokens);
  return fits > 0 && fits < call.patch.keep ? fits : halved;
}

size_t BytesOf(const ChatRequest& request) {
  size_t bytes = 0;
  for (const ChatMessage& message : request.messages) bytes += message.content.size();
  return bytes;
}

bool Continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Takes about `excess` bytes out of the middle, between whole UTF-8 characters.
void CutMiddle(size_t excess, std::string* text) {
  if (excess + kCut.size() >= text->size()) return;
  const size_t gone = excess + kCut.size();
  size_t begin = (text->size() - gone) / 2;
  size_t end = begin + gone;
  while (begin > 0 && Continues((*text)[begin])) --begin;
  while (end < text->size() && Continues((*text)[end])) ++end;
  text->replace(begin, end - begin, kCut);
}

void Shorten(size_t most, ChatRequest* request) {
  auto& messages = request->messages;
  auto oldest = messages.begin();
  while (oldest != messages.end() && oldest->role == Role::kSystem) ++oldest;
  while (messages.end() - oldest > 1 && BytesOf(*request) > most) oldest = messages.erase(oldest);
  const size_t bytes = BytesOf(*request);
  if (bytes <= most) return;
  const auto longest = std::max_element(
      messages.begin(), messages.end(),
      [](const auto& a, const auto& b) { return a.content.size() < b.content.size(); });
  CutMiddle(bytes - most, &longest->content);
}

}  // namespace

std::optional<Patch> PatchFor(const Diagnosis& last, const ModelInfo& model,
                              const CallState& call) {
  Patch patch = call.patch;
  if (last.failure == FailureClass::kContextLengthExceeded) {
    patch.keep = KeepFor(model, call);
    if (patch.keep < kLeastKept) return std::nullopt;
    return patch;
  }
  switch (last.adapt) {
    case Adaptation::kReduceMaxTokens: {
      const int64_t halved = call.max_tokens / 2;
      const bool known = model.max_output_tokens > 0 && model.max_output_tokens < call.max_tokens;
      patch.max_tokens = known ? model.max_output_tokens : halved;
      if (patch.max_tokens < kLeastMaxTokens) return std::nullopt;
      return patch;
    }
    case Adaptation::kDropParam:
      if (patch.drop_optional) return std::nullopt;
      patch.drop_optional = true;
      return patch;
    case Adaptation::kNone:
    case Adaptation::kRefreshCredential: return std::nullopt;
  }
  return std::nullopt;
}

ChatRequest Patched(const ChatRequest& request, const Patch& patch) {
  ChatRequest changed = request;
  changed.plain = patch.drop_optional;
  if (patch.keep < 1) {
    const auto bytes = static_cast<double>(BytesOf(request));
    Shorten(static_cast<size_t>(std::floor(bytes * patch.keep)), &changed);
  }
  return changed;
}

void AddComplaint(std::string_view refused, std::string_view complaint, ChatRequest* request) {
  request->messages.emplace_back(Role::kAssistant, std::string(refused));
  request->messages.emplace_back(Role::kUser, std::string(complaint));
}

}  // namespace squall
