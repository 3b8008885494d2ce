#include "engine/gateway/gateway_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/cat.h"
#include "engine/base/check.h"
#include "engine/wire/chat_json.h"

namespace squall {
namespace {

struct FamilyRow {
  std::string_view name;
  std::string_view help;
  std::string_view label;  // of Count()
};
constexpr FamilyRow kCounterRows[] = {
    {"squall_gateway_requests_total", "Requests answered, by route, path and status.", ""},
    {"squall_gateway_attempts_total",
     "Attempts at upstreams, by what became of them and which strategy sent them.", ""},
    {"squall_gateway_calls_total", "Calls of the engine by how they ended.", ""},
    {"squall_gateway_recovered_total", "Answers that took more than one attempt.", ""},
    {"squall_gateway_cost_usd_total", "Money spent at upstreams, by the models' prices.", ""},
    {"squall_gateway_refused_total", "Requests that the front door could not read.", "status"},
    {"squall_gateway_limited_total", "Requests turned away by a client's limits.", "code"},
    {"squall_gateway_reloads_total", "Reloads of the configuration.", "result"},
    {"squall_gateway_cancelled_total", "Requests whose client left first.", "route"},
    {"squall_gateway_async_total", "Requests of the record, by what became of them.", "outcome"},
};

struct HistogramRow {
  std::string_view name;
  std::string_view help;
  std::span<const double> bounds;
};
// The bounds that OpenTelemetry's conventions advise.
constexpr std::array kSeconds = {0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
constexpr std::array kTokens = {1.0,     4.0,     16.0,     64.0,      256.0,     1024.0,    4096.0,
                                16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0, 16777216.0};
constexpr HistogramRow kHistogramRows[] = {
    {"gen_ai_server_request_duration_seconds", "From the last byte of a request to its answer.",
     kSeconds},
    {"gen_ai_server_time_to_first_token_seconds", "To the first piece of a streamed answer.",
     kSeconds},
    {"gen_ai_client_operation_duration_seconds", "Of one attempt at an upstream.", kSeconds},
    {"gen_ai_client_token_usage", "Tokens of a call, all attempts.", kTokens},
};

template <class Row, size_t kSize>
const Row& RowNamed(const Row (&rows)[kSize], std::string_view name) {
  for (const Row& row : rows) {
    if (row.name == name) return row;
  }
  SQUALL_CHECK(false);
  return rows[0];
}

std::string MetricNumber(double value) {
  std::string text;
  AppendNumber(value, &text);
  return text;
}

std::string AttemptLabels(const Route& route, const AttemptRecord& attempt) {
  const ProviderInfo& provider = route.providers()[attempt.provider];
  return Cat(MetricLabel("gen_ai_operation_name", "chat"), ",",
             MetricLabel("gen_ai_provider_name", provider.dialect), ",",
             MetricLabel("gen_ai_request_model", provider.models[attempt.model].name), ",",
             MetricLabel("squall_upstream", provider.name));
}

}  // namespace

std::string MetricLabel(std::string_view name, std::string_view value) {
  std::string text = Cat(name, "=\"");
  for (const char c : value) {
    if (c == '\\' || c == '"') text.push_back('\\');
    if (c == '\n') {
      text.append("\\n");
    } else {
      text.push_back(c);
    }
  }
  return text + "\"";
}

void AppendGauge(std::string_view name, std::string_view help, double value, std::string* out) {
  AppendTo(out, "# HELP ", name, " ", help, "\n# TYPE ", name, " gauge\n", name, " ",
           MetricNumber(value), "\n");
}

void GatewayMetrics::Add(std::string_view family, const std::string& labels, double by) {
  Counters& counters = counters_[std::string(family)];
  const auto found = counters.find(labels);
  if (found != counters.end()) {
    found->second += by;
  } else if (counters.size() < kMostSeries) {
    counters.emplace(labels, by);
  }
}

void GatewayMetrics::Observe(std::string_view family, const std::string& labels, double value) {
  const std::span<const double> bounds = RowNamed(kHistogramRows, family).bounds;
  Histograms& histograms = histograms_[std::string(family)];
  if (!histograms.contains(labels) && histograms.size() >= kMostSeries) return;
  Histogram& histogram = histograms[labels];
  histogram.buckets.resize(bounds.size() + 1);
  const auto at = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
  ++histogram.buckets[static_cast<size_t>(at)];
  histogram.sum += value;
  ++histogram.count;
}

void GatewayMetrics::Count(std::string_view family, std::string_view value, double by) {
  Add(family, MetricLabel(RowNamed(kCounterRows, family).label, value), by);
}

void GatewayMetrics::OnRequest(std::string_view route, std::string_view path, int status,
                               double seconds) {
  const std::string model = MetricLabel("gen_ai_request_model", route);
  Add("squall_gateway_requests_total",
      Cat(model, ",", MetricLabel("http_route", path), ",",
          MetricLabel("http_response_status_code", std::to_string(status))),
      1);
  if (route.empty()) return;
  std::string labels = Cat(MetricLabel("gen_ai_operation_name", "chat"), ",", model);
  if (status >= 400) {
    AppendTo(&labels, ",", MetricLabel("error_type", std::to_string(status)));
  }
  Observe("gen_ai_server_request_duration_seconds", labels, seconds);
}

void GatewayMetrics::OnFirstByte(std::string_view route, double seconds) {
  Observe("gen_ai_server_time_to_first_token_seconds",
          Cat(MetricLabel("gen_ai_operation_name", "chat"), ",",
              MetricLabel("gen_ai_request_model", route)),
          seconds);
}

void GatewayMetrics::OnCall(const Route& route, const CallResult& result, const Usage& usage,
                            double usd) {
  int64_t sent = 0;
  for (const AttemptRecord& attempt : result.attempts) {
    sent += attempt.sent ? 1 : 0;
    std::string labels = AttemptLabels(route, attempt);
    const std::string_view failure = FailureClassName(attempt.diagnosis.failure);
    Add("squall_gateway_attempts_total",
        Cat(labels, ",", MetricLabel("squall_class", failure), ",",
            MetricLabel("squall_action", attempt.strategy)),
        1);
    if (!attempt.sent) continue;
    if (!attempt.diagnosis.ok()) AppendTo(&labels, ",", MetricLabel("error_type", failure));
    Observe("gen_ai_client_operation_duration_seconds", labels,
            Seconds(attempt.ended - attempt.started));
  }
  const std::string model = MetricLabel("gen_ai_request_model", route.model());
  Add("squall_gateway_calls_total", Cat(model, ",", MetricLabel("squall_stop", result.stop_reason)),
      1);
  if (result.ok && sent > 1) Add("squall_gateway_recovered_total", model, 1);
  if (usd > 0) Add("squall_gateway_cost_usd_total", model, usd);
  const std::string operation = Cat(MetricLabel("gen_ai_operation_name", "chat"), ",", model, ",");
  Observe("gen_ai_client_token_usage", operation + MetricLabel("gen_ai_token_type", "input"),
          static_cast<double>(usage.prompt_tokens));
  Observe("gen_ai_client_token_usage", operation + MetricLabel("gen_ai_token_type", "output"),
          static_cast<double>(usage.completion_tokens));
}

std::string GatewayMetrics::Text(std::string_view gauges) const {
  std::string out(gauges);
  for (const FamilyRow& row : kCounterRows) {
    const auto found = counters_.find(row.name);
    if (found == counters_.end()) continue;
    AppendTo(&out, "# HELP ", row.name, " ", row.help, "\n# TYPE ", row.name, " counter\n");
    for (const auto& [labels, value] : found->second) {
      AppendTo(&out, row.name, "{", labels, "} ", MetricNumber(value), "\n");
    }
  }
  for (const HistogramRow& row : kHistogramRows) {
    const auto found = histograms_.find(row.name);
    if (found == histograms_.end()) continue;
    AppendTo(&out, "# HELP ", row.name, " ", row.help, "\n# TYPE ", row.name, " histogram\n");
    for (const auto& [labels, histogram] : found->second) {
      int64_t cumulated = 0;
      for (size_t i = 0; i < histogram.buckets.size(); ++i) {
        cumulated += histogram.buckets[i];
        const std::string bound = i < row.bounds.size() ? MetricNumber(row.bounds[i]) : "+Inf";
        AppendTo(&out, row.name, "_bucket{", labels, ",le=\"", bound, "\"} ", cumulated, "\n");
      }
      AppendTo(&out, row.name, "_sum{", labels, "} ", MetricNumber(histogram.sum), "\n", row.name,
               "_count{", labels, "} ", histogram.count, "\n");
    }
  }
  return out;
}

}  // namespace squall
