// SweepPoint: the unit of work of any sweep, whoever schedules it: one scenario with overrides, run
// with a block of seeds, for some metrics. A pure function of what is in it and of the build: so it
// is known by the hash of that, may be done twice, anywhere, and its results are a set.
//
// As JSON, one line each way:
//   {"scenario", "engine", "sets", "seed", "first", "count", "metrics", "build", "document"?}
//   {"hash", "point": {the same}, "values": {METRIC: [of each replication, or null]}}
// "document" holds the scenario itself where it is no bundled one, so that a worker elsewhere needs
// no files but a trace's.
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall {

struct SweepPoint {
  std::string scenario;           // a bundled name, or what `document` is called
  std::string document;           // CanonicalDocument(); "" of a bundled scenario
  std::string engine;             // preset in place of the scenario's own; "" = its own
  std::vector<std::string> sets;  // as --set takes them
  int64_t seed = 1;
  int64_t first = 0;  // replications first .. first + count - 1, each with ReplicationSeed
  int64_t count = 1;  // >= 1
  std::vector<std::string> metrics;
  std::string build;  // BuildOfSquall(revision)
};

// Of one metric, by replication of the block; nullopt where there is nothing to have it of.
using MetricValues = std::vector<std::optional<double>>;

struct PointResult {
  SweepPoint point;
  std::map<std::string, MetricValues> values;
};

// What must be the same for results to be comparable: version and revision of the sources.
std::string BuildOfSquall(std::string_view revision);

// JSON text on one line with its keys in order, so that equal documents are equal texts. "" of what
// is no JSON.
std::string CanonicalDocument(std::string_view json_text);

// One line of JSON, without a newline. Equal points have equal texts.
std::string PointText(const SweepPoint& point);

// 16 hex digits of a 64-bit hash of PointText. Among a million points two collide with a chance of
// 3e-8; readers compare the points themselves as well.
std::string PointHash(const SweepPoint& point);

// Strict. Errors: kInvalidArgument, one line per problem; `name` stands in them.
absl::StatusOr<SweepPoint> ReadPoint(std::string_view text, const std::string& name);

// In virtual time, on this thread. Errors: those of loading the scenario; kCancelled where `stop`
// turned true.
absl::StatusOr<PointResult> RunPoint(const SweepPoint& point,
                                     const std::atomic<bool>* stop = nullptr);

// One line of JSON, without a newline.
std::string ResultText(const PointResult& result);

// Errors: kInvalidArgument for text that is no such line, or whose hash is not that of its point.
absl::StatusOr<PointResult> ReadResult(std::string_view text, const std::string& name);

}  // namespace squall
