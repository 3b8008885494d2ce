#include <algorithm>

#include "mock_providers/fault_edits.h"
#include "mock_providers/stream_edits.h"

namespace squall {
namespace {

// ---- schema_drift: edits of the answer's JSON text, which the mock wrote itself ----

struct DriftingKey {
  std::string_view name;
  std::string_view renamed;
};

constexpr std::string_view kFirstKey = "{\"";

DriftingKey KeyOf(const ApiRequest& request) {
  if (!request.task && request.sample.starts_with(kFirstKey)) {  // shaped by the client's schema
    const std::string_view rest = std::string_view(request.sample).substr(kFirstKey.size());
    return {rest.substr(0, rest.find('"')), "renamed_key"};
  }
  if (!request.task) return {"answer", "response"};
  if (request.judged) return {"verdict", "judgement"};
  switch (request.task->kind) {
    case TaskKind::kExtract: return {"total_cents", "totalCents"};
    case TaskKind::kClassify: return {"priority", "priority_level"};
    case TaskKind::kArithmetic: return {"result", "total"};
  }
  return {};
}

// The healthy answer as JSON. Where prose was asked for, JSON is the break of contract.
std::string JsonAnswer(const FaultContext& context) {
  if (context.answer.content->starts_with('{')) return std::string(*context.answer.content);
  std::string text;
  AppendSmallTalk(AnswerKind::kRight, /*json=*/true, &text);
  return text;
}

// JSON text with single quotes around its texts, as JavaScript has them; `python`: as Python prints
// the same value, with its own words for true, false and null.
std::string WithSingleQuotes(std::string_view json, bool python) {
  struct Word {
    std::string_view json;
    std::string_view python;
  };
  constexpr Word kWords[] = {{"true", "True"}, {"false", "False"}, {"null", "None"}};
  std::string out;
  bool inside = false;
  while (!json.empty()) {
    const char c = json.front();
    size_t taken = 1;
    if (inside && c == '\\') {
      taken = 2;
      out.append(json.starts_with("\\\"") ? "\"" : json.substr(0, 2));
    } else if (c == '"') {
      inside = !inside;
      out.push_back('\'');
    } else if (inside && c == '\'') {
      out.append("\\'");
    } else {
      out.push_back(c);
      for (const Word& word : kWords) {
        if (inside || !python || !json.starts_with(word.json)) continue;
        taken = word.json.size();
        out.pop_back();
        out.append(word.python);
      }
      if (!inside && python && (c == ',' || c == ':')) out.push_back(' ');
    }
    json.remove_prefix(std::min(taken, json.size()));
  }
  return out;
}

// The beginning of the healthy text, whole code points.
std::string_view FirstPart(const FaultContext& context) {
  const std::string_view whole = *context.answer.content;
  return whole.substr(0, WholeCodePoints(whole, fault_edits::CutPoint(context.u, whole.size())));
}

void WritePart(const FaultContext& context, ApiAnswer answer, ReplyPlan* plan) {
  answer.content = FirstPart(context);
  answer.completion_tokens = CountTokens(answer.content->size());
  plan->completion_tokens = answer.completion_tokens;
  context.server.WriteAnswer(answer, plan);
}

}  // namespace

namespace fault_edits {

void Answer(const FaultContext& context, std::optional<std::string_view> content, ReplyPlan* plan) {
  ApiAnswer answer = context.answer;
  answer.content = content;
  answer.completion_tokens = CountTokens(content ? content->size() : 0);
  plan->completion_tokens = answer.completion_tokens;
  context.server.WriteAnswer(answer, plan);
}

// The model declines, in a reply that is a success to everybody below the application.
void Refused(const FaultContext& context, ReplyPlan* plan) {
  ApiAnswer answer = context.answer;
  answer.content = std::nullopt;
  answer.refused = true;
  answer.completion_tokens = CountTokens(48);
  plan->completion_tokens = answer.completion_tokens;
  context.server.WriteAnswer(answer, plan);
}

void AnswerFiltered(const FaultContext& context, ReplyPlan* plan) {
  ApiAnswer answer = context.answer;
  answer.filtered = true;
  WritePart(context, answer, plan);
}

void FinishLength(const FaultContext& context, ReplyPlan* plan) {
  ApiAnswer answer = context.answer;
  answer.out_of_tokens = true;
  WritePart(context, answer, plan);
}

void EmptyText(const FaultContext& context, ReplyPlan* plan) { Answer(context, "", plan); }
void NullText(const FaultContext& context, ReplyPlan* plan) { Answer(context, std::nullopt, plan); }

// The end of an answer without an answer.
void OnlyTerminal(const FaultContext& context, ReplyPlan* plan) {
  Answer(context, "", plan);
  if (IsStream(context, plan)) KeepLastEvent(plan);
}

void RenamedKey(const FaultContext& context, ReplyPlan* plan) {
  const DriftingKey key = KeyOf(context.request);
  std::string text = JsonAnswer(context);
  const size_t at = text.find('"' + std::string(key.name) + "\":");
  if (at != std::string::npos) text.replace(at + 1, key.name.size(), key.renamed);
  Answer(context, text, plan);
}

// A number becomes a string, a string a list of one. An answer that was cut short stays as it is.
void WrongType(const FaultContext& context, ReplyPlan* plan) {
  const DriftingKey key = KeyOf(context.request);
  std::string text = JsonAnswer(context);
  const size_t at = text.find('"' + std::string(key.name) + "\":");
  const size_t from = at == std::string::npos ? text.size() : at + key.name.size() + 3;
  const bool is_text = from < text.size() && text[from] == '"';
  const size_t to = is_text ? text.find('"', from + 1) : text.find_first_of(",}", from);
  if (to != std::string::npos) {
    text.insert(is_text ? to + 1 : to, is_text ? "]" : "\"");
    text.insert(from, is_text ? "[" : "\"");
  }
  Answer(context, text, plan);
}

void ExtraNesting(const FaultContext& context, ReplyPlan* plan) {
  Answer(context, R"({"data":)" + JsonAnswer(context) + "}", plan);
}

void Fenced(const FaultContext& context, ReplyPlan* plan) {
  Answer(context, "```json\n" + JsonAnswer(context) + "\n```", plan);
}

void ProseWrapped(const FaultContext& context, ReplyPlan* plan) {
  Answer(context,
         "Sure! Here is the JSON object you asked for:\n\n" + JsonAnswer(context) +
             "\n\nLet me know if you need anything else.",
         plan);
}

void FencedInProse(const FaultContext& context, ReplyPlan* plan) {
  Answer(context,
         "Here is the result:\n\n```\n" + JsonAnswer(context) + "\n```\n\nI hope this helps.",
         plan);
}

void TrailingComma(const FaultContext& context, ReplyPlan* plan) {
  std::string text = JsonAnswer(context);
  const size_t end = text.rfind('}');
  if (end != std::string::npos) text.insert(end, ",");
  Answer(context, text, plan);
}

void SingleQuotes(const FaultContext& context, ReplyPlan* plan) {
  Answer(context, WithSingleQuotes(JsonAnswer(context), /*python=*/false), plan);
}

void PythonLiterals(const FaultContext& context, ReplyPlan* plan) {
  Answer(context, WithSingleQuotes(JsonAnswer(context), /*python=*/true), plan);
}

// The model says that it has finished, and the last bracket is not there.
void EndMissing(const FaultContext& context, ReplyPlan* plan) {
  const std::string text = JsonAnswer(context);
  Answer(context, std::string_view(text).substr(0, text.rfind('}')), plan);
}

// The arguments of a call stop in the middle while the reply says that all went well. In a dialect
// whose replies in one piece hold them as an object, and without a call, the envelope breaks.
void ArgumentsCut(const FaultContext& context, ReplyPlan* plan) {
  if (context.answer.format.tool.empty()) return Unbalanced(context, plan);
  WritePart(context, context.answer, plan);
}

}  // namespace fault_edits
}  // namespace squall
