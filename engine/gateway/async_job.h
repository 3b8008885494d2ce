// AsyncService::Job: one recorded request while it is executed here. Private to the service.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/count_while.h"
#include "engine/gateway/async_service.h"

namespace squall {

struct AsyncService::Job {
  Job(RequestLock lock_in, std::string endpoint_in)
      : lock(std::move(lock_in)), endpoint(std::move(endpoint_in)) {}

  // The process ends: stops, and leaves the request to be taken up again.
  void Abandon() {
    abandoned = true;
    stop.request_stop();
  }

  // The record says so, and what Completed() does.
  bool IsCompleted() const { return concluded > 0 && outcome == "completed"; }
  RecordedRequest Completed() const {
    RecordedRequest request;
    request.id = lock.id;
    request.status = RequestStatus::kCompleted;
    request.attempts = attempts;
    request.result = answer.value_or("");
    return request;
  }

  struct Open {  // an attempt that has begun
    int64_t number;
    std::string upstream, model;
  };

  struct Ended {  // an attempt whose end is not written yet
    int64_t number;
    RecordedEnd end;
  };

  // Of one that the record does not hold as running any more nothing new is said.
  static absl::Status WriteEnds(RequestRecord& record, const RequestLock& lock,
                                const std::vector<Ended>& ends, UnixTime now) {
    for (const Ended& ended : ends) {
      const absl::Status status = record.FinishAttempt(lock, ended.number, ended.end, now);
      if (!status.ok() && !absl::IsNotFound(status)) return status;
    }
    return absl::OkStatus();
  }

  RequestLock lock;
  std::string endpoint;
  ChatIntake intake;
  std::shared_ptr<Route> route;  // nullptr where it cannot be executed; `error` says why
  Time began{};
  Time renewed{};              // when its lease was last asked for, with success
  std::stop_source stop;       // of the call
  std::stop_source settled{};  // an attempt's end has been written; a new one each time
  std::stop_source finished;   // nothing more is written
  int64_t attempts = 0;        // that have begun, in all
  std::vector<Open> open;      // at most as many as the engine has in flight
  std::vector<Ended> ends;     // go along with what is written next
  int finishing = 0;           // attempts whose end is being written
  int64_t concluded = 0;       // token of the lock under which its conclusion was written
  bool lost = false;           // the lock is another's
  bool abandoned = false;
  bool unrecorded = false;      // an attempt could not be written, so it was not sent
  bool maybe_executed = false;  // an attempt of unknown outcome, which policy forbids to repeat
  bool exhausted = false;       // because the record allows no more of them
  std::optional<std::string> answer;
  std::optional<ClientError> error;
  CallResult result;
  std::string_view outcome = "lost";
};

inline RequestFailure FailureOf(const ClientError& error) {
  RequestFailure failure;
  failure.error_code = std::string(error.code);
  failure.message = error.message;
  failure.http_status = error.status;
  return failure;
}

}  // namespace squall
