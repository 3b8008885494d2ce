// The statements of record_tables.cc, in the common subset of SQLite and
// PostgreSQL (see record_sql.h), and the tables they are about.
//
// requests.due_at is when a request wants attention next: from its acceptance on while it is
// queued, from `not_before` on while it is retrying, at the end of its lease while it is
// processing; once it has finished it is the time at which it did. With requests.finished (0, 1)
// before it, one index finds what to claim and what to purge.
#pragma once

#include <array>
#include <cstddef>

#include "engine/gateway/record_sql.h"

namespace squall::record_sql {

inline constexpr size_t kTableCount = 4;
extern const std::array<const char*, kTableCount> kTables;

// What kFindKey and kGet begin with: see ToRequest() in record_tables.cc.
inline constexpr size_t kRequestColumns = 13;

extern const SqlStatement kFindKey, kForget, kInsert, kGet, kGetAttempts, kNextDue, kClaim,
    kCountUnknown, kEndRunning, kFailLost, kLeftBehind, kRequeue, kLock, kRenew, kBegin,
    kInsertAttempt, kFinishAttempt, kNoteAttempt, kComplete, kFail, kRetry, kPurge, kCounts;

// A rule between rows; its statement finds one that breaks it, by id.
struct Rule {
  const char* name;
  SqlStatement broken;
};

inline constexpr size_t kRuleCount = 8;
extern const std::array<Rule, kRuleCount> kRules;

}  // namespace squall::record_sql
