// Hints, right and wrong: what the ground truth asks of an obedient client is what the engine
// reads.
#include <cmath>

#include "engine/diagnose.h"
#include "mock_providers/hints.h"
#include "mock_providers/in_process.h"
#include "mock_providers/provider.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"

namespace squall::hint_reading_test {
namespace {

constexpr HintForm kForms[] = {HintForm::kUsual,    HintForm::kNone,         HintForm::kSeconds,
                               HintForm::kFraction, HintForm::kMilliseconds, HintForm::kHttpDate,
                               HintForm::kBodyOnly, HintForm::kResetOnly,    HintForm::kDisagree,
                               HintForm::kNinety,   HintForm::kZero,         HintForm::kNegative,
                               HintForm::kPastDate, HintForm::kRemaining};

struct Refusal {
  const char* fault;  // empty: a quota
  const char* variant;
};
constexpr Refusal kRefusals[] = {
    {"rate_limit", "with_hint"}, {"server_error", "503"}, {"server_error", "529"}, {"", ""}};

ReplyPlan PlanFor(std::string_view dialect, const Refusal& refusal, HintForm form, Duration wait) {
  const bool quota = *refusal.fault == 0;
  ProviderConfig config = OneModel("alpha");
  if (!quota) {
    config = WithFault(refusal.fault, 1, {{refusal.variant, 1}});
    FaultConfig& fault = config.faults[refusal.fault];
    fault.retry_after = wait;
    fault.retry_after_present = 1;
    fault.hint = form;
  } else {
    config.quota.requests_per_min = 7;
    config.quota.hint = form;
  }
  GroundTruth truth;
  Provider provider(0, InDialect(dialect, config), kTestSeed, nullptr, &truth);
  ReplyPlan plan;
  for (int i = 0; i < (quota ? 8 : 1); ++i) {
    plan = provider.Plan(DialectHttp(dialect, {}, std::to_string(i)), kStart + 100'250ms);
  }
  return plan;
}

Diagnosis Seen(std::string_view dialect, const ReplyPlan& plan) {
  const HttpReply reply = PlayedReply(plan);
  Observation seen;
  seen.status = reply.status;
  seen.headers = &reply.headers;
  seen.bytes = reply.body;
  seen.dialect = dialect;
  return Diagnose(seen);
}

TEST_CASE("hints: the engine reads of every form what an obedient client would", "[scenarios]") {
  for (const std::string_view dialect : kAllDialects) {
    for (const Refusal& refusal : kRefusals) {
      for (const HintForm form : kForms) {
        for (const Duration wait : {1146ms, 20'000ms}) {
          const ReplyPlan plan = PlanFor(dialect, refusal, form, wait);
          const Diagnosis got = Seen(dialect, plan);
          const int number = static_cast<int>(form);
          CAPTURE(dialect, refusal.variant, number, got.rule, plan.headers.block(), plan.body);
          CHECK(plan.status >= 429);
          CHECK(FailureClassName(got.failure) == plan.fault.failure_class);
          CHECK(RetryDecisionName(got.retry) == plan.fault.retry_decision);
          if (form == HintForm::kDisagree) continue;  // which of the two to believe is a policy
          const double read = Seconds(got.retry_after.value_or(Duration::zero()));
          const bool asked = plan.retry_not_before > kStart;
          const double truth = asked ? Seconds(plan.retry_not_before - plan.at) : 0;
          CAPTURE(read, truth);
          // Dates and whole seconds are rounded up, so a reader may wait up to 2 s longer.
          CHECK(read >= truth - 1e-3);
          CHECK(read <= truth + 2);
          if (!asked) CHECK(read == 0);
        }
      }
    }
  }
}

}  // namespace
}  // namespace squall::hint_reading_test
