// What /metrics says, in the text format of Prometheus.
#include "engine/gateway/gateway_metrics.h"

#include "tests/catch.h"

namespace squall::gateway_metrics_test {
namespace {

bool Holds(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

TEST_CASE("gateway metrics: a family counts by the values of its labels", "[gateway]") {
  GatewayMetrics metrics;
  CHECK(metrics.Text("").empty());
  metrics.Count(Metric::kRefused, "431");
  metrics.Count(Metric::kRefused, "400");
  metrics.Count(Metric::kRefused, "431");
  const std::string text = metrics.Text("up 1\n");
  CHECK(text.starts_with("up 1\n# HELP squall_gateway_refused_total "));
  CHECK(Holds(text, "# TYPE squall_gateway_refused_total counter"));
  CHECK(Holds(text, "squall_gateway_refused_total{status=\"431\"} 2"));
  CHECK(Holds(text, "squall_gateway_refused_total{status=\"400\"} 1"));
}

TEST_CASE("gateway metrics: a failed request has a type of error and the others none",
          "[gateway]") {
  GatewayMetrics metrics;
  metrics.OnRequest("m", "/v1/chat/completions", 200, 0.03);
  metrics.OnRequest("m", "/v1/chat/completions", 503, 100);
  metrics.OnRequest("", "other", 404, 1);  // of no route: counted, not timed
  const std::string text = metrics.Text("");
  const std::string name = "gen_ai_server_request_duration_seconds";
  const std::string of_chat = "gen_ai_operation_name=\"chat\",gen_ai_request_model=\"m\"";
  CHECK(Holds(text, "# TYPE " + name + " histogram"));
  CHECK(Holds(text, name + "_bucket{" + of_chat + ",le=\"0.02\"} 0"));
  CHECK(Holds(text, name + "_bucket{" + of_chat + ",le=\"0.04\"} 1"));
  CHECK(Holds(text, name + "_bucket{" + of_chat + ",le=\"+Inf\"} 1"));
  CHECK(Holds(text, name + "_sum{" + of_chat + "} 0.03"));
  CHECK(Holds(text, name + "_count{" + of_chat + "} 1"));
  CHECK(Holds(text, name + "_bucket{" + of_chat + ",error_type=\"503\",le=\"81.92\"} 0"));
  CHECK(Holds(text, name + "_count{" + of_chat + ",error_type=\"503\"} 1"));
  CHECK(Holds(text,
              "squall_gateway_requests_total{gen_ai_request_model=\"\",http_route=\"other\","
              "http_response_status_code=\"404\"} 1"));
}

TEST_CASE("gateway metrics: what a label holds is escaped, and series are bounded", "[gateway]") {
  GatewayMetrics metrics;
  metrics.Count(Metric::kCancelled, "a\"b\\c\nd");
  CHECK(Holds(metrics.Text(""), R"(squall_gateway_cancelled_total{route="a\"b\\c\nd"} 1)"));
  for (size_t i = 0; i < 2 * GatewayMetrics::kMostSeries; ++i) {
    metrics.Count(Metric::kLimited, std::to_string(i));
  }
  const std::string text = metrics.Text("");
  size_t series = 0;
  for (size_t at = 0; (at = text.find("\nsquall_gateway_limited_total{", at)) != text.npos; ++at) {
    ++series;
  }
  CHECK(series == GatewayMetrics::kMostSeries);
}

}  // namespace
}  // namespace squall::gateway_metrics_test
