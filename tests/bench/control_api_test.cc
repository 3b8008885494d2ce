// The control API and the mocks that it changes, without sockets: requests in, plans out.
#include "bench/control_api.h"

#include <nlohmann/json.hpp>

#include "mock_providers/faults.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::control_api_test {
namespace {

constexpr const char* kScenario = R"({
  "name": "two", "seed": 7,
  "faults": {"rate_limit": {"rate": 0.3, "retry_after_present": 1, "persists": 0.5},
             "timeout": {"rate": 0.2}},
  "providers": [
    {"name": "alpha", "models": [{"name": "large"}], "quota": {"requests_per_min": 30}},
    {"name": "beta \u00e9", "models": [{"name": "large"}], "faults": {"timeout": {"rate": 0.1}}}
  ],
  "climate": [{"name": "later", "providers": ["alpha"], "from": "100s", "to": "200s",
               "fault": "server_error"}]
})";

struct World {
  explicit World(const std::string& token = "")
      : scenario(*LoadScenarioText(kScenario, "two.json", {})),
        mocks(scenario, 7),
        api(&mocks, &servers, token) {}

  ReplyPlan Call(const std::string& method, const std::string& target, const std::string& body = "",
                 const std::string& authorization = "") {
    HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    if (!authorization.empty()) request.headers.Add("authorization", authorization);
    ReplyPlan plan = api.Plan(request, now);
    CHECK(plan.at == now);
    CHECK(plan.end == End::kClean);
    return plan;
  }
  json Faults() { return ParseJson(Call("GET", "/faults").body); }
  std::vector<json> Log(const std::string& query = "") {
    std::vector<json> lines;
    const std::string text = Call("GET", "/log" + query).body;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      REQUIRE(end != std::string::npos);
      lines.push_back(ParseJson(std::string_view(text).substr(at, end - at)));
      REQUIRE(lines.back().is_object());
      at = end + 1;
    }
    return lines;
  }
  ReplyPlan Send(size_t provider, const std::string& id) {
    ReplySource& source = mocks.source(provider);
    ReplyPlan plan = source.Plan(ChatHttp(ChatRequestBody("hello"), id), now);
    source.Played(plan);
    return plan;
  }
  int64_t Metric(const std::string& line) {
    const std::string text = "\n" + Call("GET", "/metrics").body;
    const size_t at = text.find("\n" + line + " ");
    if (at == std::string::npos) return -1;
    return std::stoll(text.substr(at + line.size() + 2));
  }

  Scenario scenario;
  ServedMocks mocks;
  ControlApi::Servers servers;
  ControlApi api;
  Time now = kStart + 1s;
};

TEST_CASE("control: unknown paths and wrong methods say what there is") {
  struct Row {
    const char* method;
    const char* target;
    int status;
    const char* allow;
  };
  const Row rows[] = {
      {"GET", "/", 404, ""},
      {"GET", "/v1/chat/completions", 404, ""},
      {"GET", "/fault", 404, ""},
      {"GET", "/faults/", 404, ""},
      {"GET", "/reset/x", 404, ""},
      {"GET", "", 404, ""},
      {"GET", "/faults/gamma", 404, ""},
      {"PUT", "/faults/gamma", 404, ""},
      {"POST", "/faults", 405, "GET, HEAD, PUT"},
      {"DELETE", "/faults/alpha", 405, "GET, HEAD, PUT"},
      {"GET", "/reset", 405, "POST"},
      {"get", "/healthz", 405, "GET, HEAD"},
      {"OPTIONS", "/log", 405, "GET, HEAD"},
      {"GET", "/log?before=1", 400, ""},
      {"GET", "/log?after=-1", 400, ""},
      {"GET", "/healthz", 200, ""},
      {"HEAD", "/metrics", 200, ""},
      {"GET", "/faults/alpha", 200, ""},
      {"GET", "/faults/beta%20%C3%A9", 200, ""},
      {"GET", "/faults/beta%20%c3%A9%", 404, ""},
  };
  World world;
  for (const Row& row : rows) {
    CAPTURE(row.method, row.target);
    const ReplyPlan plan = world.Call(row.method, row.target);
    CHECK(plan.status == row.status);
    CHECK(plan.headers.Find("Allow").value_or("") == row.allow);
    if (row.status >= 400) CHECK(std::count(plan.body.begin(), plan.body.end(), '\n') == 1);
  }
  CHECK(world.Call("GET", "/faults/alhpa").body.find("did you mean \"alpha\"?") !=
        std::string::npos);
}

TEST_CASE("control: a token is asked for on every path, and compared whole") {
  World world("secret");
  for (const char* given : {"", "secret", "Bearer", "Bearer ", "Bearer secre", "Bearer secret1",
                            "Bearer secretsecret", "Bearer Secret", "Basic secret"}) {
    CAPTURE(given);
    for (const char* target : {"/healthz", "/faults", "/nowhere"}) {
      const ReplyPlan plan = world.Call("GET", target, "", given);
      CHECK(plan.status == 401);
      CHECK(plan.headers.Find("WWW-Authenticate").has_value());
    }
  }
  CHECK(world.Call("PUT", "/faults", "{}").status == 401);
  CHECK(world.mocks.faults(0).size() == 2);
  CHECK(world.Call("GET", "/healthz", "", "Bearer secret").status == 200);
  CHECK(world.Call("GET", "/healthz", "", "bearer secret").status == 200);
  CHECK(SameSecret("", ""));
  CHECK_FALSE(SameSecret("a", ""));
  CHECK_FALSE(SameSecret("", "a"));
}

TEST_CASE("control: faults are told with every value, and what is told can be put back") {
  World world;
  const json before = world.Faults();
  CHECK(before["alpha"]["timeout"]["rate"] == 0.2);
  CHECK(before["beta é"]["timeout"]["rate"] == 0.1);
  CHECK(before["beta é"]["rate_limit"]["rate"] == 0.3);
  const ReplyPlan one = world.Call("PUT", "/faults/alpha", before["beta é"].dump());
  CHECK(one.status == 200);
  CHECK(ParseJson(one.body) == before["beta é"]);
  CHECK(world.Faults()["alpha"] == before["beta é"]);
  CHECK(ParseJson(world.Call("PUT", "/faults", "{}").body) ==
        json{{"alpha", json::object()}, {"beta é", json::object()}});
}

TEST_CASE("control: a table with a mistake is refused whole") {
  World world;
  const json before = world.Faults();
  for (const char* target : {"/faults", "/faults/alpha"}) {
    for (const char* body : {"", "{", "null", R"({"timeout": {"rate": 1}, "slow": {"rate": -1}})",
                             R"({"timeout": {"rate": 1}, "nonsense": {}})",
                             R"({"timeout": {"rate": 0.6}, "slow": {"rate": 0.6}})"}) {
      CAPTURE(target, body);
      const ReplyPlan plan = world.Call("PUT", target, body);
      CHECK(plan.status == 400);
      CHECK(std::count(plan.body.begin(), plan.body.end(), '\n') == 1);
      CHECK(world.Faults() == before);
    }
  }
}

TEST_CASE("control: new faults meet requests that arrive afterwards, and arrivals count on") {
  World world;
  REQUIRE(world.Call("PUT", "/faults", R"({"timeout": {"rate": 1}})").status == 200);
  CHECK(world.Send(1, "a").end == End::kHang);
  REQUIRE(world.Call("PUT", "/faults/beta%20%C3%A9", "{}").status == 200);
  CHECK(world.Send(1, "a").status == 200);
  CHECK(world.Send(0, "a").end == End::kHang);
  const std::vector<json> log = world.Log();
  REQUIRE(log.size() == 3);
  CHECK(log[1]["arrival"] == 1);
  CHECK(world.Metric("squall_faults_scheduled_total{fault=\"timeout\"}") == 2);
  CHECK(world.Metric("squall_faults_injected_total{fault=\"timeout\"}") == 2);
}

// What the mocks do about 40 requests, three times each, over two providers.
std::vector<std::string> Story(World* world) {
  std::vector<std::string> story;
  const Time from = world->now;
  for (int i = 0; i < 120; ++i) {
    const ReplyPlan plan = world->Send(i % 2, "r" + std::to_string(i / 3));
    story.push_back(std::to_string(plan.status) + " " + std::string(plan.fault.variant) + " " +
                    std::to_string((plan.at == kNever ? kNever - kStart : plan.at - from) / 1us) +
                    (plan.fault.by_load ? " load" : "") + std::string(plan.headers.block()) +
                    plan.body);
    world->now += 1s;
  }
  return story;
}

TEST_CASE("control: after a reset the same clients meet the same, quotas and weather included") {
  World world;
  world.now = kStart;
  const std::vector<std::string> first = Story(&world);
  const std::vector<json> log = world.Log();
  const std::string metrics = world.Call("GET", "/metrics").body;
  REQUIRE(world.Call("PUT", "/faults", "{}").status == 200);
  for (int again = 0; again < 2; ++again) {
    CHECK(Story(&world) != first);  // used quotas, later weather, no faults
    CHECK(world.Call("POST", "/reset").status == 200);
    CHECK(world.Log().empty());
    CHECK(world.Metric("squall_requests_total{provider=\"alpha\",status=\"200\"}") == -1);
    CHECK(world.Metric("squall_hints_total") == 0);
    CHECK(Story(&world) == first);
    CHECK(world.Log() == log);
    CHECK(world.Call("GET", "/metrics").body == metrics);
  }
}

TEST_CASE("control: a reply that outlives a reset counts nowhere") {
  World world;
  REQUIRE(world.Call("PUT", "/faults", R"({"timeout": {"rate": 1}})").status == 200);
  ReplySource& source = world.mocks.source(0);
  const ReplyPlan pending = source.Plan(ChatHttp(ChatRequestBody("hello"), "a"), world.now);
  REQUIRE(world.Call("POST", "/reset").status == 200);
  source.Played(pending);
  CHECK(world.Metric("squall_faults_scheduled_total{fault=\"timeout\"}") == 0);
  CHECK(world.Metric("squall_faults_injected_total{fault=\"timeout\"}") == 0);
}

TEST_CASE("control: the log tells the truth of each arrival") {
  World world;
  REQUIRE(world
              .Call("PUT", "/faults", R"({"rate_limit": {"rate": 1, "pinned": 1,
      "retry_after": "20s", "variants": {"with_hint": 1}}})")
              .status == 200);
  world.Send(0, "job \"1\" \xff");
  world.now += 10s;
  world.Send(0, "job \"1\" \xff");
  world.Send(0, "job 2");
  REQUIRE(world.Call("PUT", "/faults", "{}").status == 200);
  world.now += 100s;
  ReplySource& beta = world.mocks.source(1);
  beta.Plan(ChatHttp(ChatRequestBody("hello"), ""), world.now);
  HttpRequest stray;
  stray.method = "GET";
  stray.target = "/favicon.ico";
  beta.Plan(stray, world.now);

  const std::vector<json> log = world.Log();
  REQUIRE(log.size() == 5);
  CHECK(log[0]["n"] == 1);
  CHECK(log[0]["time_s"] == 1.0);
  CHECK(log[0]["provider"] == "alpha");
  CHECK(log[0]["request"] == "job \"1\" \xef\xbf\xbd");
  CHECK(log[0]["arrival"] == 0);
  CHECK(log[0]["model"] == "large");
  CHECK(log[0]["status"] == 429);
  CHECK(log[0]["fault"] == "rate_limit");
  CHECK(log[0]["variant"] == "with_hint");
  CHECK(log[0]["expected_class"] == "rate_limit");
  CHECK(log[0]["expected_retry"] == "same_provider_after_wait");
  CHECK(log[0]["hint_ms"] == 20'000);
  CHECK(log[0]["early"].is_null());
  CHECK(log[1]["early"] == "same_request");
  CHECK(log[1]["key"] == log[0]["key"]);
  CHECK(log[1]["arrival"] == 1);
  CHECK(log[2]["early"] == "same_user");
  CHECK(log[3]["request"].is_null());
  CHECK(log[3]["key"].is_string());
  CHECK(log[3]["status"] == 200);
  CHECK(log[3]["fault"].is_null());
  CHECK(log[3]["hint_ms"].is_null());
  CHECK(log[4]["key"].is_null());
  CHECK(log[4]["model"].is_null());
  CHECK(log[4]["status"] == 404);
  CHECK(world.Log("?after=3").size() == 2);
  CHECK(world.Log("?after=5").empty());
  CHECK(world.Log("?after=18446744073709551615").empty());
  CHECK(world.Metric("squall_early_returns_total{by=\"same_request\"}") == 1);
  CHECK(world.Metric("squall_early_returns_total{by=\"same_user\"}") == 1);
  CHECK(world.Metric("squall_requests_total{provider=\"alpha\",status=\"429\"}") == 3);
}

TEST_CASE("control: the log keeps the last lines and says how many it dropped") {
  ArrivalLog log;
  const uint64_t lines = ArrivalLog::kMaxLines + 1000;
  HttpRequest request;
  request.headers.Add("x-squall-request", std::string(10'000, 'x'));
  for (uint64_t i = 0; i < lines; ++i) log.Add(kStart, "\"p\"", "null", request, ReplyPlan());
  CHECK(log.written() == lines);
  CHECK(log.dropped() == 1000);
  const std::string all = log.TextAfter(0);
  CHECK(all.starts_with("{\"n\":1001,"));
  CHECK(all.size() < ArrivalLog::kMaxLines * (ArrivalLog::kMaxIdBytes + 300));
  CHECK(log.TextAfter(lines - 1).starts_with("{\"n\":" + std::to_string(lines) + ","));
  CHECK(log.TextAfter(500).size() == all.size());
}

}  // namespace
}  // namespace squall::control_api_test
