// The endpoints of a gateway.
#include <algorithm>
#include <utility>

#include "engine/base/cat.h"
#include "engine/base/json_text.h"
#include "engine/gateway/gateway.h"
#include "engine/gateway/request_id.h"

namespace squall {
namespace {

constexpr std::string_view kChatPath = "/v1/chat/completions";
constexpr std::string_view kMessagesPath = "/v1/messages";
constexpr std::string_view kRequestsPath = "/v1/requests/";

enum class Endpoint : uint8_t { kChat, kMessages, kModels, kRequest, kHealth, kReady, kMetrics };

struct EndpointRow {
  std::string_view path;
  Endpoint endpoint;
  bool post;
  bool keyed;  // asks for a client's key
};
constexpr EndpointRow kEndpoints[] = {
    {kChatPath, Endpoint::kChat, true, true},
    {kMessagesPath, Endpoint::kMessages, true, true},
    {"/v1/models", Endpoint::kModels, false, true},
    {kRequestsPath, Endpoint::kRequest, false, true},
    {"/healthz", Endpoint::kHealth, false, false},
    {"/readyz", Endpoint::kReady, false, false},
    {"/metrics", Endpoint::kMetrics, false, false},
};

const EndpointRow* FindEndpoint(std::string_view path) {
  for (const EndpointRow& row : kEndpoints) {
    const bool below = row.endpoint == Endpoint::kRequest && path.starts_with(row.path);
    if (path == row.path || below) return &row;
  }
  return nullptr;
}

bool IsGet(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

std::string_view PathOf(const HttpRequest& request) {
  const std::string_view target = request.target;
  return target.substr(0, target.find('?'));
}

// Clients of Anthropic send x-api-key and anthropic-version to endpoints that both have.
ApiShape ShapeOf(const HttpRequest& request, std::string_view path) {
  const bool anthropic =
      path == kMessagesPath || request.headers.Find("anthropic-version").has_value();
  return anthropic ? ApiShape::kAnthropic : ApiShape::kOpenAi;
}

ClientError NoKey() {
  ClientError error(401, "invalid_api_key",
                    "Expected a key of this gateway, as \"Authorization: Bearer KEY\" or "
                    "\"x-api-key: KEY\".");
  error.retry = false;
  return error;
}

bool StatesHost(const HttpRequest& request) { return request.headers.Find("host").has_value(); }

}  // namespace

std::string Gateway::RefusalBody(int status) const {
  struct Row {
    int status;
    std::string_view code, message;
  };
  constexpr Row kRows[] = {
      {400, "malformed_request", "This is not HTTP/1.1 that can be read for certain."},
      {408, "request_timeout", "The request took too long to arrive."},
      {413, "request_too_large", "The body is larger than this gateway takes."},
      {431, "headers_too_large", "The head is larger than this gateway takes."},
      {503, "gateway_memory", "The gateway has no room for another request now."},
  };
  const Row* found = &kRows[0];
  for (const Row& row : kRows) {
    if (row.status == status) found = &row;
  }
  ClientError error(status, found->code, std::string(found->message));
  return ErrorBody(error, ApiShape::kOpenAi, "");
}

void Gateway::OnRefused(int status, std::string_view peer) {
  core_.metrics.Count(Metric::kRefused, std::to_string(status));
  AccessEntry entry;
  entry.peer = std::string(peer);
  entry.path = "other";
  entry.status = status;
  entry.error = "refused";
  core_.log->Add(entry);
}

std::optional<size_t> Gateway::ClientOf(const HttpRequest& request) const {
  const ClientKeys& keys = *core_.state->keys;
  if (keys.open()) return 0;
  constexpr std::string_view kBearer = "bearer ";
  const std::string_view bearer = request.headers.Find("authorization").value_or("");
  if (bearer.size() > kBearer.size() &&
      EqualsIgnoreCase(bearer.substr(0, kBearer.size()), kBearer)) {
    return keys.Find(bearer.substr(kBearer.size()));
  }
  const auto key = request.headers.Find("x-api-key");
  return key.has_value() ? keys.Find(*key) : std::nullopt;
}

Task<> Gateway::Handle(HttpExchange& exchange) {
  const HttpRequest& request = exchange.request();
  const std::string_view path = PathOf(request);
  const ApiShape shape = ShapeOf(request, path);
  const EndpointRow* const row = FindEndpoint(path);
  std::optional<ClientError> error;
  std::string headers;
  if (!StatesHost(request)) {
    error.emplace(400, "malformed_request", "The request names no host.");
  } else if (row == nullptr) {
    error.emplace(404, "not_found", "There is no such endpoint.");
  } else if (row->post ? request.method != "POST" : !IsGet(request)) {
    error.emplace(405, "method_not_allowed", "This endpoint takes another method.");
    headers = row->post ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n";
  }
  std::optional<size_t> client;
  if (!error.has_value() && row->keyed) {
    client = ClientOf(request);
    if (!client.has_value()) error = NoKey();
  }
  if (error.has_value()) {
    error->retry = false;
    const std::string_view shown = row == nullptr ? std::string_view("other") : row->path;
    ClientError& refusal = *error;
    co_await Refuse(exchange, shape, shown, std::move(refusal), headers);
    co_return;
  }
  switch (row->endpoint) {
    case Endpoint::kChat:
    case Endpoint::kMessages: {
      const ApiShape api =
          row->endpoint == Endpoint::kChat ? ApiShape::kOpenAi : ApiShape::kAnthropic;
      ChatVisit visit(exchange, core_.state, *client, api, row->path);
      co_await chat_->Serve(visit);
      break;
    }
    case Endpoint::kModels: {
      std::string body = ModelsBody(shape);
      co_await ReplyJson(exchange, 200, row->path, "", std::move(body));
      break;
    }
    case Endpoint::kRequest: {
      std::string id(path.substr(kRequestsPath.size()));
      co_await ServeRequest(exchange, *client, std::move(id));
      break;
    }
    case Endpoint::kHealth: {
      co_await ReplyText(exchange, 200, "ok\n");
      break;
    }
    case Endpoint::kReady: {
      const int status = core_.draining ? 503 : 200;
      std::string text = core_.draining ? "draining\n" : "ready\n";
      co_await ReplyText(exchange, status, std::move(text));
      break;
    }
    case Endpoint::kMetrics: {
      const std::string text = MetricsText();
      co_await exchange.Reply(200, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
                              text);
      break;
    }
  }
}

Task<> Gateway::ServeRequest(HttpExchange& exchange, size_t client, std::string id) {
  if (async_ == nullptr) {
    ClientError none(404, "not_found", "This gateway keeps no record of requests.");
    none.retry = false;
    co_await Refuse(exchange, ApiShape::kOpenAi, kRequestsPath, std::move(none), "");
    co_return;
  }
  const std::string& name = core_.state->ClientName(client);
  absl::StatusOr<std::string> body = co_await async_->Describe(std::move(id), name);
  if (!body.ok()) {
    const bool none = absl::IsNotFound(body.status());
    ClientError error(none ? 404 : 503, none ? "not_found" : "record_unavailable",
                      none ? "There is no such request."
                           : Cat("The record of requests cannot be read: ",
                                 std::string(body.status().message())));
    error.retry = !none;
    co_await Refuse(exchange, ApiShape::kOpenAi, kRequestsPath, std::move(error), "");
    co_return;
  }
  std::string& text = *body;
  co_await ReplyJson(exchange, 200, kRequestsPath, "", std::move(text));
}

Task<> Gateway::ReplyJson(HttpExchange& exchange, int status, std::string_view path,
                          std::string_view headers, std::string body) {
  const Time began = core_.env.Now();
  AccessEntry entry;
  entry.id = NewRequestId();
  entry.peer = exchange.peer();
  entry.method = IsGet(exchange.request()) ? "GET" : "POST";
  entry.path = path;
  entry.status = status;
  const std::string all =
      Cat("Content-Type: application/json\r\nx-request-id: ", entry.id, "\r\n", headers);
  co_await exchange.Reply(status, all, body);
  entry.ms = Millis(core_.env.Now() - began);
  core_.log->Add(entry);
  core_.metrics.OnRequest("", path, status, entry.ms / 1000);
}

// Asked by machines every few seconds: not logged.
Task<> Gateway::ReplyText(HttpExchange& exchange, int status, std::string text) {
  co_await exchange.Reply(status, "Content-Type: text/plain\r\nCache-Control: no-store\r\n", text);
}

Task<> Gateway::Refuse(HttpExchange& exchange, ApiShape shape, std::string_view path,
                       ClientError error, std::string_view headers) {
  const std::string all = Cat(headers, ErrorHeaders(error));
  std::string body = ErrorBody(error, shape, "");
  co_await ReplyJson(exchange, error.status, path, all, std::move(body));
}

std::string Gateway::ModelsBody(ApiShape shape) const {
  const bool openai = shape == ApiShape::kOpenAi;
  std::string body = openai ? R"({"object":"list","data":[)" : R"({"data":[)";
  std::string first;
  std::string last;
  for (const auto& [model, unused] : core_.state->fleet->routes()) {
    if (!body.ends_with('[')) body.push_back(',');
    last.clear();
    AppendJsonString(model, &last);
    if (first.empty()) first = last;
    if (openai) {
      AppendTo(&body, R"({"id":)", last, R"(,"object":"model","created":0,"owned_by":"squall"})");
    } else {
      AppendTo(&body, R"({"type":"model","id":)", last, R"(,"display_name":)", last,
               R"(,"created_at":"1970-01-01T00:00:00Z"})");
    }
  }
  if (openai) return body + "]}";
  return Cat(body, R"(],"has_more":false,"first_id":)", first, R"(,"last_id":)", last, "}");
}

std::string Gateway::MetricsText() const {
  std::string gauges;
  const FrontCounts counts = door_->counts();
  AppendGauge("squall_gateway_connections", "Open connections.", static_cast<double>(counts.open),
              &gauges);
  AppendGauge("http_server_active_requests", "Requests under way.",
              static_cast<double>(counts.under_way), &gauges);
  AppendGauge("squall_gateway_buffered_bytes", "Bytes of requests and replies under way.",
              static_cast<double>(counts.buffered), &gauges);
  AppendGauge("squall_gateway_turned_away", "Connections past the limit, so far.",
              static_cast<double>(counts.turned_away), &gauges);
  AppendGauge("squall_gateway_log_lines_dropped", "Lines that the access log could not take.",
              static_cast<double>(core_.log->dropped()), &gauges);
  if (async_ != nullptr) async_->AppendGauges(&gauges);
  gauges.append(
      "# HELP squall_breaker_open Whether a circuit is open (1), half-open (0.5) or closed (0).\n"
      "# TYPE squall_breaker_open gauge\n");
  for (const auto& [model, route] : core_.state->fleet->routes()) {
    for (ProviderId p = 0; p < route->providers().size(); ++p) {
      const BreakerState state = route->engine().breaker(p).last_state();
      const double value = state == BreakerState::kOpen       ? 1
                           : state == BreakerState::kHalfOpen ? 0.5
                                                              : 0;
      AppendTo(&gauges, "squall_breaker_open{", MetricLabel("gen_ai_request_model", model), ",",
               MetricLabel("squall_upstream", route->providers()[p].name), "} ",
               value == 1   ? "1"
               : value == 0 ? "0"
                            : "0.5",
               "\n");
    }
  }
  return core_.metrics.Text(gauges);
}

}  // namespace squall
