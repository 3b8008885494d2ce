// Streams through the gateway: checked before they are shown, or passed through.
#include "tests/engine/gateway/gateway_world.h"

namespace squall::gateway_stream_wire_test {
namespace {

std::string Event(const json& data) { return "data: " + data.dump() + "\n\n"; }

json Chunk(const json& delta, const json& finish = nullptr) {
  return {{"id", "chatcmpl-s"},
          {"object", "chat.completion.chunk"},
          {"created", 1},
          {"model", "up-large"},
          {"choices", {{{"index", 0}, {"delta", delta}, {"finish_reason", finish}}}}};
}

std::string Pieces(const std::vector<std::string>& pieces) {
  std::string body = Event(Chunk({{"role", "assistant"}, {"content", ""}}));
  for (const std::string& piece : pieces) body += Event(Chunk({{"content", piece}}));
  return body;
}

std::string WholeStream(const std::vector<std::string>& pieces) {
  json usage = Chunk(json::object());
  usage["choices"] = json::array();
  usage["usage"] = {{"prompt_tokens", 10}, {"completion_tokens", 5}, {"total_tokens", 15}};
  return Pieces(pieces) + Event(Chunk(json::object(), "stop")) + Event(usage) + "data: [DONE]\n\n";
}

ServerScript Streams(const std::string& body, Then then = Then::kClose) {
  return ServerScript("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + body, then);
}

json StreamBody() {
  json body = ChatBody();
  body["stream"] = true;
  return body;
}

// The data of all events, comments left out.
std::vector<std::string> DataOf(const std::string& body) {
  std::vector<std::string> data;
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("data: ")) data.push_back(line.substr(6));
  }
  return data;
}

std::string TextOf(const std::string& body) {
  std::string text;
  for (const std::string& data : DataOf(body)) {
    const json chunk = json::parse(data, nullptr, false);
    if (!chunk.is_object() || !chunk.contains("choices") || chunk["choices"].empty()) continue;
    const json& delta = chunk["choices"][0]["delta"];
    if (delta.contains("content") && delta["content"].is_string()) text += delta["content"];
  }
  return text;
}

std::string AnthropicText(const std::string& body) {
  std::string text;
  for (const std::string& data : DataOf(body)) {
    const json event = json::parse(data, nullptr, false);
    if (event["type"] != "content_block_delta") continue;
    text += event["delta"].value("text", "");
  }
  return text;
}

TEST_CASE("stream: an answer is streamed once all of it has been checked", "[wire]") {
  GatewayWorld world;
  world.up().Add(Streams(WholeStream({"Hel", "lo", "."})));
  json body = StreamBody();
  body["stream_options"] = {{"include_usage", true}};
  const ClientReply reply = world.Chat(body);
  CHECK(reply.status == 200);
  CHECK(reply.Header("Content-Type") == "text/event-stream; charset=utf-8");
  CHECK(TextOf(reply.body) == "Hello.");
  const std::vector<std::string> data = DataOf(reply.body);
  CHECK(data.back() == "[DONE]");
  const json usage = json::parse(data[data.size() - 2]);
  CHECK(usage["usage"]["total_tokens"] == 15);
  CHECK(json::parse(data[0])["choices"][0]["delta"]["role"] == "assistant");
  CHECK(json::parse(data[data.size() - 3])["choices"][0]["finish_reason"] == "stop");
  CHECK(world.Received(0, 0)["stream"] == true);
}

TEST_CASE("stream: one that breaks is recovered, and no piece of it is shown", "[wire]") {
  const std::vector<ServerScript> failures = {
      Streams(Pieces({"Wrong", " begin"})),
      Streams(Pieces({"Wrong"}), Then::kReset),
      Streams(""),
      Streams(Pieces({"Wrong"}) + Event({{"error", {{"message", "overloaded"}}}})),
      Streams(Pieces({"Wrong"}) + "data: {broken\n\n"),
      Answers(500, "{}"),
      Answers(200, "<html></html>", "", "text/html"),
  };
  GatewayWorld world;
  for (size_t i = 0; i < failures.size(); ++i) {
    CAPTURE(i);
    world.up().Add(failures[i]);
    world.up().Add(Streams(WholeStream({"Hel", "lo."})));
    const ClientReply reply = world.Chat(StreamBody());
    CHECK(reply.status == 200);
    CHECK(reply.Header("x-squall-attempts") == "2");
    CHECK(TextOf(reply.body) == "Hello.");
  }
}

TEST_CASE("stream: a failure before the first byte keeps its status", "[wire]") {
  GatewayWorld world(Changes({{"engine", {{"retry", {{"max_attempts", 1}}}}}}));
  world.up().Add(Streams(Pieces({"Wrong"})));
  const ClientReply reply = world.Chat(StreamBody());
  CHECK(reply.status == 502);
  CHECK(reply.Header("Content-Type") == "application/json");
  CHECK(reply.Json()["error"]["code"].is_string());
}

TEST_CASE("stream: who waits is sent signs of life, then an error as an event", "[wire]") {
  const json quick = {{"streaming", {{"keep_alive", "20ms"}}},
                      {"engine", {{"retry", {{"max_attempts", 1}}}}}};
  for (const bool openai : {true, false}) {
    GatewayWorld world(quick, {openai ? "openai" : "anthropic"});
    CAPTURE(openai);
    world.up().Add(ServerScript("", Then::kHold));
    const json body = [&] {
      json text = openai ? ChatBody() : MessageBody();
      text["stream"] = true;
      return text;
    }();
    RawClient& client = world.Connect();
    client.Send(GatewayWorld::RequestText("POST", openai ? "/v1/chat/completions" : "/v1/messages",
                                          body.dump()));
    const std::string sign = openai ? ": keep-alive\n\n" : "event: ping\n";
    world.RunUntil([&] {
      const size_t first = client.got().find(sign);
      return first != std::string::npos && client.got().find(sign, first + 1) != std::string::npos;
    });
    CHECK(client.got().starts_with("HTTP/1.1 200 "));
    world.up().Stop();
    client.Close();
  }
  json late = quick;
  late["deadline"] = "150ms";
  GatewayWorld world(late);
  world.up().Add(ServerScript("", Then::kHold));
  const ClientReply reply = world.Chat(StreamBody());
  CHECK(reply.status == 200);
  const std::vector<std::string> data = DataOf(reply.body);
  REQUIRE(data.size() == 2);
  CHECK(json::parse(data[0])["error"]["code"] == "upstream_timeout");
  CHECK(data[1] == "[DONE]");
}

TEST_CASE("stream: passed through, pieces come as the provider sends them", "[wire]") {
  GatewayWorld world(Changes({{"streaming", {{"stream_through", true}}}}));
  world.up().Add(Streams(Pieces({"First", " piece"}), Then::kHold));
  RawClient& client = world.Connect();
  client.Send(GatewayWorld::RequestText("POST", "/v1/chat/completions", StreamBody().dump()));
  world.RunUntil([&] { return client.got().find(" piece") != std::string::npos; });
  CHECK(world.gateway().counts().under_way == 1);
  client.Close();
  world.RunUntil([&] { return world.gateway().counts().under_way == 0; });

  // What fails after the first piece cannot be taken back.
  world.up().Add(Streams(Pieces({"Wrong"})));
  const ClientReply reply = world.Chat(StreamBody());
  CHECK(reply.status == 200);
  CHECK(TextOf(reply.body) == "Wrong");
  const std::vector<std::string> data = DataOf(reply.body);
  CHECK(json::parse(data[data.size() - 2]).contains("error"));
}

TEST_CASE("stream: a whole reply where a stream was asked for is streamed too", "[wire]") {
  GatewayWorld world;
  world.up().Add(Answers(200, ChatReplyBody("Hello.")));
  const ClientReply reply = world.Chat(StreamBody());
  CHECK(reply.status == 200);
  CHECK(TextOf(reply.body) == "Hello.");
}

TEST_CASE("stream: what pieces cannot carry is fetched whole and streamed", "[wire]") {
  GatewayWorld world;
  json whole = json::parse(ChatReplyBody("Hello."));
  whole["choices"][0]["logprobs"] = {{"content", {{{"token", "Hello."}}}}};
  world.up().Add(Answers(200, whole.dump()));
  json body = StreamBody();
  body["logprobs"] = true;
  const ClientReply reply = world.Chat(body);
  CHECK(reply.status == 200);
  CHECK(TextOf(reply.body) == "Hello.");
  CHECK(reply.body.find(R"("token":"Hello.")") != std::string::npos);
  CHECK_FALSE(world.Received(0, 0).contains("stream"));
  CHECK(world.Received(0, 0)["logprobs"] == true);
}

TEST_CASE("stream: of Anthropic's API, from both kinds of providers", "[wire]") {
  GatewayWorld world(json::object(), {"openai", "anthropic"});
  json body = MessageBody();
  body["stream"] = true;
  world.up(0).Add(Streams(WholeStream({"Hel", "lo."})));
  const ClientReply reply = world.Message(body);
  CHECK(reply.status == 200);
  CHECK(AnthropicText(reply.body) == "Hello.");
  std::vector<std::string> types;
  for (const std::string& data : DataOf(reply.body)) types.push_back(json::parse(data)["type"]);
  CHECK(types.front() == "message_start");
  CHECK(types[1] == "content_block_start");
  CHECK(types[types.size() - 3] == "content_block_stop");
  CHECK(types[types.size() - 2] == "message_delta");
  CHECK(types.back() == "message_stop");

  json thinking = json::parse(MessageReplyBody("Salut."));
  const json thought_block = {{"type", "thinking"}, {"thinking", "Hm."}, {"signature", "c2ln"}};
  thinking["content"].insert(thinking["content"].begin(), thought_block);
  world.up(1).Add(Answers(200, thinking.dump()));
  body["thinking"] = {{"type", "enabled"}, {"budget_tokens", 50}};
  const ClientReply thought = world.Message(body);
  CHECK(thought.status == 200);
  CHECK(AnthropicText(thought.body) == "Salut.");
  CHECK(thought.body.find(R"("type":"thinking_delta","thinking":"Hm.")") != std::string::npos);
  CHECK(thought.body.find(R"("type":"signature_delta","signature":"c2ln")") != std::string::npos);
}

TEST_CASE("stream: tool calls keep their numbers, names and arguments", "[wire]") {
  const json call = {{"index", 0},
                     {"id", "call_1"},
                     {"type", "function"},
                     {"function", {{"name", "f"}, {"arguments", ""}}}};
  const auto arguments = [](const std::string& text) {
    return json{{"tool_calls", {{{"index", 0}, {"function", {{"arguments", text}}}}}}};
  };
  const std::string stream = Event(Chunk({{"tool_calls", {call}}})) +
                             Event(Chunk(arguments("{\"a\""))) + Event(Chunk(arguments(":1}"))) +
                             Event(Chunk(json::object(), "tool_calls")) + "data: [DONE]\n\n";
  GatewayWorld world;
  world.up().Add(Streams(stream));
  json body = StreamBody();
  body["tools"] = {{{"type", "function"}, {"function", {{"name", "f"}}}}};
  const ClientReply reply = world.Chat(body);
  std::string name;
  std::string joined;
  std::string finish;
  for (const std::string& data : DataOf(reply.body)) {
    const json chunk = json::parse(data, nullptr, false);
    if (!chunk.is_object() || chunk["choices"].empty()) continue;
    const json& choice = chunk["choices"][0];
    if (choice["finish_reason"].is_string()) finish = choice["finish_reason"];
    if (!choice["delta"].contains("tool_calls")) continue;
    const json& piece = choice["delta"]["tool_calls"][0];
    CHECK(piece["index"] == 0);
    name += piece["function"].value("name", "");
    joined += piece["function"].value("arguments", "");
  }
  CHECK(name == "f");
  CHECK(joined == "{\"a\":1}");
  CHECK(finish == "tool_calls");
}

}  // namespace
}  // namespace squall::gateway_stream_wire_test
