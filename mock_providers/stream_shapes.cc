// The same answer in forms that are unusual and legal, or harmless: what they break is a reader.
// The rules of event streams: HTML standard, section "Parsing an event stream".
#include <algorithm>

#include "mock_providers/fault_edits.h"
#include "mock_providers/stream_edits.h"

namespace squall {
namespace {

constexpr Duration kGap = 5ms;  // so that two writes are two reads
constexpr size_t kPieceBytes = 16;
constexpr size_t kMaxShapePieces = 64;
constexpr size_t kMergedEvents = 3;

std::string ReplaceAll(std::string_view text, std::string_view what, std::string_view by) {
  std::string out;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what)) {
    out.append(text.substr(0, at)).append(by);
    text.remove_prefix(at + what.size());
  }
  return out.append(text);
}

bool HasEvents(const ReplyPlan& plan) {
  return plan.body.starts_with("data:") || plan.body.starts_with("event:") ||
         plan.body.starts_with(':');
}

// JSON may begin after blanks, and DeepSeek's does.
void BlankLineFirst(ReplyPlan* plan) {
  plan->body.insert(0, "\r\n");
  for (Chunk& chunk : plan->chunks) chunk.end += 2;
}

// A body in one piece becomes one write of several.
void MakePieces(ReplyPlan* plan) {
  if (!plan->chunks.empty()) return;
  plan->chunks.push_back({Duration::zero(), plan->body.size()});
  plan->framing = Framing::kChunked;
}

// First byte after the first comma that is in no string, 0 if there is none.
size_t AfterComma(std::string_view json) {
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    if (in_string && json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      in_string = !in_string;
    } else if (json[i] == ',' && !in_string) {
      return i + 1;
    }
  }
  return 0;
}

std::string InTwoLines(std::string_view event) {
  std::string out(event);
  const size_t data = out.find("data: {");
  if (data == std::string::npos) return out;
  const size_t comma = AfterComma(std::string_view(out).substr(data));
  if (comma > 0) out.insert(data + comma, "\ndata: ");
  return out;
}

// Without the member of that name, whose value is an object.
std::string Without(std::string_view member, std::string_view event) {
  std::string out(event);
  const size_t from = out.find(member);
  if (from == std::string::npos) return out;
  size_t to = from + member.size();
  for (int depth = 1; depth > 0 && to < out.size(); ++to) {
    depth += out[to] == '{' ? 1 : out[to] == '}' ? -1 : 0;
  }
  return out.erase(from, to - from);
}

}  // namespace

namespace fault_edits {

// The bytes of one character in two writes.
void SplitCharacter(const FaultContext&, ReplyPlan* plan) {
  if (HasEvents(*plan) &&
      std::none_of(plan->body.begin(), plan->body.end(), [](char c) { return (c & 0x80) != 0; })) {
    constexpr std::string_view kComment = ": \xc3\xa9\n\n";
    const size_t event = plan->text_begin;
    plan->body.insert(EventStart(event, *plan), kComment);
    for (size_t i = event; i < plan->chunks.size(); ++i) plan->chunks[i].end += kComment.size();
  }
  MakePieces(plan);
  const auto lead =
      std::find_if(plan->body.begin(), plan->body.end(), [](char c) { return (c & 0x80) != 0; });
  const bool found = lead != plan->body.end();
  const auto at = static_cast<size_t>(lead - plan->body.begin());
  SplitAt(found ? at + 1 : plan->body.size() / 2, kGap, plan);
}

// One event in many writes.
void SplitEvents(const FaultContext&, ReplyPlan* plan) {
  MakePieces(plan);
  std::vector<Chunk> pieces;
  size_t from = 0;
  for (const Chunk& chunk : plan->chunks) {
    const size_t step = std::max(kPieceBytes, (chunk.end - from) / kMaxShapePieces);
    Duration after = chunk.after;
    for (; from < chunk.end; after = Duration::zero()) {
      from = std::min(from + step, chunk.end);
      pieces.push_back({after, from});
    }
  }
  plan->chunks = std::move(pieces);
}

// Several events in one write.
void MergedEvents(const FaultContext&, ReplyPlan* plan) {
  if (plan->chunks.empty()) return BlankLineFirst(plan);
  std::vector<Chunk> merged;
  for (size_t i = 0; i < plan->chunks.size(); ++i) {
    if (i % kMergedEvents == 0) merged.emplace_back();
    merged.back().after += plan->chunks[i].after;
    merged.back().end = plan->chunks[i].end;
  }
  plan->chunks = std::move(merged);
}

void CrLf(const FaultContext&, ReplyPlan* plan) {
  if (!HasEvents(*plan)) return BlankLineFirst(plan);
  RewriteEvents(plan, [](std::string_view event) { return ReplaceAll(event, "\n", "\r\n"); });
}

void LoneCr(const FaultContext&, ReplyPlan* plan) {
  if (!HasEvents(*plan)) return BlankLineFirst(plan);
  std::replace(plan->body.begin(), plan->body.end(), '\n', '\r');
}

void ByteOrderMark(const FaultContext&, ReplyPlan* plan) {
  if (!HasEvents(*plan)) return BlankLineFirst(plan);
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  plan->body.insert(0, kMark);
  for (Chunk& chunk : plan->chunks) chunk.end += kMark.size();
}

// One event's data in two lines, which a reader joins by a line end.
void MultiLineData(const FaultContext&, ReplyPlan* plan) {
  if (!HasEvents(*plan)) return BlankLineFirst(plan);
  RewriteEvents(plan, InTwoLines);
}

void NoSpace(const FaultContext&, ReplyPlan* plan) {
  if (!HasEvents(*plan)) return BlankLineFirst(plan);
  RewriteEvents(plan, [](std::string_view event) {
    std::string out = ReplaceAll(event, "\ndata: ", "\ndata:");
    for (const std::string_view field : {"data: ", "event: "}) {
      if (out.starts_with(field)) out.erase(field.size() - 1, 1);
    }
    return out;
  });
}

void Comments(const FaultContext&, ReplyPlan* plan) {
  if (!HasEvents(*plan)) return BlankLineFirst(plan);
  RewriteEvents(plan, [](std::string_view event) {
    return ": still here\n\n: and here\n" + std::string(event);
  });
}

// The answer has said that it is whole, only the stream has not said that it is over.
void NoDone(const FaultContext& context, ReplyPlan* plan) {
  if (!HasEvents(*plan)) return BlankLineFirst(plan);
  const size_t last = plan->chunks.size() - 1;
  const std::string_view event = std::string_view(plan->body).substr(EventStart(last, *plan));
  const bool marker = event.starts_with("data: [DONE]") || event.starts_with("event: message_stop");
  if (!marker) return Comments(context, plan);
  KeepFirstEvents(last, plan);
}

// Nobody says what it cost.
void NoUsage(const FaultContext& context, ReplyPlan* plan) {
  if (!HasEvents(*plan)) return BlankLineFirst(plan);
  const size_t before = plan->body.size();
  RewriteEvents(plan, [](std::string_view event) {
    return Without(R"(,"usage":{)", Without(R"(,"usageMetadata":{)", event));
  });
  if (plan->body.size() == before) Comments(context, plan);
}

// The whole reply where a stream was asked for.
void JsonInstead(const FaultContext& context, ReplyPlan* plan) {
  if (!IsStream(context, plan)) return BlankLineFirst(plan);
  ApiAnswer answer = context.answer;
  answer.format.stream = false;
  DropStream(plan);
  plan->framing = Framing::kContentLength;
  plan->at = SaturatingAdd(answer.now, answer.processing);
  context.server.WriteAnswer(answer, plan);
}

}  // namespace fault_edits
}  // namespace squall
