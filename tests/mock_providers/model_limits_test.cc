// What a model turns down for what the request says, in each vendor's words and with its figures.
#include "mock_providers/model_limits.h"

#include "engine/diagnose.h"
#include "mock_providers/faults.h"
#include "mock_providers/provider.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"

namespace squall::model_limits_test {
namespace {

constexpr Time kNow = kStart + 100s;

// One model, asked for the same task again and again.
struct Mock {
  Mock(std::string_view dialect, const ModelConfig& model, const ProviderConfig& base) {
    ProviderConfig config = InDialect(dialect, base);
    config.models[0] = model;
    config.models[0].name = "large";
    provider.emplace(0, config, kTestSeed, nullptr, &truth);
  }
  Mock(std::string_view dialect, const ModelConfig& model)
      : Mock(dialect, model, OneModel("alpha")) {}
  HttpRequest Request(int64_t prompt_tokens, int64_t max_tokens, uint64_t number = 5) const {
    Ask ask;
    ask.prompt = TaskPrompt(kTestSeed, MakeTask(TaskKind::kExtract, number), prompt_tokens);
    ask.max_tokens = max_tokens;
    return DialectHttp(provider->config().dialect, ask, "r" + std::to_string(number));
  }
  ReplyPlan Asked(int64_t prompt_tokens, int64_t max_tokens, uint64_t number = 5) {
    return provider->Plan(Request(prompt_tokens, max_tokens, number), kNow);
  }
  GroundTruth truth;
  std::optional<Provider> provider;
};

bool Holds(const ReplyPlan& plan, std::string_view bytes) {
  return plan.body.find(bytes) != std::string::npos;
}

ModelConfig Window(int64_t tokens) {
  ModelConfig model;
  model.context_tokens = tokens;
  return model;
}

ModelConfig MaxOutput(int64_t tokens) {
  ModelConfig model;
  model.max_output_tokens = tokens;
  return model;
}

ModelConfig Rejecting(std::string_view parameter) {
  ModelConfig model;
  model.rejects = {std::string(parameter)};
  return model;
}

struct Words {
  const char* dialect;
  const char* prompt_too_long;  // 6000 tokens and more in a window of 5000
  const char* sum_too_long;     // a prompt of 1000 and a bound of 4500; empty: the vendor takes it
  const char* output_too_long;  // 5000 of 4096
  const char* rejected;         // temperature
  int rejected_status;
};

constexpr Words kWords[] = {
    {"openai", "maximum context length is 5000 tokens. However, your messages resulted in 60",
     " in the messages, 4500 in the completion)",
     "at most 4096 completion tokens, whereas you provided 5000.", "unsupported_parameter", 400},
    {"azure", "maximum context length is 5000 tokens. However, your messages resulted in 60",
     " in the messages, 4500 in the completion)",
     "at most 4096 completion tokens, whereas you provided 5000.", "unsupported_parameter", 400},
    {"openai_responses",
     "maximum context length is 5000 tokens. However, your messages resulted in 60",
     " in the messages, 4500 in the completion)", "<= 4096, but got 5000", "unsupported_parameter",
     400},
    {"deepseek", "maximum context length is 5000 tokens. However, your messages resulted in 60",
     " in the messages, 4500 in the completion)", "valid range of max_tokens is [1, 4096]",
     "unknown field `temperature`", 422},
    {"anthropic", " tokens > 5000 maximum", " + 4500 > 5000",
     "max_tokens: 5000 > 4096, which is the maximum allowed number of output tokens for large",
     "temperature: Extra inputs are not permitted", 400},
    {"gemini", "exceeds the maximum number of tokens allowed (5000).", "",
     "from 1 (inclusive) to 4097 (exclusive)", "Unknown name \\\"temperature\\\"", 400}};

HttpRequest WithTemperature(std::string_view dialect, HttpRequest request) {
  json body = ParseJson(request.body);
  (dialect == "gemini" ? body["generationConfig"] : body)["temperature"] = 0;
  request.body = body.dump();
  return request;
}

TEST_CASE("model limits: every dialect turns down in its own words, with the request's figures") {
  for (const Words& words : kWords) {
    CAPTURE(words.dialect);
    Mock window(words.dialect, Window(5000));
    const ReplyPlan prompt = window.Asked(6000, 100);
    CHECK(prompt.status == 400);
    CHECK(Holds(prompt, words.prompt_too_long));
    const ReplyPlan sum = window.Asked(1000, 4500);
    CHECK(sum.status == (*words.sum_too_long != 0 ? 400 : 200));
    CHECK(Holds(sum, words.sum_too_long));
    CHECK(window.Asked(1000, 400).status == 200);

    Mock output(words.dialect, MaxOutput(4096));
    const ReplyPlan large = output.Asked(0, 5000);
    CHECK(large.status == 400);
    CHECK(Holds(large, words.output_too_long));
    CHECK(output.Asked(0, 4096).status == 200);

    Mock picky(words.dialect, Rejecting("temperature"));
    const HttpRequest with = WithTemperature(words.dialect, picky.Request(0, 100));
    const ReplyPlan rejected = picky.provider->Plan(with, kNow);
    CHECK(rejected.status == words.rejected_status);
    CHECK(Holds(rejected, words.rejected));
    CHECK(Holds(rejected, "temperature"));
    for (const ReplyPlan* plan : {&prompt, &large, &rejected}) {
      CHECK(ReadReply(words.dialect, *plan).well_formed);
      CHECK(plan->retry_not_before == kStart);
      CHECK(plan->completion_tokens == 0);
    }
  }
}

TEST_CASE("model limits: a parameter is known by the dialect's own name, and null is not there") {
  const std::pair<const char*, const char*> spelt[] = {
      {"openai", "user"},           {"openai", "max_completion_tokens"},
      {"azure", "response_format"}, {"deepseek", "user"},
      {"anthropic", "metadata"},    {"openai_responses", "max_output_tokens"},
      {"gemini", "maxOutputTokens"}};
  for (const auto& [dialect, name] : spelt) {
    Mock mock(dialect, Rejecting(name));
    CAPTURE(dialect, name);
    const ReplyPlan plan = mock.Asked(0, 100);
    CHECK(plan.status >= 400);
    CHECK(Holds(plan, name));
    CHECK(Mock(dialect, Rejecting("seed")).Asked(0, 100).status == 200);
  }
  Mock mock("openai", Rejecting("seed"));
  json body = ParseJson(mock.Request(0, 100).body);
  body["seed"] = nullptr;
  CHECK(mock.provider->Plan(ChatHttp(body), kNow).status == 200);
  body["seed"] = 7;
  CHECK(mock.provider->Plan(ChatHttp(body), kNow).status == 400);
  Mock old("openai", Rejecting("max_tokens"));
  body["max_tokens"] = 10;
  CHECK(Holds(old.provider->Plan(ChatHttp(body), kNow), "Use 'max_completion_tokens' instead."));
}

// Holds the answer to JSON, and returns the parameter by which the dialect says so.
std::string AskForJson(std::string_view dialect, HttpRequest* request) {
  if (dialect == "gemini") return "responseMimeType";  // its requests always do,
  if (dialect == "openai_responses") return "text";    // and these
  json body = ParseJson(request->body);
  const std::string name = dialect == "anthropic" ? "output_config" : "response_format";
  body[name] = {{"type", "json_object"}};
  request->body = body.dump();
  return name;
}

TEST_CASE("model limits: a stream or JSON of a model that has none is turned down in those words") {
  for (const Words& words : kWords) {
    CAPTURE(words.dialect);
    const bool by_method = std::string_view(words.dialect) == "gemini";
    ModelConfig whole;
    whole.streaming = false;
    Mock unstreamed(words.dialect, whole);
    Ask ask;
    ask.stream = true;
    ask.prompt = TaskPrompt(kTestSeed, MakeTask(TaskKind::kExtract, 5), 0);
    const ReplyPlan stream = unstreamed.provider->Plan(DialectHttp(words.dialect, ask, "r5"), kNow);
    CHECK(stream.status == (by_method ? 404 : words.rejected_status));
    CHECK(Holds(stream, by_method ? "is not supported for" : "stream"));
    CHECK(stream.fault.failure_class == (by_method ? "invalid_model" : "invalid_request"));
    CHECK(ReadReply(words.dialect, stream).well_formed);
    CHECK(unstreamed.Asked(0, 100).status == 200);

    ModelConfig prose;
    prose.json = false;
    Mock free(words.dialect, prose);
    HttpRequest request = free.Request(0, 100);
    const std::string parameter = AskForJson(words.dialect, &request);
    const ReplyPlan held = free.provider->Plan(request, kNow);
    CHECK(held.status == words.rejected_status);
    CHECK(Holds(held, parameter));
    CHECK(held.fault.failure_class == "invalid_request");
    for (const ReplyPlan* plan : {&stream, &held}) {
      Observation seen;
      seen.status = plan->status;
      seen.headers = &plan->headers;
      seen.bytes = plan->body;
      seen.dialect = words.dialect;
      const Diagnosis found = Diagnose(seen);
      CAPTURE(plan->body, found.rule);
      CHECK(FailureClassName(found.failure) == plan->fault.failure_class);
      CHECK(RetryDecisionName(found.retry) == plan->fault.retry_decision);
    }
  }
}

TEST_CASE("model limits: they are faults of the request: logged, not by load, never billed") {
  Mock mock("openai", Window(500));
  mock.Asked(600, 100);
  mock.Asked(600, 100);
  const Arrivals arrivals = mock.truth.Take(RequestKey("r5"));
  REQUIRE(arrivals.size() == 2);
  for (const Arrival& arrival : arrivals) {
    CHECK(arrival.fault.kind == FindFault("context_length_exceeded"));
    CHECK(arrival.fault.variant == "window");
    CHECK(arrival.fault.failure_class == "context_length_exceeded");
    CHECK(arrival.fault.retry_decision == "never_unchanged");
    CHECK_FALSE(arrival.fault.by_load);
    CHECK(arrival.completion_tokens == 0);
  }
}

TEST_CASE("model limits: what never reached the model keeps its own face, the rest does not") {
  struct Row {
    const char* fault;
    const char* variant;
    bool stays;
  };
  constexpr Row kRows[] = {{"server_error", "500", true},
                           {"rate_limit", "without_hint", true},
                           {"timeout", "hang", true},
                           {"connection_reset", "before_headers", true},
                           {"schema_drift", "fenced", false},
                           {"truncated", "cut", false},
                           {"connection_reset", "mid_body", false},
                           {"slow", "slow", false},
                           {"silent_degradation", "stale", false}};
  for (const Row& row : kRows) {
    Mock mock("openai", Window(500), WithFault(row.fault, 1, {{row.variant, 1}}));
    const ReplyPlan plan = mock.Asked(600, 100);
    CAPTURE(row.fault, row.variant);
    CHECK((plan.fault.kind == FindFault(row.fault)) == row.stays);
    if (row.stays) continue;
    CHECK(plan.fault.kind == FindFault("context_length_exceeded"));
    CHECK(plan.status == 400);
    CHECK(plan.end == End::kClean);
    CHECK(plan.body_sent == 0);
  }
}

TEST_CASE("model limits: TurnsDown says beforehand what Plan does, and leaves no trace") {
  for (const std::string_view dialect : kAllDialects) {
    Mock mock(dialect, Window(2000));
    for (const int64_t prompt_tokens : {500, 1850, 1950, 2100}) {
      const HttpRequest request = mock.Request(prompt_tokens, 100);
      const bool down = mock.provider->TurnsDown(request);
      CAPTURE(dialect, prompt_tokens);
      CHECK(mock.truth.CountArrivals(RequestKey("r5"), 0) == 0);
      CHECK(down == (mock.provider->Plan(request, kNow).status == 400));
      mock.truth.Take(RequestKey("r5"));
    }
    CHECK(mock.provider->Fits(0, 1000, 1000));
    CHECK(mock.provider->Fits(0, 1000, 1001) == (dialect == "gemini"));
    CHECK_FALSE(mock.provider->Fits(0, 2001, 0));
  }
}

TEST_CASE("model limits: a prompt cut to fit is answered rightly while the question is whole") {
  Mock mock("openai", Window(2000));
  const std::string prompt = TaskPrompt(kTestSeed, MakeTask(TaskKind::kExtract, 5), 3000);
  const std::string question = TaskPrompt(kTestSeed, MakeTask(TaskKind::kExtract, 5), 0);
  const auto asked = [&](std::string_view cut) {
    const ReplyPlan plan = mock.provider->Plan(ChatHttp(ChatRequestBody(cut), "r5"), kNow);
    const std::string content = ReadReply("openai", plan).content;
    CHECK(plan.wrong_by_model ==
          !OracleAccepts(kTestSeed, MakeTask(TaskKind::kExtract, 5), content));
    return plan.wrong_by_model;
  };
  CHECK_FALSE(asked(std::string_view(prompt).substr(0, 3500)));
  CHECK_FALSE(asked(question));
  CHECK(asked(std::string_view(question).substr(0, question.size() - 20)));
}

TEST_CASE(
    "model limits: the bytes tell the class that the truth names, and the cure, in every dialect") {
  for (const Words& words : kWords) {
    const auto check = [&](const ModelConfig& model, int64_t prompt, int64_t bound,
                           Adaptation adapt) {
      Mock mock(words.dialect, model);
      const HttpRequest request = WithTemperature(words.dialect, mock.Request(prompt, bound));
      const ReplyPlan plan = mock.provider->Plan(request, kNow);
      Observation seen;
      seen.status = plan.status;
      seen.headers = &plan.headers;
      seen.bytes = plan.body;
      seen.dialect = words.dialect;
      const Diagnosis found = Diagnose(seen);
      CAPTURE(words.dialect, plan.body, found.rule);
      CHECK(FailureClassName(found.failure) == plan.fault.failure_class);
      CHECK(RetryDecisionName(found.retry) == plan.fault.retry_decision);
      CHECK(AdaptationName(found.adapt) == AdaptationName(adapt));
    };
    check(Window(5000), 6000, 100, Adaptation::kNone);
    const bool sum = *words.sum_too_long != 0;
    if (sum) check(Window(5000), 1000, 4500, Adaptation::kReduceMaxTokens);
    check(MaxOutput(4096), 0, 5000, Adaptation::kReduceMaxTokens);
    check(Rejecting("temperature"), 0, 100, Adaptation::kDropParam);
  }
}

}  // namespace
}  // namespace squall::model_limits_test
