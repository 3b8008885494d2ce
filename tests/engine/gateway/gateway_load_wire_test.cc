// A gateway under load and under nonsense: bounded, and unharmed for others.
#include "engine/base/random.h"
#include "tests/engine/gateway/gateway_world.h"

namespace squall::gateway_load_wire_test {
namespace {

constexpr StreamId kEdit = Stream("test/gateway/edit");

// What parsers of HTTP and JSON care about.
constexpr char kEdges[] = "\0\r\n \t:;,0123456789{}[]\"\\abcXYZ\x7f\xff";
constexpr std::string_view kBytes(kEdges, sizeof(kEdges) - 1);

// The text with a few bytes changed, left out or repeated, keyed by `n`.
std::string Mutated(std::string text, uint64_t n) {
  const uint64_t edits = 1 + DrawBits(1, kEdit, n) % 6;
  for (uint64_t i = 1; i <= edits && !text.empty(); ++i) {
    const size_t at = PickBelow(DrawBits(1, kEdit, n, i, 0), text.size());
    const char byte = kBytes[PickBelow(DrawBits(1, kEdit, n, i, 1), kBytes.size())];
    switch (DrawBits(1, kEdit, n, i, 2) % 4) {
      case 0: text[at] = byte; break;
      case 1: text.erase(at, 1 + DrawBits(1, kEdit, n, i, 3) % 8); break;
      case 2: text.insert(at, 1, byte); break;
      default: text.insert(at, text.substr(at, 1 + DrawBits(1, kEdit, n, i, 3) % 20)); break;
    }
  }
  return text;
}

void SendMutants(int count) {
  constexpr int kTogether = 50;
  json listen;
  listen["port"] = 0;
  for (const char* limit : {"header_timeout", "body_timeout", "idle_timeout"}) {
    listen[limit] = "100ms";
  }
  GatewayWorld world(Changes({{"listen", listen}}));
  world.up().AnswerAll(Answers(200, ChatReplyBody("Hi.")).bytes);
  const std::string good =
      GatewayWorld::RequestText("POST", "/v1/chat/completions", ChatBody().dump(),
                                "Content-Type: application/json\r\nX-A: b\r\n");
  int served = 0;
  for (int n = 0; n < count; n += kTogether) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < kTogether; ++i) {
      clients.push_back(std::make_unique<RawClient>(world.env().io(), world.port()));
      clients.back()->Send(Mutated(good, static_cast<uint64_t>(n + i)));
    }
    for (const auto& client : clients) {
      world.RunUntil([&] { return client->ended(); });
      if (client->got().empty()) continue;  // it never became a request
      REQUIRE(client->got().starts_with("HTTP/1.1 "));
      const int status = std::stoi(client->got().substr(9, 3));
      const bool known = status == 200 || (status >= 400 && status < 500);
      CAPTURE(client->got());
      REQUIRE(known);
      served += status == 200 ? 1 : 0;
    }
  }
  CHECK(served > 0);
  CHECK(served < count);
  CHECK(world.Chat(ChatBody()).status == 200);
}

TEST_CASE("load: fuzzed requests get a 4xx or an answer, and do no harm", "[wire]") {
  SendMutants(500);
}

TEST_CASE("load: ten thousand fuzzed requests", "[wire][long]") { SendMutants(10'000); }

TEST_CASE("load: idle connections and streams side by side", "[wire]") {
  constexpr int kIdle = 500;
  constexpr int kStreams = 100;
  GatewayWorld world;
  const std::string events =
      "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi.\"},"
      "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
  world.up().AnswerAll("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
                       std::to_string(events.size()) + "\r\n\r\n" + events);
  for (int i = 0; i < kIdle; ++i) world.Connect();
  world.RunUntil([&] { return world.gateway().counts().open == kIdle; });
  json body = ChatBody();
  body["stream"] = true;
  std::vector<RawClient*> clients;
  for (int i = 0; i < kStreams; ++i) {
    clients.push_back(&world.Connect());
    clients.back()->Send(GatewayWorld::RequestText("POST", "/v1/chat/completions", body.dump()));
  }
  for (RawClient* client : clients) {
    world.RunUntil([&] { return client->ended(); });
    CHECK(client->got().find("data: [DONE]") != std::string::npos);
  }
  for (RawClient* client : clients) client->Close();
  world.RunUntil([&] { return world.gateway().counts().open == kIdle; });
  CHECK(world.gateway().counts().buffered == 0);
}

}  // namespace
}  // namespace squall::gateway_load_wire_test
