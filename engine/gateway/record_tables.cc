#include "engine/gateway/record_tables.h"

#include <algorithm>

#include "engine/base/cat.h"
#include "engine/base/check.h"
#include "engine/gateway/record_fields.h"
#include "engine/gateway/record_statements.h"
#include "engine/gateway/request_id.h"

namespace squall {

namespace sql = record_sql;

namespace {

constexpr int kAcceptTries = 4;       // against others who accept the same key at the same time
constexpr int kClaimsLookedAt = 256;  // failed by policy on the way to one that can be claimed

absl::Status StaleLock() {
  return absl::AbortedError("request record: the lock on this request has passed to another");
}

// Errors that an operation returns for its own sake, after which a transaction goes on.
bool IsOwnError(const absl::Status& status) {
  return status.ok() || absl::IsAborted(status) || absl::IsNotFound(status) ||
         absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status);
}

absl::StatusOr<RecordedRequest> ToRequest(const SqlRow& row) {
  const auto status = RequestStatusOf(row.Text(4));
  if (!status.ok()) return status.status();
  RecordedRequest request;
  request.id = row.Text(0);
  request.client = row.Text(1);
  request.idempotency_key = row.Text(2);
  request.endpoint = row.Text(3);
  request.status = *status;
  request.attempts = row.Int(5);
  request.created_at = {row.Int(6)};
  request.updated_at = {row.Int(7)};
  if (*status == RequestStatus::kRetrying) request.not_before = {row.Int(8)};
  request.last_error_code = row.Text(9);
  request.error_message = row.Text(10);
  request.http_status = row.Int(11);
  request.result = row.Text(12);
  return request;
}

std::string_view Text(RequestStatus status) { return Name(status); }

}  // namespace

// ---- transactions ----

absl::Status TableRecord::Write(UnixTime now, absl::FunctionRef<absl::Status(UnixTime)> body) {
  if (group_) {
    if (!group_->error.ok()) return group_->error;
    if (!group_->begun) {
      const auto begun = connection_->Begin();
      if (!begun.ok()) return group_->error = begun.status();
      group_->begun = true;
      group_->now = *begun;
    }
    absl::Status status = body(group_->now.value_or(now));
    if (!IsOwnError(status)) group_->error = status;
    return status;
  }
  const auto begun = connection_->Begin();
  if (!begun.ok()) return begun.status();
  absl::Status status = body(begun->value_or(now));
  if (!IsOwnError(status)) {
    connection_->Rollback();
    return status;
  }
  const absl::Status durable = connection_->Commit();
  if (durable.ok()) return status;
  connection_->Rollback();
  return durable;
}

absl::StatusOr<SqlRows> TableRecord::Read(const SqlStatement& statement,
                                          std::initializer_list<SqlParameter> parameters) {
  if (group_ && !group_->error.ok()) return group_->error;
  auto rows = connection_->Run(statement, parameters);
  if (group_ && !rows.ok()) group_->error = rows.status();
  return rows;
}

absl::Status TableRecord::Group(absl::FunctionRef<void()> operations) {
  SQUALL_CHECK(!group_);
  group_.emplace();
  operations();
  const RecordGroup group = *std::move(group_);
  group_.reset();
  if (!group.begun) return group.error;
  absl::Status status = group.error;
  if (status.ok()) status = connection_->Commit();
  if (!status.ok()) connection_->Rollback();
  return status;
}

// ---- at the front door ----

absl::StatusOr<AcceptReply> TableRecord::Accept(const NewRequest& request, UnixTime now) {
  if (absl::Status bad = CheckNewRequest(request, config_); !bad.ok()) return bad;
  AcceptReply reply;
  // That the record is full is no reason to undo what others do in the same transaction.
  absl::Status refused;
  const absl::Status status = Write(now, [&](UnixTime at) -> absl::Status {
    const auto has_room = connection_->HasRoom();
    if (!has_room.ok()) return has_room.status();
    // Most keys are new, which the table says by itself.
    for (int i = 0; i < kAcceptTries; ++i) {
      if (*has_room) {
        const auto inserted = Insert(request, at, &reply);
        if (!inserted.ok() || *inserted) return inserted.status();
      }
      const auto found = FindKey(request, at, &reply);
      if (!found.ok() || *found) return found.status();
      if (!*has_room) {
        refused = absl::UnavailableError("request record: full (max_bytes)");
        return absl::OkStatus();
      }
    }
    return absl::UnavailableError("request record: busy (others accept the same key)");
  });
  if (!status.ok()) return status;
  if (!refused.ok()) return refused;
  return reply;
}

// Whether the key stands for a request: then `*reply` says which.
absl::StatusOr<bool> TableRecord::FindKey(const NewRequest& request, UnixTime now,
                                          AcceptReply* reply) {
  if (request.idempotency_key.empty()) return false;
  const auto rows = connection_->Run(
      sql::kFindKey, {std::string_view(request.client), std::string_view(request.idempotency_key)});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return false;
  const SqlRow& row = rows->front();
  const bool finished = row.Int(sql::kRequestColumns + 2) != 0;
  // What Purge() would have deleted is gone, whether it has come by or not.
  const UnixTime forgets = now - config_.retention;
  if (finished && UnixTime{row.Int(8)} <= forgets) {
    const auto gone = connection_->Run(sql::kForget, {row.Int(sql::kRequestColumns), forgets.ns});
    if (!gone.ok()) return gone.status();
    return false;
  }
  auto existing = ToRequest(row);
  if (!existing.ok()) return existing.status();
  const bool same = row.Text(sql::kRequestColumns + 1) == request.body_hash &&
                    existing->endpoint == request.endpoint;
  reply->outcome = same ? AcceptOutcome::kExisting : AcceptOutcome::kConflict;
  reply->request = *std::move(existing);
  if (!same) reply->request.result.clear();
  return true;
}

// Whether it was new.
absl::StatusOr<bool> TableRecord::Insert(const NewRequest& request, UnixTime now,
                                         AcceptReply* reply) {
  const std::string id = NewRequestId();
  const RequestStatus status = request.claim ? RequestStatus::kProcessing : RequestStatus::kQueued;
  const int64_t token = request.claim ? 1 : 0;
  const UnixTime due = request.claim ? now + config_.lease : now;
  SqlParameter key;
  if (!request.idempotency_key.empty()) key = std::string_view(request.idempotency_key);
  const auto rows = connection_->Run(
      sql::kInsert, {std::string_view(id), std::string_view(request.client), key,
                     std::string_view(request.endpoint), std::string_view(request.body_hash),
                     SqlBlob{request.body}, Text(status), token, now.ns, due.ns});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return false;
  reply->outcome = AcceptOutcome::kAccepted;
  reply->request = RecordedRequest();
  reply->request.id = id;
  reply->request.client = request.client;
  reply->request.idempotency_key = request.idempotency_key;
  reply->request.endpoint = request.endpoint;
  reply->request.status = status;
  reply->request.created_at = now;
  reply->request.updated_at = now;
  if (request.claim) reply->lock = RequestLock{id, token};
  return true;
}

absl::StatusOr<RecordedRequest> TableRecord::Get(const std::string& id, const std::string& client) {
  if (!IsPlainText(id) || !IsPlainText(client)) return absl::NotFoundError("no such request");
  const auto rows = Read(sql::kGet, {std::string_view(id), std::string_view(client)});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return absl::NotFoundError("no such request");
  return ToRequest(rows->front());
}

absl::StatusOr<std::vector<RecordedAttempt>> TableRecord::Attempts(const std::string& id,
                                                                   const std::string& client) {
  if (!IsPlainText(id) || !IsPlainText(client)) return absl::NotFoundError("no such request");
  const auto rows = Read(sql::kGetAttempts, {std::string_view(id), std::string_view(client)});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return absl::NotFoundError("no such request");
  std::vector<RecordedAttempt> attempts;
  for (const SqlRow& row : *rows) {
    if (row.Int(0) == 0) continue;  // the request has none
    RecordedAttempt attempt;
    attempt.number = row.Int(0);
    attempt.provider = row.Text(1);
    attempt.model = row.Text(2);
    attempt.started_at = {row.Int(3)};
    attempt.finished_at = {row.Int(4)};
    const auto outcome = RecordedOutcomeOf(row.Text(5));
    if (!outcome.ok()) return outcome.status();
    attempt.end.outcome = *outcome;
    attempt.end.failure_class = row.Text(6);
    attempt.end.error_code = row.Text(7);
    attempt.end.http_status = row.Int(8);
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

// ---- claims ----

absl::StatusOr<std::optional<ClaimedRequest>> TableRecord::ClaimNext(UnixTime now) {
  std::optional<ClaimedRequest> claimed;
  const absl::Status status = Write(now, [&](UnixTime at) -> absl::Status {
    for (int i = 0; i < kClaimsLookedAt; ++i) {
      const auto due = connection_->Run(sql::kNextDue, {at.ns});
      if (!due.ok()) return due.status();
      if (due->empty()) return absl::OkStatus();
      const auto done = ClaimRow(due->front(), at, &claimed);
      if (!done.ok() || *done) return done.status();
    }
    return absl::OkStatus();  // the next call goes on
  });
  if (!status.ok()) return status;
  return claimed;
}

// Whether it was claimed; otherwise policy has failed it.
absl::StatusOr<bool> TableRecord::ClaimRow(const SqlRow& row, UnixTime now,
                                           std::optional<ClaimedRequest>* claimed) {
  const int64_t seq = row.Int(0);
  if (row.Text(1) == Name(RequestStatus::kProcessing)) {
    const auto lost = LoseAttempts(seq, now);
    if (!lost.ok()) return lost.status();
    if (lost->failed) return false;
  }
  const UnixTime lease_until = now + config_.lease;
  const auto rows = connection_->Run(sql::kClaim, {seq, lease_until.ns, now.ns});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return absl::DataLossError("request record: a request that cannot be read");
  const auto unknown = connection_->Run(sql::kCountUnknown, {seq});
  if (!unknown.ok()) return unknown.status();
  const SqlRow& request = rows->front();
  ClaimedRequest& to = claimed->emplace();
  to.lock = {request.Text(0), request.Int(1)};
  to.client = request.Text(2);
  to.idempotency_key = request.Text(3);
  to.endpoint = request.Text(4);
  to.body = request.Text(5);
  to.attempts = request.Int(6);
  to.unknown_attempts = unknown->front().Int(0);
  to.created_at = {request.Int(7)};
  to.lease_until = lease_until;
  return true;
}

// A worker may have recorded that an outcome is unknown, and have died before it failed the request
// for that.
absl::StatusOr<TableRecord::Lost> TableRecord::LoseAttempts(int64_t seq, UnixTime now) {
  const auto running =
      connection_->Run(sql::kEndRunning, {seq, Name(RecordedOutcome::kUnknown), now.ns});
  if (!running.ok()) return running.status();
  Lost lost;
  lost.attempts = static_cast<int64_t>(running->size());
  if (config_.on_unknown != UnknownPolicy::kFail) return lost;
  const auto unknown = connection_->Run(sql::kCountUnknown, {seq});
  if (!unknown.ok()) return unknown.status();
  lost.failed = unknown->front().Int(0) > 0;
  if (!lost.failed) return lost;
  const auto failed = connection_->Run(
      sql::kFailLost,
      {seq, now.ns,
       std::string_view("the gateway stopped during an attempt whose outcome is unknown")});
  if (!failed.ok()) return failed.status();
  return lost;
}

// ---- under a lock ----

absl::Status TableRecord::WriteHeld(const RequestLock& lock, UnixTime now,
                                    absl::FunctionRef<absl::Status(const Held&)> body) {
  return Write(now, [&](UnixTime at) -> absl::Status {
    const auto rows = connection_->Run(sql::kLock, {std::string_view(lock.id), lock.token});
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return StaleLock();
    return body({rows->front().Int(0), rows->front().Int(1), at});
  });
}

absl::StatusOr<UnixTime> TableRecord::Renew(const RequestLock& lock, UnixTime now) {
  UnixTime until;
  const absl::Status status = WriteHeld(lock, now, [&](const Held& held) {
    until = held.at + config_.lease;
    return connection_->Run(sql::kRenew, {held.seq, until.ns}).status();
  });
  if (!status.ok()) return status;
  return until;
}

absl::StatusOr<int64_t> TableRecord::BeginAttempt(const RequestLock& lock,
                                                  const std::string& provider,
                                                  const std::string& model, UnixTime now) {
  absl::Status bad = CheckField("provider", provider, 1);
  if (bad.ok()) bad = CheckField("model", model, 0);
  if (!bad.ok()) return bad;
  int64_t number = 0;
  const absl::Status status = WriteHeld(lock, now, [&](const Held& held) -> absl::Status {
    if (held.attempts >= config_.max_attempts) {
      return absl::ResourceExhaustedError(
          Cat("request record: ", config_.max_attempts, " attempts are used up (max_attempts)"));
    }
    number = held.attempts + 1;
    const UnixTime until = held.at + config_.lease;
    const auto begun = connection_->Run(sql::kBegin, {held.seq, number, until.ns, held.at.ns});
    if (!begun.ok()) return begun.status();
    return connection_
        ->Run(sql::kInsertAttempt,
              {held.seq, number, std::string_view(provider), std::string_view(model), held.at.ns})
        .status();
  });
  if (!status.ok()) return status;
  return number;
}

absl::Status TableRecord::FinishAttempt(const RequestLock& lock, int64_t number,
                                        const RecordedEnd& end, UnixTime now) {
  if (end.outcome != RecordedOutcome::kSucceeded && end.outcome != RecordedOutcome::kFailed &&
      end.outcome != RecordedOutcome::kUnknown) {
    return absl::InvalidArgumentError("outcome: expected succeeded, failed or unknown");
  }
  const std::string failure_class = SafeErrorCode(end.failure_class);
  const std::string code = SafeErrorCode(end.error_code);
  return WriteHeld(lock, now, [&](const Held& held) -> absl::Status {
    const auto ended =
        connection_->Run(sql::kFinishAttempt, {held.seq, number, held.at.ns, Name(end.outcome),
                                               std::string_view(failure_class),
                                               std::string_view(code), end.http_status});
    if (!ended.ok()) return ended.status();
    if (ended->empty()) return absl::NotFoundError("request record: no such attempt is running");
    const bool failed = end.outcome != RecordedOutcome::kSucceeded;
    return connection_
        ->Run(sql::kNoteAttempt,
              {held.seq, held.at.ns, failed ? std::string_view(code) : std::string_view()})
        .status();
  });
}

absl::Status TableRecord::Release(
    const RequestLock& lock, UnixTime now,
    absl::FunctionRef<absl::StatusOr<SqlRows>(const Held&)> statement) {
  return WriteHeld(lock, now, [&](const Held& held) -> absl::Status {
    const auto released = statement(held);
    if (!released.ok()) return released.status();
    if (held.attempts == 0) return absl::OkStatus();
    return connection_
        ->Run(sql::kEndRunning, {held.seq, Name(RecordedOutcome::kAbandoned), held.at.ns})
        .status();
  });
}

absl::Status TableRecord::Complete(const RequestLock& lock, const std::string& result,
                                   int64_t http_status, UnixTime now) {
  if (absl::Status bad = CheckFieldSize("result", result, config_.max_body_bytes); !bad.ok())
    return bad;
  return Release(lock, now, [&](const Held& held) {
    return connection_->Run(sql::kComplete, {held.seq, SqlBlob{result}, http_status, held.at.ns});
  });
}

absl::Status TableRecord::Fail(const RequestLock& lock, const RequestFailure& failure,
                               UnixTime now) {
  const std::string code = SafeErrorCode(failure.error_code);
  const std::string message = SafeErrorMessage(failure.message);
  return Release(lock, now, [&](const Held& held) {
    return connection_->Run(sql::kFail,
                            {held.seq, std::string_view(code), std::string_view(message),
                             failure.http_status, held.at.ns});
  });
}

absl::Status TableRecord::ScheduleRetry(const RequestLock& lock, UnixTime not_before,
                                        const std::string& error_code, UnixTime now) {
  const std::string code = SafeErrorCode(error_code);
  return Release(lock, now, [&](const Held& held) {
    return connection_->Run(sql::kRetry,
                            {held.seq, not_before.ns, held.at.ns, std::string_view(code)});
  });
}

}  // namespace squall
