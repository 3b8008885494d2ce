// Chat completions and messages through the gateway, whole and as streams.
#include "tests/engine/gateway/gateway_world.h"

namespace squall::gateway_chat_wire_test {
namespace {

TEST_CASE("gateway: a reply of the client's dialect is passed on as it was", "[wire]") {
  GatewayWorld world;
  const std::string body = ChatReplyBody("Hi.");
  world.up().Add(Answers(200, body));
  const ClientReply reply = world.Chat(ChatBody());
  CHECK(reply.status == 200);
  CHECK(reply.body == body);
  CHECK(reply.Header("x-squall-attempts") == "1");
  CHECK(reply.Header("x-request-id").starts_with("req_"));
  CHECK(world.Received(0, 0)["model"] == "large");
}

TEST_CASE("gateway: what the engine does not model goes to the provider unread", "[wire]") {
  GatewayWorld world;
  world.up().Add(Answers(200, ChatReplyBody("Hi.")));
  json body = ChatBody();
  body["temperature"] = 0.25;
  body["seed"] = 7;
  body["tools"] = {{{"type", "function"}, {"function", {{"name", "f"}}}}};
  body["some_new_field"] = {{"deep", {1, 2, nullptr}}};
  body["max_tokens"] = 33;
  CHECK(world.Chat(body).status == 200);
  const json sent = world.Received(0, 0);
  CHECK(sent["temperature"] == 0.25);
  CHECK(sent["seed"] == 7);
  CHECK(sent["tools"] == body["tools"]);
  CHECK(sent["some_new_field"] == body["some_new_field"]);
  CHECK(sent["max_tokens"] == 33);
  CHECK_FALSE(sent.contains("max_completion_tokens"));
  CHECK_FALSE(sent.contains("response_format"));
}

TEST_CASE("gateway: without a limit on tokens the provider is given none", "[wire]") {
  GatewayWorld world;
  world.up().Add(Answers(200, ChatReplyBody("Hi.")));
  CHECK(world.Chat(ChatBody()).status == 200);
  CHECK_FALSE(world.Received(0, 0).contains("max_completion_tokens"));
  CHECK_FALSE(world.Received(0, 0).contains("max_tokens"));
}

TEST_CASE("gateway: failures of a provider are recovered", "[wire]") {
  const std::string empty = R"({"id":"c","object":"chat.completion","choices":[]})";
  const std::vector<ServerScript> failures = {
      Answers(500, "{}"),
      Answers(200, ""),
      Answers(200, empty),
      Answers(200, "<html>oops</html>", "", "text/html"),
      Answers(200, R"({"id":"c","choices":[{"mess)"),
      ServerScript("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", Then::kClose),
      ServerScript("", Then::kReset),
      Answers(429, R"({"error":{"message":"slow","code":"rate_limit_exceeded"}})",
              "retry-after-ms: 5\r\n"),
  };
  GatewayWorld world;
  for (size_t i = 0; i < failures.size(); ++i) {
    CAPTURE(i);
    world.up().Add(failures[i]);
    world.up().Add(Answers(200, ChatReplyBody("Hi.")));
    const ClientReply reply = world.Chat(ChatBody());
    CHECK(reply.status == 200);
    CHECK(reply.Header("x-squall-attempts") == "2");
    CHECK(reply.Json()["choices"][0]["message"]["content"] == "Hi.");
  }
}

TEST_CASE("gateway: another provider answers in the client's dialect", "[wire]") {
  GatewayWorld world(json::object(), {"openai", "anthropic"});
  world.up(0).Add(Answers(503, "{}"));
  world.up(1).Add(Answers(200, MessageReplyBody("Salut.")));
  json body = ChatBody();
  const json system = {{"role", "system"}, {"content", "Be brief."}};
  body["messages"].insert(body["messages"].begin(), system);
  body["temperature"] = 0.5;
  body["stop"] = {"END"};
  const ClientReply reply = world.Chat(body);
  CHECK(reply.status == 200);
  const json answer = reply.Json();
  CHECK(answer["object"] == "chat.completion");
  CHECK(answer["choices"][0]["message"]["content"] == "Salut.");
  CHECK(answer["choices"][0]["finish_reason"] == "stop");
  CHECK(answer["usage"]["prompt_tokens"] == 7);
  CHECK(answer["usage"]["total_tokens"] == 10);
  const json sent = world.Received(1, 0);
  CHECK(sent["system"] == "Be brief.");
  CHECK(sent["temperature"] == 0.5);
  CHECK(sent["stop_sequences"] == json::array({"END"}));
  CHECK(sent["max_tokens"] == 4096);
}

TEST_CASE("gateway: messages of Anthropic's API, from both kinds of providers", "[wire]") {
  GatewayWorld world(json::object(), {"anthropic", "openai"});
  const std::string own = MessageReplyBody("Salut.");
  world.up(0).Add(Answers(200, own));
  json body = MessageBody();
  body["system"] = "Be brief.";
  const ClientReply same = world.Message(body);
  CHECK(same.status == 200);
  CHECK(same.body == own);
  CHECK(same.Header("request-id").starts_with("req_"));
  CHECK(world.Received(0, 0)["system"] == "Be brief.");

  world.up(0).Add(Answers(529, R"({"type":"error","error":{"type":"overloaded_error"}})"));
  world.up(1).Add(Answers(200, ChatReplyBody("Hi.")));
  const json other = world.Message(body).Json();
  CHECK(other["type"] == "message");
  CHECK(other["content"][0]["text"] == "Hi.");
  CHECK(other["stop_reason"] == "end_turn");
  CHECK(other["usage"]["input_tokens"] == 10);
  CHECK(other["usage"]["output_tokens"] == 5);
}

TEST_CASE("gateway: tools go only to those who speak the client's dialect", "[wire]") {
  json body = ChatBody();
  body["tools"] = {{{"type", "function"}, {"function", {{"name", "f"}}}}};
  GatewayWorld mixed(json::object(), {"anthropic", "openai"});
  mixed.up(1).Add(Answers(200, ChatReplyBody("Hi.")));
  CHECK(mixed.Chat(body).status == 200);
  CHECK(mixed.up(0).requests().empty());

  GatewayWorld other(json::object(), {"anthropic"});
  const ClientReply refused = other.Chat(body);
  CHECK(refused.status == 400);
  CHECK(refused.Json()["error"]["param"] == "tools");
  CHECK(refused.Json()["error"]["code"] == "unsupported_parameter");
}

TEST_CASE("gateway: an answer that reaches the client's limit is one", "[wire]") {
  GatewayWorld world;
  json cut = json::parse(ChatReplyBody("The first"));
  cut["choices"][0]["finish_reason"] = "length";
  world.up().Add(Answers(200, cut.dump()));
  json body = ChatBody();
  body["max_tokens"] = 2;
  const ClientReply reply = world.Chat(body);
  CHECK(reply.status == 200);
  CHECK(reply.Json()["choices"][0]["finish_reason"] == "length");
  CHECK(world.up().requests().size() == 1);
}

TEST_CASE("gateway: an answer that breaks its schema is asked for again", "[wire]") {
  GatewayWorld world;
  world.up().Add(Answers(200, ChatReplyBody(R"({"town":"Rome"})")));
  world.up().Add(Answers(200, ChatReplyBody(R"({"city":"Rome"})")));
  json body = ChatBody();
  body["response_format"] = {
      {"type", "json_schema"},
      {"json_schema", {{"name", "x"}, {"schema", {{"type", "object"}, {"required", {"city"}}}}}}};
  const ClientReply reply = world.Chat(body);
  CHECK(reply.status == 200);
  CHECK(reply.Json()["choices"][0]["message"]["content"] == R"({"city":"Rome"})");
  CHECK(world.Received(0, 0)["response_format"] == body["response_format"]);
}

TEST_CASE("gateway: when recovery fails the client is told, and told no secret", "[wire]") {
  GatewayWorld world(Changes({{"engine", {{"retry", {{"max_attempts", 2}}}}}}));
  SECTION("a provider that fails") {
    for (int i = 0; i < 2; ++i) world.up().Add(Answers(500, "{}"));
    const ClientReply reply = world.Chat(ChatBody());
    CHECK(reply.status == 502);
    CHECK(reply.Json()["error"]["code"] == "upstream_error");
    CHECK(reply.Json()["error"]["type"] == "server_error");
    CHECK(reply.Header("x-squall-attempts") == "2");
  }
  SECTION("a request that the provider turns down") {
    world.up().Add(Answers(400, R"({"error":{"message":"Bad seed sk-live-123456","code":"x"}})"));
    const ClientReply reply = world.Chat(ChatBody());
    CHECK(reply.status == 400);
    CHECK(reply.Json()["error"]["message"] == "Bad seed [...] ");
    CHECK(reply.Header("x-should-retry") == "false");
  }
  SECTION("the gateway's own credential") {
    world.up().Add(Answers(401, R"({"error":{"message":"Incorrect API key: sk-live-123456"}})"));
    const ClientReply reply = world.Chat(ChatBody());
    CHECK(reply.status == 502);
    CHECK(reply.Json()["error"]["code"] == "upstream_auth");
    CHECK(reply.body.find("sk-live") == std::string::npos);
  }
  SECTION("a rate limit that does not pass in time") {
    world.up().Add(
        Answers(429, R"({"error":{"code":"rate_limit_exceeded"}})", "retry-after: 900\r\n"));
    const ClientReply reply = world.Chat(ChatBody());
    CHECK(reply.status == 429);
    CHECK(std::stoi(reply.Header("Retry-After")) > 800);
  }
}

TEST_CASE("gateway: a request that cannot be read is refused with its member", "[wire]") {
  GatewayWorld world;
  struct Row {
    std::string body, param;
  };
  const std::string head = R"({"model":"m","messages":[{"role":"user","content":"x"}])";
  const Row rows[] = {
      {"nonsense", ""},
      {"[]", ""},
      {R"({"messages":[]})", "messages"},
      {R"({"model":"m"})", "messages"},
      {R"({"model":"m","messages":[]})", "messages"},
      {R"({"model":"m","messages":[{"content":"x"}]})", "messages"},
      {R"({"model":7,"messages":[]})", "model"},
      {R"({"model":"m","model":"m","messages":[]})", "model"},
      {head + R"(,"n":2})", "n"},
      {head + R"(,"max_tokens":0})", "max_tokens"},
      {head + R"(,"max_tokens":5,"max_completion_tokens":5})", "max_completion_tokens"},
      {head + R"(,"stream":"yes"})", "stream"},
      {head + R"(,"stream_options":{"x":1}})", "stream_options"},
      {head + R"(,"temperature":"hot"})", "temperature"},
      {head + R"(,"wait":false})", "wait"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const ClientReply reply = world.Ask("POST", "/v1/chat/completions", row.body);
    CHECK(reply.status == 400);
    const json param = reply.Json()["error"]["param"];
    CHECK((param.is_null() ? "" : param.get<std::string>()) == row.param);
  }
  json unknown = ChatBody();
  unknown["model"] = "none";
  CHECK(world.Chat(unknown).status == 404);
  CHECK(world.Chat(unknown).Json()["error"]["code"] == "model_not_found");
  CHECK(world.up().requests().empty());
}

}  // namespace
}  // namespace squall::gateway_chat_wire_test
