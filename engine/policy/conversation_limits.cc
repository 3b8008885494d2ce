#include "engine/policy/conversation_limits.h"

#include <algorithm>

#include "engine/base/check.h"

namespace squall {

void Describe(Fields& f, ConversationLimitsConfig& c) {
  f.Number("usd_per_request", c.usd_per_request, kNotNegative,
           "US dollars that a request may cost over all its attempts; 0 is no limit.");
  f.Number("usd_per_conversation", c.usd_per_conversation, kNotNegative,
           "US dollars that a conversation may cost; 0 is no limit.");
  f.Int("tokens_per_conversation", c.tokens_per_conversation, {0},
        "Tokens, prompts and answers, that a conversation may use; 0 is no limit.");
  f.Int("turns_per_conversation", c.turns_per_conversation, {0},
        "Requests that a conversation may make; 0 is no limit.");
  f.Number("warn_share", c.warn_share, {1e-6, 1},
           "Share of a limit from which on requests go to a cheaper model.");
  f.Int("max_conversations", c.max_conversations, {1, 1'000'000},
        "Conversations remembered; the one used longest ago is forgotten first.");
}

ConversationLimits::ConversationLimits(const ConversationLimitsConfig& config) : config_(config) {
  SQUALL_CHECK(config.max_conversations > 0 && config.max_conversations < kNone);
}

bool ConversationLimits::Tracks() const {
  return config_.usd_per_conversation > 0 || config_.tokens_per_conversation > 0 ||
         config_.turns_per_conversation > 0;
}

void ConversationLimits::Unlink(uint32_t place) {
  const Entry& entry = entries_[place];
  (entry.older == kNone ? oldest_ : entries_[entry.older].newer) = entry.newer;
  (entry.newer == kNone ? newest_ : entries_[entry.newer].older) = entry.older;
}

void ConversationLimits::LinkNewest(uint32_t place) {
  entries_[place].older = newest_;
  entries_[place].newer = kNone;
  (newest_ == kNone ? oldest_ : entries_[newest_].newer) = place;
  newest_ = place;
}

uint32_t ConversationLimits::NewPlace() {
  if (entries_.size() < static_cast<size_t>(config_.max_conversations)) {
    entries_.emplace_back();
    return static_cast<uint32_t>(entries_.size() - 1);
  }
  const uint32_t place = oldest_;
  Unlink(place);
  places_.erase(entries_[place].conversation);
  ++forgotten_;
  return place;
}

ConversationLimits::Entry* ConversationLimits::Touch(uint64_t conversation) {
  const auto found = places_.find(conversation);
  uint32_t place = kNone;
  if (found != places_.end()) {
    place = found->second;
    Unlink(place);
  } else {
    place = NewPlace();
    places_[conversation] = place;
    entries_[place] = Entry{conversation, ++lives_, {}, kNone, kNone};
  }
  LinkNewest(place);
  return &entries_[place];
}

ConversationLimits::Decision ConversationLimits::Judge(const Attempt& attempt) const {
  Decision decision;
  const auto judge = [&](std::string_view name, double limit, double would_be) {
    if (limit <= 0 || decision.verdict == Verdict::kRefuse) return;
    const Verdict verdict = would_be > limit                        ? Verdict::kRefuse
                            : would_be > config_.warn_share * limit ? Verdict::kDegrade
                                                                    : Verdict::kAdmit;
    if (verdict <= decision.verdict) return;
    decision.verdict = verdict;
    decision.limit = name;
  };
  judge("usd_per_request", config_.usd_per_request, attempt.request_usd + attempt.usd);
  if (attempt.conversation == 0 || !Tracks()) return decision;
  const Spent so_far = spent(attempt.conversation);
  judge("usd_per_conversation", config_.usd_per_conversation, so_far.usd + attempt.usd);
  judge("tokens_per_conversation", static_cast<double>(config_.tokens_per_conversation),
        static_cast<double>(so_far.tokens + attempt.tokens));
  // A turn that has been admitted may be tried again.
  if (attempt.first) {
    judge("turns_per_conversation", static_cast<double>(config_.turns_per_conversation),
          static_cast<double>(so_far.turns + 1));
  }
  return decision;
}

ConversationLimits::Decision ConversationLimits::Reserve(const Attempt& attempt,
                                                         Decision decision) {
  const bool tracked = attempt.conversation != 0 && Tracks();
  if (!tracked || decision.verdict == Verdict::kRefuse) return decision;
  Entry* const entry = Touch(attempt.conversation);
  entry->spent.usd += attempt.usd;
  entry->spent.tokens += attempt.tokens;
  entry->spent.turns += attempt.first ? 1 : 0;
  decision.conversation = attempt.conversation;
  decision.life = entry->life;
  decision.usd = attempt.usd;
  decision.tokens = attempt.tokens;
  return decision;
}

void ConversationLimits::Settle(const Decision& decision, double usd, int64_t tokens) {
  const auto found = places_.find(decision.conversation);
  if (found == places_.end() || decision.verdict == Verdict::kRefuse) return;
  Entry& entry = entries_[found->second];
  if (entry.life != decision.life) return;  // it was forgotten meanwhile and has begun anew
  entry.spent.usd = std::max(0.0, entry.spent.usd + usd - decision.usd);
  entry.spent.tokens += tokens - decision.tokens;
}

ConversationLimits::Spent ConversationLimits::spent(uint64_t conversation) const {
  const auto found = places_.find(conversation);
  return found == places_.end() ? Spent{} : entries_[found->second].spent;
}

}  // namespace squall
