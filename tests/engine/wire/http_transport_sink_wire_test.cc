// Replies that are read while they arrive.
#include <string>
#include <vector>

#include "tests/engine/wire/transport_world.h"

namespace squall::http_transport_sink_wire_test {
namespace {

class Collect final : public BodySink {
 public:
  bool OnBody(const HttpReply& head, std::string_view bytes) override {
    status = head.status;
    CHECK(head.body.empty());
    CHECK_FALSE(bytes.empty());
    body.append(bytes);
    ++pieces;
    return enough.empty() || body.find(enough) == std::string::npos;
  }
  Time give_up_at() const override { return patience; }

  std::string enough;  // the text after which the rest is not wanted
  Time patience = kNever;
  std::string body;
  int status = 0;
  int pieces = 0;
};

const std::string kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string Chunked(const std::string& text) {
  return std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

HttpReply SendTo(World* world, ServerScript script, Collect* sink, Duration within = 20s) {
  world->server().Add(std::move(script));
  return world->Send(Post(), within, {}, sink);
}

TEST_CASE("a sink gets the body, and the reply keeps the rest") {
  World world;
  Collect sink;
  const HttpReply reply = SendTo(
      &world, {kHead + Chunked("one") + Chunked("two") + "0\r\n\r\n", Then::kNextRequest}, &sink);
  CHECK(reply.error == TransportError::kNone);
  CHECK(reply.status == 200);
  CHECK(reply.body.empty());
  CHECK(sink.status == 200);
  CHECK(sink.body == "onetwo");
}

TEST_CASE("a sink gets each piece when it comes, in whatever packets") {
  for (const size_t step : {1, 2, 7}) {
    CAPTURE(step);
    World world;
    Collect sink;
    ServerScript script(kHead + Chunked("one") + Chunked("two") + "0\r\n\r\n", Then::kNextRequest);
    script.step = step;
    CHECK(SendTo(&world, std::move(script), &sink).error == TransportError::kNone);
    CHECK(sink.body == "onetwo");
    CHECK(sink.pieces >= 2);
  }
}

TEST_CASE("what a sink has had enough of ends well, and its connection is kept if it ended") {
  World world;
  Collect sink;
  sink.enough = "two";
  const std::string begun = kHead + Chunked("two");
  CHECK(SendTo(&world, {begun + "0\r\n\r\n", Then::kNextRequest}, &sink).error ==
        TransportError::kNone);
  CHECK(world.transport().open_connections() == 1);
  Collect again;
  again.enough = "two";
  CHECK(SendTo(&world, {begun, Then::kHold}, &again).error == TransportError::kNone);
  CHECK(world.server().accepted() == 1);  // both on one connection
  CHECK(world.transport().open_connections() == 0);
}

TEST_CASE("an endless reply of which a sink had enough is left soon") {
  World world;
  Collect sink;
  sink.enough = "0";
  std::string bytes = kHead;
  for (int i = 0; i < 20'000; ++i) bytes += Chunked("0");
  ServerScript script(bytes, Then::kHold);
  script.step = 16;
  const auto begin = std::chrono::steady_clock::now();
  CHECK(SendTo(&world, std::move(script), &sink).error == TransportError::kNone);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
  CHECK(sink.body == "0");
}

TEST_CASE("a sink's patience ends an exchange before its deadline") {
  World world;
  Collect sink;
  sink.patience = world.env().Now() + 50ms;
  const HttpReply reply = SendTo(&world, {kHead + Chunked("one"), Then::kHold}, &sink);
  CHECK(reply.error == TransportError::kTimeout);
  CHECK(reply.status == 200);
  CHECK(sink.body == "one");
  CHECK(world.env().Now() >= sink.patience);
  CHECK(world.env().Now() < kStart + 5s);
}

TEST_CASE("how a reply that is read along breaks off is told as ever") {
  struct Row {
    Then then;
    TransportError error;
  };
  for (const Row& row :
       {Row{Then::kClose, TransportError::kCut}, Row{Then::kReset, TransportError::kReset},
        Row{Then::kHold, TransportError::kTimeout}}) {
    World world;
    Collect sink;
    const HttpReply reply = SendTo(&world, {kHead + Chunked("one"), row.then}, &sink, 300ms);
    CHECK(TransportErrorName(reply.error) == TransportErrorName(row.error));
    CHECK(reply.status == 200);
  }
}

}  // namespace
}  // namespace squall::http_transport_sink_wire_test
