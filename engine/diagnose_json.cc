#include <array>
#include <charconv>
#include <string>

#include "engine/diagnose_reader.h"
#include "engine/diagnose_wait.h"

namespace squall {
namespace {

constexpr int kDepthMax = 40;

using Kind = JsonToken::Kind;

struct BaseRow {
  std::string_view code;
  Sign sign;
};

// MiniMax's base_resp.status_code.
constexpr BaseRow kBaseCodes[] = {
    {"1001", Sign::kTimedOut}, {"1002", Sign::kRate},        {"1004", Sign::kAuth},
    {"1008", Sign::kMoney},    {"1013", Sign::kServerFault}, {"1026", Sign::kFilter},
    {"1027", Sign::kFilter},   {"1039", Sign::kRate},        {"2013", Sign::kRequest},
    {"2049", Sign::kAuth},     {"2056", Sign::kUsageWindow}};

constexpr std::string_view kTerminalEvents[] = {"message_stop",        "response.completed",
                                                "response.incomplete", "response.done",
                                                "message-end",         "stream-end"};

constexpr std::string_view kToolKinds[] = {"tool_use",
                                           "function_call",
                                           "server_tool_use",
                                           "tool-call",
                                           "mcp_call",
                                           "web_search_call",
                                           "file_search_call",
                                           "image_generation_call",
                                           "code_interpreter_call",
                                           "custom_tool_call",
                                           "computer_call",
                                           "image",
                                           "input_json_delta"};

// The limit on tokens to generate, as each dialect spells it.
constexpr std::string_view kBounds[] = {"max_tokens", "max_completion_tokens", "max_output_tokens",
                                        "max_new_tokens", "maxOutputTokens"};

template <size_t N>
bool IsOneOf(std::string_view word, const std::string_view (&words)[N]) {
  for (const std::string_view w : words) {
    if (w == word) return true;
  }
  return false;
}

double NumberOf(std::string_view text) {
  double value = 0;
  if (text.empty() || text.front() > '9') return value;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool IsHttpError(double value) { return value >= 400 && value < 600; }

// Is this a reason, which no later word replaces?
bool SaysWhy(BodyEnding finish) {
  return finish != BodyEnding::kNone && finish != BodyEnding::kStop &&
         finish != BodyEnding::kPending && finish != BodyEnding::kIncomplete;
}

std::optional<Duration> WaitOf(double seconds) {
  if (!(seconds > 0) || seconds > 366.0 * 86'400) return std::nullopt;
  return FromSeconds(seconds);
}

}  // namespace

bool BoundsAnswer(std::string_view param) { return IsOneOf(param, kBounds); }

// Names such as GenerateRequestsPerDayPerProjectPerModel-FreeTier.
SignSet SignsOfQuota(std::string_view name) {
  struct Part {
    std::string_view text;
    Sign sign;
  };
  constexpr Part kParts[] = {{"PerDay", Sign::kPerDay},  {"PerMinute", Sign::kPerMinute},
                             {"per_day", Sign::kPerDay}, {"per_minute", Sign::kPerMinute},
                             {"oken", Sign::kTokens},    {"equest", Sign::kRequests}};
  SignSet signs;
  for (size_t at = 0; at < name.size(); ++at) {
    const char c = name[at];
    if (c != 'P' && c != 'p' && c != 'o' && c != 'e') continue;
    for (const Part& part : kParts) {
      if (part.text.front() == c && name.substr(at).starts_with(part.text)) signs.Add(part.sign);
    }
  }
  return signs;
}

void EvidenceReader::TakeType(std::string_view type) {
  thinking_ = type.find("reasoning") != std::string_view::npos;
  if (type == "error" || type == "response.failed") out_.error = true;
  if (IsOneOf(type, kTerminalEvents)) out_.terminal = true;
  AddCode(type);
}

void EvidenceReader::TakeReplyStatus(std::string_view status) {
  if (status == "queued" || status == "in_progress" || status == "starting" ||
      status == "processing") {
    if (out_.finish == BodyEnding::kNone) out_.finish = BodyEnding::kPending;
    out_.reply = true;
  } else if (status == "failed") {
    out_.finish = BodyEnding::kError;
  } else if (status == "incomplete" || status == "cancelled" || status == "canceled") {
    if (!SaysWhy(out_.finish)) out_.finish = EndingByName(status);
  } else {
    if (status == "completed") out_.finish = BodyEnding::kNone;
    AddCode(status);
  }
}

void EvidenceReader::TakeKind(std::string_view kind, Frame* frame) {
  if (IsOneOf(kind, kToolKinds)) out_.tools = true;
  if (kind.find("thinking") != std::string_view::npos || kind.starts_with("reasoning")) {
    frame->thought = true;
  }
}

void EvidenceReader::TakeFinish(std::string_view name) {
  const BodyEnding finish = EndingByName(name);
  if (!SaysWhy(out_.finish)) out_.finish = finish;
}

// A tool call that nobody can execute is no answer. Deltas of a stream are pieces: not checked.
void EvidenceReader::TakeArguments(std::string_view raw) {
  out_.tools = true;
  if (out_.stream || IsBlankJson(raw) || raw.size() > kBodyNestedMax) return;
  char buffer[kBodyNestedMax];
  size_t size = 0;
  for (size_t i = 0; i < raw.size(); ++i) {
    // Escapes of the outer string only: what they stand for is the inner text.
    if (raw[i] == '\\' && i + 1 < raw.size() && raw[i + 1] != 'u') {
      ++i;
      buffer[size++] = raw[i] == 'n' || raw[i] == 't' || raw[i] == 'r' ? ' ' : raw[i];
    } else {
      buffer[size++] = raw[i];
    }
  }
  LenientJson json(std::string_view(buffer, size));
  while (json.Next().kind != Kind::kEnd) continue;
  if (json.broken() || !IsBlankJson(json.rest())) out_.bad_arguments = true;
}

// A wait as a text: a number, a duration or a date.
void EvidenceReader::TakeWait(std::string_view text, Act act) {
  const std::optional<int64_t> date = ParseDate(text);
  if (date.has_value()) {
    if (out_.resets_at == 0) out_.resets_at = static_cast<double>(*date);
  } else if (act == Act::kSeconds) {
    if (!out_.wait.has_value()) out_.wait = ParseWait(text);
  } else if (!text.empty() && text.front() >= '0') {
    TakeNumber({JsonToken::Kind::kNumber, {}, text}, act, Place::kError);
  }
}

void EvidenceReader::TakeString(const JsonToken& token, Act act, Place place, Frame* frame) {
  const std::string_view text = token.text;
  switch (act) {
    case Act::kError:
    case Act::kErrors:
    case Act::kException:
      if (text.empty()) return;
      out_.error = true;
      AddCode(text);
      ReadText(text);
      return;
    case Act::kText:
      if (place == Place::kTop) out_.flat = true;
      if (place != Place::kBase || out_.error) ReadText(text);
      return;
    case Act::kCode: AddCode(text); return;
    case Act::kCodeText:
      if (!text.empty() && IsHttpError(NumberOf(text)))
        out_.status = static_cast<int>(NumberOf(text));
      AddCode(text);
      if (text.find(' ') != std::string_view::npos) ReadText(text);
      return;
    case Act::kParam:
      if (BoundsAnswer(text)) out_.codes.Add(Sign::kBound);
      return;
    case Act::kStatus:
      if (IsHttpError(NumberOf(text))) out_.status = static_cast<int>(NumberOf(text));
      AddCode(text);
      return;
    case Act::kQuota: out_.codes = out_.codes | SignsOfQuota(text); return;
    case Act::kSeconds:
    case Act::kMilliseconds:
    case Act::kResetsAt: TakeWait(text, act); return;
    case Act::kEvent: TakeType(text); return;
    case Act::kReplyStatus: TakeReplyStatus(text); return;
    case Act::kFinish: TakeFinish(text); return;
    case Act::kReply:
    case Act::kContent:
    case Act::kPiece:
    case Act::kInside:
      if (place == Place::kError) {
        if (token.key.empty()) ReadText(text);
        return;
      }
      if (place == Place::kTop) out_.reply = true;
      if (!IsBlankJson(text) && !thinking_) ++out_.content;
      return;
    case Act::kKind: TakeKind(text, frame); return;
    case Act::kArguments: TakeArguments(text); return;
    case Act::kTools: out_.tools = true; return;
    case Act::kRefusal: out_.refusal = out_.refusal || !text.empty(); return;
    default: return;
  }
}

void EvidenceReader::TakeNumber(const JsonToken& token, Act act, Place place) {
  const double value = NumberOf(token.text);
  switch (act) {
    case Act::kStatus:
    case Act::kCodeText:
    case Act::kReplyStatus:
      if (IsHttpError(value)) {
        if (place == Place::kError || out_.status == 0) out_.status = static_cast<int>(value);
      } else {
        AddCode(token.text);
      }
      return;
    case Act::kSeconds:
      if (!out_.wait.has_value()) out_.wait = WaitOf(value);
      return;
    case Act::kMilliseconds: out_.wait = WaitOf(value / 1000); return;
    case Act::kResetsAt: out_.resets_at = value > 1e11 ? value / 1000 : value; return;
    case Act::kReply:
    case Act::kContent:
      if (token.key.empty()) ++out_.content;  // an embedding
      return;
    case Act::kBaseCode:
      if (value == 0) return;
      out_.error = true;
      for (const BaseRow& row : kBaseCodes) {
        if (row.code == token.text) out_.codes.Add(row.sign);
      }
      return;
    default: return;
  }
}

void EvidenceReader::TakeWord(const JsonToken& token, Act act, Frame* frame) {
  if (token.kind == Kind::kTrue) {
    if (act == Act::kError) out_.error = true;
    if (act == Act::kRetryable) out_.retryable = true;
    if (act == Act::kDone) out_.terminal = out_.reply = true;
    if (act == Act::kThought) frame->thought = true;
  } else if (token.kind == Kind::kFalse) {
    if (act == Act::kSuccess) out_.error = true;
    if (act == Act::kRetryable) out_.retryable = false;
  } else if (act == Act::kReply && (token.key == "choices" || token.key == "candidates")) {
    out_.reply = true;
  }
}

// The frame of an object or list; false when nothing in it matters.
bool EvidenceReader::Enter(const JsonToken& token, Act act, Place place, Frame* inner) {
  const bool list = token.kind == Kind::kArray;
  inner->place = place;
  inner->via = act;
  inner->content_before = out_.content;
  inner->thought = false;
  switch (act) {
    case Act::kException: AddCode(token.key); [[fallthrough]];
    case Act::kError:
      out_.error = true;
      inner->place = Place::kError;
      return true;
    case Act::kErrors:
      if (!list) out_.error = true;
      inner->place = Place::kError;
      return true;
    case Act::kText:
    case Act::kCodeText:
      inner->place =
          place == Place::kTop && token.key == "message" ? Place::kMessage : Place::kError;
      if (inner->place == Place::kMessage) {
        out_.reply = true;
        inner->via = Act::kPiece;
      }
      return true;
    case Act::kReply:
      if (token.key == "data" && !list) return false;
      out_.reply = true;
      inner->place = Place::kReply;
      return true;
    case Act::kContent:
    case Act::kPiece:
      out_.reply = true;
      inner->place = Place::kMessage;
      return true;
    case Act::kTools:
      if (!list) out_.tools = true;
      inner->place = Place::kTool;
      return true;
    case Act::kArguments: out_.tools = true; return false;
    case Act::kBase: inner->place = Place::kBase; return true;
    case Act::kInside: return true;
    default: return false;
  }
}

std::string_view EvidenceReader::ReadJson(std::string_view text) {
  LenientJson json(text);
  std::array<Frame, kDepthMax> frames;
  int depth = 0;    // frames in use
  int skipped = 0;  // levels inside something that does not matter
  for (JsonToken token = json.Next(); token.kind != Kind::kEnd; token = json.Next()) {
    const bool opens = token.kind == Kind::kObject || token.kind == Kind::kArray;
    if (skipped > 0) {
      skipped += opens ? 1 : token.kind == Kind::kClose ? -1 : 0;
      continue;
    }
    if (token.kind == Kind::kClose) {
      --depth;
      if (frames[depth].thought) out_.content = frames[depth].content_before;
      continue;
    }
    if (depth == 0) {
      if (token.kind == Kind::kString && level_ < kBodyNestingMax) {
        out_.flat = true;
        ReadText(token.text);
      }
      if (!opens) continue;
      out_.json = true;
      frames[depth++] = {Place::kTop, Act::kInside, 0, false};
      continue;
    }
    Frame& frame = frames[depth - 1];
    const bool element = token.key.empty();
    const Act act = element ? frame.via : ActOf(frame.place, token.key);
    if (opens) {
      if (element && act == Act::kTools) out_.tools = true;
      if (element && act == Act::kErrors) out_.error = true;
      if (depth < kDepthMax && Enter(token, act, frame.place, &frames[depth])) {
        if (element) frames[depth].place = frame.place;
        ++depth;
      } else {
        skipped = 1;
      }
    } else if (token.kind == Kind::kString) {
      TakeString(token, act, frame.place, &frame);
    } else if (token.kind == Kind::kNumber) {
      TakeNumber(token, act, frame.place);
    } else {
      TakeWord(token, act, &frame);
    }
  }
  out_.broken = out_.broken || json.broken();
  return json.rest();
}

}  // namespace squall
