// FaultDraw: which base-rate fault, if any, meets the n-th arrival of a request at one provider. A
// pure function of (seed, provider, request, n), computed by walking the arrivals before it, so
// nobody's order matters and nothing has to be remembered.
//
// First arrival: one shared draw, keyed by the request alone and so equal at every provider, over
// the request-bound parts of all kinds and then their common-cause parts; past those, one own draw
// keyed by the provider too, over the rest. An own weight w is drawn as w / (1 - shared weights),
// so that each kind's share of first arrivals is its configured rate exactly. Providers whose rates
// differ cut the shared draw up differently: one shared fault may then show as several kinds.
//
// Later arrivals: a request-bound fault stays. An own or common one stays if it is pinned, else
// with probability `persists`. What has cleared, or was healthy, meets a fresh own draw. At a model
// of the provider other than its first, a request-bound fault is gone with probability
// `model_heals`, and where `model_clears` is off any other fault stays for sure. Only this
// arrival's model counts: those before it are taken to have asked the first.
//
// A common cause gets to a provider with probability `reach`, drawn for each provider and request;
// from whom it passes by, the own draw is as if it had not been.
//
// No engine attempts anything kLife times. A client that sends the same bytes that often, such as a
// load generator, means other requests by them: every kLife arrivals all draws are made anew. This
// bounds the walk, and a pinned fault does not become the answer to everything.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/random.h"
#include "mock_providers/config.h"

namespace squall {

struct FaultHit {
  int kind = -1;  // row of FaultTable(), -1 for none
  int variant = 0;
  bool request_bound = false;
};

// Index of the weight interval that `u` falls into, -1 past `sum`. `sum` is that of the weights but
// for rounding, which must not turn a draw just below it into none.
int PickBelowSum(double u, double sum, const std::vector<double>& weights);

class FaultDraw {
 public:
  static constexpr uint32_t kLife = 32;  // arrivals

  // `faults` by kind name; names, rates and their sum have been checked by the loader.
  FaultDraw(const std::map<std::string, FaultConfig>& faults, std::string_view provider,
            uint64_t seed);

  // `model`: that of this arrival, 0 = the provider's first.
  FaultHit At(uint64_t request, uint32_t arrival, size_t model = 0) const;

  // The settings of a kind, its defaults where the provider names none.
  const FaultConfig& config(int kind) const { return kinds_[static_cast<size_t>(kind)].config; }

 private:
  struct Kind {
    FaultConfig config;
    std::vector<double> variants;  // weights, sum 1
  };
  enum class Cause : uint8_t { kNone, kBound, kCommon, kOwn };
  struct State {
    int kind = -1;
    Cause cause = Cause::kNone;
    uint32_t since = 0;  // arrival that met it first
  };

  State First(uint64_t request) const;
  State Own(uint64_t request, uint32_t arrival) const;
  bool Stays(const State& state, uint64_t request, uint32_t arrival, bool other_model) const;

  std::vector<Kind> kinds_;     // one per row of the table
  std::vector<double> shared_;  // bound weight of each kind, then common weight of each
  double shared_sum_ = 0;
  std::vector<double> own_;  // given that the shared draw hit nothing
  double own_sum_ = 0;
  uint64_t seed_;
  StreamId own_stream_;
  StreamId stay_stream_;
  StreamId reach_stream_;
  StreamId variant_stream_;
};

}  // namespace squall
