#include "mock_providers/in_process.h"

#include <functional>
#include <optional>

#include "engine/base/sim_env.h"
#include "mock_providers/faults.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::in_process_test {
namespace {

// One exchange in virtual time.
struct Exchange {
  HttpReply reply;
  Time ended{};
};

Task<> SendOne(Env& env, Transport& transport, HttpRequest request, Time deadline,
               std::stop_token stop, Exchange* out, BodySink* sink = nullptr) {
  HttpReply reply = co_await transport.Send(0, request, deadline, stop, sink);
  out->reply = std::move(reply);
  out->ended = env.Now();
}

Task<> StopAt(Env& env, Time at, std::stop_source& source) {
  const bool waited = co_await env.SleepUntil(at);
  if (waited) source.request_stop();
}

struct World {
  explicit World(const ProviderConfig& config)
      : provider(0, config, kTestSeed, nullptr, &truth), transport({&provider}, &env) {}

  Exchange Send(uint64_t number, Duration patience = 1h, std::optional<Duration> stop_after = {}) {
    std::stop_source source;
    Exchange exchange;
    const TaskSpec task = MakeTask(TaskKind::kExtract, number);
    const Time deadline = env.Now() + patience;
    Spawn(env.executor(), SendOne(env, transport, TaskHttp(task, "r" + std::to_string(number)),
                                  deadline, source.get_token(), &exchange));
    if (stop_after == 0s) source.request_stop();
    if (stop_after) Spawn(env.executor(), StopAt(env, env.Now() + *stop_after, source));
    env.Run();
    return exchange;
  }

  FaultCount CountOf(std::string_view kind) const {
    return truth.counts()[static_cast<size_t>(FindFault(kind))];
  }

  SimEnv env;
  GroundTruth truth;
  Provider provider;
  InProcessTransport transport;
};

TEST_CASE("in process: a healthy reply arrives whole, when it is due") {
  World world(OneModel("alpha"));
  GroundTruth truth;
  Provider twin(0, OneModel("alpha"), kTestSeed, nullptr, &truth);
  const ReplyPlan plan = twin.Plan(TaskHttp(MakeTask(TaskKind::kExtract, 1), "r1"), kStart);
  const Exchange got = world.Send(1);
  CHECK(got.reply.error == TransportError::kNone);
  CHECK(got.reply.status == 200);
  CHECK(got.reply.body == plan.body);
  CHECK(got.ended == plan.at);
  CHECK(got.reply.headers.Find("content-length") == std::to_string(plan.body.size()));
}

TEST_CASE("in process: a late reply is a timeout at the deadline, one due at the deadline is not") {
  World world(OneModel("alpha"));
  const Duration due = World(OneModel("alpha")).Send(1).ended - kStart;
  CHECK(world.Send(1, due - 1ns).reply.error == TransportError::kTimeout);
  CHECK(world.env.Now() == kStart + due - 1ns);
  CHECK(World(OneModel("alpha")).Send(1, due).reply.status == 200);
}

TEST_CASE("in process: a hang is a timeout at the deadline") {
  World world(WithFault("timeout", 1));
  const Exchange got = world.Send(1, 10s);
  CHECK(got.reply.error == TransportError::kTimeout);
  CHECK(got.reply.status == 0);
  CHECK(got.ended == kStart + 10s);
  CHECK(world.CountOf("timeout").injected == 1);
}

TEST_CASE("in process: a caller who stops is told so at once") {
  World healthy(OneModel("alpha"));
  const Exchange got = healthy.Send(1, 1h, 5ms);
  CHECK(got.reply.error == TransportError::kCancelled);
  CHECK(got.ended == kStart + 5ms);
  World hanging(WithFault("timeout", 1));
  CHECK(hanging.Send(1, 1h, 5s).reply.error == TransportError::kCancelled);
  CHECK(hanging.CountOf("timeout").injected == 1);  // the client left a hanging reply
}

TEST_CASE("in process: nothing is sent after the deadline or after a stop") {
  World world(OneModel("alpha"));
  CHECK(world.Send(1, 0s).reply.error == TransportError::kTimeout);
  CHECK(world.Send(1, 1h, 0s).reply.error == TransportError::kCancelled);
  CHECK(world.truth.CountArrivals(RequestKey("r1"), 0) == 0);
}

TEST_CASE("in process: a cut leaves status, headers and the bytes before it") {
  World world(WithFault("truncated", 1, {{"cut", 1}}));
  const HttpReply reply = world.Send(1).reply;
  CHECK(reply.error == TransportError::kCut);
  CHECK(reply.status == 200);
  CHECK_FALSE(reply.body.empty());
  const std::string declared(reply.headers.Find("content-length").value());
  CHECK(std::stoul(declared) > reply.body.size());
}

TEST_CASE("in process: a reset is a reset, with what came before it") {
  const HttpReply early =
      World(WithFault("connection_reset", 1, {{"before_headers", 1}})).Send(1).reply;
  CHECK(early.error == TransportError::kReset);
  CHECK(early.status == 0);
  CHECK(early.headers.empty());
  CHECK(early.body.empty());
  const HttpReply later = World(WithFault("connection_reset", 1, {{"mid_body", 1}})).Send(1).reply;
  CHECK(later.error == TransportError::kReset);
  CHECK(later.status == 200);
  CHECK_FALSE(later.body.empty());
}

TEST_CASE("in process: empty bodies come in both framings") {
  const HttpReply chunked = World(WithFault("empty_body", 1, {{"chunked", 1}})).Send(1).reply;
  CHECK(chunked.error == TransportError::kNone);
  CHECK(chunked.headers.Find("transfer-encoding") == "chunked");
  CHECK_FALSE(chunked.headers.Find("content-length").has_value());
  const HttpReply sized =
      World(WithFault("empty_body", 1, {{"content_length_0", 1}})).Send(1).reply;
  CHECK(sized.headers.Find("content-length") == "0");
  CHECK(chunked.body.empty());
  CHECK(sized.body.empty());
}

TEST_CASE("in process: injected equals scheduled for callers who wait long enough") {
  ProviderConfig config = OneModel("alpha");
  for (const FaultRow& row : FaultTable()) config.faults[std::string(row.name)].rate = 0.05;
  World world(config);
  for (uint64_t number = 0; number < 2'000; ++number) world.Send(number);
  for (const FaultCount& count : world.truth.counts()) CHECK(count.injected == count.scheduled);
  for (const FaultRow& row : FaultTable()) {
    CAPTURE(row.name);
    CHECK(SharePlausible(world.CountOf(row.name).injected, 2'000, 0.05));
  }
}

TEST_CASE("in process: what a client did not wait for was scheduled, not injected") {
  World world(WithFault("server_error", 1));
  CHECK(world.Send(1, 1us).reply.error == TransportError::kTimeout);
  CHECK(world.CountOf("server_error").scheduled == 1);
  CHECK(world.CountOf("server_error").injected == 0);
  CHECK(world.CountOf("server_error").left == 1);
}

TEST_CASE("in process: equal runs give equal bytes at equal times") {
  ProviderConfig config = OneModel("alpha");
  for (const FaultRow& row : FaultTable()) config.faults[std::string(row.name)].rate = 0.05;
  World first(config);
  World second(config);
  for (uint64_t number = 0; number < 300; ++number) {
    const Exchange a = first.Send(number, 5s);
    const Exchange b = second.Send(number, 5s);
    REQUIRE(a.ended == b.ended);
    REQUIRE(a.reply.error == b.reply.error);
    REQUIRE(a.reply.body == b.reply.body);
    REQUIRE(a.reply.headers.block() == b.reply.headers.block());
  }
}

Ask StreamAsk() {
  Ask ask;
  ask.stream = true;
  return ask;
}

class Reader final : public BodySink {
 public:
  explicit Reader(const Env& env) : env_(env) {}
  bool OnBody(const HttpReply&, std::string_view bytes) override {
    body.append(bytes);
    times.push_back(env_.Now());
    return times.size() < enough;
  }
  Time give_up_at() const override { return SaturatingAdd(env_.Now(), patience); }

  size_t enough = SIZE_MAX;
  Duration patience = 1'000h;
  std::string body;
  std::vector<Time> times;

 private:
  const Env& env_;
};

Exchange ReadAlong(World* world, Reader* reader, const ProviderConfig& config) {
  const HttpRequest request = DialectHttp(config.dialect, StreamAsk());
  Exchange exchange;
  Spawn(world->env.executor(),
        SendOne(world->env, world->transport, request, kStart + 100s, {}, &exchange, reader));
  world->env.Run();
  return exchange;
}

ReplyPlan TwinPlan(const ProviderConfig& config) {
  GroundTruth truth;
  Provider twin(0, config, kTestSeed, nullptr, &truth);
  return twin.Plan(DialectHttp(config.dialect, StreamAsk()), kStart);
}

TEST_CASE("in process: who reads along gets each piece at its time") {
  const ProviderConfig config = OneModel("alpha");
  const ReplyPlan plan = TwinPlan(config);
  World world(config);
  Reader reader(world.env);
  const Exchange got = ReadAlong(&world, &reader, config);
  CHECK(got.reply.error == TransportError::kNone);
  CHECK(got.reply.body.empty());
  CHECK(reader.body == plan.body);
  REQUIRE(plan.chunks.size() > 3);
  REQUIRE(reader.times.size() == plan.chunks.size());
  Time due = plan.at;
  for (size_t i = 0; i < plan.chunks.size(); ++i) {
    due += plan.chunks[i].after;
    CHECK(reader.times[i] == due);
  }
  CHECK(got.ended == EndOf(plan));
}

TEST_CASE("in process: who has read enough leaves at once") {
  const ProviderConfig config = OneModel("alpha");
  World world(config);
  Reader reader(world.env);
  reader.enough = 3;
  const Exchange got = ReadAlong(&world, &reader, config);
  CHECK(got.reply.error == TransportError::kNone);
  CHECK(got.ended == reader.times[2]);
}

TEST_CASE("in process: a stall is a timeout once the reader's patience ends, and was injected") {
  for (const char* variant : {"hang", "stall", "keep_alives_only"}) {
    CAPTURE(variant);
    const ProviderConfig config = WithFault("timeout", 1, {{variant, 1}});
    World world(config);
    Reader reader(world.env);
    reader.patience = 40s;
    const Exchange got = ReadAlong(&world, &reader, config);
    CHECK(got.reply.error == TransportError::kTimeout);
    const Time last = reader.times.empty() ? kStart : reader.times.back();
    CHECK(got.ended == std::min(last + 40s, kStart + 100s));
    CHECK(world.CountOf("timeout").injected == 1);
  }
}

}  // namespace
}  // namespace squall::in_process_test
