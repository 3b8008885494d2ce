// The queue between an event loop and a record: in the wire tests because it has threads, which the
// thread sanitizer runs there.
#include <boost/asio/io_context.hpp>
#include <future>
#include <optional>
#include <set>
#include <thread>

#include "engine/gateway/record_queue.h"
#include "tests/engine/gateway/record_claims.h"
#include "tests/engine/gateway/record_files.h"

namespace squall::record_queue_wire_test {
namespace {

std::unique_ptr<RecordQueue> OpenQueue(const RecordConfig& config) {
  return Must(RecordQueue::Open(config, [] { return kRecordStart; }));
}

// Runs a coroutine on a loop of its own until it is done.
void RunLoop(Task<> task) {
  asio::io_context io(1);
  Spawn(io.get_executor(), std::move(task));
  io.run();
}

// Holds up the queue's thread until it is let go.
class Stopper {
 public:
  explicit Stopper(RecordQueue& queue) {
    queue.Submit(
        [this](RequestRecord&) {
          began_.set_value();
          go_.get_future().wait();
        },
        [this](const absl::Status&) { ended_.set_value(); });
    began_.get_future().wait();
  }
  ~Stopper() { LetGo(); }
  void LetGo() {
    if (gone_) return;
    gone_ = true;
    go_.set_value();
    ended_.get_future().wait();
  }

 private:
  std::promise<void> began_;
  std::promise<void> go_;
  std::promise<void> ended_;
  bool gone_ = false;
};

Task<> WholeLife(RecordQueue& queue, int* done) {
  const auto loop = std::this_thread::get_id();
  NewRequest request = RequestOf("k", "body");
  const auto accepted = co_await queue.Accept(std::move(request));
  CHECK(std::this_thread::get_id() == loop);
  const std::string id = Must(accepted).request.id;
  const auto claimed = co_await queue.ClaimNext();
  const RequestLock lock = Must(claimed)->lock;
  CHECK(lock.id == id);
  const auto until = co_await queue.Renew(lock);
  Must(until);
  const auto number = co_await queue.BeginAttempt(lock, "openai", "gpt");
  CHECK(Must(number) == 1);
  RecordedEnd end;
  end.outcome = RecordedOutcome::kFailed;
  end.error_code = "overloaded";
  const auto finished = co_await queue.FinishAttempt(lock, 1, end);
  MustOk(finished);
  const auto later = co_await queue.ScheduleRetry(lock, kRecordStart, "overloaded");
  MustOk(later);
  const auto stale = co_await queue.Complete(lock, "answer", 200);
  CHECK(IsStaleLock(stale));
  const auto again = co_await queue.ClaimNext();
  const RequestLock second = Must(again)->lock;
  const auto completed = co_await queue.Complete(second, "answer", 200);
  MustOk(completed);
  const auto seen = co_await queue.Get(id, "alice");
  CHECK(Must(seen).result == "answer");
  const auto attempts = co_await queue.Attempts(id, "alice");
  CHECK(Must(attempts).size() == 1);
  const auto none = co_await queue.Get(id, "bob");
  CHECK(absl::IsNotFound(none.status()));
  const auto counts = co_await queue.Counts();
  CHECK(Must(counts).queued == 0);
  const auto purged = co_await queue.Purge(10);
  CHECK(Must(purged) == 0);
  const auto recovered = co_await queue.Recover();
  CHECK(Must(recovered).requeued == 0);
  const auto checked = co_await queue.Check();
  MustOk(checked);
  CHECK(std::this_thread::get_id() == loop);
  ++*done;
}

TEST_CASE("record queue: every call comes back on its caller's loop", "[record]") {
  const auto queue = OpenQueue(MemoryPlace().config);
  int done = 0;
  RunLoop(WholeLife(*queue, &done));
  CHECK(done == 1);
}

Task<> AcceptOne(RecordQueue& queue, std::string key, std::string body, std::set<std::string>* ids,
                 int* refused) {
  NewRequest request = RequestOf(key, body);
  const auto reply = co_await queue.Accept(std::move(request));
  if (reply.ok()) {
    ids->insert(reply->request.id);
  } else {
    CHECK(absl::IsUnavailable(reply.status()));
    ++*refused;
  }
}

TEST_CASE("record queue: what has gathered is one transaction, and durable when it is told",
          "[record]") {
  const RecordFolder folder;
  const RecordPlace place = folder.Place();
  std::set<std::string> ids;
  int refused = 0;
  {
    const auto queue = OpenQueue(place.config);
    asio::io_context io(1);
    {
      Stopper stopper(*queue);
      for (int i = 0; i < 500; ++i) {
        Spawn(io.get_executor(),
              AcceptOne(*queue, "key " + std::to_string(i), "body", &ids, &refused));
      }
      io.poll();
      CHECK(queue->waiting() == 500);
      CHECK(ids.empty());
    }
    io.run();
  }
  CHECK(ids.size() == 500);
  CHECK(refused == 0);
  const auto record = place.Open();
  for (const std::string& id : ids) Must(record->Get(id, "alice"));
}

TEST_CASE("record queue: one that cannot be done does not fail those beside it", "[record]") {
  const RecordFolder folder;
  RecordPlace place = folder.Place();
  place.config.max_bytes = 1 << 20;
  place.config.max_body_bytes = 2 << 20;
  const auto queue = OpenQueue(place.config);
  std::set<std::string> ids;
  int refused = 0;
  asio::io_context io(1);
  {
    Stopper stopper(*queue);
    for (int i = 0; i < 20; ++i) {
      const std::string body(i == 10 ? 1 << 20 : 100, 'x');
      Spawn(io.get_executor(), AcceptOne(*queue, "key " + std::to_string(i), body, &ids, &refused));
    }
    io.poll();
  }
  io.run();
  CHECK(ids.size() == 19);
  CHECK(refused == 1);
}

TEST_CASE("record queue: a full queue and a closed one refuse at once", "[record]") {
  const RecordFolder folder;
  RecordPlace place = folder.Place();
  place.config.queue = 3;
  const auto queue = OpenQueue(place.config);
  std::set<std::string> ids;
  int refused = 0;
  asio::io_context io(1);
  {
    Stopper stopper(*queue);
    for (int i = 0; i < 5; ++i) {
      Spawn(io.get_executor(), AcceptOne(*queue, "", "body", &ids, &refused));
    }
    io.poll();
    CHECK(refused == 2);
  }
  io.run();
  CHECK(ids.size() == 3);
  queue->Close();
  queue->Close();
  io.restart();
  Spawn(io.get_executor(), AcceptOne(*queue, "", "body", &ids, &refused));
  io.run();
  CHECK(refused == 3);
}

TEST_CASE("record queue: closing finishes what was queued", "[record]") {
  const RecordFolder folder;
  const RecordPlace place = folder.Place();
  const auto queue = OpenQueue(place.config);
  std::set<std::string> ids;
  int refused = 0;
  asio::io_context io(1);
  for (int i = 0; i < 50; ++i) {
    Spawn(io.get_executor(), AcceptOne(*queue, "", "body", &ids, &refused));
  }
  io.poll();
  queue->Close();
  io.run();
  CHECK(ids.size() == 50);
  CHECK(refused == 0);
}

TEST_CASE("record queue: a record in memory is asked at once, by whoever calls", "[record]") {
  const auto queue = OpenQueue(MemoryPlace().config);
  std::thread::id ran;
  std::optional<absl::Status> told;
  const auto submit = [&] {
    told.reset();
    queue->Submit([&](RequestRecord&) { ran = std::this_thread::get_id(); },
                  [&](const absl::Status& status) { told = status; });
  };
  submit();
  CHECK(ran == std::this_thread::get_id());
  REQUIRE(told.has_value());
  MustOk(*told);
  std::thread(submit).join();
  CHECK(ran != std::this_thread::get_id());
  queue->Close();
  submit();
  REQUIRE(told.has_value());
  CHECK(absl::IsUnavailable(*told));
}

TEST_CASE("record queue: nothing is begun that has waited too long", "[record]") {
  const RecordFolder folder;
  RecordPlace place = folder.Place();
  place.config.wait = 10ms;
  const auto queue = OpenQueue(place.config);
  std::set<std::string> ids;
  int refused = 0;
  asio::io_context io(1);
  {
    Stopper stopper(*queue);
    for (int i = 0; i < 5; ++i) {
      Spawn(io.get_executor(), AcceptOne(*queue, "", "body", &ids, &refused));
    }
    io.poll();
    std::promise<void> never;
    never.get_future().wait_for(50ms);
  }
  io.run();
  CHECK(ids.empty());
  CHECK(refused == 5);
}

Task<> AcceptAndBegin(RecordQueue& queue, RequestLock* lock, int64_t* number) {
  std::function<absl::StatusOr<RequestLock>(RequestRecord&, UnixTime)> both =
      [number](RequestRecord& record, UnixTime now) -> absl::StatusOr<RequestLock> {
    const auto reply = record.Accept(RequestOf("k", "{}", /*claim=*/true), now);
    if (!reply.ok()) return reply.status();
    if (!reply->lock) return absl::AlreadyExistsError("somebody else has it");
    const auto begun = record.BeginAttempt(*reply->lock, "openai", "gpt", now);
    if (!begun.ok()) return begun.status();
    *number = *begun;
    return *reply->lock;
  };
  const auto first = co_await queue.Run<RequestLock>(both);
  *lock = Must(first);
  const auto second = co_await queue.Run<RequestLock>(both);
  CHECK(absl::IsAlreadyExists(second.status()));
}

TEST_CASE("record queue: several calls may be one transaction", "[record]") {
  const auto queue = OpenQueue(MemoryPlace().config);
  RequestLock lock;
  int64_t number = 0;
  RunLoop(AcceptAndBegin(*queue, &lock, &number));
  CHECK(lock.token == 1);
  CHECK(number == 1);
}

}  // namespace
}  // namespace squall::record_queue_wire_test
