// Judging: a prompt that asks a model whether an answer is right, and what a mock model says to it.
// The wire contract is text alone, since client and mock share no code. One text of a user's turn
// holds, in this order and beside any instructions: the original prompt with its task marker; a
// line that begins with kJudgeLine; the answer as it came, on the lines after it; and, if anything
// follows the answer, a line that is kJudgeEnd and nothing else (the last one counts, so that an
// answer may hold one). The reply is one JSON object: {"verdict":"right","reason":"..."}.
//
// A judge errs for the share ModelConfig::judge_error, by a draw keyed by the run, the model, the
// task and whether the answer is right: it says the same to the same answer each time it is asked,
// and whom it wrongs does not say whom it lets pass.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mock_providers/tasks.h"

namespace squall {

inline constexpr std::string_view kJudgeLine = "Answer to judge:";
inline constexpr std::string_view kJudgeEnd = "End of answer.";

// The answer that `text` wants judged, without the white space around it; may be empty. nullopt if
// no line begins with kJudgeLine.
std::optional<std::string_view> FindJudged(std::string_view text);

struct Verdict {
  bool right = true;   // what the judge says of the answer
  bool erred = false;  // and it is not so
};

// `model` is the stream of the judge's own draws.
Verdict JudgeAnswer(uint64_t seed, uint64_t model, double judge_error, const TaskSpec& task,
                    std::string_view answer);

// The verdict as a model words it; other kinds than kRight say the opposite, in their own manner.
void AppendVerdict(bool right, AnswerKind kind, std::string* out);

}  // namespace squall
