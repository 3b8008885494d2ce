// Routing: the order in which the targets of a request are tried. Targets that cannot serve it (no
// tools, too short a context, an open breaker) are left out, whatever the strategy; those left are
// ordered by tier first, then by the strategy, then as they were given.
//
// p2c: the better of two targets drawn at random leads (Mitzenmacher, "The power of two choices in
// randomized load balancing", 2001), so that clients that share old news do not all run to one.
// weighted: an order drawn without replacement (Efraimidis, Spirakis, "Weighted random sampling
// with a reservoir", 2006), so that the second is distributed by weight as well.
//
// A pure function; randomness is an argument. No allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "engine/base/fields.h"

namespace squall {

enum class RoutingKind : uint8_t { kPriority, kWeighted, kLatency, kCost, kP2c };

struct RoutingConfig {
  RoutingKind kind = RoutingKind::kPriority;
  // By provider name; who is not named is of tier 0 and weight 1.
  std::map<std::string, double> tiers = {};    // lower ones first, whatever the kind; >= 0
  std::map<std::string, double> weights = {};  // weighted: shares of the traffic, >= 0
};

void Describe(Fields& f, RoutingConfig& c);

// What one target can do and how it does. Facts that are not known keep their defaults.
struct RouteTarget {
  int64_t tier = 0;        // lower ones first
  double weight = 1;       // weighted: share of the traffic, >= 0; 0 only after all others
  double health_cost = 1;  // p2c: TargetHealth::Cost, less is better
  double latency_s = 1;    // latency: TargetHealth::Latency
  double usd_per_mtok_in = 0;
  double usd_per_mtok_out = 0;
  bool available = true;  // not open, cooling down or at its limit
  bool streaming = true;
  bool tools = true;
  bool json = true;               // can be held to JSON or a schema
  int64_t context_tokens = 0;     // of prompt and answer together; 0 = not known, fits
  int64_t max_output_tokens = 0;  // 0 = not known, fits
};

struct RouteNeeds {
  bool streaming = false;
  bool tools = false;
  bool json = false;
  int64_t prompt_tokens = 0;
  int64_t output_tokens = 0;  // reserved for the answer
};

bool CanServe(const RouteTarget& target, const RouteNeeds& needs);

inline constexpr size_t kMaxRouteTargets = 32;

// Indices into the targets, best first.
class RouteOrder {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t operator[](size_t i) const { return index_[i]; }
  const uint8_t* begin() const { return index_.data(); }
  const uint8_t* end() const { return index_.data() + size_; }

 private:
  friend RouteOrder OrderTargets(const RoutingConfig&, std::span<const RouteTarget>,
                                 const RouteNeeds&, uint64_t);
  std::array<uint8_t, kMaxRouteTargets> index_{};
  size_t size_ = 0;
};

// Orders at most kMaxRouteTargets targets; more are ignored. `bits` are those of a keyed draw
// (DrawBits); only weighted and p2c use them.
RouteOrder OrderTargets(const RoutingConfig& config, std::span<const RouteTarget> targets,
                        const RouteNeeds& needs, uint64_t bits);

}  // namespace squall
