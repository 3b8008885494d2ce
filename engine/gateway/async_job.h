// AsyncService::Job: one recorded request while it is executed here. Private to the service.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/gateway/async_service.h"

namespace squall {

struct AsyncService::Job {
  Job(RequestLock lock_in, std::string endpoint_in, std::string body_in)
      : lock(std::move(lock_in)), endpoint(std::move(endpoint_in)), body(std::move(body_in)) {}

  // The process ends: stops, and leaves the request to be taken up again.
  void Abandon() {
    abandoned = true;
    stop.request_stop();
  }

  struct Open {  // an attempt that has begun
    int64_t number;
    std::string upstream, model;
  };

  RequestLock lock;
  std::string endpoint;
  std::string body;
  Time began{};
  std::shared_ptr<Route> route;  // once the body has been read
  std::stop_source stop;         // of the call
  std::stop_source settled{};    // an attempt's end has been written
  std::stop_source finished;     // nothing more is written
  std::vector<Open> open;        // at most as many as the engine has in flight
  int finishing = 0;             // attempts whose end is being written
  bool lost = false;             // the lock is another's
  bool abandoned = false;
  bool unrecorded = false;  // an attempt could not be written, so it was not sent
  bool exhausted = false;   // because the record allows no more of them
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
