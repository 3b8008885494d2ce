// The engine speaks every dialect: the same call, the same answer and the same usage, whoever
// serves it.
#include <memory>
#include <optional>

#include "engine/base/sim_env.h"
#include "engine/engine.h"
#include "tests/catch.h"
#include "tests/engine/scripted_transport.h"

namespace squall::engine_dialects_test {
namespace {

class NullSink final : public EventSink {
 public:
  void OnAttempt(std::string_view, const AttemptRecord&) override {}
  void OnBreaker(ProviderId, BreakerState, BreakerState, Time) override {}
  void OnPhase(Phase, int64_t) override {}
};

struct Row {
  std::string_view dialect;
  std::string_view answer;   // {"n":7}, of 10 and 5 tokens
  std::string_view refusal;  // a success that says no
};

const Row kRows[] = {
    {"openai",
     R"({"choices":[{"message":{"content":"{\"n\":7}"},"finish_reason":"stop"}],)"
     R"("usage":{"prompt_tokens":10,"completion_tokens":5}})",
     R"({"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]})"},
    {"openai_responses",
     R"({"status":"completed","output":[{"type":"message","content":[{"type":"output_text",)"
     R"("text":"{\"n\":7}"}]}],"usage":{"input_tokens":10,"output_tokens":5}})",
     R"({"status":"completed","output":[{"type":"message","content":[{"type":"refusal",)"
     R"("refusal":"No."}]}]})"},
    {"anthropic",
     R"({"type":"message","content":[{"type":"text","text":"{\"n\":"},)"
     R"({"type":"text","text":"7}"}],)"
     R"("stop_reason":"end_turn","usage":{"input_tokens":7,"cache_read_input_tokens":3,)"
     R"("output_tokens":5}})",
     R"({"type":"message","content":[],"stop_reason":"refusal"})"},
    {"gemini",
     R"({"candidates":[{"content":{"parts":[{"text":"{\"n\":7}"}]},"finishReason":"STOP"}],)"
     R"("usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":2,"thoughtsTokenCount":3}})",
     R"({"promptFeedback":{"blockReason":"SAFETY"}})"},
    {"azure",
     R"({"choices":[{"message":{"content":"{\"n\":7}"},"finish_reason":"stop"}],)"
     R"("usage":{"prompt_tokens":10,"completion_tokens":5}})",
     R"({"choices":[{"message":{},"finish_reason":"content_filter"}]})"},
    {"deepseek",
     "\n\n"
     R"({"choices":[{"message":{"content":"{\"n\":7}"},"finish_reason":"stop"}],)"
     R"("usage":{"prompt_tokens":10,"completion_tokens":5}})",
     R"({"choices":[{"message":{"content":""},"finish_reason":"content_filter"}]})"},
};

Task<> Run(Engine* engine, const JsonSchema* schema, std::optional<CallResult>* out) {
  ChatRequest request;
  request.id = "r1";
  request.messages.emplace_back(Role::kUser, "seven?");
  CallResult result =
      co_await engine->Call(std::move(request), schema, kStart + 30s, std::stop_token());
  *out = std::move(result);
}

CallResult Call(std::string_view dialect, std::string_view body) {
  SimEnv env;
  ScriptedTransport transport(&env);
  transport.Script(0, {Answer(std::string(body))});
  NullSink sink;
  EngineConfig config;
  config.retry.max_attempts = 1;
  std::vector<ProviderInfo> providers(1);
  providers[0].name = "alpha";
  providers[0].dialect = dialect;
  providers[0].models = {ModelInfo{"alpha-large"}};
  const JsonSchema schema = std::move(*JsonSchema::Compile(
      R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]})"));
  Engine engine(config, std::move(providers), 1, &env, &transport, &sink);
  std::optional<CallResult> result;
  Spawn(env.executor(), Run(&engine, &schema, &result));
  env.Run();
  REQUIRE(result.has_value());
  return std::move(*result);
}

TEST_CASE("engine: an answer and its usage read the same in every dialect", "[engine]") {
  CHECK(std::size(kRows) == Dialects().size());
  for (const Row& row : kRows) {
    CAPTURE(row.dialect);
    const CallResult result = Call(row.dialect, row.answer);
    CHECK(result.ok);
    CHECK(result.content == R"({"n":7})");
    REQUIRE(result.attempts.size() == 1);
    CHECK(result.attempts[0].usage.prompt_tokens == 10);
    CHECK(result.attempts[0].usage.completion_tokens == 5);
  }
}

TEST_CASE("engine: a refusal is a filtered answer in every dialect", "[engine]") {
  for (const Row& row : kRows) {
    CAPTURE(row.dialect);
    const CallResult result = Call(row.dialect, row.refusal);
    CHECK_FALSE(result.ok);
    REQUIRE(result.attempts.size() == 1);
    CHECK(FailureClassName(result.attempts[0].diagnosis.failure) ==
          FailureClassName(FailureClass::kContentFiltered));
  }
}

}  // namespace
}  // namespace squall::engine_dialects_test
