// Recorded requests through the gateway: idempotency keys, waiting, trying again, restarts.
#include "tests/bench/command.h"
#include "tests/engine/gateway/gateway_world.h"

namespace squall::gateway_async_wire_test {
namespace {

json Recorded(const json& async = json::object(), const std::string& path = "",
              const std::string& drain = "10s") {
  json all = {{"enabled", true}, {"poll", "5ms"}, {"retry_after", "5ms"}, {"workers", 2}};
  all.merge_patch(async);
  if (!path.empty()) all["record"] = {{"store", "sqlite"}, {"path", path}, {"sync", "normal"}};
  return {{"async", all}, {"drain", drain}};
}

json Keyed(const std::string& key, const std::string& text = "hello") {
  json body = ChatBody(text);
  body["idempotency_key"] = key;
  return body;
}

// Asks for the request until it is finished.
json Finished(GatewayWorld* world, const std::string& id) {
  json request;
  for (int i = 0; i < 400; ++i) {
    request = world->Get("/v1/requests/" + id).Json();
    if (request["status"] == "completed" || request["status"] == "failed") return request;
    world->RunFor(std::chrono::milliseconds(5));
  }
  FAIL("not finished: " << request.dump());
  return request;
}

TEST_CASE("async: the same key and body have one execution and one result", "[wire]") {
  GatewayWorld world(Recorded());
  world.up().Add(Answers(200, ChatReplyBody("Once.")));
  const ClientReply first = world.Chat(Keyed("k1"));
  CHECK(first.status == 200);
  CHECK(first.Json()["choices"][0]["message"]["content"] == "Once.");
  const ClientReply second = world.Chat(Keyed("k1"));
  CHECK(second.status == 200);
  CHECK(second.body == first.body);
  CHECK(second.Header("x-squall-replayed") == "true");
  CHECK(second.Header("x-request-id") == first.Header("x-request-id"));
  json spaced = Keyed("k1");
  spaced.erase("idempotency_key");
  const ClientReply third =
      world.Ask("POST", "/v1/chat/completions", spaced.dump(3), "Idempotency-Key: k1\r\n");
  CHECK(third.body == first.body);
  CHECK(world.up().requests().size() == 1);
}

TEST_CASE("async: the same key with another body is a conflict", "[wire]") {
  GatewayWorld world(Recorded());
  world.up().Add(Answers(200, ChatReplyBody("Once.")));
  CHECK(world.Chat(Keyed("k1")).status == 200);
  const ClientReply other = world.Chat(Keyed("k1", "other"));
  CHECK(other.status == 409);
  CHECK(other.Json()["error"]["code"] == "idempotency_conflict");
  CHECK(world.up().requests().size() == 1);
}

TEST_CASE("async: who asks at the same time waits for the first", "[wire]") {
  GatewayWorld world(Recorded());
  world.up().Add(ServerScript("", Then::kNextRequest));
  std::vector<RawClient*> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(&world.Connect());
    clients.back()->Send(
        GatewayWorld::RequestText("POST", "/v1/chat/completions", Keyed("k1").dump()));
  }
  world.RunUntil([&] { return world.up().requests().size() == 1; });
  world.RunFor(std::chrono::milliseconds(50));
  world.up().Release(Answers(200, ChatReplyBody("Once.")).bytes);
  for (RawClient* client : clients) {
    world.RunUntil([&] { return client->ended(); });
    CHECK(ReadReply(client->got()).Json()["choices"][0]["message"]["content"] == "Once.");
  }
  CHECK(world.up().requests().size() == 1);
}

TEST_CASE("async: who does not wait is given an id, and the result under it", "[wire]") {
  GatewayWorld world(Recorded());
  world.up().Add(Answers(503, "{}"));
  world.up().Add(Answers(200, ChatReplyBody("Later.")));
  json body = ChatBody();
  body["wait"] = false;
  const ClientReply reply = world.Chat(body);
  CHECK(reply.status == 200);
  const json accepted = reply.Json();
  CHECK(accepted["object"] == "chat.completion.async");
  CHECK(accepted["status"] == "queued");
  CHECK(accepted["created"].is_number_integer());
  const json request = Finished(&world, accepted["id"]);
  CHECK(request["status"] == "completed");
  CHECK(request["attempts"] == 2);
  CHECK(request["result"]["choices"][0]["message"]["content"] == "Later.");
  REQUIRE(request["history"].size() == 2);
  CHECK(request["history"][0]["status"] == "failed");
  CHECK(request["history"][0]["upstream"] == "up0");
  CHECK(request["history"][0]["upstream_status_code"] == 503);
  CHECK(request["history"][0]["error_class"] == "server_error");
  CHECK(request["history"][1]["status"] == "succeeded");
  CHECK(world.Get("/v1/requests/req_none").status == 404);
}

TEST_CASE("async: a client that leaves stops nothing", "[wire]") {
  GatewayWorld world(Recorded());
  world.up().Add(ServerScript("", Then::kNextRequest));
  RawClient& client = world.Connect();
  client.Send(GatewayWorld::RequestText("POST", "/v1/chat/completions", Keyed("k1").dump()));
  world.RunUntil([&] { return world.up().requests().size() == 1; });
  client.Close();
  world.RunFor(std::chrono::milliseconds(30));
  world.up().Release(Answers(200, ChatReplyBody("Once.")).bytes);
  const ClientReply again = world.Chat(Keyed("k1"));
  CHECK(again.status == 200);
  CHECK(again.Json()["choices"][0]["message"]["content"] == "Once.");
  CHECK(world.up().requests().size() == 1);
}

TEST_CASE("async: who waits too long is given the id", "[wire]") {
  GatewayWorld world(Recorded({{"wait", "30ms"}}));
  world.up().Add(ServerScript("", Then::kNextRequest));
  const json accepted = world.Chat(Keyed("k1")).Json();
  CHECK(accepted["object"] == "chat.completion.async");
  CHECK(accepted["status"] == "processing");
  world.up().Release(Answers(200, ChatReplyBody("Late.")).bytes);
  CHECK(Finished(&world, accepted["id"])["status"] == "completed");
}

TEST_CASE("async: what may pass is executed again, what may not fails for good", "[wire]") {
  GatewayWorld world([] {
    json config = Recorded({{"max_tries", 3}});
    config["engine"]["retry"]["max_attempts"] = 1;
    return config;
  }());
  world.up().Add(Answers(500, "{}"));
  world.up().Add(Answers(500, "{}"));
  world.up().Add(Answers(200, ChatReplyBody("Third.")));
  const ClientReply reply = world.Chat(Keyed("k1"));
  CHECK(reply.status == 200);
  CHECK(reply.Header("x-squall-attempts") == "3");

  world.up().Add(Answers(400, R"({"error":{"message":"No such seed."}})"));
  const ClientReply refused = world.Chat(Keyed("k2"));
  CHECK(refused.status == 400);
  const ClientReply replayed = world.Chat(Keyed("k2"));
  CHECK(replayed.status == 400);
  CHECK(replayed.body == refused.body);
  CHECK(world.up().requests().size() == 4);
}

TEST_CASE("async: an attempt that may have been executed is unknown, and policy decides",
          "[wire]") {
  for (const bool again : {true, false}) {
    CAPTURE(again);
    GatewayWorld world(Recorded({{"record", {{"on_unknown", again ? "retry" : "fail"}}}}));
    world.up().Add(ServerScript("", Then::kReset));
    world.up().Add(Answers(200, ChatReplyBody("Hi.")));
    const ClientReply reply = world.Chat(Keyed("k1"));
    CHECK(reply.status == (again ? 200 : 502));
    const json request = world.Get("/v1/requests/" + reply.Header("x-request-id")).Json();
    CHECK(request["status"] == (again ? "completed" : "failed"));
    CHECK(request["history"][0]["status"] == "unknown");
    CHECK(world.up().requests().size() == (again ? 2u : 1u));
  }
}

TEST_CASE("async: the record's limit on attempts ends a request", "[wire]") {
  GatewayWorld world(Recorded({{"record", {{"max_attempts", 1}}}}));
  world.up().AnswerAll(Answers(500, "{}").bytes);
  const ClientReply reply = world.Chat(Keyed("k1"));
  CHECK(reply.status == 502);
  CHECK(reply.Json()["error"]["code"] == "too_many_attempts");
  CHECK(world.up().requests().size() == 1);
}

TEST_CASE("async: streams are refused, and so is what cannot be recorded", "[wire]") {
  GatewayWorld world(Recorded());
  json body = Keyed("k1");
  body["stream"] = true;
  CHECK(world.Chat(body).status == 400);
  CHECK(world.Chat(Keyed("with blank")).status == 400);
  CHECK(world.up().requests().empty());
}

TEST_CASE("async: a record that is full is a 503 with its reason, and nothing is executed",
          "[wire]") {
  GatewayWorld world(Recorded(
      {{"record", {{"max_bytes", 1 << 20}}}, {"max_tries", 1}, {"wait", "1ms"}}, "", "50ms"));
  world.up().AnswerAll(Answers(200, ChatReplyBody("Hi.")).bytes);
  const std::string large(300'000, 'x');
  // Both workers are held, so that the bodies stay in the record.
  for (int i = 0; i < 2; ++i) world.up().Add(ServerScript("", Then::kHold));
  ClientReply reply;
  int taken = 0;
  for (; taken < 20; ++taken) {
    json body = ChatBody(large);
    body["wait"] = false;
    body["idempotency_key"] = Cat("k", taken);
    reply = world.Chat(body);
    if (reply.status != 200) break;
  }
  CHECK(taken > 0);
  CHECK(reply.status == 503);
  CHECK(reply.Json()["error"]["code"] == "record_unavailable");
  CHECK_FALSE(reply.Header("Retry-After").empty());
  CHECK(world.up().requests().size() <= 2);  // as many as there are workers
  CHECK(world.Chat(ChatBody()).status == 200);
}

TEST_CASE("async: without a key or wait nothing is recorded", "[wire]") {
  GatewayWorld world(Recorded());
  world.up().Add(Answers(200, ChatReplyBody("Hi.")));
  const ClientReply reply = world.Chat(ChatBody());
  CHECK(reply.status == 200);
  CHECK(world.Get("/v1/requests/" + reply.Header("x-request-id")).status == 404);
}

TEST_CASE("async: a request that was under way is taken up after a restart", "[wire]") {
  const TempFolder folder;
  const std::string path = folder.Path("record.db");
  std::string id;
  {
    GatewayWorld world(Recorded(json::object(), path, "50ms"));
    json body = Keyed("k1");
    body["wait"] = false;
    world.up().Add(ServerScript("", Then::kHold));
    id = world.Chat(body).Json()["id"];
    world.RunUntil([&] { return world.up().requests().size() == 1; });
  }
  GatewayWorld world(Recorded(json::object(), path));
  world.up().Add(Answers(200, ChatReplyBody("Again.")));
  const json request = Finished(&world, id);
  CHECK(request["status"] == "completed");
  REQUIRE(request["attempts"] == 2);
  CHECK(request["history"][0]["status"] == "unknown");
  const ClientReply reply = world.Chat(Keyed("k1"));
  CHECK(reply.Json()["choices"][0]["message"]["content"] == "Again.");
}

TEST_CASE("async: it is not where it must not be executed twice", "[wire]") {
  const TempFolder folder;
  json changes = Recorded(json::object(), folder.Path("record.db"), "50ms");
  changes["async"]["record"]["on_unknown"] = "fail";
  std::string id;
  {
    GatewayWorld world(changes);
    json body = Keyed("k1");
    body["wait"] = false;
    world.up().Add(ServerScript("", Then::kHold));
    id = world.Chat(body).Json()["id"];
    world.RunUntil([&] { return world.up().requests().size() == 1; });
  }
  GatewayWorld world(changes);
  const json request = Finished(&world, id);
  CHECK(request["status"] == "failed");
  CHECK(request["last_error_code"] == "outcome_unknown");
  CHECK(request["history"][0]["status"] == "unknown");
  CHECK(world.up().requests().empty());
}

}  // namespace
}  // namespace squall::gateway_async_wire_test
