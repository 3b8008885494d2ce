#include "engine/gateway/client_limits.h"

#include <algorithm>

#include "engine/base/cat.h"

namespace squall {
namespace {

constexpr double kDaySeconds = 86'400;

RateLimiterConfig RatesOf(const ClientLimitsConfig& config) {
  RateLimiterConfig rates;
  rates.enabled = true;
  rates.requests_per_min = config.requests_per_min;
  rates.tokens_per_min = config.tokens_per_min;
  rates.request_burst = 60s;  // a minute's worth at once, as the providers' own limits allow
  rates.learn_headers = false;
  rates.max_waiting = 1;
  return rates;
}

ConversationLimitsConfig ConversationsOf(const ClientLimitsConfig& config) {
  ConversationLimitsConfig limits;
  limits.usd_per_conversation = config.usd_per_conversation;
  limits.tokens_per_conversation = config.tokens_per_conversation;
  limits.turns_per_conversation = config.turns_per_conversation;
  limits.max_conversations = config.max_conversations;
  return limits;
}

ClientError LimitReached(std::string_view code, std::string message, std::optional<Duration> wait) {
  ClientError error(429, code, std::move(message));
  error.retry_after = wait;
  error.retry = wait.has_value();
  return error;
}

}  // namespace

ClientLimits::ClientLimits(const ClientLimitsConfig& config)
    : config_(config), rates_(RatesOf(config)), conversations_(ConversationsOf(config)) {
  money_.SetLimit(config.usd_per_day / kDaySeconds, config.usd_per_day);
}

std::optional<ClientLimits::Permit> ClientLimits::Enter(const ClientLoad& load,
                                                        uint64_t conversation, Time now,
                                                        ClientError* error) {
  Permit permit;
  permit.load = load;
  ConversationLimits::Attempt attempt;
  attempt.conversation = conversation;
  attempt.usd = load.usd;
  attempt.tokens = load.tokens();
  const ConversationLimits::Decision judged = conversations_.Judge(attempt);
  if (judged.verdict == ConversationLimits::Verdict::kRefuse) {
    *error = LimitReached(
        "conversation_limit",
        Cat("This conversation has reached its limit: ", judged.limit, ". Begin another one."),
        std::nullopt);
    return std::nullopt;
  }
  money_.Advance(now);
  if (money_.limited() && money_.level() < std::min(load.usd, money_.capacity())) {
    *error = LimitReached("budget_exhausted", "The money of this key for today is used up.",
                          money_.ReadyAt(load.usd) - now);
    return std::nullopt;
  }
  const RateAmounts amounts = RateAmounts::Of(load.prompt_tokens, load.answer_tokens);
  if (!rates_.Fits(amounts)) {
    *error = LimitReached("request_too_large",
                          "This request alone is larger than the tokens a minute of this key.",
                          std::nullopt);
    return std::nullopt;
  }
  const std::optional<RateTicket> ticket = rates_.ReserveAt(amounts, now, kNever);
  if (!ticket.has_value() || ticket->at > now) {
    const Duration wait = ticket.has_value() ? ticket->at - now : Duration(1s);
    if (ticket.has_value()) rates_.Cancel(*ticket, now);
    *error = LimitReached("rate_limit_exceeded",
                          "The requests or tokens a minute of this key are used up.", wait);
    return std::nullopt;
  }
  permit.ticket = *ticket;
  permit.conversation = conversations_.Reserve(attempt, judged);
  permit.sequence = ++sequence_;
  if (money_.limited()) money_.Take(load.usd, permit.sequence);
  return permit;
}

void ClientLimits::Settle(const Permit& permit, const ClientLoad& used, Time now) {
  rates_.Settle(permit.ticket, RateAmounts::Of(used.prompt_tokens, used.answer_tokens), now);
  conversations_.Settle(permit.conversation, used.usd, used.tokens());
  if (!money_.limited()) return;
  money_.Advance(now);
  if (used.usd <= permit.load.usd) {
    money_.GiveBack(permit.load.usd - used.usd, permit.sequence);
  } else {
    money_.Take(used.usd - permit.load.usd, ++sequence_);
  }
}

}  // namespace squall
