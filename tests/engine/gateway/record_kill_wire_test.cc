// kill -9 of gateways at random points under load, and of the database below them. Whatever their
// record had acknowledged is there afterwards, and nothing twice. $SQUALL_KILLS says how often;
// without it, as often as takes a few seconds.
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "engine/base/random.h"
#include "engine/gateway/record.h"
#include "tests/engine/gateway/kills.h"
#include "tests/engine/gateway/postgres_server.h"
#include "tests/engine/gateway/record_claims.h"
#include "tests/engine/gateway/record_files.h"
#include "tests/paths.h"

namespace squall::record_kill_wire_test {
namespace {

constexpr Duration kRecoveryMax = 2s;

// A hammer (record_hammer_main.cc) that runs until it is killed.
class HammerProcess {
 public:
  HammerProcess(const RecordConfig& config, const std::string& seed) {
    const std::string program =
        std::filesystem::path(SquallBinary()).parent_path() / "squall_record_hammer";
    const bool is_file = config.store == RecordStore::kSqlite;
    const std::string place = is_file ? config.path : config.connection;
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    process_ = fork();
    REQUIRE(process_ >= 0);
    if (process_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      execl(program.c_str(), program.c_str(), is_file ? "sqlite" : "postgres", place.c_str(),
            config.sync == RecordSync::kFull ? "full" : "normal", seed.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    output_ = ends[0];
  }
  ~HammerProcess() { Kill(); }
  HammerProcess(const HammerProcess&) = delete;
  HammerProcess& operator=(const HammerProcess&) = delete;

  // Reads what it says for that long, or until it has said that it runs.
  void Listen(Duration span, bool until_it_runs = false) {
    const auto end = std::chrono::steady_clock::now() + span;
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0 || (until_it_runs && said_.find("R ") != said_.npos)) return;
      pollfd waits{output_, POLLIN, 0};
      if (poll(&waits, 1, static_cast<int>(left.count())) > 0 && !ReadSome()) return;
    }
  }

  // All that it has said. Its last line may have no end.
  const std::string& Kill() {
    if (process_ < 0) return said_;
    kill(process_, SIGKILL);
    while (ReadSome()) {
    }
    int status = 0;
    REQUIRE(waitpid(process_, &status, 0) == process_);
    close(output_);
    process_ = -1;
    return said_;
  }

 private:
  bool ReadSome() {
    char buffer[65536];
    const ssize_t count = read(output_, buffer, sizeof(buffer));
    if (count > 0) said_.append(buffer, static_cast<size_t>(count));
    return count > 0;
  }

  pid_t process_ = -1;
  int output_ = -1;
  std::string said_;
};

// What all hammers together were told by the record.
class Acknowledged {
 public:
  struct Request {
    std::string key;
    std::string result;
    std::vector<int64_t> executed;  // attempts, in the order of the upstream
    std::set<int64_t> failed;       // attempts that said so
  };

  void Take(const std::string& said) {
    std::istringstream lines(said.substr(0, said.rfind('\n') + 1));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      char kind = 0;
      std::string id;
      std::string rest;
      words >> kind >> id >> rest;
      Request& request = requests[id];
      CAPTURE(line);
      if (kind == 'R') {
        requests.erase(id);
        CHECK(std::stoll(id) * 1ms < kRecoveryMax);
        requeued += std::stoll(rest);
        ++starts;
        continue;
      }
      if (kind == 'A') {
        request.key = rest;
      } else if (kind == 'U') {
        request.executed.push_back(std::stoll(rest));
      } else if (kind == 'T') {
        request.failed.insert(std::stoll(rest));
      } else if (kind == 'C') {
        CHECK(request.result.empty());  // two results for one key
        request.result = rest;
      } else {
        FAIL("the hammer says: " << line);
      }
      latest.insert(id);
    }
  }

  // That the record has those told of since the last time, or all of them.
  void Compare(RequestRecord& record, bool all) {
    for (const auto& [id, request] : requests) {
      if (!all && !latest.contains(id)) continue;
      CAPTURE(id, request.key);
      const RecordedRequest seen = Must(record.Get(id, "hammer"));
      if (!request.key.empty() && seen.idempotency_key != request.key) CHECK(false);
      if (!request.result.empty()) {
        if (seen.status != RequestStatus::kCompleted) CHECK(false);
        if (seen.result != request.result) CHECK(seen.result == request.result);
      }
      CompareAttempts(record, id, request);
    }
    latest.clear();
  }

  std::map<std::string, Request> requests;
  std::set<std::string> latest;
  int64_t requeued = 0;
  int starts = 0;

 private:
  // Nothing is executed again but after an attempt that failed or that nobody knows the end of.
  static void CompareAttempts(RequestRecord& record, const std::string& id,
                              const Request& request) {
    if (request.executed.empty()) return;
    const auto attempts = Must(record.Attempts(id, "hammer"));
    const int64_t last = *std::max_element(request.executed.begin(), request.executed.end());
    REQUIRE(std::cmp_greater_equal(attempts.size(), last));
    std::set<int64_t> once(request.executed.begin(), request.executed.end());
    CHECK(once.size() == request.executed.size());
    for (const int64_t number : once) {
      const RecordedOutcome outcome = attempts[static_cast<size_t>(number - 1)].end.outcome;
      CAPTURE(number, Name(outcome));
      if (request.failed.contains(number)) CHECK(outcome == RecordedOutcome::kFailed);
      if (number == last) continue;
      if (outcome != RecordedOutcome::kUnknown && outcome != RecordedOutcome::kFailed) CHECK(false);
    }
  }
};

Duration RandomSpan(uint64_t round, Duration max) {
  const double u = Draw(7, Stream("kill"), round);
  return Duration(static_cast<int64_t>(u * static_cast<double>(max.count())));
}

void KillGateways(RecordSync sync, int kills) {
  const RecordFolder folder;
  RecordPlace place = folder.Place();
  place.config.sync = sync;
  place.config.max_bytes = 4LL << 30;
  Acknowledged acknowledged;
  for (int round = 0; round < kills; ++round) {
    INFO("round " << round);
    HammerProcess hammer(place.config, std::to_string(round));
    hammer.Listen(10s, /*until_it_runs=*/true);
    hammer.Listen(RandomSpan(static_cast<uint64_t>(round), 150ms));
    acknowledged.Take(hammer.Kill());
    REQUIRE(acknowledged.starts == round + 1);
    const auto record = place.Open();
    MustOk(record->Check());
    acknowledged.Compare(*record, /*all=*/round + 1 == kills);
  }
  CHECK(acknowledged.requests.size() > 20);
  CHECK(acknowledged.requeued > 0);  // they were killed in the middle of something
  WARN("sqlite " << (sync == RecordSync::kFull ? "full" : "normal") << ": " << kills << " kills, "
                 << acknowledged.requests.size() << " requests, " << acknowledged.requeued
                 << " taken up again");
}

TEST_CASE("record kill: a killed gateway loses nothing that its record acknowledged", "[record]") {
  KillGateways(RecordSync::kFull, KillsOr(12));
}

TEST_CASE("record kill: nor does one whose record is not flushed each time", "[record]") {
  KillGateways(RecordSync::kNormal, KillsOr(8));
}

TEST_CASE("record kill: of two gateways on PostgreSQL one is killed, and the other goes on",
          "[record]") {
  const auto server = PostgresServer::Start();
  if (!server) return;
  RecordPlace place;
  place.config = RecordTestConfig();
  place.config.store = RecordStore::kPostgres;
  place.config.connection = server->connection();
  Acknowledged acknowledged;
  const int kills = KillsOr(6);
  std::vector<std::unique_ptr<HammerProcess>> hammers(2);
  int started = 0;
  for (int round = 0; round < kills; ++round) {
    for (auto& hammer : hammers) {
      if (hammer) continue;
      hammer = std::make_unique<HammerProcess>(place.config, std::to_string(started++));
      hammer->Listen(10s, /*until_it_runs=*/true);
    }
    const size_t victim = static_cast<size_t>(round % 2);
    hammers[1 - victim]->Listen(RandomSpan(static_cast<uint64_t>(round), 50ms));
    hammers[victim]->Listen(RandomSpan(static_cast<uint64_t>(round) + 1000, 50ms));
    acknowledged.Take(hammers[victim]->Kill());
    hammers[victim].reset();
    // Once in the middle, the server below both.
    if (round == kills / 2) {
      server->Kill();
      server->Restart();
    }
  }
  for (auto& hammer : hammers) {
    if (!hammer) continue;
    hammer->Listen(700ms);  // longer than the leases of those killed
    acknowledged.Take(hammer->Kill());
  }
  CHECK(acknowledged.starts == started);
  const auto record = place.Open();
  MustOk(record->Check());
  acknowledged.Compare(*record, /*all=*/true);
  CHECK(acknowledged.requests.size() > 20);
  WARN("postgres: " << kills << " kills, " << acknowledged.requests.size() << " requests");
}

}  // namespace
}  // namespace squall::record_kill_wire_test
