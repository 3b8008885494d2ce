// Tasks: questions whose right answer squall knows and the engine does not. A task is a pure
// function of (seed, kind, number), so client, mock and oracle each make it anew and share no
// state. The prompt starts with a marker, "[squall-task extract 417 tokens=28]", by which a mock
// model recognises it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace squall {

enum class TaskKind : uint8_t {
  kExtract,     // fields of an invoice to a JSON object
  kClassify,    // a support ticket to a category, a priority and the product it is about
  kArithmetic,  // a stock count with a stated format
};
inline constexpr int kTaskKindCount = 3;
std::string_view TaskKindName(TaskKind kind);
std::optional<TaskKind> FindTaskKind(std::string_view name);

struct TaskSpec {
  TaskKind kind = TaskKind::kExtract;
  uint64_t number = 0;
  int64_t answer_tokens = 0;  // wanted length; answers are never shorter than they must be
};
inline constexpr int64_t kMaxAnswerTokens = 1 << 18;  // a marker that asks for more is none

// The id that a workload gives the request of this task, "r417", so that the marker in a prompt
// says the same as the id in a header. Tasks of one run differ in their numbers.
std::string TaskId(const TaskSpec& task);

// Four bytes of text count as one token, as OpenAI's rule of thumb for English has it. The mock
// bills by this, on the bytes that it really received and sent.
constexpr int64_t CountTokens(size_t bytes) { return static_cast<int64_t>((bytes + 3) / 4); }

// The user's message, padded with context to `prompt_tokens` (never cut below the task itself).
std::string TaskPrompt(uint64_t seed, const TaskSpec& task, int64_t prompt_tokens);

// JSON Schema (draft-7) of the answer; static text. Only keywords that a small validator knows.
std::string_view TaskSchema(TaskKind kind);

// The first marker in `text`, wherever a client may have wrapped it.
std::optional<TaskSpec> FindTask(std::string_view text);

// How a model answers. All but kRight are wrong in content and right in form: they pass TaskSchema.
enum class AnswerKind : uint8_t {
  kRight,
  kWrong,          // another plausible value
  kWrongLanguage,  // free text in another script
  kStale,          // the right answer of another task
  kGarbage,        // rare tokens in the text fields
};

// Appends the answer as a JSON text of answer_tokens tokens, or as short as it can be. `which`
// picks one of the wrong answers: models that err should not agree with each other by construction.
void AppendAnswer(uint64_t seed, const TaskSpec& task, AnswerKind kind, std::string* out,
                  uint64_t which = 0);

// What a mock says to a prompt that holds no task: prose, or a JSON object where one was asked for.
void AppendSmallTalk(AnswerKind kind, bool json, std::string* out);

// Is `content` the right answer: JSON, the task's fields with the right values, nothing around it?
// White space, key order and the free-text field "notes" (when in the task's own script) are free.
bool OracleAccepts(uint64_t seed, const TaskSpec& task, std::string_view content);

}  // namespace squall
