#include "mock_providers/hints.h"

#include "mock_providers/provider.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"

namespace squall::hints_test {
namespace {

constexpr Time kNow = kStart + 90s;
constexpr std::string_view kRetry = "retry-after";

ReplyPlan Limited(std::string_view dialect, HintForm form, Duration wait) {
  ProviderConfig config = WithFault("rate_limit", 1, {{"with_hint", 1}});
  config.latency.ttft_median = 0s;  // refused on the second, for dates
  config.faults["rate_limit"].retry_after = wait;
  config.faults["rate_limit"].hint = form;
  GroundTruth truth;
  Provider provider(0, InDialect(dialect, config), kTestSeed, nullptr, &truth);
  return provider.Plan(DialectHttp(dialect, {}, "r"), kNow);
}

struct Row {
  HintForm form;
  const char* header;  // the one that must stand there, "" for none of both
  const char* value;
  const char* words;  // of OpenAI's message, "" for none
  Duration truth;     // zero: nothing is asked for
};

TEST_CASE("hints: each form has the bytes of its name, and the truth that follows from them") {
  const Row rows[] = {
      {HintForm::kUsual, "retry-after-ms", "1146", "try again in 1.146s", 1146ms},
      {HintForm::kNone, "", "", "", 0s},
      {HintForm::kSeconds, "retry-after", "2", "", 2s},
      {HintForm::kFraction, "retry-after", "1.146", "", 1146ms},
      {HintForm::kMilliseconds, "retry-after-ms", "1146", "", 1146ms},
      {HintForm::kHttpDate, "retry-after", "Thu, 01 Jan 2026 00:01:32 GMT", "", 2s},
      {HintForm::kBodyOnly, "", "", "try again in 1.146s", 1146ms},
      {HintForm::kResetOnly, "x-ratelimit-reset-requests", "1.146s", "", 1146ms},
      {HintForm::kDisagree, "retry-after-ms", "1146", "try again in 4.584s", 4584ms},
      {HintForm::kNinety, "retry-after", "90", "try again in 1m30s", 90s},
      {HintForm::kZero, "retry-after", "0", "", 0s},
      {HintForm::kNegative, "retry-after", "-1", "", 0s},
      {HintForm::kPastDate, "retry-after", "Wed, 31 Dec 2025 23:01:30 GMT", "", 0s},
      {HintForm::kRemaining, "x-ratelimit-remaining-requests", "57", "", 0s},
  };
  for (const Row& row : rows) {
    const ReplyPlan plan = Limited("openai", row.form, 1146ms);
    const auto form = static_cast<int>(row.form);
    CAPTURE(form, plan.headers.block(), plan.body);
    CHECK(plan.status == 429);
    if (*row.header != 0) CHECK(plan.headers.Find(row.header) == row.value);
    const bool waits = std::string_view(row.header).starts_with(kRetry);
    CHECK((plan.headers.Find("retry-after") || plan.headers.Find("retry-after-ms")) == waits);
    const bool says = plan.body.find("try again in") != std::string::npos;
    CHECK(says == (*row.words != 0));
    CHECK(plan.body.find(row.words) != std::string::npos);
    CHECK(plan.retry_not_before == (row.truth > 0s ? plan.at + row.truth : kStart));
    CHECK(plan.fault.retry_decision == "same_provider_after_wait");
  }
}

TEST_CASE("hints: a reset stands in the unit of its family of headers") {
  const ReplyPlan openai = Limited("openai", HintForm::kResetOnly, 6s);
  CHECK(openai.headers.Find("x-ratelimit-remaining-requests") == "0");
  CHECK(openai.headers.Find("x-ratelimit-reset-requests") == "6s");
  const ReplyPlan azure = Limited("azure", HintForm::kResetOnly, 6s);
  CHECK(azure.headers.Find("x-ratelimit-reset-requests") == "6");
  const ReplyPlan anthropic = Limited("anthropic", HintForm::kResetOnly, 6s);
  CHECK(anthropic.headers.Find("anthropic-ratelimit-requests-remaining") == "0");
  CHECK(anthropic.headers.Find("anthropic-ratelimit-requests-reset") == "2026-01-01T00:01:36Z");
  CHECK(anthropic.headers.Find("date") == "Thu, 01 Jan 2026 00:01:30 GMT");
}

TEST_CASE("hints: what a dialect has no place for is not said, and not asked for by the truth") {
  for (const HintForm form : {HintForm::kUsual, HintForm::kSeconds, HintForm::kNinety}) {
    const ReplyPlan deepseek = Limited("deepseek", form, 6s);
    CHECK_FALSE(deepseek.headers.Find("retry-after").has_value());
    CHECK(deepseek.retry_not_before == kStart);
    const ReplyPlan gemini = Limited("gemini", form, 6s);
    CHECK_FALSE(gemini.headers.Find("retry-after").has_value());
    CHECK(gemini.retry_not_before > gemini.at);
  }
  CHECK(Limited("anthropic", HintForm::kBodyOnly, 6s).retry_not_before == kStart);
  CHECK(Limited("gemini", HintForm::kZero, 6s).body.find(R"("retryDelay":"0s")") !=
        std::string::npos);
  CHECK(Limited("gemini", HintForm::kNegative, 6s).body.find(R"("retryDelay":"-1s")") !=
        std::string::npos);
  // A wait that nobody is told is no reason to go elsewhere.
  CHECK(Limited("deepseek", HintForm::kUsual, 11min).fault.retry_decision ==
        "same_provider_after_wait");
  CHECK(Limited("anthropic", HintForm::kUsual, 11min).fault.retry_decision ==
        "other_provider_only");
}

TEST_CASE("hints: a quota's refusal takes the form that the scenario names") {
  ProviderConfig config = OneModel("alpha");
  config.quota.requests_per_min = 3;
  config.quota.hint = HintForm::kRemaining;
  GroundTruth truth;
  Provider provider(0, config, kTestSeed, nullptr, &truth);
  ReplyPlan plan;
  for (int i = 0; i < 4; ++i) {
    plan = provider.Plan(DialectHttp("openai", {}, std::to_string(i)), kNow);
  }
  CHECK(plan.status == 429);
  CHECK(plan.headers.Find("x-ratelimit-remaining-requests") == "2");  // of 3, though none is left
  CHECK_FALSE(plan.headers.Find("retry-after").has_value());
  CHECK(plan.body.find("try again") == std::string::npos);
  CHECK(plan.retry_not_before == kStart);
}

}  // namespace
}  // namespace squall::hints_test
