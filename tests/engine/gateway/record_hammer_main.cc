// squall_record_hammer: a gateway's worth of calls on a request record, until somebody kills it.
// The tests that do so (record_kill_wire_test.cc) read what it was told from its stdout, a line
// each, written once the record has said that it is durable:
//   R <ms> <requeued>      it has opened and recovered the record
//   A <id> <key>           accepted
//   U <id> <attempt>       the attempt has begun; the upstream executes the request
//   C <id> <result>        completed
//   T <id> <attempt>       the attempt has failed and the request is to be retried
//   X <words>              something that may never happen has
//
//   squall_record_hammer sqlite|postgres PATH|CONNECTION full|normal SEED
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/base/cat.h"
#include "engine/base/random.h"
#include "engine/base/real_env.h"
#include "engine/gateway/record_queue.h"

namespace squall {
namespace {

constexpr int kHammerWorkers = 16;
constexpr unsigned kHammerSeconds = 60;  // it ends by itself then, come what may

void Say(const std::string& line) {
  const std::string with_end = line + "\n";  // one write, below the size of a pipe's atomic ones
  if (write(STDOUT_FILENO, with_end.data(), with_end.size()) < 0) _exit(4);
}

struct Hammer {
  RecordQueue& queue;
  RealEnv& env;
  std::string seed_text;
  uint64_t seed;
};

// What is accepted together with its first attempt.
struct Started {
  AcceptReply reply;
  int64_t attempt = 0;
};

NewRequest HammerRequest(const std::string& key, uint64_t bits, bool claim) {
  NewRequest request;
  request.client = "hammer";
  request.idempotency_key = key;
  request.endpoint = "/v1/chat/completions";
  request.body_hash = "hash of " + key;
  request.body = std::string(100 + PickBelow(bits, 6000), 'b');
  request.claim = claim;
  return request;
}

RecordedEnd HammerEnd(RecordedOutcome outcome) {
  RecordedEnd end;
  end.outcome = outcome;
  end.http_status = outcome == RecordedOutcome::kSucceeded ? 200 : 503;
  if (outcome == RecordedOutcome::kFailed) end.error_code = "overloaded";
  return end;
}

Task<> Finish(const Hammer& hammer, RequestLock lock, int64_t attempt, bool fails) {
  Say(Cat("U ", lock.id, " ", attempt));
  const std::string result = Cat("answer-", attempt, "-to-", lock.id);
  std::function<absl::StatusOr<int>(RequestRecord&, UnixTime)> work =
      [lock, attempt, fails, result](RequestRecord& record, UnixTime now) -> absl::StatusOr<int> {
    const auto outcome = fails ? RecordedOutcome::kFailed : RecordedOutcome::kSucceeded;
    absl::Status status = record.FinishAttempt(lock, attempt, HammerEnd(outcome), now);
    if (status.ok()) {
      status = fails ? record.ScheduleRetry(lock, now, "overloaded", now)
                     : record.Complete(lock, result, 200, now);
    }
    if (!status.ok()) return status;
    return 0;
  };
  const absl::StatusOr<int> done = co_await hammer.queue.Run<int>(std::move(work));
  if (done.ok()) {
    Say(fails ? Cat("T ", lock.id, " ", attempt) : Cat("C ", lock.id, " ", result));
  } else if (!IsStaleLock(done.status()) && !absl::IsUnavailable(done.status())) {
    Say(Cat("X ", std::string(done.status().message())));
  }
}

Task<> AcceptAndFinish(const Hammer& hammer, std::string key, uint64_t bits, bool fails) {
  const NewRequest request = HammerRequest(key, bits, /*claim=*/true);
  std::function<absl::StatusOr<Started>(RequestRecord&, UnixTime)> start =
      [request](RequestRecord& record, UnixTime now) -> absl::StatusOr<Started> {
    Started started;
    auto reply = record.Accept(request, now);
    if (!reply.ok()) return reply.status();
    started.reply = *std::move(reply);
    if (!started.reply.lock) return started;
    const auto begun = record.BeginAttempt(*started.reply.lock, "openai", "gpt", now);
    if (!begun.ok()) return begun.status();
    started.attempt = *begun;
    return started;
  };
  const absl::StatusOr<Started> started = co_await hammer.queue.Run<Started>(std::move(start));
  if (!started.ok()) co_return;
  if (!started->reply.lock) {
    Say(Cat("X a new key was known: ", key));
    co_return;
  }
  Say(Cat("A ", started->reply.request.id, " ", key));
  co_await Finish(hammer, *started->reply.lock, started->attempt, fails);
  // The same again is the same request.
  NewRequest again = HammerRequest(key, bits, /*claim=*/true);
  const absl::StatusOr<AcceptReply> known = co_await hammer.queue.Accept(std::move(again));
  if (known.ok() && known->request.id != started->reply.request.id) {
    Say(Cat("X one key, two requests: ", key));
  }
}

Task<> AcceptOnly(const Hammer& hammer, std::string key, uint64_t bits) {
  NewRequest request = HammerRequest(key, bits, /*claim=*/false);
  const absl::StatusOr<AcceptReply> reply = co_await hammer.queue.Accept(std::move(request));
  if (reply.ok()) Say(Cat("A ", reply->request.id, " ", key));
}

Task<> ClaimAndFinish(const Hammer& hammer) {
  const auto claimed = co_await hammer.queue.ClaimNext();
  if (!claimed.ok() || !claimed->has_value()) co_return;
  const RequestLock lock = (*claimed)->lock;
  const absl::StatusOr<int64_t> begun = co_await hammer.queue.BeginAttempt(lock, "openai", "gpt");
  if (!begun.ok()) co_return;
  const int64_t attempt = *begun;
  co_await Finish(hammer, lock, attempt, false);
}

Task<> HammerWorker(const Hammer& hammer, int worker) {
  for (uint64_t i = 0;; ++i) {
    const uint64_t bits = DrawBits(hammer.seed, Stream("hammer"), static_cast<uint64_t>(worker), i);
    const std::string key = Cat(hammer.seed_text, "-", worker, "-", i);
    const uint64_t kind = PickBelow(Mix(bits), 10);
    if (kind < 5) {
      co_await AcceptAndFinish(hammer, key, bits, false);
    } else if (kind < 6) {
      co_await AcceptAndFinish(hammer, key, bits, true);
    } else if (kind < 7) {
      co_await AcceptOnly(hammer, key, bits);
    } else {
      co_await ClaimAndFinish(hammer);
    }
    // Lets others in where the record is away and refuses at once.
    const Time soon = hammer.env.Now() + 200us;
    co_await hammer.env.SleepUntil(soon);
  }
}

Task<> StartHammer(const Hammer& hammer, std::chrono::steady_clock::time_point opened) {
  const absl::StatusOr<RecoveryReport> report = co_await hammer.queue.Recover();
  if (!report.ok()) {
    Say(Cat("X ", std::string(report.status().message())));
    co_return;
  }
  const auto took = std::chrono::steady_clock::now() - opened;
  Say(Cat("R ", took / 1ms, " ", report->requeued));
  for (int i = 0; i < kHammerWorkers; ++i) Spawn(hammer.env.executor(), HammerWorker(hammer, i));
}

int Main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s sqlite|postgres PATH|CONNECTION full|normal SEED\n", argv[0]);
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(kHammerSeconds);
  const auto opened = std::chrono::steady_clock::now();
  RecordConfig config;
  config.store = std::string(argv[1]) == "sqlite" ? RecordStore::kSqlite : RecordStore::kPostgres;
  config.path = config.connection = argv[2];
  config.sync = std::string(argv[3]) == "full" ? RecordSync::kFull : RecordSync::kNormal;
  config.lease = 500ms;
  config.wait = 2s;
  auto queue = RecordQueue::Open(config);
  if (!queue.ok()) {
    Say(Cat("X ", std::string(queue.status().message())));
    return 1;
  }
  RealEnv env;
  const Hammer hammer{**queue, env, argv[4], static_cast<uint64_t>(std::atoll(argv[4]))};
  Spawn(env.executor(), StartHammer(hammer, opened));
  env.io().run();
  return 1;  // only after an X
}

}  // namespace
}  // namespace squall

int main(int argc, char** argv) { return squall::Main(argc, argv); }
