#include "mock_providers/judge.h"

#include "engine/base/random.h"
#include "mock_providers/task_texts.h"

namespace squall {
namespace {

constexpr StreamId kJudge = Stream("model/judge");

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

// The start of the line that begins with `mark`, npos if none does.
size_t FindLine(std::string_view text, std::string_view mark) {
  for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return at;
  }
  return std::string_view::npos;
}

// Where the last line begins that is kJudgeEnd, or the end of the text.
size_t FindEnd(std::string_view text) {
  for (size_t at = text.rfind(kJudgeEnd); at != std::string_view::npos;
       at = at == 0 ? std::string_view::npos : text.rfind(kJudgeEnd, at - 1)) {
    const std::string_view after = text.substr(at + kJudgeEnd.size());
    const bool ends_line = Trim(after.substr(0, after.find('\n'))).empty();
    if (ends_line && (at == 0 || text[at - 1] == '\n')) return at;
  }
  return text.size();
}

std::string_view ReasonOf(bool right, AnswerKind kind) {
  switch (kind) {
    case AnswerKind::kWrongLanguage: return Foreign()[0].notes;
    case AnswerKind::kGarbage: return GarbageText();
    case AnswerKind::kRight:
    case AnswerKind::kWrong:
    case AnswerKind::kStale: break;
  }
  return right ? "Every value of the answer agrees with the text that it was taken from."
               : "At least one value of the answer does not agree with the text.";
}

}  // namespace

std::optional<std::string_view> FindJudged(std::string_view text) {
  const size_t line = FindLine(text, kJudgeLine);
  if (line == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(line);
  const size_t end_of_line = rest.find('\n');
  if (end_of_line == std::string_view::npos) return std::string_view();
  rest.remove_prefix(end_of_line + 1);
  return Trim(rest.substr(0, FindEnd(rest)));
}

Verdict JudgeAnswer(uint64_t seed, uint64_t model, double judge_error, const TaskSpec& task,
                    std::string_view answer) {
  const bool is_right = OracleAccepts(seed, task, answer);
  const uint64_t key = Mix(task.number ^ Mix(static_cast<uint64_t>(task.kind)));
  Verdict verdict;
  verdict.erred = judge_error > 0 && Draw(seed, kJudge ^ model, key, 0, is_right) < judge_error;
  verdict.right = is_right != verdict.erred;
  return verdict;
}

void AppendVerdict(bool right, AnswerKind kind, std::string* out) {
  const bool said = kind == AnswerKind::kRight ? right : !right;
  out->append(said ? R"({"verdict":"right","reason":")" : R"({"verdict":"wrong","reason":")");
  out->append(ReasonOf(said, kind)).append("\"}");
}

}  // namespace squall
