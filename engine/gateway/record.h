// RequestRecord: the gateway's memory of the requests it has accepted, which outlives the process.
// One interface over SQLite (one gateway, a file or memory) and PostgreSQL (several gateways).
//
//   queued -> processing -> completed | failed | retrying -> processing -> ...
//
// Whoever processes a request holds its lock: a token that is new at every claim, and a lease. An
// expired lease lets another claim the request; from then on the old token is worth nothing, since
// every write names its token in its WHERE clause. Tokens, not clocks, keep a stale worker out: a
// worker whose lease has run out and whom nobody has replaced may still commit.
//
// What is stored: the body of a request until it is completed or failed (it is needed to go on
// after a crash), then only its hash; the result until `retention` has passed; attempts likewise.
// Keys never. An idempotency key stands for its request until `retention` after that has finished.
//
// Threads: an object is used by one thread at a time, and every call may block on a disk or a
// server: see record_queue.h for what an event loop calls. Every wait has a bound (RecordConfig).
// Errors, of all calls: Unavailable (disk full, read only, busy, no connection: the message says
// which, and names no path; nothing was written, try again), DataLoss (the record is corrupt; exit
// code 65), and those named below. Where a connection or a disk breaks in the very commit, nobody
// can tell whether that was written: also Unavailable, and asking again with the same key tells.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/gateway/record_config.h"
#include "engine/gateway/record_time.h"

namespace squall {

enum class RequestStatus : uint8_t { kQueued, kProcessing, kRetrying, kCompleted, kFailed };
std::span<const std::string_view> RequestStatusNames();  // "queued", ...
std::string_view Name(RequestStatus status);
constexpr bool IsFinished(RequestStatus status) { return status >= RequestStatus::kCompleted; }

// The right to write to a request that is processing.
struct RequestLock {
  std::string id;
  int64_t token = 0;  // counts the claims of the request, from 1

  friend bool operator==(const RequestLock&, const RequestLock&) = default;
};

struct NewRequest {
  std::string client;           // id of the client's key, never the key itself; 1..255 bytes
  std::string idempotency_key;  // 1..255 bytes; empty = none: then nothing is like it
  std::string endpoint;         // "/v1/chat/completions", 1..255 bytes
  std::string body_hash;        // CanonicalBodyHash() of record_hash.h, 1..64 bytes
  std::string body;             // as it is to be executed, at most RecordConfig::max_body_bytes
  // Whether the caller goes on to process it: it gets a lock with its acceptance. Otherwise it is
  // queued for ClaimNext().
  bool claim = false;
};

// What Get() says. Times are the record's clock (RecordConfig::clock).
struct RecordedRequest {
  std::string id;  // "req_" and 32 hexadecimal digits from the kernel's generator
  std::string client;
  std::string idempotency_key;
  std::string endpoint;
  RequestStatus status = RequestStatus::kQueued;
  int64_t attempts = 0;  // begun so far
  UnixTime created_at;
  UnixTime updated_at;
  UnixTime not_before;          // of retrying
  std::string last_error_code;  // of the last attempt that failed, or the failure; empty = none
  std::string error_message;    // of failed
  int64_t http_status = 0;      // of completed and failed: what the client is told
  std::string result;           // of completed: the answer's body
};

enum class AcceptOutcome : uint8_t {
  kAccepted,  // new, and durable
  kExisting,  // same client, key, endpoint and body: here it is, in whatever state
  kConflict,  // the key stands for another body (409)
};

struct AcceptReply {
  AcceptOutcome outcome = AcceptOutcome::kAccepted;
  RecordedRequest request;          // of kConflict: the one that has the key, without its result
  std::optional<RequestLock> lock;  // of kAccepted with `claim`
};

// A request to process.
struct ClaimedRequest {
  RequestLock lock;
  std::string client;
  std::string idempotency_key;
  std::string endpoint;
  std::string body;
  int64_t attempts = 0;          // begun before this claim
  int64_t unknown_attempts = 0;  // of those: begun, and nobody knows what came of them
  UnixTime created_at;
  UnixTime lease_until;
};

enum class RecordedOutcome : uint8_t {
  kRunning,    // begun; the request may be on the wire
  kSucceeded,  // an answer that was taken
  kFailed,     // an answer or a transport error that was not; or cancelled (a hedge that lost)
  kUnknown,    // it may have been executed: its worker or its connection was gone too early
  kAbandoned,  // its worker finished the request without waiting for it
};
std::span<const std::string_view> RecordedOutcomeNames();
std::string_view Name(RecordedOutcome outcome);

struct RecordedEnd {
  RecordedOutcome outcome = RecordedOutcome::kFailed;  // kSucceeded, kFailed or kUnknown
  std::string failure_class;                           // of diagnosis.h; empty = none
  std::string error_code;                              // see SafeErrorCode()
  int64_t http_status = 0;                             // of the upstream; 0 = no answer
};

struct RecordedAttempt {
  int64_t number = 0;  // from 1
  std::string provider;
  std::string model;
  UnixTime started_at;
  UnixTime finished_at;  // 0 while it runs
  RecordedEnd end;       // kRunning while it runs
};

struct RequestFailure {
  std::string error_code = "internal";  // see SafeErrorCode()
  std::string message;                  // see SafeErrorMessage()
  int64_t http_status = 500;
};

struct RecoveryReport {
  int64_t requeued = 0;  // were processing, can be claimed again
  int64_t failed = 0;    // had an unknown attempt, and policy says fail
  int64_t unknown_attempts = 0;
};

// Of what is not finished; those that are would have to be counted one by one.
struct RecordCounts {
  int64_t queued = 0;
  int64_t processing = 0;
  int64_t retrying = 0;
  Duration oldest_waiting = Duration::zero();  // age of the oldest queued or retrying; 0 = none
};

class RequestRecord {
 public:
  virtual ~RequestRecord() = default;

  // ---- at the front door
  // ---------------------------------------------------------------------------

  // Durable once it returns kAccepted (inside Group(): once that returns). InvalidArgument: a field
  // is out of its range, and the message names it.
  virtual absl::StatusOr<AcceptReply> Accept(const NewRequest& request, UnixTime now) = 0;

  // NotFound: there is none, or it is another client's.
  virtual absl::StatusOr<RecordedRequest> Get(const std::string& id, const std::string& client) = 0;
  virtual absl::StatusOr<std::vector<RecordedAttempt>> Attempts(const std::string& id,
                                                                const std::string& client) = 0;

  // ---- for whoever processes
  // -----------------------------------------------------------------------

  // The request that has waited longest among those queued, due for a retry, or left behind with an
  // expired lease; nothing if there is none. Attempts of the last kind that were running become
  // kUnknown, and if there are any such RecordConfig::on_unknown decides: the request is claimed,
  // or failed with the code "outcome_unknown" and the next one is looked at.
  virtual absl::StatusOr<std::optional<ClaimedRequest>> ClaimNext(UnixTime now) = 0;

  // The following return Aborted where the lock is no longer the caller's: it must stop working on
  // the request and may not answer for it. Nothing is written then.

  // Extends the lease to now + RecordConfig::lease; returns when it ends.
  virtual absl::StatusOr<UnixTime> Renew(const RequestLock& lock, UnixTime now) = 0;

  // To be durable before the first byte goes upstream. Renews the lease too. Returns the attempt's
  // number, from 1. ResourceExhausted: RecordConfig::max_attempts are used up.
  virtual absl::StatusOr<int64_t> BeginAttempt(const RequestLock& lock, const std::string& provider,
                                               const std::string& model, UnixTime now) = 0;

  // NotFound: no such attempt is running.
  virtual absl::Status FinishAttempt(const RequestLock& lock, int64_t number,
                                     const RecordedEnd& end, UnixTime now) = 0;

  // These three give the lock back. Attempts still running become kAbandoned.
  virtual absl::Status Complete(const RequestLock& lock, const std::string& result,
                                int64_t http_status, UnixTime now) = 0;
  virtual absl::Status Fail(const RequestLock& lock, const RequestFailure& failure,
                            UnixTime now) = 0;
  // Also what a draining worker calls, with not_before = now.
  virtual absl::Status ScheduleRetry(const RequestLock& lock, UnixTime not_before,
                                     const std::string& error_code, UnixTime now) = 0;

  // ---- upkeep
  // --------------------------------------------------------------------------------------

  // Once at start, before anything is claimed. SQLite has one owner, so every lock it finds was
  // held by a process that is gone and is released at once; PostgreSQL releases those that expired.
  virtual absl::StatusOr<RecoveryReport> Recover(UnixTime now) = 0;

  // Deletes up to `rows_max` requests that finished `retention` ago or earlier, with their
  // attempts. Returns how many; call again while it returns rows_max.
  virtual absl::StatusOr<int64_t> Purge(UnixTime now, int64_t rows_max) = 0;

  // The age is told by the caller's clock, whatever RecordConfig::clock says.
  virtual absl::StatusOr<RecordCounts> Counts(UnixTime now) = 0;

  // DataLoss with the first thing found wrong: pages, indexes, and rules between rows (a result for
  // each completed request and for no other, attempts without gaps, ...). Reads the whole record.
  virtual absl::Status Check() = 0;

  // Runs `operations` as one transaction: what they wrote is durable once this returns OK, with one
  // fsync for all, and not there at all if it does not. An error that an operation returned, other
  // than those it is documented to return for its own sake (Aborted, NotFound, InvalidArgument,
  // ResourceExhausted), ends the group with that error. Groups do not nest.
  virtual absl::Status Group(absl::FunctionRef<void()> operations) = 0;
};

// Opens the store that `config` names and makes its tables where there are none. Errors:
// Unavailable (cannot be opened, or its owner lives), DataLoss (not a record, or corrupt),
// FailedPrecondition (of a schema version that this build does not know; it is left as it is).
absl::StatusOr<std::unique_ptr<RequestRecord>> OpenRecord(const RecordConfig& config);

// Whether an error says that the lock was lost.
inline bool IsStaleLock(const absl::Status& status) { return absl::IsAborted(status); }

// What may stand in an error code: 1..40 of [a-z0-9_.-], 4 of them digits at most. Anything else,
// which may come from an upstream and carry what it should not (keys, say), becomes "other"; empty
// stays empty. The record applies both of these to all it stores.
std::string SafeErrorCode(std::string_view code);

// Words of ours for people: at most 256 bytes of printable ASCII. Words longer than 24 bytes, as
// keys are, become "[...]".
std::string SafeErrorMessage(std::string_view message);

}  // namespace squall
