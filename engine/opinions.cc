#include "engine/opinions.h"

#include <simdjson.h>

#include <array>
#include <string>

namespace squall {
namespace {

constexpr std::array<std::string_view, 3> kEquivalence = {"never", "after_recovery", "always"};
constexpr std::array<std::string_view, 2> kUnverified = {"accept", "fail"};
constexpr int64_t kVerdictTokens = 256;

constexpr std::string_view kJudgeTask =
    "You check the answers of another model. Decide whether the answer below is a right and "
    "complete answer to the question. Reply with a JSON object and nothing else: "
    R"({"verdict": "right" or "wrong", "reason": one short sentence}.)";

}  // namespace

void Describe(Fields& f, EquivalenceOptions& c) {
  f.Bool("ignore_case", c.ignore_case, "Whether texts may differ in the case of ASCII letters.");
  f.Bool("collapse_space", c.collapse_space, "Whether texts may differ in white space.");
  f.Number("relative_tolerance", c.relative_tolerance, {0, 1},
           "By how much numbers may differ that are not both whole, as a share of the larger.");
  f.Bool("required_only", c.required_only,
         "Whether only keys that the contract requires are compared, where there is a contract.");
}

void Describe(Fields& f, OpinionConfig& c) {
  f.Number("judge_share", c.judge_share, kRateRange,
           "Share of answers about which another provider is asked whether they are right.");
  f.Enum("equivalence", c.equivalence, kEquivalence,
         "Which answers another provider must confirm by giving the same: none, those that were "
         "recovered, or all.");
  f.Int("most", c.most, {1, 8}, "Most opinions asked about one request.");
  f.Enum("unverified", c.unverified, kUnverified,
         "What becomes of an answer about which nobody else could be asked.");
  f.Struct("compare", c.compare, "When two answers are the same.");
}

Purpose OpinionNeeded(const OpinionConfig& config, const ChatRequest& request, bool recovered,
                      double u) {
  const bool confirm = request.require_equivalence || config.equivalence == Equivalence::kAlways ||
                       (config.equivalence == Equivalence::kAfterRecovery && recovered);
  if (confirm) return Purpose::kSecondOpinion;
  return u < config.judge_share ? Purpose::kJudgement : Purpose::kAnswer;
}

ChatRequest JudgeRequest(const ChatRequest& request, const Opinion& answer) {
  ChatRequest judge;
  judge.id = request.id;
  judge.user = request.user;
  judge.max_tokens = kVerdictTokens;
  judge.messages.emplace_back(Role::kSystem, std::string(kJudgeTask));
  std::string text = "Question:\n";
  for (const ChatMessage& message : request.messages) text.append(message.content).append("\n");
  text.append("\nAnswer to judge:\n").append(answer.content);
  if (!answer.tool_calls.empty()) {
    text.append(answer.content.empty() ? "" : "\n").append("It calls these tools:\n");
    text.append(answer.tool_calls);
  }
  text.append("\nEnd of answer.");
  judge.messages.emplace_back(Role::kUser, std::move(text));
  return judge;
}

std::optional<bool> ReadVerdict(std::string_view reply) {
  simdjson::dom::parser parser;
  std::string_view verdict;
  const simdjson::padded_string text(reply);
  if (parser.parse(text)["verdict"].get(verdict) != simdjson::SUCCESS) return std::nullopt;
  if (verdict == "right") return true;
  if (verdict == "wrong") return false;
  return std::nullopt;
}

int FindAgreement(const CallState& call, const Opinion& answer, const JsonSchema* schema,
                  const EquivalenceOptions& options) {
  for (size_t i = 0; i < call.opinions.size(); ++i) {
    const Opinion& other = call.opinions[i];
    const bool tools = !answer.tool_calls.empty() || !other.tool_calls.empty();
    const bool same = tools ? SameToolCalls(other.tool_calls, answer.tool_calls)
                            : Equivalent(other.content, answer.content, schema, options);
    if (same) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace squall
