// TableRecord: what the record means, over any SqlConnection. SQLite and PostgreSQL share all of
// it, so that they cannot come to mean different things.
//
// Threads and errors: RequestRecord's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/gateway/record.h"
#include "engine/gateway/record_sql.h"

namespace squall {

// A Group() that is running: its transaction begins with the first operation that writes.
struct RecordGroup {
  bool begun = false;
  std::optional<UnixTime> now;  // the store's clock
  absl::Status error;           // the first that was nobody's own; nothing runs after it
};

class TableRecord final : public RequestRecord {
 public:
  TableRecord(const RecordConfig& config, std::unique_ptr<SqlConnection> connection)
      : config_(config), connection_(std::move(connection)) {}

  absl::StatusOr<AcceptReply> Accept(const NewRequest& request, UnixTime now) override;
  absl::StatusOr<RecordedRequest> Get(const std::string& id, const std::string& client) override;
  absl::StatusOr<std::vector<RecordedAttempt>> Attempts(const std::string& id,
                                                        const std::string& client) override;
  absl::StatusOr<std::optional<ClaimedRequest>> ClaimNext(UnixTime now) override;
  absl::StatusOr<UnixTime> Renew(const RequestLock& lock, UnixTime now) override;
  absl::StatusOr<int64_t> BeginAttempt(const RequestLock& lock, const std::string& provider,
                                       const std::string& model, UnixTime now) override;
  absl::Status FinishAttempt(const RequestLock& lock, int64_t number, const RecordedEnd& end,
                             UnixTime now) override;
  absl::Status Complete(const RequestLock& lock, const std::string& result, int64_t http_status,
                        UnixTime now) override;
  absl::Status Fail(const RequestLock& lock, const RequestFailure& failure, UnixTime now) override;
  absl::Status ScheduleRetry(const RequestLock& lock, UnixTime not_before,
                             const std::string& error_code, UnixTime now) override;
  absl::StatusOr<RecoveryReport> Recover(UnixTime now) override;
  absl::StatusOr<int64_t> Purge(UnixTime now, int64_t rows_max) override;
  absl::StatusOr<RecordCounts> Counts(UnixTime now) override;
  absl::Status Check() override;
  absl::Status Group(absl::FunctionRef<void()> operations) override;

 private:
  // Runs `body` in the group's transaction or in one of its own, at the transaction's time. What
  // it returns for its own sake (see Group()) keeps what it wrote.
  absl::Status Write(UnixTime now, absl::FunctionRef<absl::Status(UnixTime)> body);

  // A request whose lock is the caller's, until the transaction ends.
  struct Held {
    int64_t seq;
    int64_t attempts;
    UnixTime at;  // the transaction's time
  };
  // As Write(), under a lock; Aborted where it has passed to another.
  absl::Status WriteHeld(const RequestLock& lock, UnixTime now,
                         absl::FunctionRef<absl::Status(const Held&)> body);

  // The same, giving the lock back: what still runs of the request is abandoned.
  absl::Status Release(const RequestLock& lock, UnixTime now,
                       absl::FunctionRef<absl::StatusOr<SqlRows>(const Held&)> statement);

  // One statement that only reads, in the group's transaction if that has begun.
  absl::StatusOr<SqlRows> Read(const SqlStatement& statement,
                               std::initializer_list<SqlParameter> parameters);

  absl::StatusOr<bool> FindKey(const NewRequest& request, UnixTime now, AcceptReply* reply);
  absl::StatusOr<bool> Insert(const NewRequest& request, UnixTime now, AcceptReply* reply);
  absl::StatusOr<bool> ClaimRow(const SqlRow& row, UnixTime now,
                                std::optional<ClaimedRequest>* claimed);
  absl::Status RecoverBatch(UnixTime now, RecoveryReport* report, int64_t* rows);

  struct Lost {
    int64_t attempts = 0;  // that were running, and are unknown now
    bool failed = false;   // the request, by policy, for these or for an unknown one before
  };
  absl::StatusOr<Lost> LoseAttempts(int64_t seq, UnixTime now);

  const RecordConfig config_;
  const std::unique_ptr<SqlConnection> connection_;

  std::optional<RecordGroup> group_;
};

}  // namespace squall
