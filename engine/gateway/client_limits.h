// ClientLimits: what one client may use: requests and tokens a minute, money a day, and turns,
// tokens and money of each conversation (what stops an agent that runs in a loop). Taken from an
// estimate before a request goes out and settled by what it has used.
//
// In memory: a restart begins anew. Pure but for its state; one thread; time is an argument and
// must not go back.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/gateway/client_error.h"
#include "engine/gateway/config.h"
#include "engine/policy/conversation_limits.h"
#include "engine/policy/rate_bucket.h"
#include "engine/policy/rate_limiter.h"

namespace squall {

// What a request is expected to use, or has used.
struct ClientLoad {
  int64_t prompt_tokens = 0;
  int64_t answer_tokens = 0;
  double usd = 0;
  int64_t tokens() const { return prompt_tokens + answer_tokens; }
};

class ClientLimits {
 public:
  explicit ClientLimits(const ClientLimitsConfig& config);

  struct Permit {
    RateTicket ticket;
    ConversationLimits::Decision conversation;
    uint64_t sequence = 0;  // of the money
    ClientLoad load;
  };

  // `conversation` is the key of the conversation, 0 for none. nullopt with *error set where a
  // limit is reached: 429, and when to come again where that helps.
  std::optional<Permit> Enter(const ClientLoad& load, uint64_t conversation, Time now,
                              ClientError* error);

  // Once per permit.
  void Settle(const Permit& permit, const ClientLoad& used, Time now);

  const ClientLimitsConfig& config() const { return config_; }

  // Whether a load matters to a limit: otherwise nobody needs to estimate one.
  bool CountsLoad() const {
    return config_.tokens_per_min > 0 || config_.usd_per_day > 0 ||
           config_.tokens_per_conversation > 0 || config_.usd_per_conversation > 0;
  }

 private:
  ClientLimitsConfig config_;
  RateLimiter rates_;
  RateBucket money_;
  ConversationLimits conversations_;
  uint64_t sequence_ = 0;
};

}  // namespace squall
