#include "engine/return_odds.h"

namespace squall {

void ReturnOdds::Learn(std::span<const AttemptRecord> attempts) {
  if (attempts.size() < 2) return;
  const AttemptRecord& newest = attempts.back();
  const Origin origin = newest.diagnosis.origin;
  const bool tells = newest.sent && newest.purpose == Purpose::kAnswer && origin != Origin::kSelf &&
                     origin != Origin::kCaller;
  if (!tells) return;
  const AttemptRecord* before = nullptr;
  for (const AttemptRecord& attempt : attempts.first(attempts.size() - 1)) {
    const bool there = attempt.sent && attempt.provider == newest.provider;
    if (there && attempt.purpose == Purpose::kAnswer) before = &attempt;
  }
  // A hedge that overtook it is no return.
  if (before == nullptr || before->diagnosis.ok() || before->ended > newest.started) return;
  if (by_provider_.size() <= newest.provider) by_provider_.resize(newest.provider + size_t{1});
  Counts& counts = by_provider_[newest.provider];
  for (Count* count : {&counts[static_cast<size_t>(before->diagnosis.failure)], &counts.back()}) {
    count->successes *= decay_;
    count->failures *= decay_;
    (newest.diagnosis.ok() ? count->successes : count->failures) += 1;
  }
}

double ReturnOdds::Chance(ProviderId provider, FailureClass failure) const {
  if (by_provider_.size() <= provider) return 0.5;
  const Counts& counts = by_provider_[provider];
  const Count& exact = counts[static_cast<size_t>(failure)];
  const Count& count = exact.weight() >= kEnough ? exact : counts.back();
  return (count.successes + 1) / (count.weight() + 2);
}

}  // namespace squall
