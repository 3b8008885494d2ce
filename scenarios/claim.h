// Claim: one published figure as data, from scenarios/claims/ID.json: what was said, by whom, what
// to run, which figure of the results answers it, and the rule by which it is judged
// (reports/verdict.h). Strict like a scenario: a mistake is an error with file, JSON pointer, got
// and expected.
//
// The language of statistics is as small as it can be: a value is a JSON pointer into the result of
// a run; a claim is about one value, or the ratio or difference of two. What the pointer leads to
// says where the interval comes from (bench/reproduce_estimate.h).
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/fields.h"
#include "reports/verdict.h"

namespace squall {

struct ClaimSource {
  std::string author;
  std::string title;
  std::string date;  // of the publication, as far as it is known: "2026-06-13", "2015"
  std::string url;   // "" where none is known
};

struct ClaimRun {
  std::string name;               // by which values call it; may be empty in a claim with one run
  std::string scenario;           // bundled name
  std::string engine;             // preset in place of the scenario's own; empty = its own
  std::vector<std::string> sets;  // as --set takes them
  int64_t seed = 0;               // 0 = the scenario's own
  int64_t replications = 0;       // seeds; 0: a model's own number, 1 of everything else
};

// One figure of a run's result.
struct ClaimValue {
  std::string run;  // empty = the first
  std::string at;   // JSON pointer into its result
};

enum class StatisticKind : uint8_t {
  kValue,
  kRatio,
  kDifference,
  kWorstZ,  // of all worlds, the largest |z| of the share recovered against the closed form
};

struct ClaimStatistic {
  StatisticKind kind = StatisticKind::kValue;
  std::vector<ClaimValue> of;  // one, or two of a ratio or difference; none of worst_z
  double scale = 1;            // factor to the claim's unit, such as 100 to percent
};

enum class ClaimRule : uint8_t { kEquivalence, kAtLeast, kAtMost, kRange };

// The first run under another assumption, and what a closed form says that comes out.
struct ClaimWorld {
  std::string name;
  bool engine = false;            // whether the engine is another, not only the world
  std::vector<std::string> sets;  // besides those of the run
  double expected = 0;            // share recovered, 0..1
};

// What a claim is about; reports show them in this order.
enum class ClaimTopic : uint8_t {
  kRecovery,
  kRates,
  kRetries,
  kOutages,
  kLimits,
  kFailover,
  kQuality,
  kAgents,
  kDurability,
  kVendor,
};
std::string_view ClaimTopicTitle(ClaimTopic topic);  // "Recovery of faults"

struct Claim {
  std::string id;  // the file's name without .json
  ClaimTopic topic = ClaimTopic::kRecovery;
  std::string statement;  // what is claimed, in one sentence
  ClaimSource source;
  std::string published;  // the figure as published, "84.1 %"
  std::string unit;       // of the figures below and of what is measured: "%", "x", "s"
  ClaimRule rule = ClaimRule::kEquivalence;
  double value = 0;   // equivalence, at_least, at_most
  double low = 0;     // range
  double high = 0;    // range
  double margin = 0;  // >= 0, same unit
  std::vector<ClaimRun> runs;
  ClaimStatistic statistic;
  // The value is of the wall clock: only the verdict is the same every time, so the report gives a
  // bound in place of the figure.
  bool timing = false;
  std::vector<std::string> caveats;
  std::string not_testable;  // why; empty = it is tested
  std::vector<ClaimWorld> worlds;
  std::string worlds_of;  // the claim whose worlds are shown on this one's page; empty = no page

  Claimed claimed() const;  // for Judge
};

void Describe(Fields& f, ClaimSource& c);
void Describe(Fields& f, ClaimRun& c);
void Describe(Fields& f, ClaimValue& c);
void Describe(Fields& f, ClaimStatistic& c);
void Describe(Fields& f, ClaimWorld& c);
void Describe(Fields& f, Claim& c);

// `name` is the file's, and must fit the id. Errors: kInvalidArgument, one line per problem.
absl::StatusOr<Claim> LoadClaimText(std::string_view text, const std::string& name);

// All that travel inside the binary, by topic and then by id.
absl::StatusOr<std::vector<Claim>> BundledClaims();

// JSON Schema (draft-7) of claim files, for editors.
std::string ClaimSchema();

}  // namespace squall
