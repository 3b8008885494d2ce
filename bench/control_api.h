// ControlApi: what a test says to a running `squall serve` over HTTP: which faults are in force,
// begin anew, what was done to whom. It is played by a server of its own, on the thread of the mock
// servers, so a request to it stands between two requests to them and nothing needs a lock.
//
//   GET  /faults            the faults in force, by provider
//   PUT  /faults            replaces them for every provider; the body is what "faults" holds in a
//   PUT  /faults/PROVIDER   scenario, read just as strictly: all of it counts, or a 400 says why
//   not POST /reset             everything back to the start of the scenario, its time too GET
//   /log?after=N       one JSON line per arrival (arrival_log.h), those after number N GET /metrics
//   counters for Prometheus GET  /healthz
//
// Errors are one line of text each. With a token every request needs "Authorization: Bearer TOKEN".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/control_metrics.h"
#include "bench/served_mocks.h"
#include "mock_providers/http_server.h"
#include "mock_providers/reply_plan.h"

namespace squall {

// Takes the same time wherever the two differ.
bool SameSecret(std::string_view given, std::string_view secret);

class ControlApi final : public ReplySource {
 public:
  using Servers = std::vector<std::unique_ptr<MockHttpServer>>;

  // `mocks` and `servers`, those of the providers in their order, outlive it. An empty token means
  // that none is needed.
  ControlApi(ServedMocks* mocks, const Servers* servers, std::string token);

  // The reply to one request, which it has carried out.
  ReplyPlan Plan(const HttpRequest& request, Time now) override;
  void Played(const ReplyPlan&) override {}

 private:
  // What a route gets to see.
  struct Call {
    const HttpRequest& request;
    std::string_view query;  // behind the "?", may be empty
    std::string_view rest;   // of the path, behind a route that ends in "/"
    Time now;
  };
  struct Route {
    std::string_view path;
    std::string_view method;
    ReplyPlan (ControlApi::*answer)(const Call& call);
  };
  static const std::vector<Route>& Routes();

  bool Authorized(const HttpRequest& request) const;
  ReplyPlan Dispatch(const HttpRequest& request, Time now);

  ReplyPlan GetAllFaults(const Call& call);
  ReplyPlan PutAllFaults(const Call& call);
  ReplyPlan GetFaults(const Call& call);
  ReplyPlan PutFaults(const Call& call);
  ReplyPlan Reset(const Call& call);
  ReplyPlan GetLog(const Call& call);
  ReplyPlan GetMetrics(const Call& call);
  ReplyPlan GetHealth(const Call& call);

  std::vector<ServerCounts> CountsNow() const;

  ServedMocks& mocks_;
  const Servers& servers_;
  std::string token_;
  std::vector<ServerCounts> at_reset_;  // subtracted, since servers count on
};

}  // namespace squall
