// What every store of the request record must do, as rows: the memory and SQLite stores run them in
// record_test.cc, PostgreSQL in record_postgres_wire_test.cc. Each row starts with an empty record
// and moves the clock itself.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/gateway/record.h"
#include "tests/catch.h"

namespace squall {

struct RecordPlace {
  RecordConfig config;  // with RecordClock::kCaller
  std::function<void()> wipe;
  bool outlives_process = true;

  std::unique_ptr<RequestRecord> Open() const {
    auto record = OpenRecord(config);
    INFO(record.status());
    REQUIRE(record.ok());
    return *std::move(record);
  }
};

struct RecordClaim {
  const char* name;
  void (*holds)(RecordPlace& place);
  bool restarts = false;  // not for stores that end with their process
};

std::span<const RecordClaim> RecordAcceptClaims();
std::span<const RecordClaim> RecordLockClaims();

// Runs all rows of both that the place can.
void CheckRecordClaims(RecordPlace& place);

// Random calls by several workers, whose clocks jump, against a model of the record. `records` are
// connections to one place, used in turn.
struct RecordModelRun {
  uint64_t seed = 1;
  int steps = 1000;
  UnknownPolicy on_unknown = UnknownPolicy::kRetry;
};
void CheckRecordAgainstModel(RecordPlace& place, size_t connections, const RecordModelRun& run);

template <class T>
T Must(absl::StatusOr<T> value) {
  INFO(value.status());
  REQUIRE(value.ok());
  return *std::move(value);
}

inline void MustOk(const absl::Status& status) {
  INFO(status);
  REQUIRE(status.ok());
}

inline constexpr UnixTime kRecordStart{1'770'000'000'000'000'000};

inline NewRequest RequestOf(const std::string& key, const std::string& body = "{}",
                            bool claim = false) {
  NewRequest request;
  request.client = "alice";
  request.idempotency_key = key;
  request.endpoint = "/v1/chat/completions";
  request.body_hash = "hash of " + body.substr(0, 32);
  request.body = body;
  request.claim = claim;
  return request;
}

}  // namespace squall
