// Adapt, repair, reask and second opinions against the real mocks in virtual time: what cures, what
// it costs, and what escapes. Counts of draws are held to the 99.9 % bound of the binomial.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/sim_env.h"
#include "mock_providers/dialect_server.h"
#include "mock_providers/in_process.h"
#include "mock_providers/tasks.h"
#include "reports/intervals.h"
#include "scenarios/session.h"
#include "scenarios/world.h"
#include "tests/catch.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall::adapt_and_repair_test {
namespace {

using Sets = std::vector<std::string>;

// self_healing on production-10k without faults, errors of models, budget and breakers; `sets` come
// after that.
Scenario Clean(const Sets& sets, int64_t requests = 300) {
  ScenarioOptions options;
  options.preset = "self_healing";
  options.sets = {"/faults={}", "/engine/breaker/enabled=false", "/engine/budget/enabled=false",
                  "/engine/deadline/failover_reserve=\"0s\"",
                  "/workload/requests=" + std::to_string(requests)};
  for (const char* p : {"0", "1", "2"}) {
    for (const char* m : {"0", "1"}) {
      options.sets.push_back("/providers/" + std::string(p) + "/models/" + m + "/base_error=0");
    }
  }
  options.sets.insert(options.sets.end(), sets.begin(), sets.end());
  auto scenario = LoadScenario("production-10k", options);
  INFO(scenario.status());
  REQUIRE(scenario.ok());
  return *std::move(scenario);
}

Summary Run(const Scenario& scenario, const RunHooks& hooks = RunHooks()) {
  return RunVirtual(scenario, 1, hooks).metrics.Summarize();
}

void SpeakAll(std::string_view dialect, Scenario* scenario) {
  for (ProviderConfig& provider : scenario->providers) provider.dialect = std::string(dialect);
}

// Or the request would go to one without a limit.
void KeepOneModel(Scenario* scenario) {
  scenario->providers.resize(1);
  scenario->providers[0].models.resize(1);
}

// Every request is turned down once and is right on the second attempt, at the same provider.
void CheckCuredInOneStep(const Summary& summary, int64_t requests) {
  CHECK(summary.faulted().n == requests);
  CHECK(summary.faulted().strict == requests);
  CHECK(summary.amplification.attempts == 2 * requests);
  CHECK(summary.recovered_by == std::vector<std::pair<std::string, int64_t>>{{"adapt", requests}});
}

TEST_CASE("adapt: a prompt beyond a known window fits in one step, and keeps its question",
          "[scenarios]") {
  for (const std::string_view dialect : DialectServerNames()) {
    for (const int64_t window : {8'000, 2'000, 900}) {
      CAPTURE(dialect, window);
      Scenario scenario = Clean({R"(/engine/ladder=["adapt"])", "/workload/prompt_tokens=10000",
                                 "/workload/prompt_sigma=0", "/workload/answer_sigma=0",
                                 "/providers/0/models/0/context_tokens=" + std::to_string(window)},
                                50);
      SpeakAll(dialect, &scenario);
      // Others know no limit: routing by capability must not hide what is tested.
      KeepOneModel(&scenario);
      CheckCuredInOneStep(Run(scenario), 50);
    }
  }
}

TEST_CASE("adapt: a limit on the answer beyond the model's is lowered to it, in every dialect",
          "[scenarios]") {
  for (const std::string_view dialect : DialectServerNames()) {
    CAPTURE(dialect);
    Scenario scenario = Clean({R"(/engine/ladder=["adapt"])", "/workload/answer_sigma=0",
                               "/providers/0/models/0/max_output_tokens=200"},
                              50);
    SpeakAll(dialect, &scenario);
    KeepOneModel(&scenario);
    CheckCuredInOneStep(Run(scenario), 50);
  }
}

TEST_CASE("adapt: a parameter that a model does not take is dropped, in every dialect",
          "[scenarios]") {
  for (const std::string_view dialect : DialectServerNames()) {
    CAPTURE(dialect);
    Scenario scenario = Clean(
        {R"(/engine/ladder=["adapt"])", R"(/providers/0/models/0/rejects=["temperature"])"}, 50);
    SpeakAll(dialect, &scenario);
    KeepOneModel(&scenario);
    CheckCuredInOneStep(Run(scenario), 50);
  }
}

// An engine that knows nothing of its providers' limits, and one request.
CallResult AskUnaware(const Scenario& scenario, int64_t prompt_tokens, int64_t max_tokens) {
  SimEnv env;
  MockSide mocks(scenario, 1);
  std::vector<Provider*> providers;
  std::vector<ProviderInfo> infos;
  for (const auto& provider : mocks.providers) {
    providers.push_back(provider.get());
    infos.emplace_back();
    infos.back().dialect = provider->config().dialect;
    infos.back().api_key = "squall";
    infos.back().models = {ModelInfo{provider->config().models[0].name}};
  }
  InProcessTransport transport(providers, &env);
  struct Silent final : EventSink {
    void OnAttempt(std::string_view, const AttemptRecord&) override {}
    void OnBreaker(ProviderId, BreakerState, BreakerState, Time) override {}
    void OnPhase(Phase, int64_t) override {}
  } events;
  Engine engine(scenario.engine, infos, 1, &env, &transport, &events);
  const TaskSpec task = MakeTask(TaskKind::kExtract, 5);
  ChatRequest request;
  request.id = "r1";
  request.max_tokens = max_tokens;
  request.messages.emplace_back(Role::kUser, TaskPrompt(1, task, prompt_tokens));
  const auto schema = JsonSchema::Compile(TaskSchema(task.kind));
  CallResult result;
  const auto run = [](Engine* e, ChatRequest r, const JsonSchema* s, CallResult* out) -> Task<> {
    const std::stop_token never;
    CallResult got = co_await e->Call(std::move(r), s, kStart + 60s, never);
    *out = std::move(got);
  };
  Spawn(env.executor(), run(&engine, std::move(request), &*schema, &result));
  env.Run();
  if (result.ok) CHECK(OracleAccepts(1, task, result.content));
  return result;
}

// The words name the window, but not how much of an answer the model can generate.
TEST_CASE("adapt: limits that nobody knows beforehand are met, in every dialect", "[scenarios]") {
  struct Row {
    const char* limit;
    int64_t prompt;
    int64_t max_tokens;
    size_t attempts;  // of which all but the last are turned down
  };
  constexpr Row kRows[] = {{"context_tokens=4000", 6'000, 100, 2},
                           {"context_tokens=1000", 6'000, 100, 2},
                           {"max_output_tokens=4096", 200, 5'000, 2},
                           {"max_output_tokens=1300", 200, 5'000, 3}};
  for (const std::string_view dialect : DialectServerNames()) {
    for (const Row& row : kRows) {
      CAPTURE(dialect, row.limit);
      Scenario scenario =
          Clean({R"(/engine/ladder=["adapt"])", "/engine/retry/max_attempts_per_target=5",
                 "/providers/0/models/0/" + std::string(row.limit)});
      SpeakAll(dialect, &scenario);
      scenario.providers.resize(1);
      const CallResult result = AskUnaware(scenario, row.prompt, row.max_tokens);
      CHECK(result.ok);
      CHECK(result.attempts.size() == row.attempts);
    }
    if (dialect == "gemini") continue;  // counts no answer
    Scenario scenario =
        Clean({R"(/engine/ladder=["adapt"])", "/providers/0/models/0/context_tokens=5000"});
    SpeakAll(dialect, &scenario);
    scenario.providers.resize(1);
    // The words say that the prompt fits: it stays whole.
    const CallResult result = AskUnaware(scenario, 1'000, 4'500);
    CAPTURE(dialect);
    CHECK(result.ok);
    REQUIRE(result.attempts.size() == 2);
    CHECK(result.attempts[1].usage.prompt_tokens >= 1'000);
  }
}

// ---- answers ----

TEST_CASE("repair: the slips of models are mended without another attempt", "[scenarios]") {
  for (const char* variant : {"fenced", "prose_wrapped", "fenced_in_prose", "trailing_comma",
                              "single_quotes", "python_literals", "end_missing"}) {
    for (const char* stream : {"0", "1"}) {
      CAPTURE(variant, stream);
      const Scenario scenario =
          Clean({R"(/faults={"schema_drift": {"rate": 1, "pinned": 1, "variants": {")" +
                     std::string(variant) + "\": 1}}}",
                 R"(/engine/ladder=["repair"])", "/engine/retry/max_attempts=1",
                 "/workload/stream=" + std::string(stream),
                 "/engine/stream={\"hold_until_valid\": true}"},
                90);
      int64_t wrong = 0;
      RunHooks hooks;
      hooks.on_outcome = [&](const Outcome& outcome, const CallResult&) {
        wrong += outcome.ok && !outcome.right;
      };
      const Summary summary = Run(scenario, hooks);
      CHECK(summary.faulted().n == 90);
      CHECK(wrong == 0);
      CHECK(summary.faulted().strict == 90);
      CHECK(summary.faulted().silent_escape == 0);
      CHECK(summary.amplification.attempts == 90);
      CHECK(summary.recovered_by == std::vector<std::pair<std::string, int64_t>>{{"repair", 90}});
    }
  }
}

TEST_CASE("repair: what a schema does not allow is not mended into being", "[scenarios]") {
  for (const char* variant : {"renamed_key", "wrong_type", "extra_nesting"}) {
    CAPTURE(variant);
    const Scenario scenario =
        Clean({R"(/faults={"schema_drift": {"rate": 1, "pinned": 1, "variants": {")" +
                   std::string(variant) + "\": 1}}}",
               R"(/engine/ladder=["repair"])"},
              90);
    CHECK(Run(scenario).faulted().abstained == 90);
  }
  // Cut off by the limit: whatever is handed out after that is right.
  const Scenario cut = Clean({R"(/faults={"truncated": {"rate": 1, "pinned": 1,
                                 "variants": {"finish_length": 1}}})",
                              R"(/engine/ladder=["repair"])"});
  const Summary summary = Run(cut);
  CHECK(summary.faulted().n == 300);
  CHECK(summary.faulted().lenient == summary.faulted().strict);
}

TEST_CASE("reask: heals as often as the mocks say, in every dialect", "[scenarios]") {
  constexpr double kHeals = 0.6;
  constexpr int64_t kRequests = 400;
  for (const std::string_view dialect : DialectServerNames()) {
    CAPTURE(dialect);
    Scenario scenario = Clean({R"(/faults={"schema_drift": {"rate": 1, "pinned": 1,
                                  "reask_heals": 0.6, "variants": {"renamed_key": 1}}})",
                               R"(/engine/ladder=["reask"])"},
                              kRequests);
    SpeakAll(dialect, &scenario);
    const Summary summary = Run(scenario);
    CHECK(summary.faulted().n == kRequests);
    CHECK(SharePlausible(summary.faulted().strict, kRequests, kHeals));
    CHECK(summary.amplification.attempts == 2 * kRequests);
  }
}

// ---- opinions ----

TEST_CASE("judge: the mocks understand it, in every dialect, and its calls are paid for",
          "[scenarios]") {
  for (const std::string_view dialect : DialectServerNames()) {
    CAPTURE(dialect);
    const auto with = [&](const char* share) {
      Scenario scenario = Clean({"/engine/opinions/judge_share=" + std::string(share)}, 200);
      SpeakAll(dialect, &scenario);
      for (ProviderConfig& provider : scenario.providers) {
        for (ModelConfig& model : provider.models) model.judge_error = 0;
      }
      return Run(scenario);
    };
    const Summary alone = with("0");
    const Summary judged = with("1");
    CHECK(judged.all.strict == 200);
    CHECK(judged.false_alarms == 0);
    CHECK(alone.amplification.attempts == 200);
    CHECK(judged.amplification.attempts == 400);
    // The judge reads the question and the answer.
    CHECK(judged.prompt_tokens > 2 * alone.prompt_tokens);
    CHECK(judged.completion_tokens > alone.completion_tokens);
    CHECK(judged.cost_usd > alone.cost_usd);
  }
}

TEST_CASE("judge: one that never errs lets no wrong answer of a model pass", "[scenarios]") {
  for (const char* unverified : {"accept", "fail"}) {
    Scenario scenario = Clean({"/engine/opinions/judge_share=1",
                               "/engine/opinions/unverified=\"" + std::string(unverified) + "\""},
                              1'000);
    for (ProviderConfig& provider : scenario.providers) {
      for (ModelConfig& model : provider.models) {
        model.judge_error = 0;
        model.base_error = 0.2;
      }
    }
    int64_t passed = 0;
    int64_t open = 0;  // after as many opinions as one request may ask for
    RunHooks hooks;
    hooks.on_outcome = [&](const Outcome& outcome, const CallResult& result) {
      if (!outcome.ok || outcome.right) return;
      (result.verification == Verification::kOpen ? open : passed) += 1;
    };
    const Summary summary = Run(scenario, hooks);
    const Tally& erred = summary.of(RequestKind::kModelError);
    CAPTURE(unverified);
    CHECK(erred.n > 150);
    CHECK(passed == 0);
    CHECK(open <= (unverified == std::string_view("accept") ? 20 : 0));
    CHECK(erred.strict > erred.n / 2);  // by another model
    CHECK(summary.false_alarms == 0);   // what was found wrong was wrong
  }
}

// Faults of judges are faults of their own attempts, found or not, and nobody else's.
TEST_CASE("judge: its own failures are counted once, as what they are", "[scenarios]") {
  Scenario scenario = Clean({"/engine/opinions/judge_share=1"}, 500);
  FaultConfig fault;
  fault.rate = 1;
  fault.variants = {{"500", 1}};
  scenario.providers[1].faults = {{"server_error", fault}};
  scenario.providers[2].faults = {{"server_error", fault}};
  int64_t attempts = 0;
  RunHooks hooks;
  hooks.on_outcome = [&](const Outcome& outcome, const CallResult&) {
    attempts += static_cast<int64_t>(outcome.attempts.size());
    CHECK(outcome.answered_by == "first");
  };
  const Summary summary = Run(scenario, hooks);
  CHECK(attempts == 3 * 500);
  CHECK(summary.faulted().n == 0);
  CHECK(summary.diagnosis.attempts == 2 * 500);
  CHECK(summary.diagnosis.class_right == 2 * 500);
  CHECK(summary.healthy_attempts == 500);
  CHECK(summary.false_alarms == 0);
}

// Two independent models give the same wrong answer with at most this chance, given that both err:
// a choice among few labels (mock_providers/answers.cc, tests/mock_providers/judge_test.cc).
constexpr double kAgreeWrongly = 1.0 / 4 * (1.0 / 4 + 1.0 / 3);

TEST_CASE("equivalence: wrong answers go out no more often than two models err alike",
          "[scenarios][long]") {
  constexpr int64_t kRequests = 2'000;
  for (const double p : {0.05, 0.2, 0.5}) {
    Scenario scenario =
        Clean({"/engine/opinions/equivalence=\"always\"", "/workload/tasks={\"classify\": 1}"},
              kRequests);
    for (ProviderConfig& provider : scenario.providers) provider.models[0].base_error = p;
    int64_t wrong = 0;
    int64_t unagreed = 0;
    RunHooks hooks;
    hooks.on_outcome = [&](const Outcome& outcome, const CallResult& result) {
      wrong += outcome.ok && !outcome.right;
      unagreed += outcome.ok && result.verification != Verification::kAgreed;
    };
    const Summary summary = Run(scenario, hooks);
    // Of three models, any two may be the ones that agree.
    const double bound = 3 * p * p * kAgreeWrongly;
    CAPTURE(p, wrong, bound);
    const auto n = static_cast<double>(kRequests);
    CHECK(static_cast<double>(wrong) <= n * bound + Binomial999(n, bound));
    CHECK(unagreed == 0);
    CHECK(summary.all.strict + summary.all.abstained + wrong == kRequests);
    // Two right answers of three: p is the chance that one is wrong.
    const double right = (1 - p) * (1 - p) * (1 + 2 * p);
    CHECK(SharePlausible(summary.all.strict, kRequests, right));
  }
}

// Worlds drawn at random: whatever fails and whoever errs, nothing is handed out unagreed where the
// engine must not accept that, and streams hold what the result says.
TEST_CASE("equivalence: no drawn world makes it hand out what nobody confirmed",
          "[scenarios][long]") {
  constexpr StreamId kWorlds = Stream("test/cures/worlds");
  for (uint64_t world = 0; world < 12; ++world) {
    const auto draw = [&](uint64_t index) { return Draw(kTestSeed, kWorlds, world, 0, index); };
    Scenario scenario =
        Clean({"/engine/opinions/equivalence=\"always\"", "/engine/opinions/unverified=\"fail\"",
               "/engine/opinions/most=" + std::to_string(1 + int(4 * draw(0))),
               "/workload/stream=" + std::to_string(draw(1)),
               R"(/engine/ladder=["repair", "failover", "reask", "retry"])"},
              250);
    const double p = 0.4 * draw(2);
    if (draw(3) < 0.5) {
      scenario.engine.hedge.kind = HedgeKind::kFixed;
      scenario.engine.hedge.delay = 1s;
    }
    for (ProviderConfig& provider : scenario.providers) {
      provider.models[0].base_error = p;
      uint64_t index = 10;
      for (const char* kind : {"server_error", "schema_drift", "timeout", "silent_degradation",
                               "connection_reset", "truncated"}) {
        provider.faults[kind].rate = 0.12 * draw(++index);
        provider.faults[kind].persists = draw(++index);
      }
    }
    int64_t unagreed = 0;
    int64_t handed_out = 0;
    RunHooks hooks;
    hooks.on_outcome = [&](const Outcome& outcome, const CallResult& result) {
      unagreed += outcome.ok && result.verification != Verification::kAgreed;
      handed_out += !outcome.ok && outcome.first_piece != kNever;
      CHECK(outcome.ok == !result.answered_by.empty());
    };
    const Summary summary = Run(scenario, hooks);
    CAPTURE(world, p);
    CHECK(unagreed == 0);
    CHECK(handed_out == 0);
    CHECK(summary.all.strict > 0);
  }
}

// Silent degradation passes every check there is. n = 3,000, half of all first attempts degraded,
// at all providers by themselves.
TEST_CASE("equivalence: what silent degradation slips through with it and without",
          "[scenarios][long]") {
  constexpr int64_t kRequests = 3'000;
  const auto escapes = [](const char* equivalence) {
    const Scenario scenario =
        Clean({R"(/faults={"silent_degradation": {"rate": 0.5, "persists": 0.5}})",
               "/engine/opinions/equivalence=\"" + std::string(equivalence) + "\""},
              kRequests);
    return Run(scenario).faulted();
  };
  const Tally without = escapes("never");
  const Tally with = escapes("always");
  const auto text = [](const Tally& tally) {
    const Interval ci = Wilson(tally.false_recovery(), tally.n);
    return std::to_string(tally.false_recovery()) + " of " + std::to_string(tally.n) + " [" +
           std::to_string(100 * ci.low) + ", " + std::to_string(100 * ci.high) + "] %";
  };
  WARN("wrong answers handed out: without " << text(without) << ", with equivalence "
                                            << text(with));
  CHECK(without.n == with.n);
  CHECK(without.silent_escape == without.n);
  CHECK(without.false_recovery() == without.n);
  CHECK(Wilson(with.false_recovery(), with.n).high < 0.1);
}

}  // namespace
}  // namespace squall::adapt_and_repair_test
