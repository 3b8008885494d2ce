// RecordQueue: the request record for an event loop, which must not wait for a disk. Operations go
// through a bounded queue to the record's own threads (one for SQLite, RecordConfig::threads for
// PostgreSQL) and come back as awaitables. On a record in memory, which waits for nothing, they run
// at once in the calling thread, and their awaitables do not suspend: two changes of threads cost
// many times what they do.
//
// Durable throughput comes from sharing: on SQLite, a thread takes what has gathered, up to
// RecordConfig::group operations, runs it as one transaction with one fsync, and only then lets
// each of them know. (PostgreSQL shares the fsyncs of its connections by itself.) If the
// transaction fails, each operation is run again by itself, so that only those that cannot be done
// fail.
//
// Threads: all public calls from any; an awaitable resumes on its caller's executor, which outlives
// the queue and takes posts from other threads (an io_context does, SimEnv does not). The awaiting
// coroutine cannot be cancelled meanwhile: the wait ends within RecordConfig::wait for each of the
// operations before it, and no sooner, since what is written must not be forgotten.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/task.h"
#include "engine/gateway/record.h"

namespace squall {

class RecordQueue {
 public:
  // Something to do with a record, as one transaction. It may be run more than once, the last time
  // counts, so it only writes what it owns. Runs on a thread of the queue, and on a record in
  // memory within Submit().
  using Operation = std::function<void(RequestRecord&)>;
  // Told once, in the same thread, when the operation is durable or will never be.
  using Done = std::function<void(const absl::Status&)>;
  using Clock = std::function<UnixTime()>;  // from any thread

  // Opens the record (several connections of it, for PostgreSQL) and starts the threads. Errors are
  // OpenRecord()'s. `clock` gives the `now` of the calls below.
  static absl::StatusOr<std::unique_ptr<RecordQueue>> Open(const RecordConfig& config,
                                                           Clock clock = &WallNow);

  // Closes. Every awaitable has been resumed, or posted to its executor, when this returns.
  ~RecordQueue();
  RecordQueue(const RecordQueue&) = delete;
  RecordQueue& operator=(const RecordQueue&) = delete;

  // Never blocks. `done` gets Unavailable, from within this call, if the queue is full or closed;
  // and likewise, from a thread, if the operation has waited for its turn for too long.
  void Submit(Operation operation, Done done);

  // Takes nothing more, and returns when all that was queued is done. Once or more.
  void Close();

  int64_t waiting() const;  // operations now in the queue, for metrics
  UnixTime now() const;     // the clock

  // Several calls as one transaction: `operation` takes a RequestRecord& and the time and returns
  // an absl::StatusOr<T>. For instance Accept() with `claim` and BeginAttempt(), which then cost
  // one fsync together. An error it returns of its own does not undo what its calls have done.
  template <class T>
  Task<absl::StatusOr<T>> Run(std::function<absl::StatusOr<T>(RequestRecord&, UnixTime)> operation);
  Task<absl::Status> RunStatus(std::function<absl::Status(RequestRecord&, UnixTime)> operation);

  // RequestRecord's calls, one transaction each.
  Task<absl::StatusOr<AcceptReply>> Accept(NewRequest request);
  Task<absl::StatusOr<RecordedRequest>> Get(std::string id, std::string client);
  Task<absl::StatusOr<std::vector<RecordedAttempt>>> Attempts(std::string id, std::string client);
  Task<absl::StatusOr<std::optional<ClaimedRequest>>> ClaimNext();
  Task<absl::StatusOr<UnixTime>> Renew(RequestLock lock);
  Task<absl::StatusOr<int64_t>> BeginAttempt(RequestLock lock, std::string provider,
                                             std::string model);
  Task<absl::Status> FinishAttempt(RequestLock lock, int64_t number, RecordedEnd end);
  Task<absl::Status> Complete(RequestLock lock, std::string result, int64_t http_status);
  Task<absl::Status> Fail(RequestLock lock, RequestFailure failure);
  Task<absl::Status> ScheduleRetry(RequestLock lock, UnixTime not_before, std::string error_code);
  Task<absl::StatusOr<RecoveryReport>> Recover();
  Task<absl::StatusOr<int64_t>> Purge(int64_t rows_max);
  Task<absl::StatusOr<RecordCounts>> Counts();
  Task<absl::Status> Check();

 private:
  struct Core;
  RecordQueue(std::unique_ptr<Core> core);

  bool in_memory() const;
  // On a record in memory: at once.
  absl::Status RunHere(absl::FunctionRef<void(RequestRecord&)> operation);

  // Through the queue.
  template <class T>
  Task<absl::StatusOr<T>> Queued(
      std::function<absl::StatusOr<T>(RequestRecord&, UnixTime)> operation);

  std::unique_ptr<Core> core_;
};

// ---- templates ----

// One Run(): shared, because a std::function is copyable and the handler of a coroutine is not.
template <class T, class Handler>
struct RecordCall {
  explicit RecordCall(Handler h)
      : handler(std::move(h)), busy(asio::get_associated_executor(handler)) {}

  // Resumes the caller on its executor.
  void Finish(const absl::Status& durable) {
    absl::StatusOr<T> outcome = durable.ok() ? std::move(result) : absl::StatusOr<T>(durable);
    // A copy that shares nothing with the other thread: the references of a status are counted
    // inside a library that the thread sanitizer does not see into.
    if (!outcome.ok()) {
      outcome = absl::Status(outcome.status().code(), outcome.status().message());
    }
    asio::post(busy.get_executor(),
               [h = std::move(handler), outcome = std::move(outcome)]() mutable {
                 std::move(h)(std::move(outcome));
               });
  }

  Handler handler;
  asio::executor_work_guard<asio::associated_executor_t<Handler>> busy;  // keeps its loop running
  absl::StatusOr<T> result = absl::UnavailableError("request record: not run");
};

template <class T>
Task<absl::StatusOr<T>> RecordQueue::Run(
    std::function<absl::StatusOr<T>(RequestRecord&, UnixTime)> operation) {
  absl::StatusOr<T> result = absl::UnavailableError("request record: not run");
  if (in_memory()) {
    const absl::Status done =
        RunHere([&](RequestRecord& record) { result = operation(record, now()); });
    if (!done.ok()) result = done;
  } else {
    result = co_await Queued<T>(std::move(operation));
  }
  co_return result;
}

template <class T>
Task<absl::StatusOr<T>> RecordQueue::Queued(
    std::function<absl::StatusOr<T>(RequestRecord&, UnixTime)> operation) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(absl::StatusOr<T>)>(
      [](auto handler, RecordQueue* queue,
         std::function<absl::StatusOr<T>(RequestRecord&, UnixTime)> work) {
        auto call = std::make_shared<RecordCall<T, decltype(handler)>>(std::move(handler));
        queue->Submit([queue, call, work = std::move(work)](
                          RequestRecord& record) { call->result = work(record, queue->now()); },
                      [call](const absl::Status& durable) { call->Finish(durable); });
      },
      asio::use_awaitable, this, std::move(operation));
}

}  // namespace squall
