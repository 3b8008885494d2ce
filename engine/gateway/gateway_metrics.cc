#include "engine/gateway/gateway_metrics.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "engine/base/cat.h"
#include "engine/wire/chat_json.h"

namespace squall {
namespace {

struct FamilyRow {
  std::string_view name;
  std::string_view help;
  std::array<std::string_view, 6> labels;
  std::span<const double> bounds;  // none: a counter
};

// The bounds that OpenTelemetry's conventions advise.
constexpr std::array kSeconds = {0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
constexpr std::array kTokenCounts = {1.0,       4.0,       16.0,      64.0,    256.0,
                                     1024.0,    4096.0,    16384.0,   65536.0, 262144.0,
                                     1048576.0, 4194304.0, 16777216.0};

constexpr std::string_view kOperation = "gen_ai_operation_name";
constexpr std::string_view kProvider = "gen_ai_provider_name";
constexpr std::string_view kModel = "gen_ai_request_model";
constexpr std::string_view kUpstream = "squall_upstream";
constexpr std::string_view kErrorType = "error_type";

constexpr std::string_view kChat = "chat";  // the one operation

// By Metric.
constexpr FamilyRow kFamilies[] = {
    {"squall_gateway_requests_total",
     "Requests answered, by route, path and status.",
     {kModel, "http_route", "http_response_status_code"},
     {}},
    {"squall_gateway_attempts_total",
     "Attempts at upstreams, by what became of them and which strategy sent them.",
     {kOperation, kProvider, kModel, kUpstream, "squall_class", "squall_action"},
     {}},
    {"squall_gateway_calls_total",
     "Calls of the engine by how they ended.",
     {kModel, "squall_stop"},
     {}},
    {"squall_gateway_recovered_total", "Answers that took more than one attempt.", {kModel}, {}},
    {"squall_gateway_cost_usd_total",
     "Money spent at upstreams, by the models' prices.",
     {kModel},
     {}},
    {"squall_gateway_refused_total",
     "Requests that the front door could not read.",
     {"status"},
     {}},
    {"squall_gateway_limited_total", "Requests turned away by a client's limits.", {"code"}, {}},
    {"squall_gateway_reloads_total", "Reloads of the configuration.", {"result"}, {}},
    {"squall_gateway_cancelled_total", "Requests whose client left first.", {"route"}, {}},
    {"squall_gateway_async_total",
     "Requests of the record, by what became of them.",
     {"outcome"},
     {}},
    {"gen_ai_server_request_duration_seconds",
     "From the last byte of a request to its answer.",
     {kOperation, kModel, kErrorType},
     kSeconds},
    {"gen_ai_server_time_to_first_token_seconds",
     "To the first piece of a streamed answer.",
     {kOperation, kModel},
     kSeconds},
    {"gen_ai_client_operation_duration_seconds",
     "Of one attempt at an upstream.",
     {kOperation, kProvider, kModel, kUpstream, kErrorType},
     kSeconds},
    {"gen_ai_client_token_usage",
     "Tokens of a call, all attempts.",
     {kOperation, kModel, "gen_ai_token_type"},
     kTokenCounts},
};

std::string MetricNumber(double value) {
  std::string text;
  AppendNumber(value, &text);
  return text;
}

// name="value",... of a series.
std::string LabelsOf(const FamilyRow& row, std::string_view key) {
  std::string text;
  for (const std::string_view name : row.labels) {
    const size_t end = key.find('\0');
    if (end == key.npos) break;
    AppendTo(&text, text.empty() ? "" : ",", MetricLabel(name, key.substr(0, end)));
    key.remove_prefix(end + 1);
  }
  return text;
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

GatewayMetrics::GatewayMetrics() : families_(std::size(kFamilies)) {}

void GatewayMetrics::Add(Metric family, std::initializer_list<std::string_view> values,
                         double value) {
  key_.clear();
  for (const std::string_view each : values) key_.append(each).push_back('\0');
  const auto at = static_cast<size_t>(family);
  const std::span<const double> bounds = kFamilies[at].bounds;
  Family& all = families_[at];
  auto found = all.find(key_);
  if (found == all.end()) {
    if (all.size() >= kMostSeries) return;
    found = all.emplace(key_, Series()).first;
    if (!bounds.empty()) found->second.buckets.resize(bounds.size() + 1);
  }
  Series& series = found->second;
  series.sum += value;
  ++series.count;
  if (bounds.empty()) return;
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
  ++series.buckets[static_cast<size_t>(bucket)];
}

void GatewayMetrics::OnRequest(std::string_view route, std::string_view path, int status,
                               double seconds) {
  const std::string code = std::to_string(status);
  Add(Metric::kRequests, {route, path, code}, 1);
  if (route.empty()) return;
  if (status < 400) return Add(Metric::kRequestSeconds, {kChat, route}, seconds);
  Add(Metric::kRequestSeconds, {kChat, route, code}, seconds);
}

void GatewayMetrics::OnFirstByte(std::string_view route, double seconds) {
  Add(Metric::kFirstTokenSeconds, {kChat, route}, seconds);
}

void GatewayMetrics::OnCall(const Route& route, const CallResult& result, const Usage& usage,
                            double usd) {
  int64_t sent = 0;
  for (const AttemptRecord& attempt : result.attempts) {
    sent += attempt.sent ? 1 : 0;
    const ProviderInfo& upstream = route.providers()[attempt.provider];
    const std::string& model = upstream.models[attempt.model].name;
    const std::string_view failure = FailureClassName(attempt.diagnosis.failure);
    Add(Metric::kAttempts,
        {kChat, upstream.dialect, model, upstream.name, failure, attempt.strategy}, 1);
    if (!attempt.sent) continue;
    const double seconds = Seconds(attempt.ended - attempt.started);
    if (attempt.diagnosis.ok()) {
      Add(Metric::kAttemptSeconds, {kChat, upstream.dialect, model, upstream.name}, seconds);
    } else {
      Add(Metric::kAttemptSeconds, {kChat, upstream.dialect, model, upstream.name, failure},
          seconds);
    }
  }
  Add(Metric::kCalls, {route.model(), result.stop_reason}, 1);
  if (result.ok && sent > 1) Add(Metric::kRecovered, {route.model()}, 1);
  if (usd > 0) Add(Metric::kCost, {route.model()}, usd);
  Add(Metric::kTokens, {kChat, route.model(), "input"}, static_cast<double>(usage.prompt_tokens));
  Add(Metric::kTokens, {kChat, route.model(), "output"},
      static_cast<double>(usage.completion_tokens));
}

std::string GatewayMetrics::Text(std::string_view gauges) const {
  std::string out(gauges);
  for (size_t i = 0; i < families_.size(); ++i) {
    if (families_[i].empty()) continue;
    const FamilyRow& row = kFamilies[i];
    const std::string_view type = row.bounds.empty() ? "counter" : "histogram";
    AppendTo(&out, "# HELP ", row.name, " ", row.help, "\n# TYPE ", row.name, " ", type, "\n");
    for (const auto& [key, series] : families_[i]) {
      const std::string labels = LabelsOf(row, key);
      if (row.bounds.empty()) {
        AppendTo(&out, row.name, "{", labels, "} ", MetricNumber(series.sum), "\n");
        continue;
      }
      int64_t cumulated = 0;
      for (size_t b = 0; b < series.buckets.size(); ++b) {
        cumulated += series.buckets[b];
        const std::string bound = b < row.bounds.size() ? MetricNumber(row.bounds[b]) : "+Inf";
        AppendTo(&out, row.name, "_bucket{", labels, ",le=\"", bound, "\"} ", cumulated, "\n");
      }
      AppendTo(&out, row.name, "_sum{", labels, "} ", MetricNumber(series.sum), "\n", row.name,
               "_count{", labels, "} ", series.count, "\n");
    }
  }
  return out;
}

}  // namespace squall
