// RecordConfig: where the durable request record lives and what it promises. Defaults are the
// values here; Describe() gives each field's unit and range.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/fields.h"
#include "engine/base/time.h"

namespace squall {

enum class RecordStore : uint8_t {
  kMemory,    // gone with the process; bounded by max_bytes
  kSqlite,    // a file, one gateway
  kPostgres,  // a server, any number of gateways
};

// When an operation counts as durable.
enum class RecordSync : uint8_t {
  // An fsync per transaction. Survives kill -9, a crash of the system and a loss of power.
  kFull,
  // SQLite (synchronous=NORMAL): no fsync but at checkpoints. Survives kill -9 of the gateway; a
  // crash of the system may lose the last transactions, never the record.
  // PostgreSQL (synchronous_commit=off): survives kill -9 of the gateway; a crash of the server
  // process or its system may lose the last transactions (up to 3 x wal_writer_delay, 0.6 s).
  kNormal,
};

// What becomes of a request whose worker died with an attempt on the wire.
enum class UnknownPolicy : uint8_t {
  kRetry,  // is tried again: perhaps executed twice, never lost
  kFail,   // fails with "outcome_unknown": executed at most once
};

// Whose clock leases, retries and retention go by.
enum class RecordClock : uint8_t {
  kStore,  // PostgreSQL: the server's, since those of several machines differ; SQLite: the caller's
  kCaller,  // the `now` of each call; for tests, and where all gateways run on one machine
};

struct RecordConfig {
  RecordStore store = RecordStore::kMemory;
  std::string path;        // of kSqlite; its folder exists
  std::string connection;  // of kPostgres: libpq's string or URI; never printed
  RecordSync sync = RecordSync::kFull;
  RecordClock clock = RecordClock::kStore;
  UnknownPolicy on_unknown = UnknownPolicy::kRetry;
  Duration lease = 30s;
  Duration retention = 24h;           // from the end of a request; its key is free after it
  Duration wait = 5s;                 // for locks, for a statement, for a connection: each
  int64_t max_body_bytes = 16 << 20;  // of a request, and of a result
  int64_t max_bytes = 1 << 30;        // of the store, SQLite and memory; past it: Unavailable
  int64_t max_attempts = 1000;        // at one request
  int64_t queue = 4096;               // operations that wait for the record's threads
  int64_t group = 64;                 // operations per transaction at most, SQLite and memory
  int64_t threads = 4;                // connections, PostgreSQL
};

void Describe(Fields& f, RecordConfig& c);

}  // namespace squall
