#include "engine/gateway/record_statements.h"

namespace squall::record_sql {

// $T stands for the type of texts, $I of numbers, $B of bytes, $K of a key that counts by itself.
// Foreign keys delete attempts with their requests. An IN of more than two values is a temporary
// table to SQLite, at each writing of a row, and so is RETURNING (record_sql.h).
constinit const std::array<const char*, kTableCount> kTables = {
    "CREATE TABLE requests ("
    "  seq $K,"
    "  id $T NOT NULL UNIQUE,"
    "  client $T NOT NULL,"
    "  idempotency_key $T,"
    "  endpoint $T NOT NULL,"
    "  body_hash $T NOT NULL,"
    "  body $B,"
    "  status $T NOT NULL CHECK (status = 'queued' OR status = 'processing' OR"
    "    status = 'retrying' OR status = 'completed' OR status = 'failed'),"
    "  finished $I NOT NULL DEFAULT 0,"
    "  token $I NOT NULL,"
    "  attempts $I NOT NULL DEFAULT 0,"
    "  created_at $I NOT NULL,"
    "  updated_at $I NOT NULL,"
    "  due_at $I NOT NULL,"
    "  error_code $T NOT NULL DEFAULT '',"
    "  error_message $T NOT NULL DEFAULT '',"
    "  http_status $I NOT NULL DEFAULT 0,"
    "  result $B,"
    "  CHECK ((status IN ('completed', 'failed')) = (finished = 1)),"
    "  CHECK ((body IS NULL) = (finished = 1)),"
    "  CHECK ((status = 'completed') = (result IS NOT NULL)))",
    "CREATE UNIQUE INDEX requests_by_key ON requests (client, idempotency_key)",
    "CREATE INDEX requests_by_due ON requests (finished, due_at, seq)",
    "CREATE TABLE attempts ("
    "  request $I NOT NULL REFERENCES requests (seq) ON DELETE CASCADE,"
    "  number $I NOT NULL,"
    "  provider $T NOT NULL,"
    "  model $T NOT NULL,"
    "  started_at $I NOT NULL,"
    "  finished_at $I NOT NULL DEFAULT 0,"
    "  outcome $T NOT NULL CHECK (outcome = 'running' OR outcome = 'succeeded' OR"
    "    outcome = 'failed' OR outcome = 'unknown' OR outcome = 'abandoned'),"
    "  failure_class $T NOT NULL DEFAULT '',"
    "  error_code $T NOT NULL DEFAULT '',"
    "  http_status $I NOT NULL DEFAULT 0,"
    "  PRIMARY KEY (request, number))",
};

#define SQUALL_REQUEST_COLUMNS                                                          \
  "id, client, COALESCE(idempotency_key, ''), endpoint, status, attempts, created_at, " \
  "updated_at, due_at, error_code, error_message, http_status, result"

// ---- acceptance ----

constinit const SqlStatement kFindKey = {
    "SELECT " SQUALL_REQUEST_COLUMNS
    ", seq, body_hash, finished FROM requests WHERE client = $1 AND idempotency_key = $2"};

constinit const SqlStatement kForget = {
    "DELETE FROM requests WHERE seq = $1 AND finished = 1 AND due_at <= $2 RETURNING 1"};

constinit const SqlStatement kInsert = {
    "INSERT INTO requests (id, client, idempotency_key, endpoint, body_hash, body, status, token, "
    "created_at, updated_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10) "
    "ON CONFLICT DO NOTHING RETURNING 1"};

constinit const SqlStatement kGet = {"SELECT " SQUALL_REQUEST_COLUMNS
                                     " FROM requests WHERE id = $1 AND client = $2"};

constinit const SqlStatement kGetAttempts = {
    "SELECT COALESCE(a.number, 0), a.provider, a.model, a.started_at, a.finished_at, a.outcome, "
    "a.failure_class, a.error_code, a.http_status FROM requests r LEFT JOIN attempts a "
    "ON a.request = r.seq WHERE r.id = $1 AND r.client = $2 ORDER BY a.number"};

// ---- claims ----

constinit const SqlStatement kNextDue = {
    "SELECT seq, status FROM requests WHERE finished = 0 AND due_at <= $1 "
    "ORDER BY due_at, seq LIMIT 1 FOR UPDATE SKIP LOCKED"};

constinit const SqlStatement kClaim = {
    "UPDATE requests SET status = 'processing', token = token + 1, due_at = $2, updated_at = $3 "
    "WHERE seq = $1 RETURNING id, token, client, COALESCE(idempotency_key, ''), endpoint, body, "
    "attempts, created_at"};

constinit const SqlStatement kCountUnknown = {
    "SELECT COUNT(*) FROM attempts WHERE request = $1 AND outcome = 'unknown'"};

// What the holder of a lock left running: $2 is 'unknown' or 'abandoned'.
constinit const SqlStatement kEndRunning = {
    "UPDATE attempts SET outcome = $2, finished_at = $3 WHERE request = $1 AND outcome = 'running' "
    "RETURNING 1"};

constinit const SqlStatement kFailLost = {
    "UPDATE requests SET status = 'failed', finished = 1, token = token + 1, body = NULL, "
    "error_code = 'outcome_unknown', error_message = $3, http_status = 502, updated_at = $2, "
    "due_at = $2 WHERE seq = $1 RETURNING 1"};

// Those whose lease ends by $1; at most $2.
constinit const SqlStatement kLeftBehind = {
    "SELECT seq FROM requests WHERE finished = 0 AND status = 'processing' AND due_at <= $1 "
    "ORDER BY due_at, seq LIMIT $2 FOR UPDATE SKIP LOCKED"};

// Back to where it stood in the queue. The old token is worth nothing while nobody holds a lock,
// and the next claim makes a new one.
constinit const SqlStatement kRequeue = {
    "UPDATE requests SET status = CASE WHEN attempts = 0 THEN 'queued' ELSE 'retrying' END, "
    "updated_at = $2, due_at = CASE WHEN created_at < $2 THEN created_at ELSE $2 END "
    "WHERE seq = $1 RETURNING 1"};

// ---- under a lock ----

// Whether the lock with the id $1 and the token $2 is held. Whoever has asked goes on by seq.
constinit const SqlStatement kLock = {
    "SELECT seq, attempts FROM requests WHERE id = $1 AND token = $2 AND status = 'processing' "
    "FOR UPDATE"};

constinit const SqlStatement kRenew = {
    "UPDATE requests SET due_at = $2 WHERE seq = $1 RETURNING 1"};

constinit const SqlStatement kBegin = {
    "UPDATE requests SET attempts = $2, due_at = $3, updated_at = $4 WHERE seq = $1 RETURNING 1"};

constinit const SqlStatement kInsertAttempt = {
    "INSERT INTO attempts (request, number, provider, model, started_at, outcome) "
    "VALUES ($1, $2, $3, $4, $5, 'running') RETURNING 1"};

constinit const SqlStatement kFinishAttempt = {
    "UPDATE attempts SET finished_at = $3, outcome = $4, failure_class = $5, error_code = $6, "
    "http_status = $7 WHERE request = $1 AND number = $2 AND outcome = 'running' RETURNING 1"};

constinit const SqlStatement kNoteAttempt = {
    "UPDATE requests SET updated_at = $2, error_code = CASE WHEN $3 = '' THEN error_code ELSE $3 "
    "END WHERE seq = $1 RETURNING 1"};

constinit const SqlStatement kComplete = {
    "UPDATE requests SET status = 'completed', finished = 1, body = NULL, result = $2, "
    "http_status = $3, updated_at = $4, due_at = $4 WHERE seq = $1 RETURNING 1"};

constinit const SqlStatement kFail = {
    "UPDATE requests SET status = 'failed', finished = 1, body = NULL, error_code = $2, "
    "error_message = $3, http_status = $4, updated_at = $5, due_at = $5 WHERE seq = $1 "
    "RETURNING 1"};

constinit const SqlStatement kRetry = {
    "UPDATE requests SET status = 'retrying', due_at = $2, updated_at = $3, error_code = CASE WHEN "
    "$4 = '' THEN error_code ELSE $4 END WHERE seq = $1 RETURNING 1"};

// ---- upkeep ----

constinit const SqlStatement kPurge = {
    "DELETE FROM requests WHERE seq IN (SELECT seq FROM requests WHERE finished = 1 AND "
    "due_at <= $1 ORDER BY due_at, seq LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1"};

constinit const SqlStatement kCounts = {
    "SELECT status, COUNT(*), MIN(created_at) FROM requests WHERE finished = 0 GROUP BY status"};

// ---- rules between rows: each finds an id that breaks it ----

constinit const std::array<Rule, kRuleCount> kRules = {{
    {"a status that there is",
     {"SELECT id FROM requests WHERE status NOT IN ('queued', 'processing', 'retrying', "
      "'completed', 'failed') LIMIT 1"}},
    {"finished exactly where completed or failed",
     {"SELECT id FROM requests WHERE (status IN ('completed', 'failed')) <> (finished = 1) "
      "LIMIT 1"}},
    {"a result exactly where completed",
     {"SELECT id FROM requests WHERE (status = 'completed') <> (result IS NOT NULL) LIMIT 1"}},
    {"a body exactly until finished",
     {"SELECT id FROM requests WHERE (finished = 1) <> (body IS NULL) LIMIT 1"}},
    {"one request per idempotency key",
     {"SELECT MIN(id) FROM requests WHERE idempotency_key IS NOT NULL "
      "GROUP BY client, idempotency_key HAVING COUNT(*) > 1 LIMIT 1"}},
    {"attempts numbered from 1 without gaps",
     {"SELECT id FROM requests r WHERE attempts <> (SELECT COUNT(*) FROM attempts a WHERE "
      "a.request = r.seq) OR attempts <> (SELECT COALESCE(MAX(number), 0) FROM attempts a WHERE "
      "a.request = r.seq) LIMIT 1"}},
    {"running attempts only while processing",
     {"SELECT id FROM requests r WHERE status <> 'processing' AND EXISTS (SELECT 1 FROM attempts a "
      "WHERE a.request = r.seq AND a.outcome = 'running') LIMIT 1"}},
    {"attempts only of requests that are there",
     {"SELECT provider FROM attempts a WHERE NOT EXISTS (SELECT 1 FROM requests r WHERE "
      "r.seq = a.request) LIMIT 1"}},
}};

}  // namespace squall::record_sql
