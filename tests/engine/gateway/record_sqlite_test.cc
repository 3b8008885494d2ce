// What only the SQLite store can meet: damaged files, files of others, full and read-only disks.
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "engine/gateway/record.h"
#include "tests/engine/gateway/record_claims.h"
#include "tests/engine/gateway/record_files.h"

namespace squall::record_sqlite_test {
namespace {

constexpr UnixTime kT = kRecordStart;

// Another program's hands on the file.
void Tamper(const std::string& file, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  char* words = nullptr;
  const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &words);
  INFO((words == nullptr ? "" : words));
  CHECK(code == SQLITE_OK);
  sqlite3_free(words);
  sqlite3_close(db);
}

std::string ReadFile(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void WriteFile(const std::string& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

TEST_CASE("record sqlite: a version it does not know is refused and left alone", "[record]") {
  const RecordFolder folder;
  const RecordPlace place = folder.Place();
  Must(place.Open()->Accept(RequestOf("k"), kT));
  Tamper(folder.file(), "PRAGMA user_version = 7");
  const std::string before = ReadFile(folder.file());
  const absl::Status status = OpenRecord(place.config).status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(std::string(status.message()) ==
        folder.file() + ": a request record of version 7; this squall knows version 1");
  CHECK(ReadFile(folder.file()) == before);
}

TEST_CASE("record sqlite: what is no record is refused and left alone", "[record]") {
  const RecordFolder folder;
  const RecordPlace place = folder.Place();
  Tamper(folder.file(), "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
  const std::string before = ReadFile(folder.file());
  CHECK(absl::IsDataLoss(OpenRecord(place.config).status()));
  CHECK(ReadFile(folder.file()) == before);

  place.wipe();
  WriteFile(folder.file(), std::string(8192, 'x'));
  CHECK(absl::IsDataLoss(OpenRecord(place.config).status()));
  CHECK(ReadFile(folder.file()) == std::string(8192, 'x'));

  place.wipe();
  RecordConfig nowhere = place.config;
  nowhere.path = folder.path() + "/no/such/folder.db";
  const absl::Status status = OpenRecord(nowhere).status();
  CHECK(absl::IsUnavailable(status));
  CHECK(std::string(status.message()).find("No such file") != std::string::npos);
}

TEST_CASE("record sqlite: a damaged page is found by Check or before", "[record]") {
  const RecordFolder folder;
  const RecordPlace place = folder.Place();
  {
    const auto record = place.Open();
    for (int i = 0; i < 200; ++i) {
      const RequestLock lock = *Must(record->Accept(RequestOf("", "{}", true), kT)).lock;
      MustOk(record->Complete(lock, std::string(500, 'r'), 200, kT));
    }
    MustOk(record->Check());
  }
  const std::string good = ReadFile(folder.file());
  REQUIRE(good.size() > 20 * 4096);
  int damaged = 0;
  for (size_t page = 0; page < good.size() / 4096; ++page) {
    std::string bad = good;
    for (size_t i = 0; i < 64; ++i) bad[page * 4096 + i] = static_cast<char>(0xa5);
    WriteFile(folder.file(), bad);
    const auto record = OpenRecord(place.config);
    absl::Status status = record.status();
    if (status.ok()) status = (*record)->Check();
    CAPTURE(page, status);
    CHECK(absl::IsDataLoss(status));
    ++damaged;
  }
  CHECK(damaged > 20);
}

TEST_CASE("record sqlite: each broken rule between rows is found", "[record]") {
  const RecordFolder folder;
  const RecordPlace place = folder.Place();
  const std::string damages[] = {
      "UPDATE requests SET status = 'lost'",
      "UPDATE requests SET finished = 1",
      "UPDATE requests SET result = 'x'",
      "UPDATE requests SET body = NULL",
      "DROP INDEX requests_by_key; INSERT INTO requests (id, client, idempotency_key, endpoint, "
      "body_hash, body, status, token, created_at, updated_at, due_at) SELECT 'req_2', client, "
      "idempotency_key, endpoint, body_hash, body, status, token, 0, 0, 0 FROM requests",
      "UPDATE requests SET attempts = 2",
      "UPDATE attempts SET number = 5",
      "UPDATE requests SET status = 'queued'",
      "PRAGMA foreign_keys = OFF; DELETE FROM requests",
  };
  for (const std::string& damage : damages) {
    place.wipe();
    CAPTURE(damage);
    {
      const auto record = place.Open();
      const RequestLock lock = *Must(record->Accept(RequestOf("k", "{}", true), kT)).lock;
      Must(record->BeginAttempt(lock, "openai", "gpt", kT));
      MustOk(record->Check());
    }
    Tamper(folder.file(), "PRAGMA ignore_check_constraints = ON; " + damage);
    const absl::Status status = place.Open()->Check();
    CAPTURE(status);
    CHECK(absl::IsDataLoss(status));
  }
}

TEST_CASE("record sqlite: one gateway owns a file", "[record]") {
  const RecordFolder folder;
  const RecordPlace place = folder.Place();
  auto first = place.Open();
  const absl::Status second = OpenRecord(place.config).status();
  CHECK(absl::IsUnavailable(second));
  CHECK(std::string(second.message()).find("belongs to another gateway") != std::string::npos);
  Must(first->Accept(RequestOf("k"), kT));
  first.reset();
  CHECK(Must(place.Open()->Counts(kT)).queued == 1);
}

TEST_CASE("record sqlite: others may read the file, and nobody but its owner's user", "[record]") {
  const RecordFolder folder;
  const auto record = folder.Place().Open();
  Must(record->Accept(RequestOf("k"), kT));
  Tamper(folder.file(), "SELECT COUNT(*) FROM requests");
  Must(record->Accept(RequestOf("k2"), kT));
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat info {};
    CAPTURE(suffix);
    REQUIRE(stat((folder.file() + suffix).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
}

TEST_CASE("record sqlite: finished bodies and purged results leave the file", "[record]") {
  const RecordFolder folder;
  const RecordPlace place = folder.Place();
  const std::string prompt = "a prompt that is nobody's business";
  const std::string answer = "an answer that is nobody's business";
  const std::string padding(10'000, '.');
  {
    const auto record = place.Open();
    const auto reply = Must(record->Accept(RequestOf("k", padding + prompt, true), kT));
    MustOk(record->Complete(*reply.lock, padding + answer, 200, kT));
  }
  CHECK(ReadFile(folder.file()).find(prompt) == std::string::npos);
  CHECK(ReadFile(folder.file()).find(answer) != std::string::npos);
  CHECK(Must(place.Open()->Purge(kT + place.config.retention, 10)) == 1);
  CHECK(ReadFile(folder.file()).find(answer) == std::string::npos);
}

TEST_CASE("record sqlite: full means no new requests, and those accepted can finish", "[record]") {
  for (const bool in_memory : {false, true}) {
    const RecordFolder folder;
    RecordPlace place = in_memory ? MemoryPlace() : folder.Place();
    place.config.max_bytes = 1 << 20;
    const auto record = place.Open();
    std::vector<RequestLock> locks;
    absl::Status full;
    while (full.ok() && locks.size() < 1000) {
      const auto reply = record->Accept(RequestOf("", std::string(20'000, 'x'), true), kT);
      full = reply.status();
      if (full.ok()) locks.push_back(*reply->lock);
    }
    CHECK(absl::IsUnavailable(full));
    CHECK(std::string(full.message()) == "request record: full (max_bytes)");
    REQUIRE(locks.size() > 30);
    // Its tenth of the space is for these.
    Must(record->BeginAttempt(locks[0], "openai", "gpt", kT));
    MustOk(record->Complete(locks[0], std::string(30'000, 'r'), 200, kT));
    CHECK(Must(record->Get(locks[0].id, "alice")).result.size() == 30'000);
    // A result that does not fit is refused whole, and may be tried again.
    const absl::Status none = record->Complete(locks[1], std::string(500'000, 'r'), 200, kT);
    CHECK(absl::IsUnavailable(none));
    CHECK(std::string(none.message()).find("disk full") != std::string::npos);
    CHECK(Must(record->Get(locks[1].id, "alice")).status == RequestStatus::kProcessing);
    for (size_t i = 1; i < locks.size(); ++i) MustOk(record->Complete(locks[i], "short", 200, kT));
    Must(record->Accept(RequestOf("", std::string(20'000, 'x')), kT));
    MustOk(record->Check());
  }
}

TEST_CASE("record sqlite: a group with one that does not fit loses only that one", "[record]") {
  RecordPlace place = MemoryPlace();
  place.config.max_bytes = 1 << 20;
  const auto record = place.Open();
  const absl::Status status = record->Group([&] {
    CHECK(record->Accept(RequestOf("a"), kT).ok());
    CHECK(absl::IsUnavailable(
        record->Accept(RequestOf("b", std::string(1 << 20, 'x')), kT).status()));
    // The transaction may be gone by now: nothing runs outside of it.
    CHECK(absl::IsUnavailable(record->Accept(RequestOf("c"), kT).status()));
    CHECK(absl::IsUnavailable(record->Counts(kT).status()));
  });
  CHECK(absl::IsUnavailable(status));
  CHECK(Must(record->Counts(kT)).queued == 0);
  CHECK(Must(record->Accept(RequestOf("a"), kT)).outcome == AcceptOutcome::kAccepted);
}

// As a disk that has no more room for the log: every write past this many bytes of a file fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before_) == 0);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_CASE("record sqlite: where writes fail nothing is lost and reads go on", "[record]") {
  const RecordFolder folder;
  const RecordPlace place = folder.Place();
  const auto record = place.Open();
  std::vector<std::string> ids;
  absl::Status status;
  {
    const FileSizeLimit limit(300'000);
    while (status.ok() && ids.size() < 1000) {
      const auto reply = record->Accept(
          RequestOf("key " + std::to_string(ids.size()), std::string(5000, 'x')), kT);
      status = reply.status();
      if (status.ok()) ids.push_back(reply->request.id);
    }
    CHECK(absl::IsUnavailable(status));
    REQUIRE(ids.size() > 10);
    for (const std::string& id : ids) Must(record->Get(id, "alice"));
    CHECK(Must(record->Counts(kT)).queued == static_cast<int64_t>(ids.size()));
  }
  CHECK(Must(record->Accept(RequestOf("after"), kT)).outcome == AcceptOutcome::kAccepted);
  MustOk(record->Check());
  for (size_t i = 0; i < ids.size(); ++i) {
    CHECK(Must(record->Get(ids[i], "alice")).idempotency_key == "key " + std::to_string(i));
  }
}

// Runs `body` as a user who is bound by the modes of files, in a process of its own, and says
// whether it returned true.
bool AsOrdinaryUser(const std::function<bool()>& body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(3);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_CASE("record sqlite: a read-only record says so and still serves reads", "[record]") {
  const RecordFolder folder;
  const RecordPlace place = folder.Place();
  for (const bool after_crash : {false, true}) {
    place.wipe();
    auto record = place.Open();
    const RequestLock lock = *Must(record->Accept(RequestOf("k", "{}", true), kT)).lock;
    MustOk(record->Complete(lock, "answer", 200, kT));
    std::string log;
    std::string index;
    if (after_crash) {  // what is left then: the log and its index
      log = ReadFile(folder.file() + "-wal");
      index = ReadFile(folder.file() + "-shm");
      const std::string main = ReadFile(folder.file());
      record.reset();
      WriteFile(folder.file(), main);
      WriteFile(folder.file() + "-wal", log);
      WriteFile(folder.file() + "-shm", index);
    }
    record.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      REQUIRE(chmod(entry.path().c_str(), 0444) == 0);
    }
    REQUIRE(chmod(folder.path().c_str(), 0555) == 0);
    const bool served = AsOrdinaryUser([&] {
      const auto read_only = OpenRecord(place.config);
      if (!read_only.ok()) return false;
      const auto seen = (*read_only)->Get(lock.id, "alice");
      const absl::Status refused = (*read_only)->Accept(RequestOf("new"), kT).status();
      absl::Status grouped;
      const absl::Status group =
          (*read_only)->Group([&] { grouped = (*read_only)->Get(lock.id, "alice").status(); });
      return seen.ok() && seen->result == "answer" && absl::IsUnavailable(refused) &&
             refused.message().find("read only") != absl::string_view::npos && grouped.ok() &&
             group.ok() && (*read_only)->Check().ok();
    });
    CAPTURE(after_crash);
    CHECK(served);
    REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
  }
}

TEST_CASE("record sqlite: random calls agree with a model, in a file", "[record]") {
  const RecordFolder folder;
  RecordPlace place = folder.Place();
  place.config.sync = RecordSync::kNormal;
  for (uint64_t seed = 101; seed <= 104; ++seed) {
    RecordModelRun run;
    run.seed = seed;
    run.on_unknown = seed % 2 == 0 ? UnknownPolicy::kFail : UnknownPolicy::kRetry;
    CheckRecordAgainstModel(place, 1, run);
  }
}

}  // namespace
}  // namespace squall::record_sqlite_test
