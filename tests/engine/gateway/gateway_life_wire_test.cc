// A gateway's life: reloading, draining, its log, its metrics.
#include <fstream>
#include <sstream>

#include "tests/bench/command.h"
#include "tests/engine/gateway/gateway_world.h"

namespace squall::gateway_life_wire_test {
namespace {

TEST_CASE("reload: unchanged routes keep their engine, changed ones get a new one", "[wire]") {
  GatewayWorld world;
  const Engine* const before = &world.gateway().state().fleet->Find("m")->engine();
  json config = world.config();
  config["routes"].push_back({{"model", "n"}, {"targets", {"up0/large"}}});
  config["limits"] = {{"requests_per_min", 9}};
  CHECK(world.gateway().Reload(*world.Read(config)).ok());
  CHECK(&world.gateway().state().fleet->Find("m")->engine() == before);
  CHECK(world.gateway().state().fleet->reused() == 1);
  json body = ChatBody();
  body["model"] = "n";
  world.up().Add(Answers(200, ChatReplyBody("Hi.")));
  CHECK(world.Chat(body).status == 200);
  config["engine"]["retry"]["max_attempts"] = 2;
  CHECK(world.gateway().Reload(*world.Read(config)).ok());
  CHECK(world.gateway().state().fleet->reused() == 0);
  world.up().Add(Answers(200, ChatReplyBody("Hi.")));
  CHECK(world.Chat(ChatBody()).status == 200);
}

TEST_CASE("reload: all or nothing", "[wire]") {
  GatewayWorld world;
  json config = world.config();
  config["routes"].push_back({{"model", "n"}, {"targets", {"up0/large"}}});
  config["upstreams"][0]["api_key"] = {{"env", "SQUALL_TEST_NO_SUCH_VARIABLE"}};
  const absl::Status status = world.gateway().Reload(*world.Read(config));
  CHECK_FALSE(status.ok());
  CHECK(std::string(status.message()) ==
        "/upstreams/0/api_key: got no value, expected the environment variable "
        "SQUALL_TEST_NO_SUCH_VARIABLE");
  CHECK(world.gateway().state().fleet->Find("n") == nullptr);
  json moved = world.config();
  moved["listen"]["port"] = 1;
  CHECK_FALSE(world.gateway().Reload(*world.Read(moved)).ok());
  CHECK(world.Get("/metrics").body.find("squall_gateway_reloads_total{result=\"refused\"} 2") !=
        std::string::npos);
}

TEST_CASE("reload: a call under way ends by the configuration it began with", "[wire]") {
  GatewayWorld world;
  world.up().Add(ServerScript("", Then::kHold));
  RawClient& client = world.Connect();
  client.Send(GatewayWorld::RequestText("POST", "/v1/chat/completions", ChatBody().dump()));
  world.RunUntil([&] { return world.up().requests().size() == 1; });
  json config = world.config();
  config["engine"]["retry"]["max_attempts"] = 2;
  CHECK(world.gateway().Reload(*world.Read(config)).ok());
  CHECK(world.gateway().counts().under_way == 1);
  client.Close();
  world.RunUntil([&] { return world.gateway().counts().under_way == 0; });
}

TEST_CASE("drain: what is under way is finished, readyz says no, then the door is shut", "[wire]") {
  GatewayWorld world(Changes({{"drain", "10s"}, {"drain_delay", "100ms"}}));
  world.up().Add(ServerScript("", Then::kNextRequest));
  RawClient& busy = world.Connect();
  RawClient& idle = world.Connect();
  busy.Send(GatewayWorld::RequestText("POST", "/v1/chat/completions", ChatBody().dump()));
  world.RunUntil([&] { return world.up().requests().size() == 1; });
  CHECK(world.Get("/readyz").status == 200);
  Spawn(world.env().executor(), world.gateway().Drain());
  world.RunFor(std::chrono::milliseconds(10));
  CHECK(world.Get("/readyz").status == 503);
  CHECK(world.Get("/healthz").status == 200);
  world.RunUntil([&] { return idle.ended(); });
  CHECK_FALSE(busy.ended());
  CHECK_FALSE(world.gateway().drained());
  world.up().Release(Answers(200, ChatReplyBody("Late.")).bytes);
  world.RunUntil([&] { return busy.ended(); });
  CHECK(ReadReply(busy.got()).Json()["choices"][0]["message"]["content"] == "Late.");
  world.RunUntil([&] { return world.gateway().drained(); });
}

TEST_CASE("drain: what does not end in time is cut off", "[wire]") {
  GatewayWorld world(Changes({{"drain", "100ms"}}));
  world.up().Add(ServerScript("", Then::kHold));
  RawClient& busy = world.Connect();
  busy.Send(GatewayWorld::RequestText("POST", "/v1/chat/completions", ChatBody().dump()));
  world.RunUntil([&] { return world.up().requests().size() == 1; });
  Spawn(world.env().executor(), world.gateway().Drain());
  world.RunUntil([&] { return world.gateway().drained(); });
  world.RunUntil([&] { return busy.ended(); });
  CHECK(busy.got().empty());
}

TEST_CASE("log: a JSON line with the trail for each request, and no secret", "[wire]") {
  const TempFolder folder;
  ::setenv("SQUALL_TEST_UPSTREAM_KEY", "sk-upstream-secret", 1);
  ::setenv("SQUALL_TEST_CLIENT_KEY", "client-secret", 1);
  {
    GatewayWorld world(
        {{"access_log", folder.Path("log")},
         {"keys", {{{"name", "a"}, {"secret", {{"env", "SQUALL_TEST_CLIENT_KEY"}}}}}}});
    json config = world.config();
    config["upstreams"][0]["api_key"] = {{"env", "SQUALL_TEST_UPSTREAM_KEY"}};
    CHECK(world.gateway().Reload(*world.Read(config)).ok());
    world.up().Add(Answers(500, R"({"error":{"message":"prompt-secret sk-upstream-secret"}})"));
    world.up().Add(Answers(200, ChatReplyBody("answer-secret")));
    const ClientReply reply =
        world.Chat(ChatBody("prompt-secret"), "Authorization: Bearer client-secret\r\n");
    CHECK(reply.status == 200);
    CHECK(world.up().requests()[0].find("Bearer sk-upstream-secret") != std::string::npos);
    CHECK(world.Chat(ChatBody(), "Authorization: Bearer wrong-secret\r\n").status == 401);
    world.Raw("nonsense-secret\r\n\r\n");
    for (const std::string& line : world.said()) CHECK(line.find("secret") == std::string::npos);
    CHECK(world.Get("/metrics").body.find("secret") == std::string::npos);
  }
  const std::string log = ReadFile(folder.Path("log"));
  CHECK(log.find("secret") == std::string::npos);
  std::istringstream lines(log);
  std::string line;
  REQUIRE(std::getline(lines, line));
  const json entry = json::parse(line);
  CHECK(entry["status"] == 200);
  CHECK(entry["client"] == "a");
  CHECK(entry["model"] == "m");
  CHECK(entry["path"] == "/v1/chat/completions");
  CHECK(entry["stop"] == "answered");
  REQUIRE(entry["attempts"].size() == 2);
  CHECK(entry["attempts"][0]["upstream"] == "up0");
  CHECK(entry["attempts"][0]["class"] == "server_error");
  CHECK(entry["attempts"][0]["action"] == "first");
  CHECK(entry["attempts"][1]["class"] == "ok");
  CHECK(entry["attempts"][1]["action"] == "retry");
  CHECK(entry["attempts"][1]["ms"].is_number());
  CHECK(entry["completion_tokens"] == 5);
  CHECK(entry["usd"] == 0.00002);
  while (std::getline(lines, line)) CHECK(json::parse(line).is_object());
}

TEST_CASE("metrics: names of OpenTelemetry, and labels of the configuration only", "[wire]") {
  GatewayWorld world;
  world.up().Add(Answers(503, "{}"));
  world.up().Add(Answers(200, ChatReplyBody("Hi.")));
  CHECK(world.Chat(ChatBody()).status == 200);
  json unknown = ChatBody();
  unknown["model"] = "made-up-by-a-client";
  CHECK(world.Chat(unknown).status == 404);
  CHECK(world.Get("/made/up").status == 404);
  const ClientReply reply = world.Get("/metrics");
  CHECK(reply.status == 200);
  const std::string& text = reply.body;
  for (const char* line :
       {"# TYPE gen_ai_server_request_duration_seconds histogram",
        "gen_ai_server_request_duration_seconds_count{gen_ai_operation_name=\"chat\","
        "gen_ai_request_model=\"m\"} 1",
        "gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name=\"chat\","
        "gen_ai_provider_name=\"openai\",gen_ai_request_model=\"large\",squall_upstream=\"up0\","
        "error_type=\"server_error\"} 1",
        "gen_ai_client_token_usage_sum{gen_ai_operation_name=\"chat\",gen_ai_request_model=\"m\","
        "gen_ai_token_type=\"output\"} 5",
        "squall_gateway_recovered_total{gen_ai_request_model=\"m\"} 1",
        "squall_gateway_requests_total{gen_ai_request_model=\"\",http_route=\"other\","
        "http_response_status_code=\"404\"} 1",
        "squall_breaker_open{gen_ai_request_model=\"m\",squall_upstream=\"up0\"} 0"}) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
  CHECK(text.find("made") == std::string::npos);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK((line.starts_with("# ") || line.find_last_of(' ') != std::string::npos));
  }
}

}  // namespace
}  // namespace squall::gateway_life_wire_test
