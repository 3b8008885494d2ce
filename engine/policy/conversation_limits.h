// ConversationLimits: breakers that are asked before a request is sent, because what they guard
// against is spent by sending it: money per request and per conversation, turns and tokens per
// conversation. From warn_share of a limit on, a request goes to a cheaper model; at the limit it
// is refused. What is admitted is reserved at once, so that turns of one conversation that run side
// by side cannot overdraw it together, and settled by what it used in the end.
//
// Pure; one thread. Remembers the max_conversations that were used last; one that has been
// forgotten begins anew, and forgotten() counts these.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/fields.h"

namespace squall {

// A limit of 0 is none.
struct ConversationLimitsConfig {
  double usd_per_request = 0;           // US dollars over all attempts at a request, >= 0
  double usd_per_conversation = 0;      // >= 0
  int64_t tokens_per_conversation = 0;  // prompt and answer, >= 0
  int64_t turns_per_conversation = 0;   // requests, not attempts, >= 0
  double warn_share = 0.8;              // degrade from this share of a limit on, (0, 1]
  int64_t max_conversations = 10'000;   // remembered, 1..1000000
};

void Describe(Fields& f, ConversationLimitsConfig& c);

class ConversationLimits {
 public:
  explicit ConversationLimits(const ConversationLimitsConfig& config);

  // One attempt, before it is sent.
  struct Attempt {
    uint64_t conversation = 0;  // its key; 0 for a request that belongs to none
    bool first = true;          // of its request: a turn is counted once
    double usd = 0;             // estimate, >= 0
    int64_t tokens = 0;         // estimate, prompt and answer, >= 0
    double request_usd = 0;     // spent by earlier attempts at this request, >= 0
  };

  enum class Verdict : uint8_t { kAdmit, kDegrade, kRefuse };

  // Says which limit spoke ("" where none did) and holds what Settle needs.
  struct Decision {
    Verdict verdict = Verdict::kAdmit;
    std::string_view limit;
    uint64_t conversation = 0;
    uint64_t life = 0;  // of the conversation's entry
    double usd = 0;     // reserved
    int64_t tokens = 0;
  };

  // What Check would say; nothing is reserved.
  Decision Judge(const Attempt& attempt) const;

  // Admitted and degraded attempts are reserved and must be settled; refused ones are not.
  Decision Check(const Attempt& attempt) { return Reserve(attempt, Judge(attempt)); }

  // The same for one who has just been judged.
  Decision Reserve(const Attempt& attempt, Decision judged);

  // Is anything limited at all?
  bool enabled() const { return config_.usd_per_request > 0 || Tracks(); }

  // What the attempt has really used. An attempt that was never sent used nothing.
  void Settle(const Decision& decision, double usd, int64_t tokens);

  struct Spent {
    double usd = 0;  // reserved included
    int64_t tokens = 0;
    int64_t turns = 0;
  };
  Spent spent(uint64_t conversation) const;  // zeros for one that is not remembered

  size_t remembered() const { return places_.size(); }
  int64_t forgotten() const { return forgotten_; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Entry {
    uint64_t conversation = 0;
    uint64_t life = 0;
    Spent spent;
    uint32_t older = kNone;
    uint32_t newer = kNone;
  };

  bool Tracks() const;
  Entry* Touch(uint64_t conversation);
  uint32_t NewPlace();
  void Unlink(uint32_t place);
  void LinkNewest(uint32_t place);

  ConversationLimitsConfig config_;
  std::vector<Entry> entries_;
  absl::flat_hash_map<uint64_t, uint32_t> places_;  // looked up, never iterated
  uint32_t oldest_ = kNone;
  uint32_t newest_ = kNone;
  uint64_t lives_ = 0;
  int64_t forgotten_ = 0;
};

}  // namespace squall
