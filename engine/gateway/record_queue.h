// RecordQueue: the request record for an event loop, which must not wait for a disk. Operations go
// through a bounded queue to the record's own threads (one for SQLite and memory, RecordConfig::
// threads for PostgreSQL) and come back as awaitables.
//
// Durable throughput comes from sharing: on SQLite, a thread takes what has gathered, up to
// RecordConfig::group operations, runs it as one transaction with one fsync, and only then lets
// each of them know. (PostgreSQL shares the fsyncs of its connections by itself.) If the
// transaction fails, each operation is run again by itself, so that only those that cannot be done
// fail.
//
// Threads: all public calls from any; an awaitable resumes on its caller's executor. The awaiting
// coroutine cannot be cancelled meanwhile: the wait ends within RecordConfig::wait for each of the
// operations before it, and no sooner, since what is written must not be forgotten.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "engine/base/task.h"
#include "engine/gateway/record.h"

namespace squall {

class RecordQueue {
 public:
  // Something to do with a record, as one transaction. It may be run more than once, the last time
  // counts, so it only writes what it owns. Runs on a thread of the queue.
  using Operation = std::function<void(RequestRecord&)>;
  // Told once, on a thread of the queue, when the operation is durable or will never be.
  using Done = std::function<void(const absl::Status&)>;

  // Opens the record (several connections of it, for PostgreSQL) and starts the threads. Errors are
  // OpenRecord()'s.
  static absl::StatusOr<std::unique_ptr<RecordQueue>> Open(const RecordConfig& config);

  // Ends what is queued, then the threads.
  virtual ~RecordQueue() = default;

  // Never blocks. `done` gets Unavailable, from within this call, if the queue is full or closed.
  virtual void Submit(Operation operation, Done done) = 0;

  // Takes nothing more, and returns when all that was queued is done.
  virtual void Close() = 0;

  virtual int64_t waiting() const = 0;  // operations now in the queue, for metrics

  // Several calls as one transaction: `operation` returns an absl::StatusOr<T>. For instance
  // Accept() with `claim` and BeginAttempt(), which then cost one fsync together.
  template <class T>
  Task<absl::StatusOr<T>> Run(std::function<absl::StatusOr<T>(RequestRecord&)> operation);

  // RequestRecord's calls, one transaction each.
  Task<absl::StatusOr<AcceptReply>> Accept(NewRequest request);
  Task<absl::StatusOr<RecordedRequest>> Get(std::string id, std::string client);
  Task<absl::StatusOr<std::vector<RecordedAttempt>>> Attempts(std::string id, std::string client);
  Task<absl::StatusOr<std::optional<ClaimedRequest>>> ClaimNext();
  Task<absl::StatusOr<UnixTime>> Renew(RequestLock lock);
  Task<absl::StatusOr<int64_t>> BeginAttempt(RequestLock lock, std::string provider,
                                             std::string model);
  Task<absl::Status> FinishAttempt(RequestLock lock, int64_t number, AttemptEnd end);
  Task<absl::Status> Complete(RequestLock lock, std::string result, int64_t http_status);
  Task<absl::Status> Fail(RequestLock lock, RequestFailure failure);
  Task<absl::Status> ScheduleRetry(RequestLock lock, UnixTime not_before, std::string error_code);
  Task<absl::StatusOr<RecoveryReport>> Recover();
  Task<absl::StatusOr<int64_t>> Purge(int64_t rows_max);
  Task<absl::StatusOr<RecordCounts>> Counts();
  Task<absl::Status> Check();
};

}  // namespace squall
