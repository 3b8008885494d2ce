// The PostgreSQL store against a real server: every claim of the record, several gateways at once,
// and a server that is away, killed, busy or hung.
#include <csignal>
#include <set>
#include <thread>

#include "engine/gateway/record.h"
#include "tests/engine/gateway/postgres_server.h"
#include "tests/engine/gateway/record_claims.h"
#include "tests/engine/gateway/record_files.h"

namespace squall::record_postgres_wire_test {
namespace {

constexpr UnixTime kT = kRecordStart;

RecordPlace PlaceOn(const PostgresServer& server) {
  RecordPlace place;
  place.config = RecordTestConfig();
  place.config.store = RecordStore::kPostgres;
  place.config.connection = server.connection();
  place.wipe = [&server] { server.Execute("DROP SCHEMA IF EXISTS squall CASCADE"); };
  return place;
}

Duration Elapsed(std::chrono::steady_clock::time_point since) {
  return std::chrono::steady_clock::now() - since;
}

TEST_CASE("record postgres: every claim holds", "[record]") {
  const auto server = PostgresServer::Start();
  if (!server) return;
  RecordPlace place = PlaceOn(*server);
  for (const RecordSync sync : {RecordSync::kFull, RecordSync::kNormal}) {
    place.config.sync = sync;
    CheckRecordClaims(place);
  }
}

TEST_CASE("record postgres: random calls over three connections agree with a model", "[record]") {
  const auto server = PostgresServer::Start();
  if (!server) return;
  RecordPlace place = PlaceOn(*server);
  for (uint64_t seed = 201; seed <= 204; ++seed) {
    RecordModelRun run;
    run.seed = seed;
    run.steps = 600;
    run.on_unknown = seed % 2 == 0 ? UnknownPolicy::kFail : UnknownPolicy::kRetry;
    CheckRecordAgainstModel(place, 3, run);
  }
}

// What several gateways do at once, each over a connection of its own; Catch2's assertions are for
// one thread, so they only count.
struct GatewayTally {
  std::set<std::string> accepted;
  std::vector<RequestLock> locks;
  int errors = 0;
  absl::Status last_error;

  bool Worked(const absl::Status& status) {
    if (!status.ok()) last_error = status;
    errors += !status.ok();
    return status.ok();
  }
};

template <class F>
std::vector<GatewayTally> AtOnce(const RecordPlace& place, F&& work) {
  std::vector<GatewayTally> tallies(4);
  std::vector<std::thread> threads;
  for (GatewayTally& tally : tallies) {
    threads.emplace_back([&place, &tally, &work] {
      auto record = OpenRecord(place.config);
      if (tally.Worked(record.status())) work(**record, tally);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return tallies;
}

TEST_CASE("record postgres: gateways at once accept a key once and claim a request once",
          "[record]") {
  const auto server = PostgresServer::Start();
  if (!server) return;
  const RecordPlace place = PlaceOn(*server);
  constexpr int kKeys = 100;
  // The tables are made at the same time, too.
  const auto accepts = AtOnce(place, [](RequestRecord& record, GatewayTally& tally) {
    for (int i = 0; i < kKeys; ++i) {
      const auto reply = record.Accept(RequestOf("key " + std::to_string(i)), kT);
      if (!tally.Worked(reply.status())) return;
      tally.errors += reply->outcome == AcceptOutcome::kConflict;
      if (reply->outcome == AcceptOutcome::kAccepted) tally.accepted.insert(reply->request.id);
    }
  });
  std::set<std::string> accepted;
  size_t sum = 0;
  for (const GatewayTally& tally : accepts) {
    INFO(tally.last_error);
    CHECK(tally.errors == 0);
    sum += tally.accepted.size();
    accepted.insert(tally.accepted.begin(), tally.accepted.end());
  }
  CHECK(sum == kKeys);
  CHECK(accepted.size() == kKeys);

  const auto claims = AtOnce(place, [](RequestRecord& record, GatewayTally& tally) {
    for (int i = 0; i < kKeys; ++i) {
      const auto claimed = record.ClaimNext(kT);
      if (!tally.Worked(claimed.status()) || !*claimed) return;
      tally.locks.push_back((*claimed)->lock);
      tally.Worked(record.BeginAttempt((*claimed)->lock, "openai", "gpt", kT).status());
    }
  });
  std::set<std::string> claimed;
  sum = 0;
  for (const GatewayTally& tally : claims) {
    INFO(tally.last_error);
    CHECK(tally.errors == 0);
    sum += tally.locks.size();
    for (const RequestLock& lock : tally.locks) claimed.insert(lock.id);
  }
  CHECK(sum == kKeys);
  CHECK(claimed == accepted);
  MustOk(place.Open()->Check());
}

TEST_CASE("record postgres: a killed server loses nothing, and its gateways come back",
          "[record]") {
  const auto server = PostgresServer::Start();
  if (!server) return;
  RecordPlace place = PlaceOn(*server);
  place.config.wait = 2s;
  const auto record = place.Open();
  const RequestLock lock = *Must(record->Accept(RequestOf("k", "{}", true), kT)).lock;
  Must(record->BeginAttempt(lock, "openai", "gpt", kT));

  server->Kill();
  const auto since = std::chrono::steady_clock::now();
  const absl::Status away = record->Accept(RequestOf("k2"), kT).status();
  CHECK(absl::IsUnavailable(away));
  CHECK(std::string(away.message()).find("no connection") != std::string::npos);
  for (int i = 0; i < 100; ++i) CHECK(absl::IsUnavailable(record->Get(lock.id, "alice").status()));
  CHECK(Elapsed(since) < 10s);

  server->Restart();
  // At the latest after the pause between two attempts to connect.
  absl::Status status = absl::UnavailableError("");
  const auto back = std::chrono::steady_clock::now();
  while (absl::IsUnavailable(status) && Elapsed(back) < 10s) {
    status = record->Complete(lock, "answer", 200, kT);
  }
  MustOk(status);
  CHECK(Must(record->Get(lock.id, "alice")).result == "answer");
  CHECK(Must(record->Accept(RequestOf("k2"), kT)).outcome == AcceptOutcome::kAccepted);

  // A connection that broke while nobody used it is nobody's failure.
  server->Execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'squall'");
  CHECK(Must(record->Accept(RequestOf("k3"), kT)).outcome == AcceptOutcome::kAccepted);
  server->Execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'squall'");
  CHECK(Must(record->Get(lock.id, "alice")).result == "answer");
  MustOk(record->Check());
}

TEST_CASE("record postgres: nobody waits longer than he says", "[record]") {
  const auto server = PostgresServer::Start();
  if (!server) return;
  RecordPlace place = PlaceOn(*server);
  const auto other = place.Open();
  const RequestLock lock = *Must(other->Accept(RequestOf("k", "{}", true), kT)).lock;
  place.config.wait = 200ms;
  const auto record = place.Open();

  SECTION("for a row that somebody holds") {
    auto since = std::chrono::steady_clock::now();
    MustOk(other->Group([&] {
      Must(other->Renew(lock, kT));
      const absl::Status busy = record->Renew(lock, kT).status();
      CHECK(absl::IsUnavailable(busy));
      CHECK(std::string(busy.message()).find("busy") != std::string::npos);
      // Claims pass by what is locked.
      CHECK_FALSE(Must(record->ClaimNext(kT + 1000h)));
    }));
    CHECK(Elapsed(since) < 3s);
    Must(record->Renew(lock, kT));
  }
  SECTION("for a server that has stopped to answer") {
    const auto backend = static_cast<pid_t>(std::stol(
        server->Execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'squall' "
                        "ORDER BY backend_start DESC LIMIT 1")));
    REQUIRE(kill(backend, SIGSTOP) == 0);
    const auto since = std::chrono::steady_clock::now();
    const absl::Status hung = record->Renew(lock, kT).status();
    kill(backend, SIGCONT);
    CAPTURE(hung);
    // It gives that connection up, and may have had time to do it over another.
    CHECK((hung.ok() || absl::IsUnavailable(hung)));
    CHECK(Elapsed(since) >= 200ms);
    CHECK(Elapsed(since) < 3s);
    Must(record->Renew(lock, kT));
  }
}

TEST_CASE("record postgres: leases go by the server's clock unless told otherwise", "[record]") {
  const auto server = PostgresServer::Start();
  if (!server) return;
  RecordPlace place = PlaceOn(*server);
  place.config.clock = RecordClock::kStore;
  place.config.lease = 1h;
  const auto record = place.Open();
  const UnixTime before = WallNow();
  const AcceptReply reply = Must(record->Accept(RequestOf("k", "{}", true), UnixTime{0}));
  const Duration off = reply.request.created_at - before;
  CHECK(off > -1s);
  CHECK(off < 30s);
  CHECK_FALSE(Must(record->ClaimNext(before + 1000h)));
  place.config.clock = RecordClock::kCaller;
  CHECK(Must(place.Open()->ClaimNext(before + 1000h)));
}

TEST_CASE("record postgres: what cannot be used is refused with a reason", "[record]") {
  const auto server = PostgresServer::Start();
  if (!server) return;
  RecordPlace place = PlaceOn(*server);
  const auto refusal = [&](const std::string& connection) {
    RecordConfig config = place.config;
    config.connection = connection;
    return OpenRecord(config).status();
  };
  const absl::Status garbled = refusal("host=x passwd='hunter2");
  CHECK(absl::IsInvalidArgument(garbled));
  CHECK(std::string(garbled.message()).find("hunter2") == std::string::npos);
  const absl::Status missing = refusal("host=/nonexistent password=hunter2");
  CHECK(absl::IsUnavailable(missing));
  CHECK(std::string(missing.message()).find("hunter2") == std::string::npos);
  CHECK(absl::IsUnavailable(refusal(server->connection() + " dbname=nowhere")));

  server->Execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'");
  const absl::Status latin = refusal(server->connection() + " dbname=latin");
  CHECK(absl::IsFailedPrecondition(latin));
  CHECK(std::string(latin.message()).find("UTF8") != std::string::npos);

  const auto record = place.Open();
  server->Execute("ALTER DATABASE postgres SET default_transaction_read_only = on");
  {
    const auto reads = place.Open();
    const absl::Status refused = reads->Accept(RequestOf("k"), kT).status();
    CHECK(absl::IsUnavailable(refused));
    CHECK(std::string(refused.message()).find("read only") != std::string::npos);
    CHECK(Must(reads->Counts(kT)).queued == 0);
  }
  server->Execute(
      "BEGIN READ WRITE; ALTER DATABASE postgres RESET default_transaction_read_only; COMMIT");
  Must(record->Accept(RequestOf("k", "{}", true), kT));
  server->Execute(
      "ALTER TABLE squall.requests DROP CONSTRAINT requests_check2; "
      "UPDATE squall.requests SET result = 'x'");
  CHECK(absl::IsDataLoss(record->Check()));
  server->Execute("UPDATE squall.record SET version = 7");
  const absl::Status version = refusal(server->connection());
  CHECK(absl::IsFailedPrecondition(version));
  CHECK(std::string(version.message()).find("version 7") != std::string::npos);
}

}  // namespace
}  // namespace squall::record_postgres_wire_test
