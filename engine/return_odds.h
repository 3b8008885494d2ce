// ReturnOdds: how often a request that comes back to a provider where it has failed is answered
// there, learned from every return. What was done in between does not matter: a fault that is bound
// to the request stays, one that was chance has gone. Part of Knowledge; plans order returns by it.
//
// Per provider and kind of its last failure a Beta posterior from the uniform prior, as Rule has
// it: mean (s + 1) / (s + f + 2). A kind that has been seen less than kEnough times at a provider
// is judged by all kinds there. Each new outcome takes `decay` of the weight of the past, so that
// the newest 1 / (1 - decay) weigh most. Not exported with the rules: it is learned within some ten
// returns.
//
// Pure; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "engine/diagnosis.h"
#include "engine/events.h"
#include "engine/wire/transport.h"

namespace squall {

class ReturnOdds {
 public:
  static constexpr double kEnough = 10;  // outcomes

  // `decay` of the weight of the past at each new outcome, (0, 1].
  explicit ReturnOdds(double decay) : decay_(decay) {}

  // Takes the last of a request's attempts, where it is a return.
  void Learn(std::span<const AttemptRecord> attempts);

  // Chance that a return to `provider`, where `failure` was the last, is answered, (0, 1); 1/2
  // where nothing is known.
  double Chance(ProviderId provider, FailureClass failure) const;

 private:
  struct Count {
    double successes = 0;
    double failures = 0;
    double weight() const { return successes + failures; }
  };
  // Of each kind, and last of all kinds together.
  using Counts = std::array<Count, kFailureClassCount + 1>;

  double decay_;
  std::vector<Counts> by_provider_;
};

}  // namespace squall
