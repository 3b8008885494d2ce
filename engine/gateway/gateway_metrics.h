// GatewayMetrics: what /metrics says, in the text format of Prometheus. Names follow the semantic
// conventions of OpenTelemetry for generative AI where there is one (gen_ai.server.request.duration
// becomes gen_ai_server_request_duration_seconds), else they begin with "squall_".
//
// Labels take their values from the configuration and from static names of the engine, never from
// a request, so that their number is bounded; past kMostSeries a family counts no new labels.
// One thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/events.h"
#include "engine/gateway/fleet.h"

namespace squall {

class GatewayMetrics {
 public:
  static constexpr size_t kMostSeries = 20'000;  // of a family

  // A request has been answered. `route` "" where it had none.
  void OnRequest(std::string_view route, std::string_view path, int status, double seconds);
  // A call of the engine has ended.
  void OnCall(const Route& route, const CallResult& result, const Usage& usage, double usd);
  void OnFirstByte(std::string_view route, double seconds);
  // One more of something with one label, as in Count("squall_gateway_refused_total", "status",
  // "431"). Families have rows in the .cc.
  void Count(std::string_view family, std::string_view value, double by = 1);

  // All of it; `gauges` are lines that the caller has, in the same format.
  std::string Text(std::string_view gauges) const;

 private:
  struct Histogram {
    std::vector<int64_t> buckets;  // not cumulated; the last one is +Inf
    double sum = 0;
    int64_t count = 0;
  };
  using Counters = std::map<std::string, double, std::less<>>;  // by labels
  using Histograms = std::map<std::string, Histogram, std::less<>>;

  void Add(std::string_view family, const std::string& labels, double by);
  void Observe(std::string_view family, const std::string& labels, double value);

  std::map<std::string, Counters, std::less<>> counters_;
  std::map<std::string, Histograms, std::less<>> histograms_;
};

// `name="value"` with what must be escaped escaped.
std::string MetricLabel(std::string_view name, std::string_view value);

// One gauge: "# TYPE" and its line.
void AppendGauge(std::string_view name, std::string_view help, double value, std::string* out);

}  // namespace squall
