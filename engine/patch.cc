#include "engine/patch.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace squall {
namespace {

constexpr int64_t kLeastMaxTokens = 16;
constexpr int64_t kLeastPrompt = 64;      // tokens
constexpr double kLeastKept = 1.0 / 64;   // where the prompt's tokens are not known
constexpr double kLeastAnswer = 1.0 / 8;  // of the tokens wanted, before the prompt is cut instead
// Of a known window: nineteen of twenty estimates err by less (policy/token_estimate.h).
constexpr double kMargin = 0.87;
constexpr double kHeadShare = 0.75;  // of what stays of a text without a long paragraph
constexpr std::string_view kCutMark = "\n[...]\n";

// The share of the prompt that fits into `window` beside `max_tokens`; nullopt if that, or the
// prompt, is not known. May be above 1, or below 0.
std::optional<double> ShareThatFits(int64_t window, const CallState& call, int64_t max_tokens) {
  if (window <= 0 || call.told_tokens <= 0) return std::nullopt;
  const auto room = static_cast<double>(window - max_tokens) * kMargin;
  return room / static_cast<double>(call.told_tokens);
}

// What the refusal says of the window goes before what the configuration says.
int64_t WindowOf(const Diagnosis& last, const ModelInfo& model) {
  return last.counts.window > 0 ? last.counts.window : model.context_tokens;
}

// The share that fits, else half of what was sent.
double KeepFor(const Diagnosis& last, const ModelInfo& model, const CallState& call) {
  const double fits = ShareThatFits(WindowOf(last, model), call, call.max_tokens).value_or(0);
  return fits > 0 && fits < call.patch.keep ? fits : call.patch.keep / 2;
}

bool TooShort(double keep, const CallState& call) {
  if (call.told_tokens <= 0) return keep < kLeastKept;
  return keep * static_cast<double>(call.told_tokens) < kLeastPrompt;
}

// What the window leaves to an answer, where the words say that the prompt alone fits. 0 if that is
// too little to be of use, or has been tried: then the prompt must become shorter.
int64_t RoomForAnswer(const Diagnosis& last, const ModelInfo& model, const CallState& call) {
  if (last.adapt != Adaptation::kReduceMaxTokens) return 0;
  int64_t room = call.max_tokens / 2;
  const int64_t window = WindowOf(last, model);
  if (window > 0 && call.told_tokens > 0) {
    const double sent = call.patch.keep * static_cast<double>(call.told_tokens) / kMargin;
    const int64_t left = window - static_cast<int64_t>(sent);
    if (left < call.max_tokens) room = left;
  } else if (call.max_tokens < call.wanted_tokens) {
    return 0;
  }
  const auto least = static_cast<int64_t>(kLeastAnswer * static_cast<double>(call.wanted_tokens));
  return room >= std::max(least, kLeastMaxTokens) ? room : 0;
}

size_t BytesOf(const ChatRequest& request) {
  size_t bytes = 0;
  for (const ChatMessage& message : request.messages) bytes += message.content.size();
  return bytes;
}

bool Continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

struct Span {
  size_t begin = 0;
  size_t end = 0;
  size_t size() const { return end - begin; }
};

Span LongestParagraph(std::string_view text) {
  constexpr std::string_view kBreak = "\n\n";
  Span longest;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(kBreak, begin), text.size());
    if (end - begin > longest.size()) longest = {begin, end};
    begin = end + kBreak.size();
  }
  return longest;
}

// Takes about `excess` bytes out of it, between whole UTF-8 characters.
void Cut(size_t excess, std::string* text) {
  const size_t gone = excess + kCutMark.size();
  if (gone >= text->size()) return;
  Span from = LongestParagraph(*text);
  if (from.size() < gone) from = {0, text->size()};
  const auto stays = static_cast<double>(from.size() - gone);
  size_t begin = from.begin + static_cast<size_t>(stays * kHeadShare);
  size_t end = begin + gone;
  while (begin > 0 && Continues((*text)[begin])) --begin;
  while (end < text->size() && Continues((*text)[end])) ++end;
  text->replace(begin, end - begin, kCutMark);
}

// Conversations begin with a user's turn, which some providers insist on.
void Shorten(size_t most, ChatRequest* request) {
  auto& messages = request->messages;
  auto oldest = messages.begin();
  while (oldest != messages.end() && oldest->role == Role::kSystem) ++oldest;
  while (messages.end() - oldest > 1 &&
         (BytesOf(*request) > most || oldest->role == Role::kAssistant)) {
    oldest = messages.erase(oldest);
  }
  const size_t bytes = BytesOf(*request);
  if (bytes <= most) return;
  const auto longest = std::max_element(
      messages.begin(), messages.end(),
      [](const auto& a, const auto& b) { return a.content.size() < b.content.size(); });
  Cut(bytes - most, &longest->content);
}

}  // namespace

std::optional<Patch> PatchFor(const Diagnosis& last, const ModelInfo& model,
                              const CallState& call) {
  Patch patch = call.patch;
  if (last.failure == FailureClass::kContextLengthExceeded) {
    const int64_t room = RoomForAnswer(last, model, call);
    if (room > 0) {
      patch.max_tokens = room;
      return patch;
    }
    patch.keep = KeepFor(last, model, call);
    if (TooShort(patch.keep, call)) return std::nullopt;
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

Patch PatchAt(Target target, const ModelInfo& model, const CallState& call) {
  if (target == call.patched || call.patch == Patch()) return call.patch;
  Patch patch = call.patch;
  patch.drop_optional = false;
  if (model.max_output_tokens > 0) {
    patch.max_tokens = std::min(call.wanted_tokens, model.max_output_tokens);
  }
  const int64_t limit = patch.max_tokens > 0 ? patch.max_tokens : call.max_tokens;
  const std::optional<double> fits = ShareThatFits(model.context_tokens, call, limit);
  if (fits.has_value() && *fits > 0) patch.keep = std::min(*fits, 1.0);
  return patch;
}

ChatRequest Patched(const ChatRequest& request, const Patch& patch) {
  ChatRequest changed = request;
  if (request.client_text == nullptr) changed.plain = patch.drop_optional;
  const bool opaque = request.client_text != nullptr && request.client_text->opaque;
  if (patch.keep < 1 && !opaque) {
    changed.client_messages = false;
    const auto bytes = static_cast<double>(BytesOf(request));
    Shorten(static_cast<size_t>(std::floor(bytes * patch.keep)), &changed);
  }
  return changed;
}

void AddComplaint(std::string_view refused, std::string_view complaint, ChatRequest* request) {
  if (request->client_text != nullptr && request->client_text->opaque) return;
  request->client_messages = false;
  request->messages.emplace_back(Role::kAssistant, std::string(refused));
  request->messages.emplace_back(Role::kUser, std::string(complaint));
}

}  // namespace squall
