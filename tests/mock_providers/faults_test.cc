// The fault table: every row must be producible, and must do to the bytes what its name says. A row
// without an expectation here fails, so a new fault brings its own.
#include "mock_providers/faults.h"

#include <simdjson.h>

#include <functional>
#include <set>

#include "engine/diagnosis.h"
#include "engine/json_schema.h"
#include "mock_providers/ground_truth.h"
#include "mock_providers/gzip.h"
#include "mock_providers/provider.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::faults_test {
namespace {

constexpr Time kNow = kStart + 100s;

struct Played {
  ReplyPlan plan;
  TaskSpec task;
};

// One request to a provider that always meets this fault.
Played Play(const ProviderConfig& config, const TaskSpec& task) {
  GroundTruth truth;
  Provider provider(0, config, kTestSeed, nullptr, &truth);
  return {provider.Plan(TaskHttp(task, "r" + std::to_string(task.number)), kNow), task};
}

ReplyPlan Healthy(const TaskSpec& task) { return Play(OneModel("alpha"), task).plan; }

json Choice(const ReplyPlan& plan) {
  const json body = ParseJson(plan.body);
  return body.is_object() && body.contains("choices") ? body["choices"][0] : json();
}

std::string Content(const ReplyPlan& plan) {
  const json choice = Choice(plan);
  return choice.is_object() && choice["message"]["content"].is_string()
             ? choice["message"]["content"].get<std::string>()
             : "";
}

Drift DriftOf(const Played& got) {
  const auto schema = JsonSchema::Compile(TaskSchema(got.task.kind));
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (parser.parse(Content(got.plan)).get(value) != simdjson::SUCCESS) return Drift::kType;
  return schema->Check(value);
}

bool Complete200(const Played& got) {
  return got.plan.status == 200 && got.plan.end == End::kClean;
}
bool WellFormed(const Played& got) { return Complete200(got) && Choice(got.plan).is_object(); }
bool Accepted(const Played& got) { return OracleAccepts(kTestSeed, got.task, Content(got.plan)); }
bool Contains(const Played& got, std::string_view text) {
  return got.plan.body.find(text) != std::string::npos;
}
bool HasHeader(const Played& got, std::string_view name) {
  return got.plan.headers.Find(name).has_value();
}
bool JsonError(const Played& got, int status) {
  return got.plan.status == status && got.plan.end == End::kClean &&
         ParseJson(got.plan.body)["error"].is_object();
}
bool CodeIs(const Played& got, int status, std::string_view code) {
  return JsonError(got, status) && ParseJson(got.plan.body)["error"]["code"] == code;
}
bool BlankFirst(const Played& got) {
  return Accepted(got) && got.plan.body == "\r\n" + Healthy(got.task).body;
}
bool InTwoWrites(const Played& got) {
  return Accepted(got) && got.plan.body == Healthy(got.task).body && got.plan.chunks.size() > 1 &&
         got.plan.framing == Framing::kChunked;
}
bool DriftingAnswer(const Played& got, Drift drift) {
  return WellFormed(got) && Choice(got.plan)["finish_reason"] == "stop" && DriftOf(got) == drift &&
         !Accepted(got);
}
bool NotJson(const Played& got) {
  return DriftingAnswer(got, Drift::kType) && !IsJson(Content(got.plan));
}
bool SilentlyWrong(const Played& got) {
  return DriftingAnswer(got, Drift::kNone) &&
         got.plan.headers.block() == Healthy(got.task).headers.block();
}
bool HasForeignScript(const std::string& text) {
  // Lead bytes of Cyrillic, kana and Han.
  return text.find_first_of("\xd0\xd1\xe3\xe4\xe5\xe6\xe7\xe8\xe9") != std::string::npos;
}

using Expectation = std::function<bool(const Played&)>;

std::map<std::string, Expectation> Expectations() {
  return {
      {"timeout/hang",
       [](const Played& p) { return p.plan.end == End::kHang && p.plan.at == kNever; }},
      // Faults of streams, on a reply in one piece.
      {"timeout/stall", [](const Played& p) { return p.plan.end == End::kHang; }},
      {"timeout/keep_alives_only", [](const Played& p) { return p.plan.end == End::kHang; }},
      {"slow/drip", [](const Played& p) { return Accepted(p) && p.plan.at > Healthy(p.task).at; }},
      {"malformed_json/duplicate_event",
       [](const Played& p) { return Complete200(p) && !IsJson(p.plan.body); }},
      {"truncated/no_terminal", [](const Played& p) { return p.plan.end == End::kCut; }},
      {"server_error/error_event", [](const Played& p) { return JsonError(p, 500); }},
      {"server_error/error_event_first", [](const Played& p) { return JsonError(p, 500); }},
      {"server_error/504", [](const Played& p) { return JsonError(p, 504); }},
      {"quota_exhausted/no_money",
       [](const Played& p) {
         return JsonError(p, 429) && !HasHeader(p, "retry-after") &&
                ParseJson(p.plan.body)["error"]["code"] == "insufficient_quota";
       }},
      {"refusal/refused",
       [](const Played& p) {
         const json choice = Choice(p.plan);
         return WellFormed(p) && choice["message"].at("content").is_null() &&
                choice["message"]["refusal"].is_string() && choice["finish_reason"] == "stop";
       }},
      {"refusal/prompt_blocked", [](const Played& p) { return JsonError(p, 400); }},
      {"refusal/answer_filtered",
       [](const Played& p) {
         const std::string whole = Content(Healthy(p.task));
         const std::string part = Content(p.plan);
         return WellFormed(p) && Choice(p.plan)["finish_reason"] == "content_filter" &&
                !part.empty() && part.size() < whole.size() && whole.starts_with(part);
       }},
      {"rate_limit/in_stream", [](const Played& p) { return JsonError(p, 429); }},
      {"empty_content/only_terminal",
       [](const Played& p) { return WellFormed(p) && Choice(p.plan)["message"]["content"] == ""; }},
      {"malformed_json/out_of_order", [](const Played& p) { return !IsJson(p.plan.body); }},
      {"malformed_json/arguments_cut", [](const Played& p) { return !IsJson(p.plan.body); }},
      {"malformed_json/gzip",
       [](const Played& p) {
         return Complete200(p) && p.plan.headers.Find("content-encoding") == "gzip" &&
                p.plan.body == Gzip(Healthy(p.task).body);
       }},
      {"truncated/no_finish", [](const Played& p) { return p.plan.end == End::kCut; }},
      {"truncated/cut_in_character",
       [](const Played& p) {
         return p.plan.end == End::kCut &&
                static_cast<unsigned char>(p.plan.body[p.plan.body_sent - 1]) == 0xc3;
       }},
      {"server_error/error_event_last", [](const Played& p) { return JsonError(p, 500); }},
      {"server_error/overloaded_event", [](const Played& p) { return JsonError(p, 529); }},
      {"server_error/error_body_200", [](const Played& p) { return JsonError(p, 200); }},
      {"auth_failure/revoked_key",
       [](const Played& p) { return CodeIs(p, 401, "invalid_api_key"); }},
      {"permission_denied/no_access",
       [](const Played& p) {
         return JsonError(p, 403) && Contains(p, "does not have access to model `large`");
       }},
      {"permission_denied/region",
       [](const Played& p) { return CodeIs(p, 403, "unsupported_country_region_territory"); }},
      {"invalid_model/unknown", [](const Played& p) { return CodeIs(p, 404, "model_not_found"); }},
      {"invalid_model/retired",
       [](const Played& p) { return JsonError(p, 404) && Contains(p, "has been deprecated"); }},
      {"context_length_exceeded/too_long",
       [](const Played& p) { return CodeIs(p, 400, "context_length_exceeded"); }},
      {"context_length_exceeded/payload_too_large",
       [](const Played& p) {
         return p.plan.status == 413 && Contains(p, "413 Request Entity Too Large");
       }},
      {"invalid_request/unknown_parameter",
       [](const Played& p) { return CodeIs(p, 400, "unknown_parameter"); }},
      {"invalid_request/unsupported_value",
       [](const Played& p) { return CodeIs(p, 400, "unsupported_value"); }},
      // In one piece most shapes are a blank line first, as a server that made its client wait
      // sends.
      {"stream_shape/split_character", InTwoWrites},
      {"stream_shape/split_events", InTwoWrites},
      {"stream_shape/merged_events", BlankFirst},
      {"stream_shape/crlf", BlankFirst},
      {"stream_shape/cr", BlankFirst},
      {"stream_shape/byte_order_mark", BlankFirst},
      {"stream_shape/multi_line_data", BlankFirst},
      {"stream_shape/no_space", BlankFirst},
      {"stream_shape/comments", BlankFirst},
      {"stream_shape/no_done", BlankFirst},
      {"stream_shape/no_usage", BlankFirst},
      {"stream_shape/json_instead", BlankFirst},
      {"slow/slow",
       [](const Played& p) {
         const double factor = Seconds(p.plan.at - kNow) / Seconds(Healthy(p.task).at - kNow);
         return Accepted(p) && std::abs(factor - 8) < 1e-6;
       }},
      {"rate_limit/with_hint",
       [](const Played& p) {
         return JsonError(p, 429) && p.plan.headers.Find("retry-after") == "1" &&
                Contains(p, "try again in 1s");
       }},
      {"rate_limit/without_hint",
       [](const Played& p) {
         return JsonError(p, 429) && !HasHeader(p, "retry-after") && !Contains(p, "try again in");
       }},
      {"empty_body/chunked",
       [](const Played& p) {
         return Complete200(p) && p.plan.body.empty() && p.plan.framing == Framing::kChunked;
       }},
      {"empty_body/content_length_0",
       [](const Played& p) {
         return Complete200(p) && p.plan.body.empty() && p.plan.framing == Framing::kContentLength;
       }},
      {"empty_content/empty_text",
       [](const Played& p) {
         const json choice = Choice(p.plan);
         return WellFormed(p) && choice["message"]["content"] == "" &&
                choice["finish_reason"] == "stop";
       }},
      {"empty_content/null_text",
       [](const Played& p) {
         const json choice = Choice(p.plan);
         return WellFormed(p) && choice["message"].at("content").is_null() &&
                choice["finish_reason"] == "stop";
       }},
      {"schema_drift/renamed_key",
       [](const Played& p) {
         return DriftingAnswer(p, Drift::kExtra) || DriftingAnswer(p, Drift::kMissing);
       }},
      {"schema_drift/wrong_type", [](const Played& p) { return DriftingAnswer(p, Drift::kType); }},
      {"schema_drift/extra_nesting",
       [](const Played& p) {
         const json inner = ParseJson(Content(p.plan))["data"];
         return (DriftingAnswer(p, Drift::kExtra) || DriftingAnswer(p, Drift::kMissing)) &&
                OracleAccepts(kTestSeed, p.task, inner.dump());
       }},
      {"schema_drift/fenced",
       [](const Played& p) {
         return DriftingAnswer(p, Drift::kType) && Content(p.plan).starts_with("```json\n{") &&
                Content(p.plan).ends_with("}\n```");
       }},
      {"schema_drift/prose_wrapped",
       [](const Played& p) {
         const std::string text = Content(p.plan);
         return DriftingAnswer(p, Drift::kType) && text.starts_with("Sure!") &&
                text.find('{') != std::string::npos && !text.ends_with("}");
       }},
      {"schema_drift/fenced_in_prose",
       [](const Played& p) {
         const std::string text = Content(p.plan);
         return DriftingAnswer(p, Drift::kType) && text.starts_with("Here") &&
                text.find("```\n{") != std::string::npos;
       }},
      {"schema_drift/trailing_comma",
       [](const Played& p) { return NotJson(p) && Content(p.plan).ends_with(",}"); }},
      {"schema_drift/single_quotes",
       [](const Played& p) { return NotJson(p) && Content(p.plan).starts_with("{'"); }},
      {"schema_drift/python_literals",
       [](const Played& p) { return NotJson(p) && Contains(p, "': '"); }},
      {"schema_drift/end_missing",
       [](const Played& p) {
         return NotJson(p) && Choice(p.plan)["finish_reason"] == "stop" &&
                IsJson(Content(p.plan) + "}");
       }},
      {"malformed_json/unbalanced",
       [](const Played& p) {
         return Complete200(p) && !IsJson(p.plan.body) && p.plan.body.starts_with("{\"id\"") &&
                p.plan.body.size() < Healthy(p.task).body.size();
       }},
      {"malformed_json/html_200",
       [](const Played& p) {
         return Complete200(p) && !IsJson(p.plan.body) && Contains(p, "<html") &&
                p.plan.headers.Find("content-type")->starts_with("text/html");
       }},
      {"malformed_json/stray_text",
       [](const Played& p) {
         return Complete200(p) && !IsJson(p.plan.body) && Contains(p, Healthy(p.task).body);
       }},
      {"truncated/finish_length",
       [](const Played& p) {
         const std::string whole = Content(Healthy(p.task));
         const std::string part = Content(p.plan);
         return WellFormed(p) && Choice(p.plan)["finish_reason"] == "length" && !IsJson(part) &&
                !part.empty() && part.size() < whole.size() && whole.starts_with(part) &&
                ParseJson(p.plan.body)["usage"]["completion_tokens"] == CountTokens(part.size());
       }},
      {"truncated/cut",
       [](const Played& p) {
         return p.plan.end == End::kCut && p.plan.status == 200 && p.plan.body_sent > 0 &&
                p.plan.body_sent < p.plan.body.size() &&
                p.plan.framing == Framing::kContentLength && p.plan.body == Healthy(p.task).body;
       }},
      {"server_error/500", [](const Played& p) { return JsonError(p, 500); }},
      {"server_error/502",
       [](const Played& p) {
         return p.plan.status == 502 && p.plan.end == End::kClean && !IsJson(p.plan.body) &&
                p.plan.headers.Find("content-type")->starts_with("text/html") &&
                !HasHeader(p, "x-request-id");
       }},
      {"server_error/408", [](const Played& p) { return JsonError(p, 408); }},
      {"server_error/409", [](const Played& p) { return JsonError(p, 409); }},
      {"server_error/should_not_retry",
       [](const Played& p) {
         return JsonError(p, 500) && p.plan.headers.Find("x-should-retry") == "false";
       }},
      {"server_error/503", [](const Played& p) { return JsonError(p, 503); }},
      {"server_error/529", [](const Played& p) { return JsonError(p, 529); }},
      {"connection_reset/before_headers",
       [](const Played& p) { return p.plan.end == End::kReset && p.plan.status == 0; }},
      {"connection_reset/mid_body",
       [](const Played& p) {
         return p.plan.end == End::kReset && p.plan.status == 200 && p.plan.body_sent > 0 &&
                p.plan.body_sent < p.plan.body.size();
       }},
      {"silent_degradation/wrong_answer",
       [](const Played& p) { return SilentlyWrong(p) && !HasForeignScript(Content(p.plan)); }},
      {"silent_degradation/wrong_language",
       [](const Played& p) { return SilentlyWrong(p) && HasForeignScript(Content(p.plan)); }},
      {"silent_degradation/stale",
       [](const Played& p) { return SilentlyWrong(p) && !HasForeignScript(Content(p.plan)); }},
      {"silent_degradation/garbage", SilentlyWrong},
  };
}

TEST_CASE("faults: every variant of every row is producible and is what its name says", "[long]") {
  const auto expectations = Expectations();
  size_t variants = 0;
  for (const FaultRow& row : FaultTable()) {
    for (const FaultVariant& variant : row.variants) {
      const std::string name = std::string(row.name) + "/" + std::string(variant.name);
      CAPTURE(name);
      const auto expectation = expectations.find(name);
      REQUIRE(expectation != expectations.end());
      ++variants;
      for (uint64_t number = 0; number < 60; ++number) {
        const TaskSpec task = MakeTask(static_cast<TaskKind>(number % kTaskKindCount), number,
                                       number % 2 == 0 ? 0 : 60);
        const Played got = Play(WithFault(row.name, 1, {{std::string(variant.name), 1}}), task);
        CAPTURE(number, got.plan.body);
        REQUIRE(FaultTable()[static_cast<size_t>(got.plan.fault.kind)].name == row.name);
        REQUIRE(got.plan.fault.variant == variant.name);
        REQUIRE(expectation->second(got));
      }
    }
  }
  CHECK(variants == expectations.size());
}

TEST_CASE("faults: only faults that are impairments leave the answer right") {
  for (const FaultRow& row : FaultTable()) {
    for (uint64_t number = 0; number < 30; ++number) {
      const Played got = Play(WithFault(row.name, 1), MakeTask(TaskKind::kExtract, number));
      const bool delivered = got.plan.end == End::kClean && got.plan.status == 200;
      CAPTURE(row.name, number);
      CHECK((delivered && Accepted(got)) == row.impairment);
    }
  }
}

TEST_CASE("faults: names are unique, found again, and documented") {
  std::set<std::string_view> names;
  for (const FaultRow& row : FaultTable()) {
    CHECK(names.insert(row.name).second);
    CHECK(FaultTable()[static_cast<size_t>(FindFault(row.name))].name == row.name);
    CHECK_FALSE(row.doc.empty());
    CHECK_FALSE(row.variants.empty());
    for (size_t i = 0; i < row.variants.size(); ++i) {
      CHECK(FindVariant(FindFault(row.name), row.variants[i].name) == static_cast<int>(i));
    }
    CHECK(FindVariant(FindFault(row.name), "nonsense") == -1);
  }
  CHECK(FindFault("nonsense") == -1);
}

TEST_CASE("faults: the truth speaks the language of the diagnosis") {
  std::set<std::string_view> classes;
  for (int i = 0; i < kFailureClassCount; ++i) {
    classes.insert(FailureClassName(static_cast<FailureClass>(i)));
  }
  const std::set<std::string_view> decisions = {
      RetryDecisionName(RetryDecision::kNone), RetryDecisionName(RetryDecision::kSameProviderNow),
      RetryDecisionName(RetryDecision::kSameProviderAfterWait),
      RetryDecisionName(RetryDecision::kOtherProviderOnly),
      RetryDecisionName(RetryDecision::kNeverUnchanged)};
  for (const FaultRow& row : FaultTable()) {
    for (const FaultVariant& variant : row.variants) {
      CAPTURE(row.name, variant.name);
      CHECK(classes.contains(variant.failure_class));
      CHECK(decisions.contains(variant.retry_decision));
      CHECK((variant.failure_class == "ok") == row.impairment);
      CHECK((variant.retry_decision == "none") == row.impairment);
    }
  }
}

TEST_CASE("faults: a hint beyond ten minutes is a reason to go elsewhere") {
  ProviderConfig config = WithFault("rate_limit", 1, {{"with_hint", 1}});
  const TaskSpec task = MakeTask(TaskKind::kExtract, 1);
  config.faults["rate_limit"].retry_after = 10min;
  CHECK(Play(config, task).plan.fault.retry_decision == "same_provider_after_wait");
  config.faults["rate_limit"].retry_after = 11min;
  CHECK(Play(config, task).plan.fault.retry_decision == "other_provider_only");
  config.faults["rate_limit"].variants = {{"without_hint", 1}};
  CHECK(Play(config, task).plan.fault.retry_decision == "same_provider_after_wait");
}

TEST_CASE("faults: variants appear as often as their weights say", "[long]") {
  constexpr int64_t kTrials = 4000;
  const auto count = [](const ProviderConfig& config, std::string_view variant) {
    GroundTruth truth;
    Provider provider(0, config, kTestSeed, nullptr, &truth);
    int64_t hits = 0;
    for (int64_t i = 0; i < kTrials; ++i) {
      const auto task = MakeTask(TaskKind::kArithmetic, static_cast<uint64_t>(i), 0);
      hits += provider.Plan(TaskHttp(task, std::to_string(i)), kNow).fault.variant == variant;
    }
    return hits;
  };
  CHECK(SharePlausible(count(WithFault("server_error", 1), "502"), kTrials, 0.3));
  CHECK(SharePlausible(count(WithFault("schema_drift", 1), "fenced"), kTrials, 0.2));
  CHECK(SharePlausible(
      count(WithFault("schema_drift", 1, {{"fenced", 1}, {"wrong_type", 3}}), "wrong_type"),
      kTrials, 0.75));
  ProviderConfig config = WithFault("rate_limit", 1);
  config.faults["rate_limit"].retry_after_present = 0.2;
  CHECK(SharePlausible(count(config, "with_hint"), kTrials, 0.2));
}

TEST_CASE("faults: half of the 503s carry a hint, as configured") {
  constexpr int64_t kTrials = 2000;
  int64_t hints = 0;
  GroundTruth truth;
  Provider provider(0, WithFault("server_error", 1, {{"503", 1}}), kTestSeed, nullptr, &truth);
  for (int64_t i = 0; i < kTrials; ++i) {
    const auto task = MakeTask(TaskKind::kArithmetic, static_cast<uint64_t>(i), 0);
    const ReplyPlan plan = provider.Plan(TaskHttp(task, std::to_string(i)), kNow);
    hints += plan.headers.Find("retry-after").has_value();
  }
  CHECK(SharePlausible(hints, kTrials, 0.5));
}

TEST_CASE("faults: rows bite on a stranger's prompt too") {
  const auto expectations = Expectations();
  for (const FaultRow& row : FaultTable()) {
    for (const FaultVariant& variant : row.variants) {
      for (const bool wants_json : {true, false}) {
        json body = ChatRequestBody("What is the weather like?");
        if (!wants_json) body.erase("response_format");
        GroundTruth truth;
        Provider provider(0, WithFault(row.name, 1, {{std::string(variant.name), 1}}), kTestSeed,
                          nullptr, &truth);
        Provider healthy(0, OneModel("alpha"), kTestSeed, nullptr, &truth);
        const ReplyPlan plan = provider.Plan(ChatHttp(body), kNow);
        const ReplyPlan good = healthy.Plan(ChatHttp(body), kNow);
        CAPTURE(row.name, variant.name, wants_json, plan.body);
        CHECK(IsJson(Content(good)) == wants_json);
        CHECK(plan.fault.variant == variant.name);
        const bool differs = plan.body != good.body || plan.end != good.end ||
                             plan.status != good.status || plan.at != good.at ||
                             plan.chunks.size() != good.chunks.size();
        CHECK(differs);
      }
    }
  }
}

TEST_CASE("faults: what turns a request down early has generated nothing") {
  for (const std::string_view kind : {"rate_limit", "server_error"}) {
    const Played got = Play(WithFault(kind, 1), MakeTask(TaskKind::kExtract, 5));
    CHECK(got.plan.completion_tokens == 0);
    CHECK(got.plan.at < Healthy(got.task).at);
  }
  CHECK(Play(WithFault("timeout", 1), MakeTask(TaskKind::kExtract, 5)).plan.completion_tokens ==
        60);
}

}  // namespace
}  // namespace squall::faults_test
