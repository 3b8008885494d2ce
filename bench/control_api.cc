#include "bench/control_api.h"

#include <absl/status/statusor.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/json_fields.h"

namespace squall {
namespace {

using nlohmann::ordered_json;

ReplyPlan Reply(int status, std::string_view type, std::string body) {
  ReplyPlan plan;
  plan.status = status;
  plan.headers.Add("Content-Type", type);
  plan.headers.Add("Cache-Control", "no-store");
  plan.body = std::move(body);
  return plan;
}

ReplyPlan Say(int status, const std::string& line) {
  return Reply(status, "text/plain; charset=utf-8", line + "\n");
}

ReplyPlan Say(const absl::Status& mistake) { return Say(400, std::string(mistake.message())); }

ReplyPlan JsonReply(const ordered_json& value) {
  std::string text = value.dump(2, ' ', false, ordered_json::error_handler_t::replace);
  return Reply(200, "application/json", text + "\n");
}

ordered_json FaultsJson(const ServedMocks::Faults& faults) {
  return ordered_json::parse(DumpFaults(faults), nullptr, /*allow_exceptions=*/false);
}

// "%C3%A9" as the byte pair it stands for; what is no escape stays.
std::string PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const bool room = text[i] == '%' && text.size() - i > 2;
    const char* hex = text.data() + i + 1;
    const bool escape = room && std::from_chars(hex, hex + 2, byte, 16).ptr == hex + 2;
    out += escape ? static_cast<char>(byte) : text[i];
    if (escape) i += 2;
  }
  return out;
}

std::vector<std::string> Names(const ServedMocks& mocks) {
  std::vector<std::string> names;
  for (size_t i = 0; i < mocks.size(); ++i) names.push_back(mocks.name(i));
  return names;
}

std::optional<size_t> FindProvider(const ServedMocks& mocks, std::string_view path) {
  const std::string name = PercentDecoded(path);
  for (size_t i = 0; i < mocks.size(); ++i) {
    if (mocks.name(i) == name) return i;
  }
  return std::nullopt;
}

ReplyPlan NoProvider(const ServedMocks& mocks, std::string_view path) {
  const std::string name = PercentDecoded(path);
  return Say(404,
             "got unknown provider " + ShowText(name) + ", " + ExpectedOneOf(name, Names(mocks)));
}

}  // namespace

bool SameSecret(std::string_view given, std::string_view secret) {
  if (secret.empty()) return given.empty();
  size_t difference = given.size() ^ secret.size();
  for (size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i] ^ secret[i % secret.size()]);
  }
  return difference == 0;
}

ControlApi::ControlApi(ServedMocks* mocks, const Servers* servers, std::string token)
    : mocks_(*mocks), servers_(*servers), token_(std::move(token)), at_reset_(mocks->size()) {}

// A path that ends in "/" stands for all below it. GET answers HEAD too.
const std::vector<ControlApi::Route>& ControlApi::Routes() {
  static const std::vector<Route> routes = {
      {"/faults", "GET", &ControlApi::GetAllFaults}, {"/faults", "PUT", &ControlApi::PutAllFaults},
      {"/faults/", "GET", &ControlApi::GetFaults},   {"/faults/", "PUT", &ControlApi::PutFaults},
      {"/reset", "POST", &ControlApi::Reset},        {"/log", "GET", &ControlApi::GetLog},
      {"/metrics", "GET", &ControlApi::GetMetrics},  {"/healthz", "GET", &ControlApi::GetHealth},
  };
  return routes;
}

bool ControlApi::Authorized(const HttpRequest& request) const {
  constexpr std::string_view kScheme = "Bearer ";
  if (token_.empty()) return true;
  const std::string_view given = request.headers.Find("Authorization").value_or("");
  return EqualsIgnoreCase(given.substr(0, kScheme.size()), kScheme) &&
         SameSecret(given.substr(kScheme.size()), token_);
}

ReplyPlan ControlApi::Plan(const HttpRequest& request, Time now) {
  ReplyPlan plan;
  if (Authorized(request)) {
    plan = Dispatch(request, now);
  } else {
    plan = Say(401, "got no valid token, expected \"Authorization: Bearer TOKEN\"");
    plan.headers.Add("WWW-Authenticate", "Bearer realm=\"squall\"");
  }
  plan.at = now;
  return plan;
}

ReplyPlan ControlApi::Dispatch(const HttpRequest& request, Time now) {
  const std::string_view target = request.target;
  const size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  const std::string_view query = mark == target.npos ? "" : target.substr(mark + 1);
  std::string_view method = request.method;
  if (method == "HEAD") method = "GET";
  std::string allow;
  for (const Route& route : Routes()) {
    const bool folder = route.path.ends_with('/');
    if (folder ? !path.starts_with(route.path) || path == route.path : path != route.path) continue;
    if (route.method == method) {
      const std::string_view rest = folder ? path.substr(route.path.size()) : "";
      return (this->*route.answer)(Call{request, query, rest, now});
    }
    allow.append(allow.empty() ? "" : ", ").append(route.method);
    if (route.method == "GET") allow += ", HEAD";
  }
  if (!allow.empty()) {
    ReplyPlan plan = Say(405, "got method " + ShowText(request.method) + ", expected " + allow);
    plan.headers.Add("Allow", allow);
    return plan;
  }
  std::vector<std::string> known;
  for (const Route& route : Routes()) {
    std::string shown(route.path);
    if (shown.ends_with('/')) shown += "PROVIDER";
    if (known.empty() || known.back() != shown) known.push_back(shown);
  }
  return Say(404, "got unknown path " + ShowText(path) + ", " + ExpectedOneOf(path, known));
}

ReplyPlan ControlApi::GetAllFaults(const Call&) {
  ordered_json all = ordered_json::object();
  for (size_t i = 0; i < mocks_.size(); ++i) all[mocks_.name(i)] = FaultsJson(mocks_.faults(i));
  return JsonReply(all);
}

ReplyPlan ControlApi::PutAllFaults(const Call& call) {
  const auto faults = LoadFaultsText(call.request.body, "body");
  if (!faults.ok()) return Say(faults.status());
  for (size_t i = 0; i < mocks_.size(); ++i) mocks_.ReplaceFaults(i, *faults);
  return GetAllFaults(call);
}

ReplyPlan ControlApi::GetFaults(const Call& call) {
  const std::optional<size_t> provider = FindProvider(mocks_, call.rest);
  if (!provider) return NoProvider(mocks_, call.rest);
  return JsonReply(FaultsJson(mocks_.faults(*provider)));
}

ReplyPlan ControlApi::PutFaults(const Call& call) {
  const std::optional<size_t> provider = FindProvider(mocks_, call.rest);
  if (!provider) return NoProvider(mocks_, call.rest);
  const auto faults = LoadFaultsText(call.request.body, "body");
  if (!faults.ok()) return Say(faults.status());
  mocks_.ReplaceFaults(*provider, *faults);
  return GetFaults(call);
}

ReplyPlan ControlApi::Reset(const Call& call) {
  mocks_.Restart(call.now);
  at_reset_ = CountsNow();
  return Say(200, "reset");
}

ReplyPlan ControlApi::GetLog(const Call& call) {
  constexpr std::string_view kAfter = "after=";
  uint64_t after = 0;
  const std::string_view number =
      call.query.starts_with(kAfter) ? call.query.substr(kAfter.size()) : "";
  const char* end = number.data() + number.size();
  const auto read = std::from_chars(number.data(), end, after);
  const bool numbered = read.ec == std::errc() && read.ptr == end;
  if (!call.query.empty() && !numbered) {
    return Say(400, "got query " + ShowText(call.query) + ", expected none or after=N");
  }
  ReplyPlan plan = Reply(200, "application/x-ndjson", mocks_.log().TextAfter(after));
  plan.headers.Add("X-Squall-Lines", std::to_string(mocks_.log().written()));
  plan.headers.Add("X-Squall-Dropped", std::to_string(mocks_.log().dropped()));
  return plan;
}

ReplyPlan ControlApi::GetMetrics(const Call&) {
  std::vector<ServerCounts> counts = CountsNow();
  for (size_t i = 0; i < counts.size(); ++i) {
    counts[i].refused -= at_reset_[i].refused;
    counts[i].connections_refused -= at_reset_[i].connections_refused;
  }
  return Reply(200, "text/plain; version=0.0.4; charset=utf-8", MetricsText(mocks_, counts));
}

ReplyPlan ControlApi::GetHealth(const Call&) { return Say(200, "ok"); }

std::vector<ServerCounts> ControlApi::CountsNow() const {
  std::vector<ServerCounts> counts;
  for (const auto& server : servers_) {
    counts.push_back(
        {server->open_connections(), server->requests_refused(), server->connections_refused()});
  }
  return counts;
}

}  // namespace squall
