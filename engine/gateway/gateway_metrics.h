// GatewayMetrics: what /metrics says, in the text format of Prometheus. Names follow the semantic
// conventions of OpenTelemetry for generative AI where there is one (gen_ai.server.request.duration
// becomes gen_ai_server_request_duration_seconds), else they begin with "squall_".
//
// Labels take their values from the configuration and from static names of the engine, never from
// a request, so that their number is bounded; past kMostSeries a family counts no new labels.
// One thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/events.h"
#include "engine/gateway/fleet.h"

namespace squall {

// Families, each with a row of name, help and labels in the .cc.
enum class Metric : uint8_t {
  kRequests,
  kAttempts,
  kCalls,
  kRecovered,
  kCost,
  kRefused,
  kLimited,
  kReloads,
  kCancelled,
  kAsync,
  kRequestSeconds,
  kFirstTokenSeconds,
  kAttemptSeconds,
  kTokens,
};

class GatewayMetrics {
 public:
  static constexpr size_t kMostSeries = 20'000;  // of a family

  GatewayMetrics();

  // A request has been answered. `route` "" where it had none.
  void OnRequest(std::string_view route, std::string_view path, int status, double seconds);
  // A call of the engine has ended.
  void OnCall(const Route& route, const CallResult& result, const Usage& usage, double usd);
  void OnFirstByte(std::string_view route, double seconds);
  // One more of something with one label, as in Count(Metric::kRefused, "431").
  void Count(Metric family, std::string_view value) { Add(family, {value}, 1); }

  // All of it; `gauges` are lines that the caller has, in the same format.
  std::string Text(std::string_view gauges) const;

 private:
  struct Series {
    double sum = 0;
    int64_t count = 0;
    std::vector<int64_t> buckets;  // of a histogram: not cumulated; the last one is +Inf
  };
  using Family = std::map<std::string, Series>;  // by the values of its labels, a NUL after each

  // `values` of the family's first labels; a label without a value is left out. What is written
  // into the text, names and quotes, waits for somebody who reads it.
  void Add(Metric family, std::initializer_list<std::string_view> values, double value);

  std::vector<Family> families_;
  std::string key_;  // kept for its memory
};

// `name="value"` with what must be escaped escaped.
std::string MetricLabel(std::string_view name, std::string_view value);

// One gauge: "# TYPE" and its line.
void AppendGauge(std::string_view name, std::string_view help, double value, std::string* out);

}  // namespace squall
