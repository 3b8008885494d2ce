// Two `squall gateway` processes on one record in PostgreSQL: one is killed, and the other goes on;
// one is frozen until another has taken over, and then has nothing more to say. Skipped where
// PostgreSQL is not installed.
#include <algorithm>

#include "engine/base/cat.h"
#include "engine/base/random.h"
#include "engine/gateway/record.h"
#include "tests/bench/command.h"
#include "tests/bench/torture_config.h"
#include "tests/bench/torture_load.h"
#include "tests/engine/gateway/kills.h"
#include "tests/engine/gateway/postgres_server.h"

namespace squall::gateway_workers_wire_test {
namespace {

using nlohmann::json;

constexpr auto kReadyMost = std::chrono::seconds(2);

json PostgresRecord(const PostgresServer& server, const std::string& lease) {
  return {
      {"store", "postgres"}, {"connection", server.connection()}, {"lease", lease}, {"threads", 4}};
}

void CheckRecord(const PostgresServer& server) {
  RecordConfig its;
  its.store = RecordStore::kPostgres;
  its.connection = server.connection();
  const auto opened = OpenRecord(its);
  REQUIRE(opened.ok());
  const absl::Status whole = (*opened)->Check();
  CAPTURE(whole);
  CHECK(whole.ok());
}

std::unique_ptr<GatewayProcess> StartedGateway(const std::string& config, const std::string& said) {
  auto gateway = std::make_unique<GatewayProcess>(config, said);
  CAPTURE(ReadFile(said));
  REQUIRE(gateway->AwaitReady());
  CHECK(gateway->ready_after() < kReadyMost);
  return gateway;
}

TEST_CASE("gateway workers: of two on one record one is killed, and the other goes on", "[wire]") {
  const auto server = PostgresServer::Start();
  if (!server) return;
  const TempFolder folder;
  const TortureUpstream upstream(2);
  const std::string config = folder.Write(
      "gateway.json", TortureConfig(upstream, PostgresRecord(*server, "500ms")).dump());
  const std::string said[] = {folder.Path("said0"), folder.Path("said1")};
  TortureLoad load(upstream, 4, 2);
  std::vector<std::unique_ptr<GatewayProcess>> gateways(2);
  const int kills = KillsOr(4);
  std::chrono::milliseconds slowest{0};
  for (int round = 0; round <= kills; ++round) {
    CAPTURE(round);
    for (size_t i = 0; i < gateways.size(); ++i) {
      if (gateways[i]) continue;
      gateways[i] = StartedGateway(config, said[i]);
      slowest = std::max(slowest, gateways[i]->ready_after());
      load.SetPort(i, gateways[i]->port());
    }
    const double u = Draw(8, Stream("kill"), static_cast<uint64_t>(round));
    Pause(std::chrono::milliseconds(20 + static_cast<int>(250 * u)));
    if (round == kills) break;
    const auto victim = static_cast<size_t>(round % 2);
    CHECK(gateways[victim]->runs());
    gateways[victim].reset();
    load.SetPort(victim, 0);
    // Once in the middle, the server below both.
    if (round == kills / 2) {
      server->Kill();
      server->Restart();
    }
    // What the one who was killed had under way is for the other now.
    if (round % 4 == 3) {
      load.Quiesce();
      load.Settle(1 - victim, false);
      load.Resume();
    }
  }
  load.Quiesce();
  load.Settle(0, true);
  for (const std::string& mistake : load.mistakes()) FAIL_CHECK(mistake);
  for (auto& gateway : gateways) CHECK(gateway->Terminate() == 0);
  CheckRecord(*server);
  const TortureCounts counts = load.counts();
  CHECK(counts.completed + counts.failed == counts.accepted);
  CHECK(counts.completed > 0);
  WARN("postgres, two gateways: " << kills << " kills, ready again within " << slowest.count()
                                  << " ms, " << counts.accepted << " accepted, " << counts.completed
                                  << " completed, " << counts.failed << " failed, " << counts.broken
                                  << " replies broken off, " << counts.repeated
                                  << " executions repeated, " << counts.unknown
                                  << " attempts of unknown outcome");
}

TEST_CASE("gateway workers: one that was frozen past its lease cannot commit", "[wire]") {
  const auto server = PostgresServer::Start();
  if (!server) return;
  const TempFolder folder;
  // The first execution takes a while; during it its gateway is frozen.
  const TortureUpstream upstream(2, [](uint64_t, uint32_t arrival) {
    return arrival == 0 ? TortureFate::kSlowAnswer : TortureFate::kAnswer;
  });
  json settings = TortureConfig(upstream, PostgresRecord(*server, "300ms"));
  settings["engine"]["deadline"]["per_try"] = "20s";  // its answer still counts for it
  const std::string config = folder.Write("gateway.json", settings.dump());
  const auto stale = StartedGateway(config, folder.Path("said0"));
  const json body = {{"model", "m"},
                     {"messages", {{{"role", "user"}, {"content", TortureUpstream::Marker(1)}}}},
                     {"idempotency_key", "k1"},
                     {"wait", false}};
  const GatewayReply accepted = Ask(stale->port(), "POST", "/v1/chat/completions", body.dump());
  REQUIRE(accepted.status == 200);
  const std::string target = Cat("/v1/requests/", accepted.Json().value("id", ""));
  REQUIRE(Await([&] { return upstream.Of(1).arrived == 1; }));
  stale->Freeze();
  REQUIRE(Await([&] { return upstream.Of(1).answered == 1; }));  // which waits in its socket

  const auto fresh = StartedGateway(config, folder.Path("said1"));
  json request;
  REQUIRE(Await([&] {
    request = Ask(fresh->port(), "GET", target).Json();
    return request.value("status", "") == "completed";
  }));
  CHECK(upstream.Of(1).arrived == 2);
  const GatewayReply before = Ask(fresh->port(), "GET", target);
  stale->Thaw();
  REQUIRE(Await([&] {
    return Contains(Ask(stale->port(), "GET", "/metrics").body,
                    "squall_gateway_async_total{outcome=\"lost\"} 1");
  }));
  for (const auto* gateway : {stale.get(), fresh.get()}) {
    CHECK(Ask(gateway->port(), "GET", target).body == before.body);
  }
  CHECK(Contains(request["result"].dump(), "arrival 1"));
  REQUIRE(request["history"].size() == 2);
  CHECK(request["history"][0]["status"] == "unknown");
  CHECK(request["history"][1]["status"] == "succeeded");
  CHECK(upstream.Of(1).arrived == 2);
  CheckRecord(*server);
}

}  // namespace
}  // namespace squall::gateway_workers_wire_test
