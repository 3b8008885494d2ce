// TableRecord: what is done to the record as a whole.
#include <algorithm>
#include <limits>

#include "engine/base/cat.h"
#include "engine/gateway/record_fields.h"
#include "engine/gateway/record_statements.h"
#include "engine/gateway/record_tables.h"

namespace squall {

namespace sql = record_sql;

namespace {

constexpr int64_t kRecoverBatch = 256;  // requests per transaction

}  // namespace

absl::StatusOr<RecoveryReport> TableRecord::Recover(UnixTime now) {
  RecoveryReport report;
  int64_t rows = kRecoverBatch;
  // Ends: what a batch has seen is no longer processing.
  while (rows == kRecoverBatch) {
    const absl::Status status =
        Write(now, [&](UnixTime at) { return RecoverBatch(at, &report, &rows); });
    if (!status.ok()) return status;
  }
  return report;
}

absl::Status TableRecord::RecoverBatch(UnixTime now, RecoveryReport* report, int64_t* rows) {
  const int64_t until = connection_->IsSoleOwner() ? std::numeric_limits<int64_t>::max() : now.ns;
  const auto left = connection_->Run(sql::kLeftBehind, {until, kRecoverBatch});
  if (!left.ok()) return left.status();
  *rows = static_cast<int64_t>(left->size());
  for (const SqlRow& row : *left) {
    const int64_t seq = row.Int(0);
    const auto lost = LoseAttempts(seq, now);
    if (!lost.ok()) return lost.status();
    report->unknown_attempts += lost->attempts;
    if (lost->failed) {
      ++report->failed;
      continue;
    }
    const auto requeued = connection_->Run(sql::kRequeue, {seq, now.ns});
    if (!requeued.ok()) return requeued.status();
    ++report->requeued;
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> TableRecord::Purge(UnixTime now, int64_t rows_max) {
  int64_t gone = 0;
  const absl::Status status = Write(now, [&](UnixTime at) -> absl::Status {
    const UnixTime until = at - config_.retention;
    const auto rows = connection_->Run(sql::kPurge, {until.ns, rows_max});
    if (!rows.ok()) return rows.status();
    gone = static_cast<int64_t>(rows->size());
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return gone;
}

absl::StatusOr<RecordCounts> TableRecord::Counts(UnixTime now) {
  const auto rows = Read(sql::kCounts, {});
  if (!rows.ok()) return rows.status();
  RecordCounts counts;
  for (const SqlRow& row : *rows) {
    const auto status = RequestStatusOf(row.Text(0));
    if (!status.ok()) return status.status();
    if (*status == RequestStatus::kProcessing) {
      counts.processing = row.Int(1);
      continue;
    }
    (*status == RequestStatus::kQueued ? counts.queued : counts.retrying) = row.Int(1);
    counts.oldest_waiting = std::max(counts.oldest_waiting, now - UnixTime{row.Int(2)});
  }
  return counts;
}

absl::Status TableRecord::Check() {
  if (absl::Status status = connection_->CheckStorage(); !status.ok()) return status;
  for (const sql::Rule& rule : sql::kRules) {
    const auto broken = Read(rule.broken, {});
    if (!broken.ok()) return broken.status();
    if (broken->empty()) continue;
    return absl::DataLossError(Cat("request record: corrupt: ", broken->front().Text(0),
                                   " breaks the rule \"", rule.name, "\""));
  }
  return absl::OkStatus();
}

}  // namespace squall
