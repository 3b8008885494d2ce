// `squall gateway` whose disk is full or cannot be written to: new keyed requests are told so, what
// was accepted stays, plain requests are served as ever, and all is well once there is room again.
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <map>

#include "engine/base/cat.h"
#include "tests/bench/command.h"
#include "tests/bench/gateway_process.h"
#include "tests/bench/torture_config.h"
#include "tests/engine/gateway/postgres_server.h"

namespace squall::gateway_disk_wire_test {
namespace {

using nlohmann::json;

TortureFate AlwaysAnswer(uint64_t, uint32_t) { return TortureFate::kAnswer; }

json SqliteRecord(const TempFolder& folder, const std::string& file) {
  return {{"store", "sqlite"}, {"path", folder.Path(file)}};
}

std::string PlainBody(uint64_t task, const std::string& padding = "") {
  const json body = {
      {"model", "m"},
      {"messages",
       {{{"role", "user"}, {"content", TortureUpstream::Marker(task) + " " + padding}}}}};
  return body.dump();
}

std::string KeyedBody(uint64_t task, bool wait, size_t bytes = 0) {
  json body = json::parse(PlainBody(task, std::string(bytes, 'x')));
  body["idempotency_key"] = Cat("key-", task);
  body["wait"] = wait;
  return body.dump();
}

GatewayReply Chat(const GatewayProcess& gateway, const std::string& body) {
  return Ask(gateway.port(), "POST", "/v1/chat/completions", body);
}

void CheckRefused(const GatewayReply& reply) {
  CAPTURE(reply.body);
  CHECK(reply.status == 503);
  CHECK(reply.Code() == "record_unavailable");
  CHECK_FALSE(reply.Header("Retry-After").empty());
  CHECK(Contains(reply.body, "was not executed"));
}

// Keyed requests, until one is refused. Returns how many were accepted: tasks 0, 1, ...
uint64_t FillUp(const GatewayProcess& gateway, std::map<uint64_t, std::string>* ids) {
  for (uint64_t task = 0; task < 500; ++task) {
    const GatewayReply reply = Chat(gateway, KeyedBody(task, false, 20'000));
    if (reply.status != 200) {
      CheckRefused(reply);
      return task;
    }
    (*ids)[task] = reply.Json().value("id", "");
  }
  FAIL("never full");
  return 0;
}

// Everything accepted is finished, having been executed once.
void CheckAll(const GatewayProcess& gateway, const TortureUpstream& upstream,
              const std::map<uint64_t, std::string>& ids) {
  for (const auto& [task, id] : ids) {
    json request;
    const bool finished = Await([&, target = "/v1/requests/" + id] {
      request = Ask(gateway.port(), "GET", target).Json();
      return request.is_object() && request.value("status", "") == "completed";
    });
    CAPTURE(task, request.dump());
    REQUIRE(finished);
    CHECK(upstream.Of(task).arrived == 1);
    CHECK(request["history"].size() == 1);
    const GatewayReply replayed = Chat(gateway, KeyedBody(task, true, 20'000));
    CHECK(replayed.status == 200);
    CHECK(replayed.Header("x-squall-replayed") == "true");
  }
}

// What a gateway is put through whose record's disk fills up, and is then freed by `heal`.
template <class Heal>
void FillAndHeal(GatewayProcess& gateway, const TortureUpstream& upstream, const std::string& said,
                 Heal heal) {
  CAPTURE(ReadFile(said));
  std::map<uint64_t, std::string> ids;
  const uint64_t full = FillUp(gateway, &ids);
  CHECK(full > 0);
  CHECK(Chat(gateway, PlainBody(1'000'000)).status == 200);
  CHECK(Ask(gateway.port(), "GET", "/v1/requests/" + ids[0]).status == 200);
  CHECK(Ask(gateway.port(), "GET", "/readyz").status == 200);
  CHECK(gateway.runs());
  const int64_t refused = upstream.Of(full).arrived;
  CHECK(refused == 0);
  heal();
  REQUIRE(Await([&] { return Chat(gateway, KeyedBody(full, true, 20'000)).status == 200; }));
  CheckAll(gateway, upstream, ids);
  CHECK(gateway.Terminate() == 0);
}

bool CagesDisks() {
  const bool can = CanCageDisks();
  if (!can) WARN("not tried: this system gives processes no file systems of their own");
  return can;
}

TEST_CASE("gateway disk: a limit on files is a 503 with a reason, and it heals", "[wire]") {
  const TempFolder folder;
  const TortureUpstream upstream(2, &AlwaysAnswer);
  const std::string config = folder.Write(
      "gateway.json", TortureConfig(upstream, SqliteRecord(folder, "record.db")).dump());
  GatewayCage cage;
  cage.file_bytes = 700'000;
  const std::string said = folder.Path("said");
  GatewayProcess gateway(config, said, cage);
  REQUIRE(gateway.AwaitReady());
  FillAndHeal(gateway, upstream, said, [&] { gateway.LimitFiles(RLIM_INFINITY); });
}

TEST_CASE("gateway disk: a full disk is a 503 with a reason, and it heals", "[wire]") {
  if (!CagesDisks()) return;
  const TempFolder folder;
  REQUIRE(mkdir(folder.Path("disk").c_str(), 0700) == 0);
  const TortureUpstream upstream(2, &AlwaysAnswer);
  const std::string config = folder.Write(
      "gateway.json", TortureConfig(upstream, SqliteRecord(folder, "disk/record.db")).dump());
  GatewayCage cage;
  cage.disk = folder.Path("disk");
  cage.disk_bytes = 4 << 20;
  const std::string said = folder.Path("said");
  GatewayProcess gateway(config, said, cage);
  REQUIRE(gateway.AwaitReady());
  const std::string filler = gateway.Inside(folder.Path("disk/filler"));
  std::ofstream(filler) << std::string(3 << 20, 'x');
  FillAndHeal(gateway, upstream, said, [&] { std::remove(filler.c_str()); });
}

TEST_CASE("gateway disk: an answer that came while the disk was full is kept, and none asked again",
          "[wire]") {
  const TempFolder folder;
  const TortureUpstream upstream(2, [](uint64_t, uint32_t) { return TortureFate::kSlowAnswer; });
  json settings = TortureConfig(upstream, SqliteRecord(folder, "record.db"));
  settings["async"]["record"]["lease"] = "300ms";  // runs out while nothing can be written
  const std::string config = folder.Write("gateway.json", settings.dump());
  const std::string said = folder.Path("said");
  GatewayProcess gateway(config, said);
  REQUIRE(gateway.AwaitReady());
  std::map<uint64_t, std::string> ids;
  ids[7] = Chat(gateway, KeyedBody(7, false, 20'000)).Json().value("id", "");
  REQUIRE(Await([&] { return upstream.Of(7).arrived == 1; }));
  gateway.LimitFiles(1);
  REQUIRE(Await([&] { return upstream.Of(7).answered == 1; }));
  Pause(std::chrono::milliseconds(700));
  CheckRefused(Chat(gateway, KeyedBody(8, true)));
  gateway.LimitFiles(RLIM_INFINITY);
  CAPTURE(ReadFile(said));
  CheckAll(gateway, upstream, ids);
}

TEST_CASE("gateway disk: a record that cannot be written to from the start", "[wire]") {
  if (!CagesDisks()) return;
  const TempFolder folder;
  REQUIRE(mkdir(folder.Path("disk").c_str(), 0700) == 0);
  const TortureUpstream upstream(2, &AlwaysAnswer);
  const std::string config = folder.Write(
      "gateway.json", TortureConfig(upstream, SqliteRecord(folder, "disk/record.db")).dump());
  const std::string said = folder.Path("said");
  std::map<uint64_t, std::string> ids;
  {
    GatewayProcess gateway(config, said);
    REQUIRE(gateway.AwaitReady());
    const GatewayReply reply = Chat(gateway, KeyedBody(0, true, 20'000));
    REQUIRE(reply.status == 200);
    ids[0] = reply.Header("x-request-id");
    CHECK(gateway.Terminate() == 0);
  }
  {
    GatewayCage cage;
    cage.read_only = folder.Path("disk");
    GatewayProcess gateway(config, said, cage);
    CAPTURE(ReadFile(said));
    REQUIRE(gateway.AwaitReady());
    CheckRefused(Chat(gateway, KeyedBody(1, true)));
    CheckRefused(Chat(gateway, KeyedBody(2, false)));
    CHECK(Chat(gateway, PlainBody(1'000'000)).status == 200);
    CHECK(Ask(gateway.port(), "GET", "/v1/requests/" + ids[0]).status == 200);
    CHECK(upstream.Of(1).arrived == 0);
    CHECK(gateway.Terminate() == 0);
    CHECK(Lines(ReadFile(said)) < 10);
  }
  GatewayProcess gateway(config, said);
  REQUIRE(gateway.AwaitReady());
  CheckAll(gateway, upstream, ids);
}

TEST_CASE("gateway disk: a server that takes no writes for a while", "[wire]") {
  const auto server = PostgresServer::Start();
  if (!server) return;
  const TempFolder folder;
  const TortureUpstream upstream(2, &AlwaysAnswer);
  const json record = {{"store", "postgres"}, {"connection", server->connection()}};
  const std::string config = folder.Write("gateway.json", TortureConfig(upstream, record).dump());
  const std::string said = folder.Path("said");
  GatewayProcess gateway(config, said);
  REQUIRE(gateway.AwaitReady());
  std::map<uint64_t, std::string> ids;
  ids[0] = Chat(gateway, KeyedBody(0, true, 20'000)).Header("x-request-id");
  // Connections learn of it when they are made.
  const auto writes = [&](const std::string& off) {
    server->Execute(
        Cat("BEGIN READ WRITE; ALTER DATABASE postgres SET "
            "default_transaction_read_only = ",
            off, "; COMMIT"));
    server->Execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'squall'");
  };
  writes("on");
  uint64_t fresh = 100;
  REQUIRE(
      Await([&] { return Contains(Chat(gateway, KeyedBody(fresh++, true)).body, "read only"); }));
  CheckRefused(Chat(gateway, KeyedBody(2, false)));
  CHECK(Chat(gateway, PlainBody(1'000'000)).status == 200);
  CHECK(Ask(gateway.port(), "GET", "/v1/requests/" + ids[0]).status == 200);
  writes("off");
  REQUIRE(Await([&] { return Chat(gateway, KeyedBody(2, true)).status == 200; }));
  CAPTURE(ReadFile(said));
  CheckAll(gateway, upstream, ids);
  CHECK(gateway.Terminate() == 0);
}

}  // namespace
}  // namespace squall::gateway_disk_wire_test
