// TuneSpace: what `squall tune` may change and what it is after, from SPACE.json: parameters by
// JSON pointer into a scenario, objectives and constraints by the names of reports/metric_table.h,
// the scenarios to tune on and those to be tried on afterwards. Strict like a scenario: a mistake
// is an error with file, JSON pointer, got and expected.
//
// A candidate is a point of the unit cube, one coordinate per parameter, so that designs and
// optimisers need not know what a parameter is; what it sets is text, as --set takes it, and two
// points that set the same are one candidate.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/fields.h"
#include "reports/threshold.h"

namespace squall {

enum class ParameterKind : uint8_t { kContinuous, kLog, kInteger, kCategorical };

struct TuneParameter {
  std::string at;  // JSON pointer into the scenario
  ParameterKind kind = ParameterKind::kContinuous;
  double low = 0;  // inclusive, low < high; > 0 of kLog
  double high = 1;
  std::string unit;                 // appended to the number: "ms", "s"; "" of plain numbers
  std::vector<std::string> values;  // of kCategorical, as --set takes them; at least two
  int64_t steps = 5;                // of a grid, 2..1000; of kInteger at most its whole numbers
  // "POINTER=VALUE": only where an earlier categorical parameter has this value, else it is left as
  // the scenario has it. Several: any of them.
  std::vector<std::string> when;
};

enum class Goal : uint8_t { kMaximize, kMinimize };

struct TuneObjective {
  std::string metric;
  Goal goal = Goal::kMaximize;
  // Indifference zone, in the metric's base unit (shares 0..1, ms, s): differences below it are
  // none.
  double tolerance = 0;
};

struct TuneScenario {
  std::string scenario;           // a bundled name or a file
  std::vector<std::string> sets;  // before those of the candidate
};

// How the figure of one replication is made of those of several scenarios.
enum class Over : uint8_t { kMean, kWorst, kCvar };

enum class TuneMethod : uint8_t { kGrid, kSobol, kHalving, kNsga2, kNlopt };

struct TuneSpace {
  std::string name;
  std::string doc;
  std::string engine;  // preset that candidates change; "" = the scenario's own engine
  std::vector<TuneParameter> parameters;
  std::vector<TuneObjective> objectives;  // in order of weight; the first one decides first
  std::vector<std::string> constraints;   // thresholds that a candidate's mean must meet
  std::vector<TuneScenario> scenarios;
  std::vector<TuneScenario> held_out;  // never looked at while searching
  Over over = Over::kMean;
  double cvar_share = 0.5;  // of scenarios, the worst ones that kCvar takes the mean of; (0, 1]
  TuneMethod method = TuneMethod::kHalving;
  int64_t candidates = 64;    // designs and populations; a grid has as many as its steps say
  int64_t replications = 20;  // seeds of a candidate that is followed to the end, 2..10000
  int64_t first_rung = 2;     // seeds of every candidate of halving, 1..replications
  int64_t finalists = 8;      // that halving follows to the end at least
  int64_t generations = 8;    // of NSGA-II
  int64_t fresh = 20;         // seeds, none of the search's, on which winners are estimated again
  int64_t sensitivity = 16;   // rows of the design for Sobol indices; 0 = none
  int64_t seed = 1;           // of designs and of the scenarios
};

void Describe(Fields& f, TuneParameter& p);
void Describe(Fields& f, TuneObjective& o);
void Describe(Fields& f, TuneScenario& s);
void Describe(Fields& f, TuneSpace& s);

// In the order of TuneMethod.
std::span<const std::string_view> MethodNames();
std::string_view MethodName(TuneMethod method);

// Reads a space: a file, or the name of a bundled one. Errors: kNotFound, or kInvalidArgument with
// a line for each problem.
absl::StatusOr<TuneSpace> LoadSpace(const std::string& where);
absl::StatusOr<TuneSpace> LoadSpaceText(std::string_view text, const std::string& name);

// JSON Schema (draft-7) of space files, for editors.
std::string SpaceSchema();

// Names of the bundled spaces.
std::vector<std::string> BundledSpaces();

// ---- candidates -------------------------------------------------------------------------------

struct Candidate {
  std::vector<double> unit;         // a coordinate in [0, 1] per parameter
  std::vector<std::string> values;  // by parameter; "" where it is left as it is
  std::vector<std::string> sets;    // "POINTER=VALUE" of those that are not

  bool operator==(const Candidate& other) const { return sets == other.sets; }
};

// The candidate at a point, with its coordinates moved to where its values are.
Candidate CandidateAt(const TuneSpace& space, std::span<const double> unit);

// The one that changes nothing: its coordinates mean nothing and are 0.5.
Candidate UnchangedCandidate(const TuneSpace& space);

// Distinct steps of a parameter on a grid, as coordinates in [0, 1].
std::vector<double> GridSteps(const TuneParameter& parameter);

// The metrics that the space names, without repetition, in the order of objectives and constraints.
std::vector<std::string> MetricsOf(const TuneSpace& space);

// The constraints, which loading has checked.
std::vector<Threshold> ConstraintsOf(const TuneSpace& space);

}  // namespace squall
