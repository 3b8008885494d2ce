// kill -9 of `squall gateway` at random points, under clients that come back and providers that
// fail. $SQUALL_KILLS says how often; without it, as often as takes a few seconds.

#include "engine/base/cat.h"
#include "engine/base/random.h"
#include "engine/gateway/record.h"
#include "tests/bench/command.h"
#include "tests/bench/gateway_process.h"
#include "tests/bench/torture_config.h"
#include "tests/bench/torture_load.h"
#include "tests/engine/gateway/kills.h"
#include "tests/engine/gateway/postgres_server.h"

namespace squall::gateway_kill_wire_test {
namespace {

using nlohmann::json;

constexpr auto kReadyMost = std::chrono::seconds(2);
constexpr size_t kClients = 6;
constexpr int kSettleEvery = 4;  // kills

// What must hold at the end, whatever was killed.
void CheckLoad(const TortureLoad& load, const std::string& said) {
  for (const std::string& mistake : load.mistakes()) FAIL_CHECK(mistake);
  const std::string text = ReadFile(said);
  for (const char* word : {"Sanitizer", "CHECK", "runtime error", "terminate"}) {
    CAPTURE(word);
    CHECK_FALSE(Contains(text, word));
  }
  const TortureCounts counts = load.counts();
  CHECK(counts.completed + counts.failed == counts.accepted);
  CHECK(counts.completed > 0);
  CHECK(counts.broken > 0);  // they were killed in the middle of something
}

void WarnOf(const std::string& what, int kills, std::chrono::milliseconds slowest,
            const TortureCounts& counts) {
  WARN(what << ": " << kills << " kills, ready again within " << slowest.count() << " ms, "
            << counts.accepted << " requests accepted, " << counts.completed << " completed, "
            << counts.failed << " failed, " << counts.broken << " replies broken off, "
            << counts.replayed << " replayed, " << counts.repeated << " executions repeated, "
            << counts.unknown << " attempts of unknown outcome");
}

std::chrono::milliseconds RandomPause(uint64_t round) {
  return std::chrono::milliseconds(20 + static_cast<int>(280 * Draw(7, Stream("kill"), round)));
}

void KillOneGateway(const std::string& sync, const std::string& on_unknown, int kills) {
  const TempFolder folder;
  const TortureUpstream upstream(2);
  const json record = {{"store", "sqlite"},
                       {"path", folder.Path("record.db")},
                       {"sync", sync},
                       {"on_unknown", on_unknown}};
  const std::string config = folder.Write("gateway.json", TortureConfig(upstream, record).dump());
  const std::string said = folder.Path("said");
  std::chrono::milliseconds slowest{0};
  TortureLoad load(upstream, kClients, 1, on_unknown == "fail");
  for (int round = 0; round <= kills; ++round) {
    CAPTURE(round, ReadFile(said));
    GatewayProcess gateway(config, said);
    REQUIRE(gateway.AwaitReady());
    slowest = std::max(slowest, gateway.ready_after());
    CHECK(gateway.ready_after() < kReadyMost);
    load.SetPort(0, gateway.port());
    const bool last = round == kills;
    Pause(RandomPause(static_cast<uint64_t>(round)));
    if (last || round % kSettleEvery == kSettleEvery - 1) {
      load.Quiesce();
      load.Settle(0, last);
      if (!last) load.Resume();
      Pause(RandomPause(static_cast<uint64_t>(round) + 10'000));
    }
    CHECK(gateway.runs());
    gateway.Kill();
    load.SetPort(0, 0);
  }
  CheckLoad(load, said);
  RecordConfig its;
  its.store = RecordStore::kSqlite;
  its.path = folder.Path("record.db");
  const auto opened = OpenRecord(its);
  REQUIRE(opened.ok());
  const absl::Status whole = (*opened)->Check();
  CAPTURE(whole);
  CHECK(whole.ok());
  WarnOf(Cat("sqlite ", sync, ", unknown: ", on_unknown), kills, slowest, load.counts());
}

TEST_CASE("gateway kill: what was accepted is finished, once, and nothing twice", "[wire]") {
  KillOneGateway("full", "retry", KillsOr(8));
}

TEST_CASE("gateway kill: nor does a record that is not flushed each time lose anything", "[wire]") {
  KillOneGateway("normal", "retry", KillsOr(4));
}

TEST_CASE("gateway kill: what must not be executed twice fails rather", "[wire]") {
  KillOneGateway("full", "fail", KillsOr(4));
}

// One request whose first executions are as given; its id and the configuration.
struct OneRequest {
  explicit OneRequest(std::vector<TortureFate> fates, const json& async = json::object())
      : upstream(2,
                 [fates = std::move(fates)](uint64_t, uint32_t arrival) {
                   return arrival < fates.size() ? fates[arrival] : TortureFate::kAnswer;
                 }),
        said(folder.Path("said")) {
    json settings = TortureConfig(
        upstream, {{"store", "sqlite"}, {"path", folder.Path("record.db")}, {"lease", "300ms"}});
    settings["engine"]["deadline"]["per_try"] = "20s";
    settings["engine"]["retry"]["max_attempts"] = 1;
    settings["async"].merge_patch(async);
    config = folder.Write("gateway.json", settings.dump());
  }

  void Send(uint16_t port) {
    const json body = {{"model", "m"},
                       {"messages", {{{"role", "user"}, {"content", TortureUpstream::Marker(1)}}}},
                       {"wait", false}};
    const GatewayReply reply = Ask(port, "POST", "/v1/chat/completions", body.dump());
    REQUIRE(reply.status == 200);
    target = "/v1/requests/" + reply.Json().value("id", "");
    while (upstream.Of(1).arrived == 0) Pause(std::chrono::milliseconds(1));
  }

  json Finished(uint16_t port) const {
    json request;
    for (int i = 0; i < 2000; ++i) {
      request = Ask(port, "GET", target).Json();
      const std::string status = request.value("status", "");
      if (status == "completed" || status == "failed") break;
      Pause(std::chrono::milliseconds(5));
    }
    return request;
  }

  const TempFolder folder;
  const TortureUpstream upstream;
  const std::string said;
  std::string config;
  std::string target;
};

TEST_CASE("gateway kill: one that stood still past its lease goes on, and asks nobody again",
          "[wire]") {
  OneRequest one({TortureFate::kSlowAnswer});
  GatewayProcess gateway(one.config, one.said);
  REQUIRE(gateway.AwaitReady());
  one.Send(gateway.port());
  gateway.Freeze();
  Pause(std::chrono::milliseconds(600));
  gateway.Thaw();
  const json request = one.Finished(gateway.port());
  CAPTURE(request.dump());
  CHECK(request["status"] == "completed");
  CHECK(one.upstream.Of(1).arrived == 1);
  CHECK(request["history"].size() == 1);
  CHECK(gateway.Terminate() == 0);
}

TEST_CASE("gateway kill: a death costs a request one of its tries, not two", "[wire]") {
  OneRequest one({TortureFate::kHang, TortureFate::kError500}, {{"max_tries", 3}});
  {
    GatewayProcess gateway(one.config, one.said);
    REQUIRE(gateway.AwaitReady());
    one.Send(gateway.port());
  }
  GatewayProcess gateway(one.config, one.said);
  REQUIRE(gateway.AwaitReady());
  const json request = one.Finished(gateway.port());
  CAPTURE(request.dump());
  CHECK(request["status"] == "completed");
  CHECK(one.upstream.Of(1).arrived == 3);
}

}  // namespace
}  // namespace squall::gateway_kill_wire_test
