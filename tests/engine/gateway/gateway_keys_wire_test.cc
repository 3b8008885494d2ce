// Who may use a gateway, and how much.
#include <cstdlib>

#include "tests/engine/gateway/gateway_world.h"

namespace squall::gateway_keys_wire_test {
namespace {

// Of "key-of-a" and "key-of-b".
json Keys(const json& limits = json::object()) {
  ::setenv("SQUALL_TEST_KEY_A", "key-of-a", 1);
  return {{"keys",
           {{{"name", "a"}, {"secret", {{"env", "SQUALL_TEST_KEY_A"}}}, {"limits", limits}},
            {{"name", "b"},
             {"sha256", "caad66a34f6dbd2c56b4fceb13caf74761aba0720534d6e33185edd493ea0f63"}}}}};
}

const std::string kBearer = "Authorization: Bearer key-of-a\r\n";

TEST_CASE("keys: without one there is no answer, and no reason why", "[wire]") {
  GatewayWorld world(Keys());
  const ClientReply none = world.Chat(ChatBody());
  CHECK(none.status == 401);
  CHECK(none.Json()["error"]["code"] == "invalid_api_key");
  for (const char* header : {"Authorization: Bearer key-of-\r\n", "Authorization: key-of-a\r\n",
                             "Authorization: Bearer key-of-ab\r\n", "x-api-key: KEY-OF-A\r\n"}) {
    CAPTURE(header);
    CHECK(world.Chat(ChatBody(), header).status == 401);
  }
  CHECK(world.Get("/v1/models").status == 401);
  CHECK(world.Message(MessageBody()).Json()["error"]["type"] == "authentication_error");
  CHECK(world.Get("/healthz").status == 200);
  CHECK(world.up().requests().empty());
}

TEST_CASE("keys: bearer and x-api-key are taken, and not passed on", "[wire]") {
  GatewayWorld world(Keys());
  for (const std::string& header : {kBearer, std::string("authorization: bearer key-of-a\r\n"),
                                    std::string("x-api-key: key-of-a\r\n")}) {
    world.up().Add(Answers(200, ChatReplyBody("Hi.")));
    CHECK(world.Chat(ChatBody(), header).status == 200);
    CHECK(world.up().requests().back().find("key-of-a") == std::string::npos);
  }
  CHECK(world.Get("/v1/models", kBearer).Json()["data"][0]["id"] == "m");
}

TEST_CASE("limits: requests a minute, and when to come again", "[wire]") {
  GatewayWorld world(Keys({{"requests_per_min", 2}}));
  for (int i = 0; i < 2; ++i) {
    world.up().Add(Answers(200, ChatReplyBody("Hi.")));
    CHECK(world.Chat(ChatBody(), kBearer).status == 200);
  }
  const ClientReply third = world.Chat(ChatBody(), kBearer);
  CHECK(third.status == 429);
  CHECK(third.Json()["error"]["code"] == "rate_limit_exceeded");
  const int wait = std::stoi(third.Header("Retry-After"));
  CHECK(wait >= 28);
  CHECK(wait <= 30);
}

TEST_CASE("limits: tokens a minute are settled by what was used", "[wire]") {
  GatewayWorld world(Keys({{"tokens_per_min", 100}}));
  json body = ChatBody();
  body["max_tokens"] = 60;
  for (int i = 0; i < 2; ++i) {  // 60 are reserved, 15 used
    world.up().Add(Answers(200, ChatReplyBody("Hi.")));
    CHECK(world.Chat(body, kBearer).status == 200);
  }
  body["max_tokens"] = 99;
  CHECK(world.Chat(body, kBearer).status == 429);
  body["max_tokens"] = 200;
  const ClientReply never = world.Chat(body, kBearer);
  CHECK(never.status == 429);
  CHECK(never.Json()["error"]["code"] == "request_too_large");
  CHECK(never.Header("x-should-retry") == "false");
}

TEST_CASE("limits: money a day", "[wire]") {
  GatewayWorld world(Keys({{"usd_per_day", 0.0001}}));  // a call of 10 + 5 tokens costs 0.00002
  json body = ChatBody();
  body["max_tokens"] = 20;  // reserves 0.00004 and what the prompt costs
  int answered = 0;
  ClientReply reply;
  for (int i = 0; i < 10; ++i) {
    world.up().Add(Answers(200, ChatReplyBody("Hi.")));
    reply = world.Chat(body, kBearer);
    if (reply.status != 200) break;
    ++answered;
  }
  CHECK(answered == 3);  // 0.00006 spent, 0.00004 left, a little less than would be reserved
  CHECK(reply.status == 429);
  CHECK(reply.Json()["error"]["code"] == "budget_exhausted");
}

TEST_CASE("limits: an agent in a loop is stopped at its conversation's turns", "[wire]") {
  GatewayWorld world(Keys({{"turns_per_conversation", 2}}));
  const std::string mine = kBearer + "x-squall-conversation: loop\r\n";
  for (int i = 0; i < 2; ++i) {
    world.up().Add(Answers(200, ChatReplyBody("Hi.")));
    CHECK(world.Chat(ChatBody(), mine).status == 200);
  }
  const ClientReply third = world.Chat(ChatBody(), mine);
  CHECK(third.status == 429);
  CHECK(third.Json()["error"]["code"] == "conversation_limit");
  CHECK(third.Header("x-should-retry") == "false");
  json body = ChatBody();
  body["metadata"] = {{"conversation_id", "loop"}};
  CHECK(world.Chat(body, kBearer).status == 429);  // the same by another name
  world.up().Add(Answers(200, ChatReplyBody("Hi.")));
  CHECK(world.Chat(ChatBody(), kBearer + "x-squall-conversation: other\r\n").status == 200);
}

TEST_CASE("limits: cost of a conversation", "[wire]") {
  GatewayWorld world(Keys({{"usd_per_conversation", 0.0001}}));
  const std::string mine = kBearer + "x-squall-conversation: dear\r\n";
  json body = ChatBody();
  body["max_tokens"] = 20;
  int answered = 0;
  for (int i = 0; i < 10; ++i) {
    world.up().Add(Answers(200, ChatReplyBody("Hi.")));
    if (world.Chat(body, mine).status != 200) break;
    ++answered;
  }
  CHECK(answered >= 2);
  CHECK(answered <= 5);
}

}  // namespace
}  // namespace squall::gateway_keys_wire_test
