#include "engine/diagnose_evidence.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

#include "engine/diagnose_bytes.h"
#include "engine/diagnose_reader.h"
#include "engine/diagnose_wait.h"
#include "engine/wire/http.h"

namespace squall {
namespace {

constexpr size_t kFoldMax = 1024;  // bytes of one error text that are searched
constexpr size_t kPageHeadMax = 4096;

// Decodes the simple escapes; others stay as they are, which a lenient reader survives.
std::string_view Unescape(std::string_view raw, char* out, size_t room) {
  const char* from = raw.data();
  const char* end = from + std::min(raw.size(), room);  // what is decoded never grows
  size_t size = 0;
  while (from != end) {
    const char* escape = FindEither(from, end, '\\', '\\');
    const auto plain = static_cast<size_t>(escape - from);
    std::memcpy(out + size, from, plain);
    size += plain;
    from = escape;
    if (from == end) break;
    if (end - from > 1 && from[1] != 'u') ++from;
    const bool blank = from != escape && (*from == 'n' || *from == 'r' || *from == 't');
    out[size++] = blank ? ' ' : *from;
    ++from;
  }
  return {out, size};
}

// The first three-digit HTTP error status in a text.
int StatusIn(std::string_view text) {
  const auto digit = [&](size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  for (size_t i = 0; i + 3 <= text.size(); ++i) {
    const bool starts = (text[i] == '4' || text[i] == '5') && (i == 0 || !digit(i - 1));
    if (starts && digit(i + 1) && digit(i + 2) && !digit(i + 3)) {
      return (text[i] - '0') * 100 + (text[i + 1] - '0') * 10 + (text[i + 2] - '0');
    }
  }
  return 0;
}

// The number that ends right before `end`, 0 if none does.
int64_t NumberBefore(std::string_view text, size_t end) {
  size_t begin = end;
  while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') --begin;
  int64_t number = 0;
  std::from_chars(text.data() + begin, text.data() + end, number);
  return number;
}

int64_t NumberAfter(std::string_view text, std::string_view lead) {
  const size_t at = text.find(lead);
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = text.substr(at + lead.size());
  return NumberBefore(rest, std::min(rest.find_first_not_of("0123456789"), rest.size()));
}

int64_t FirstOf(std::string_view text, std::span<const std::string_view> leads) {
  for (const std::string_view lead : leads) {
    const int64_t number = NumberAfter(text, lead);
    if (number > 0) return number;
  }
  return 0;
}

// OpenAI, DeepSeek and vLLM: "maximum context length is 5000 tokens. However, you requested 5500
// tokens (1000 in the messages, 4500 in the completion)", "... your messages resulted in 6000
// tokens"; Anthropic: "prompt is too long: 6000 tokens > 5000 maximum", "exceed context limit: 1000
// + 4500 > 5000"; Gemini: "The input token count (6000) exceeds the maximum number of tokens
// allowed (5000)".
constexpr std::string_view kWindowLeads[] = {"context length is ", "tokens allowed (", " > "};
constexpr std::string_view kPromptLeads[] = {"resulted in ",
                                             "too long: ", "context limit: ", "token count ("};

TokenCounts CountsIn(std::string_view folded) {
  TokenCounts counts;
  counts.window = FirstOf(folded, kWindowLeads);
  counts.prompt = FirstOf(folded, kPromptLeads);
  const size_t messages = folded.find(" in the messages");
  if (messages != std::string_view::npos) counts.prompt = NumberBefore(folded, messages);
  return counts.window > 0 && counts.prompt > 0 ? counts : TokenCounts();
}

}  // namespace

std::string_view SkipJsonBlanks(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && IsJsonBlank(text[at])) ++at;
  return text.substr(at);
}

void EvidenceReader::Fold(std::string_view raw) {
  char folded[kFoldMax + kFoldSlack];
  out_.words = out_.words || !raw.empty();
  const std::string_view text = FoldText(raw, folded, kFoldMax);
  const std::string_view wait = FindPhrases(text, &out_.texts);
  if (!wait.empty()) TakeWaitOfText(wait);
  if (!out_.texts.Has(Sign::kContext)) return;
  const TokenCounts counts = CountsIn(text);
  if (counts.window == 0) return;
  out_.counts = counts;
  const bool fits = counts.prompt < counts.window;
  if (out_.texts.Has(Sign::kSum) && fits) out_.texts.Add(Sign::kMaxTokens);
}

// After words such as "try again in" or "resets at": a duration, a date, or seconds since 1970.
void EvidenceReader::TakeWaitOfText(std::string_view text) {
  constexpr size_t kEpochDigits = 10;
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (ParseDate(text).has_value() || digits >= kEpochDigits) {
    TakeWait(digits >= kEpochDigits ? text.substr(0, digits) : text, Act::kResetsAt);
  } else if (!out_.text_wait.has_value()) {
    out_.text_wait = ParseWait(text);
  }
}

// JSON within a text, as gateways wrap what they were told: {...}, b'{...}', a Python dict.
bool EvidenceReader::ReadNested(std::string_view raw, size_t from) {
  char buffer[kBodyNestedMax];
  const std::string_view inner = Unescape(raw.substr(from), buffer, kBodyNestedMax);
  const std::string_view start = SkipJsonBlanks(inner.substr(1));
  if (start.empty() || (start.front() != '"' && start.front() != '\'')) return false;
  Evidence nested;
  EvidenceReader(&nested, level_ + 1).ReadJson(inner);
  if (!nested.error && !nested.flat && nested.codes.empty() && nested.texts.empty()) return false;
  out_.codes = out_.codes | nested.codes;
  out_.texts = out_.texts | nested.texts;
  out_.words = true;
  if (nested.status != 0) out_.status = nested.status;
  if (nested.counts.window > 0) out_.counts = nested.counts;
  if (!out_.wait.has_value()) out_.wait = nested.wait;
  if (!out_.text_wait.has_value()) out_.text_wait = nested.text_wait;
  if (out_.resets_at == 0) out_.resets_at = nested.resets_at;
  if (!out_.retryable.has_value()) out_.retryable = nested.retryable;
  return true;
}

void EvidenceReader::ReadText(std::string_view raw) {
  if (raw.size() < 4) return;
  if (level_ < kBodyNestingMax) {
    const auto* brace = static_cast<const char*>(std::memchr(raw.data(), '{', raw.size()));
    if (brace != nullptr) {
      const auto from = static_cast<size_t>(brace - raw.data());
      if (ReadNested(raw, from)) {
        Fold(raw.substr(0, from));
        return;
      }
    }
  }
  Fold(raw);
}

void EvidenceReader::ReadEvent(std::string_view data) {
  data = SkipJsonBlanks(data);
  out_.events = true;
  if (data.starts_with("[DONE]")) {
    out_.terminal = true;
  } else if (data.starts_with('{') || data.starts_with('[')) {
    if (!IsBlankJson(ReadJson(data))) out_.broken = true;
  }
}

void EvidenceReader::ReadStream(std::string_view body) {
  out_.stream = true;
  while (!body.empty()) {
    if (body.front() == '{' || body.front() == '[') {
      // An error in a started stream may come bare, over several lines.
      out_.events = true;
      body = ReadJson(body);
      continue;
    }
    const size_t end = body.find_first_of("\r\n");
    const std::string_view line = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    thinking_ = false;
    if (line.starts_with("data:")) ReadEvent(line.substr(5));
    if (line.starts_with("event:")) TakeType(SkipJsonBlanks(line.substr(6)));
  }
}

void EvidenceReader::ReadPage(std::string_view body) {
  out_.html = true;
  const std::string_view head = body.substr(0, kPageHeadMax);
  for (const std::string_view tag : {"<title>", "<h1>"}) {
    const size_t from = head.find(tag);
    if (from == std::string_view::npos) continue;
    const std::string_view rest = head.substr(from + tag.size());
    const std::string_view text = rest.substr(0, rest.find("</"));
    Fold(text);
    if (out_.status == 0) out_.status = StatusIn(text);
    // A page's prose is advice to people, except for how long to wait.
    const SignSet title = out_.texts;
    Fold(rest.substr(text.size()));
    out_.texts = title;
    return;
  }
}

void EvidenceReader::ReadPlain(std::string_view body) {
  constexpr std::string_view kException = ":exception-type";
  const std::string_view head = body.substr(0, kPageHeadMax);
  const size_t exception = head.find(kException);  // a frame of an AWS event stream
  if (exception != std::string_view::npos) {
    out_.error = true;
    const std::string_view rest =
        head.substr(std::min(exception + kException.size() + 3, head.size()));
    AddCode(rest.substr(
        0, rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")));
  }
  out_.flat = true;
  out_.broken = true;
  out_.status = body.size() < 64 ? StatusIn(body) : 0;
  ReadText(head);
}

void EvidenceReader::ReadAny(std::string_view body) {
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  body = SkipJsonBlanks(body);
  if (body.empty()) {
    out_.blank = true;
    return;
  }
  constexpr std::string_view kFields[] = {"data:", "event:", ":", "id:", "retry:"};
  for (const std::string_view field : kFields) {
    if (body.starts_with(field)) return ReadStream(body);
  }
  if (body.front() == '<') return ReadPage(body);
  if (body.front() != '{' && body.front() != '[' && body.front() != '"') return ReadPlain(body);
  while (!body.empty()) {
    body = SkipJsonBlanks(ReadJson(body));
    if (body.empty()) return;
    if (body.front() != '{' || out_.broken) {
      out_.broken = true;
      return;
    }
    out_.stream = out_.events = true;  // JSON lines
  }
}

Evidence ReadBody(std::string_view body) {
  Evidence evidence;
  EvidenceReader(&evidence, 0).ReadAny(body);
  return evidence;
}

Evidence ReadError(const DecodedBody& body) {
  Evidence evidence;
  evidence.error = true;
  evidence.status = body.error_status;
  for (const std::string_view code : {body.error_type, body.error_code, body.error_inner_code}) {
    evidence.codes = evidence.codes | SignsOfCode(code);
  }
  evidence.codes = evidence.codes | SignsOfQuota(body.error_quota_id);
  if (BoundsAnswer(body.error_param)) evidence.codes.Add(Sign::kBound);
  evidence.wait = ParseWait(body.error_retry_delay);
  evidence.resets_at = static_cast<double>(body.error_resets_at_s);
  EvidenceReader(&evidence, 0).ReadText(body.error_message);
  return evidence;
}

}  // namespace squall
