// Reply plans made by hand, for tests of what plays them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "mock_providers/reply_plan.h"

namespace squall {

// Plans by request target, made by hand. What has no plan is answered with its own body.
class Table : public ReplySource {
 public:
  void Add(const std::string& target, ReplyPlan plan) { plans_[target] = std::move(plan); }

  ReplyPlan Plan(const HttpRequest& request, Time now) override {
    requests.push_back(request);
    const auto found = plans_.find(request.target);
    ReplyPlan plan;
    plan.body = request.body;
    if (found != plans_.end()) plan = found->second;
    plan.at = now + plan.at.time_since_epoch();  // rows say how much later
    return plan;
  }

  void Played(const ReplyPlan&) override { ++played; }

  std::vector<HttpRequest> requests;
  int played = 0;

 private:
  std::map<std::string, ReplyPlan> plans_;
};

inline ReplyPlan PlanOf(int status, std::string body, End end = End::kClean, size_t body_sent = 0) {
  ReplyPlan plan;
  plan.status = status;
  plan.body = std::move(body);
  plan.end = end;
  plan.body_sent = body_sent;
  return plan;
}

inline ReplyPlan Later(Duration by, ReplyPlan plan) {
  plan.at = kStart + by;
  return plan;
}

inline HttpRequest Get(const std::string& target) {
  HttpRequest request;
  request.target = target;
  request.body = "{}";
  return request;
}

}  // namespace squall
