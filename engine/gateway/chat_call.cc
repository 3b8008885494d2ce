#include "engine/gateway/chat_call.h"

#include <algorithm>

#include "engine/base/cat.h"
#include "engine/gateway/record_time.h"
#include "engine/policy/token_estimate.h"
#include "engine/wire/dialect.h"

namespace squall {
namespace {

std::string_view FamilyOf(const Route& route, ProviderId provider) {
  return FindDialect(route.dialect(provider))->family;
}

const AttemptRecord* AnswerAttempt(const CallResult& result) {
  for (auto it = result.attempts.rbegin(); it != result.attempts.rend(); ++it) {
    if (it->sent && it->purpose == Purpose::kAnswer && it->diagnosis.ok()) return &*it;
  }
  return nullptr;
}

}  // namespace

std::optional<ClientError> ChooseProviders(const Route& route, ChatIntake* intake) {
  const std::string& family = intake->request.client_text->family;
  uint32_t barred = 0;
  for (ProviderId p = 0; p < route.providers().size(); ++p) {
    const bool other = FamilyOf(route, p) != family;
    const bool no_stop = route.dialect(p) == "openai_responses" &&
                         !intake->request.client_text->sampling.stop.empty();
    const bool cannot = other && (!intake->opaque_member.empty() || no_stop);
    barred |= cannot ? 1u << p : 0u;
  }
  intake->request.barred = barred;
  const uint32_t all = route.providers().size() >= 32 ? ~0u : (1u << route.providers().size()) - 1;
  if (barred != all) return std::nullopt;
  const std::string& member = intake->opaque_member.empty() ? "stop" : intake->opaque_member;
  ClientError error(
      400, "unsupported_parameter",
      Cat("What \"", member, "\" says can be passed on only to providers that speak the ",
          "dialect of this request, and this model has none."));
  error.param = member;
  error.retry = false;
  return error;
}

ClientLoad ExpectedLoad(const Route& route, const ChatIntake& intake, bool counted) {
  constexpr int64_t kBytesPerToken = 4;
  constexpr double kPerToken = 1e-6;
  ClientLoad load;
  if (!counted) return load;
  for (const ChatMessage& message : intake.request.messages) {
    load.prompt_tokens += EstimateTokens(message.content);
  }
  load.prompt_tokens +=
      static_cast<int64_t>(intake.request.client_text->members.size()) / kBytesPerToken;
  load.answer_tokens = intake.request.max_tokens;
  const ModelInfo& model = route.providers().front().models.front();
  load.usd = kPerToken * (static_cast<double>(load.prompt_tokens) * model.usd_per_mtok_in +
                          static_cast<double>(load.answer_tokens) * model.usd_per_mtok_out);
  return load;
}

ClientLoad UsedLoad(const Route& route, const CallResult& result) {
  const Usage usage = UsageOf(result);
  ClientLoad load;
  load.prompt_tokens = usage.prompt_tokens;
  load.answer_tokens = usage.completion_tokens;
  load.usd = CostOf(route, result);
  return load;
}

ChatAnswer AnswerOf(const Route& route, const ChatIntake& intake, const CallResult& result,
                    const std::string& id) {
  ChatAnswer answer;
  answer.id = id;
  answer.created = UnixSeconds(WallNow());
  answer.model = intake.model;
  answer.content = result.content;
  answer.tool_calls = result.tool_calls;
  answer.finish = result.finish;
  const AttemptRecord* const attempt = AnswerAttempt(result);
  if (attempt == nullptr) return answer;
  answer.usage = attempt->usage;
  const bool same = FamilyOf(route, attempt->provider) == intake.request.client_text->family;
  if (same) {
    // DeepSeek keeps a connection alive by blank lines before the body.
    const size_t begin =
        std::min(result.reply_body.find_first_not_of(" \t\r\n"), result.reply_body.size());
    answer.reply = result.reply_body.substr(begin);
    answer.reply_is_whole = result.reply_is_whole;
  }
  return answer;
}

Usage AnswerUsage(const CallResult& result) {
  const AttemptRecord* const attempt = AnswerAttempt(result);
  return attempt == nullptr ? Usage() : attempt->usage;
}

int64_t SentAttempts(const CallResult& result) {
  int64_t sent = 0;
  for (const AttemptRecord& attempt : result.attempts) sent += attempt.sent ? 1 : 0;
  return sent;
}

ClientError CallError(const CallResult& result, Time now) {
  ClientError error = ErrorOfCall(result, now);
  if (result.stop_reason == "deadline" || result.stop_reason == "no_time") {
    // The last failure need not be why time ran out, but waiting longer is what could help.
    if (error.status >= 500) error.status = 504;
  }
  return error;
}

void CountCall(const Route& route, const CallResult& result, GatewayCore* core) {
  core->metrics.OnCall(route, result, UsageOf(result), CostOf(route, result));
}

}  // namespace squall
