#include <absl/status/status.h>

#include <nlohmann/json.hpp>

#include "scenarios/embedded.h"
#include "scenarios/scenario.h"
#include "tests/catch.h"
#include "tests/scenarios/temporary_folder.h"

namespace squall::load_test {
namespace {

using nlohmann::json;

constexpr std::string_view kProviders =
    R"("providers": [{"name": "alpha", "models": [{"name": "large"}]}])";

// A small scenario with more top-level members.
std::string With(const std::string& members) {
  return "{" + members + (members.empty() ? "" : ", ") + std::string(kProviders) + "}";
}

absl::StatusOr<Scenario> Load(const std::string& text, const std::vector<std::string>& sets = {},
                              const std::string& preset = "") {
  ScenarioOptions options;
  options.sets = sets;
  options.preset = preset;
  return LoadScenarioText(text, "s.json", options);
}

std::string ErrorOf(const absl::StatusOr<Scenario>& scenario) {
  if (scenario.ok()) return "(none)";
  CHECK(scenario.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(scenario.status().message());
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the smallest scenario is providers and defaults") {
  const auto scenario = Load(With(""));
  REQUIRE(scenario.ok());
  CHECK(scenario->name == "s");
  CHECK(scenario->preset == "squall");
  CHECK(scenario->workload.requests == 1000);
  CHECK(scenario->hash.size() == 16);
}

// The faults below "providers" of a provider named alpha.
std::string Provider(const std::string& members) {
  return R"({"providers": [{"name": "alpha", "models": [{"name": "large"}], )" + members + "}]}";
}

TEST_CASE("every mistake in a scenario is one line with place, pointer, got and expected") {
  struct Row {
    std::string text;
    std::string start;  // of the message
    std::string part;   // and somewhere in it
  };
  const auto row = GENERATE(values<Row>({
      {With(R"("wrokload": {})"), "s.json:1:2: /wrokload: got unknown key \"wrokload\", expected",
       "did you mean \"workload\"?"},
      {With(R"("workload": {"request": 5})"), "s.json:1:15: /workload/request: got unknown key",
       "did you mean \"requests\"?"},
      {With(R"("workload": {"requests": 0})"), "s.json:1:15: /workload/requests: got 0, ",
       "expected an integer from 1 to 1000000000"},
      {With("\n\"workload\": {\n  \"deadline\": \"30\"}"),
       "s.json:3:3: /workload/deadline: got \"30\"", "expected a duration from 1ms to 1d"},
      {With(R"("faults": {"timeout": {"rate": -0.1}})"),
       "s.json:1:25: /faults/timeout/rate: got -0.1", "expected a number from 0 to 1"},
      {With(R"("faults": {"timeuot": {"rate": 0.1}})"),
       "s.json:1:13: /faults/timeuot: got unknown fault \"timeuot\", expected one of timeout, slow",
       "did you mean \"timeout\"?"},
      {With(R"("faults": {"timeout": {"rate": 0.6}, "slow": {"rate": 0.5}})"), "s.json:1:",
       "/providers/0/faults: got fault rates of provider \"alpha\" that sum to 1.1, the scenario's "
       "defaults included, expected at most 1"},
      {With(R"("faults": {"timeout": {"rate": 0.1, "request_bound": 0.6, "common_cause": 0.6}})"),
       "s.json:1:13: /faults/timeout: ", "at most 1"},
      {With(R"("faults": {"server_error": {"variants": {"505": 1}}})"),
       "s.json:1:43: /faults/server_error/variants/505: got unknown variant \"505\", expected one "
       "of "
       "500, 502",
       "did you mean \"500\"?"},
      {With(R"("faults": {"server_error": {"variants": {"500": 0}}})"),
       "s.json:1:30: /faults/server_error/variants: got weights that are all 0",
       "expected one above 0"},
      {Provider(R"("faults": {"bananas": {"rate": 0.1}})"),
       "s.json:1:76: /providers/0/faults/bananas: got unknown fault", "expected one of timeout"},
      {R"({"providers": []})", "s.json:1:2: /providers: got 0 providers", "expected 1 to 64"},
      {R"({})", "s.json:1:1: /providers: got 0 providers", "expected 1 to 64"},
      {R"({"providers": [{"name": "a"}]})", "s.json:1:16: /providers/0/models: got no models",
       "expected at least one"},
      {R"({"providers": [{"models": [{"name": "m"}]}]})",
       "s.json:1:16: /providers/0/name: got no name", "expected one"},
      {R"({"providers": [{"name": "a", "models": [{"name": "m"}, {"name": "m"}]}]})",
       "s.json:1:57: /providers/0/models/1/name: got \"m\" a second time", "expected a name"},
      {R"({"providers": [{"name": "a", "models": [{"name": "m"}]},
                         {"name": "a", "models": [{"name": "m"}]}]})",
       "s.json:2:27: /providers/1/name: got \"a\" a second time", "expected a name"},
      {Provider(R"("dialect": "openia")"), "s.json:1:65: /providers/0/dialect: got unknown dialect",
       "did you mean \"openai\"?"},
      {With(R"("climate": [{"name": "c", "providers": ["aplha"], "from": "1s", "to": "2s"}])"),
       "s.json:1:42: /climate/0/providers/0: got unknown provider \"aplha\", expected one of alpha",
       "did you mean \"alpha\"?"},
      {With(R"("climate": [{"name": "c", "from": "2s", "to": "1s"}])"),
       "s.json:1:14: /climate/0: got values that break a rule: ", "later than"},
      {With(R"("climate": [{"name": "c", "fault": "x", "from": "1s", "to": "2s"}])"),
       "s.json:1:28: /climate/0/fault: got unknown fault \"x\"", "expected one of timeout"},
      {With(R"("climate": [{"from": "1s", "to": "2s"}])"),
       "s.json:1:14: /climate/0/name: got no name", "expected one"},
      {With(R"("climate": [{"name": "c", "to": "2s"}, {"name": "c", "to": "2s"}])"),
       "s.json:1:42: /climate/1/name: got \"c\" a second time", "expected a name of its own"},
      {With(R"("climate": [{"name": "c", "kind": "gilbert"}])"),
       "s.json:1:28: /climate/0/kind: got \"gilbert\"",
       "expected one of outage, ramp, gilbert_elliott"},
      {With(R"("workload": {"tasks": {"extrct": 1}})"),
       "s.json:1:25: /workload/tasks/extrct: got unknown task", "did you mean \"extract\"?"},
      {With(R"("workload": {"tasks": {}})"), "s.json:1:15: /workload/tasks: got no tasks",
       "expected at least one"},
      {With(R"("engine": {"ladder": ["retry", "failver"]})"),
       "s.json:1:33: /engine/ladder/1: got unknown strategy \"failver\"",
       "did you mean \"failover\"?"},
      {With(R"("engine": {"ladder": ["retry", "retry"]})"),
       "s.json:1:33: /engine/ladder/1: got \"retry\" a second time", "expected it once"},
      {With(R"("engine": {"preset": "self_heeling"})"),
       "s.json:1:13: /engine/preset: got unknown preset \"self_heeling\", expected one of ",
       "did you mean \"self_healing\"?"},
      {With(R"("engine": {"preset": "mine.json"})"),
       "s.json:1:13: /engine/preset: mine.json: no such file", ""},
      {With(R"("engine": {"retry": {"backoff": {"base": "2s", "cap": "1s"}}})"),
       "s.json:1:23: /engine/retry/backoff: got values that break a rule: cap must "
       "be at least base",
       ""},
      {With(R"("workload": {"arrivals": {"kind": "trace"}})"),
       "s.json:1:15: /workload/arrivals/trace: got none with kind \"trace\"",
       "expected a CSV file"},
      {With(R"("workload": {"arrivals": {"trace": "t.csv"}})"),
       "s.json:1:28: /workload/arrivals/trace: got \"t.csv\" with another kind", "expected none"},
      {With(R"("seed": 1, "seed": 2)"), "s.json:1:13: /seed: got the key a second time",
       "expected it once"},
      {With(R"("$schema": 3)"), "s.json:1:2: /$schema: got 3", "expected a text"},
      {"[]", "s.json:1:1: got an empty list", "expected an object"},
      {"", "s.json:1:1: not JSON: ", "unexpected end of input"},
      {"{\n  \"seed\": 1,\n  \"name\" 2\n}", "s.json:3:10: not JSON: ", "expected ':'"},
      {With(R"("seed": 1e999)"), "s.json:1:14: not JSON: ", "number overflow"},
      {std::string(100, '['), "s.json: got nesting deeper than 64 levels", "expected less"},
  }));
  CAPTURE(row.text);
  const std::string error = ErrorOf(Load(row.text));
  CAPTURE(error);
  CHECK(error.substr(0, row.start.size()) == row.start);
  CHECK(Contains(error, row.part));
  CHECK(!Contains(error, "\n"));
}

TEST_CASE("several mistakes are several lines in the order of the file") {
  const std::string error =
      ErrorOf(Load(With("\"zeed\": 1,\n\"workload\": {\"deadline\": 5},\n\"seed\": -1")));
  CHECK(Contains(error, "s.json:1:2: /zeed"));
  CHECK(error.find("\ns.json:2:") < error.find("\ns.json:3:"));
}

TEST_CASE("rules between fields are checked beside values that could not be read") {
  const std::string error = ErrorOf(
      Load(R"({"seed": -1, "providers": [{"name": "a", "models": 3, "dialect": "latin"}]})"));
  CHECK(Contains(error, "/seed: got -1"));
  CHECK(Contains(error, "/providers/0/models: got 3"));
  CHECK(!Contains(error, "got no models"));
  CHECK(Contains(error, "/providers/0/dialect: got unknown dialect"));
}

TEST_CASE("comments are allowed") {
  CHECK(Load("// first\n" + With("/* second \" { */ \"seed\": 7 // third, \"x\"\n")).value().seed ==
        7);
  CHECK(ErrorOf(Load("// first\n{ /* \"a\": */ \"sead\": 7, " + std::string(kProviders) + "}"))
            .substr(0, 21) == "s.json:2:14: /sead: g");
}

// ---- --set ----

TEST_CASE("option --set changes, creates and appends by JSON pointer") {
  const auto scenario =
      Load(With(""), {"/seed=9", "/engine/retry/max_attempts=7", "/faults/timeout/rate=0.25",
                      "/name=plain text",
                      "/providers/-={\"name\": \"beta\", \"models\": [{\"name\": \"m\"}]}",
                      "/providers/1/latency/ttft_median=1s"});
  REQUIRE(scenario.ok());
  CHECK(scenario->seed == 9);
  CHECK(scenario->engine.retry.max_attempts == 7);
  CHECK(scenario->name == "plain text");
  REQUIRE(scenario->providers.size() == 2);
  CHECK(scenario->providers[1].faults.at("timeout").rate == 0.25);
  CHECK(scenario->providers[1].latency.ttft_median == 1s);
}

TEST_CASE("of two --set of one value the later wins") {
  CHECK(Load(With(""), {"/seed=1", "/seed=2"}).value().seed == 2);
}

TEST_CASE("a mistake in --set is reported as its own") {
  struct Row {
    std::string set;
    std::string error;
  };
  const auto row = GENERATE(values<Row>({
      {"/engine/retry/max_attempts=0",
       "--set /engine/retry/max_attempts=0: /engine/retry/max_attempts: got 0, expected an integer "
       "from 1 to 32"},
      {"/engine/rettry/max_attempts=1",
       "--set /engine/rettry/max_attempts=1: /engine/rettry: got unknown key \"rettry\", "
       "expected one of preset, diagnose, ladder, retry, deadline, stream, hedge, hedge_latency, "
       "routing, health, breaker, breaker_scopes, breaker_counts_followed, all_open, quality, "
       "budget, provider_budget, provider_budget_counts_answers, limiter, send_rate, concurrency, "
       "conversation, guard, opinions, knowledge; "
       "did you mean \"retry\"?"},
      {"/engine={\"guard\": 1}",
       "--set /engine={\"guard\": 1}: /engine/guard: got 1, expected an object"},
      {"/workload/deadline=30",
       "--set /workload/deadline=30: /workload/deadline: got 30, expected a duration from 1ms to "
       "1d, such as \"250ms\" or \"1m30s\""},
      {"seed=1",
       "--set seed=1: got \"seed=1\", expected /pointer=value, such as "
       "/workload/requests=500"},
      {"/seed",
       "--set /seed: got \"/seed\", expected /pointer=value, such as "
       "/workload/requests=500"},
      {"=", "--set =: got \"=\", expected /pointer=value, such as /workload/requests=500"},
      {"/a~2=1",
       "--set /a~2=1: got \"/a~2=1\", expected /pointer=value, such as "
       "/workload/requests=500"},
      {"/providers/7/name=x",
       "--set /providers/7/name=x: /providers: got index \"7\" of a list, expected 0 to 1 or \"-\" "
       "to append"},
      {"/providers/0/name/x=1",
       "--set /providers/0/name/x=1: /providers/0/name: got \"alpha\", expected an object or a "
       "list "
       "to set \"x\" in"},
  }));
  CAPTURE(row.set);
  CHECK(ErrorOf(Load(With(""), {row.set})) == row.error);
}

TEST_CASE("a rule broken with the help of --set says so") {
  const std::string error = ErrorOf(Load(With(R"("faults": {"timeout": {"request_bound": 0.6}})"),
                                         {"/faults/timeout/common_cause=0.6"}));
  CHECK(Contains(error, "s.json:1:13: /faults/timeout: "));
  CHECK(Contains(error, "(with --set /faults/timeout/common_cause=0.6)"));
}

// ---- presets ----

TEST_CASE("the scenario overrides its preset and --set overrides both") {
  const std::string text =
      With(R"("engine": {"preset": "naive_retry", "retry": {"max_attempts": 4}})");
  const auto scenario = Load(text, {"/engine/guard/json=true"});
  REQUIRE(scenario.ok());
  CHECK(scenario->preset == "naive_retry");
  CHECK(scenario->engine.retry.max_attempts == 4);             // the scenario's
  CHECK(scenario->engine.retry.max_attempts_per_target == 3);  // the preset's
  CHECK(scenario->engine.guard.json);                          // --set
  CHECK(!scenario->engine.guard.non_empty);
  CHECK(scenario->engine.knowledge.max_rules == EngineConfig().knowledge.max_rules);
  CHECK(Load(text, {"/engine/retry/max_attempts=9"})->engine.retry.max_attempts == 9);
}

TEST_CASE("option --engine replaces preset and overrides of the scenario but not --set") {
  const auto scenario =
      Load(With(R"("engine": {"preset": "naive_retry", "retry": {"max_attempts": 4}})"),
           {"/engine/guard/json=true"}, "none");
  REQUIRE(scenario.ok());
  CHECK(scenario->preset == "none");
  CHECK(scenario->engine.retry.max_attempts == 1);
  CHECK(scenario->engine.guard.json);
  CHECK(scenario->engine.ladder.empty());
}

TEST_CASE("option --engine rejects an unknown preset and a second word on it") {
  const std::string error = ErrorOf(Load(With(""), {}, "non"));
  CHECK(error.starts_with(
      "--engine non: /engine/preset: got unknown preset \"non\", expected one of "));
  CHECK(error.ends_with("; did you mean \"none\"?"));
  CHECK(Contains(ErrorOf(Load(With(""), {"/engine/preset=naive_retry"}, "none")),
                 "--set /engine/preset=naive_retry: got the engine twice"));
}

TEST_CASE("custom is the engine's own defaults") {
  const auto scenario = Load(With(R"("engine": {"preset": "custom"})"));
  REQUIRE(scenario.ok());
  CHECK(scenario->engine.retry.max_attempts == EngineConfig().retry.max_attempts);
}

TEST_CASE("a preset file is read beside the scenario, and its mistakes are its own") {
  const TemporaryFolder folder;
  const std::string scenario =
      folder.Write("s.json", With(R"("engine": {"preset": "my/preset.json"})"));
  const std::string preset = folder.Write(
      "my/preset.json", R"({"$schema": "x", "doc": "mine", "retry": {"max_attempts": 6}})");
  const auto loaded = LoadScenario(scenario, {});
  REQUIRE(loaded.ok());
  CHECK(loaded->preset == "my/preset.json");
  CHECK(loaded->engine.retry.max_attempts == 6);
  const json dump = json::parse(DumpScenario(*loaded));
  CHECK(dump["engine"]["preset"] == "custom");
  CHECK(dump["engine"]["retry"]["max_attempts"] == 6);

  folder.Write("my/preset.json", R"({"retry": {"max_atempts": 6}})");
  const auto broken = LoadScenario(scenario, {});
  CHECK(Contains(ErrorOf(broken), preset + ":1:12: /retry/max_atempts: got unknown key"));
  ScenarioOptions options;
  options.preset = preset;
  CHECK(Contains(ErrorOf(LoadScenario("production-10k", options)), preset + ":1:12: "));
}

// ---- merging ----

TEST_CASE("a provider's fault is the scenario's with what it changes") {
  const auto scenario = Load(R"({
    "providers": [
      {"name": "alpha", "models": [{"name": "m"}],
       "faults": {"timeout": {"rate": 0.5}, "slow": {}}},
      {"name": "beta", "models": [{"name": "m"}]}
    ],
    "faults": {
      "timeout": {"rate": 0.1, "pinned": 0.7},
      "server_error": {"rate": 0.2, "variants": {"500": 1}}
    }
  })");
  REQUIRE(scenario.ok());
  const auto& alpha = scenario->providers[0].faults;
  CHECK(alpha.at("timeout").rate == 0.5);
  CHECK(alpha.at("timeout").pinned == 0.7);
  CHECK(alpha.at("server_error").variants == std::map<std::string, double>{{"500", 1}});
  CHECK(alpha.at("slow").rate == 0);
  const auto& beta = scenario->providers[1].faults;
  CHECK(beta.size() == 2);
  CHECK(beta.at("timeout").rate == 0.1);
}

TEST_CASE("rates count after merging: a provider may lower a default") {
  const std::string defaults = R"("faults": {"timeout": {"rate": 0.9}, "slow": {"rate": 0.3}}, )";
  const auto fits = Load("{" + defaults + R"("providers": [{"name": "a", "models": [{"name": "m"}],
                         "faults": {"slow": {"rate": 0.1}}}]})");
  CHECK(fits.ok());
}

// ---- files, bundled scenarios, dumps ----

TEST_CASE("a missing scenario is not found, and the bundled ones are named") {
  const auto scenario = LoadScenario("producton-10k", {});
  REQUIRE(!scenario.ok());
  CHECK(scenario.status().code() == absl::StatusCode::kNotFound);
  const std::string error(scenario.status().message());
  CHECK(Contains(error,
                 "producton-10k: got neither a file nor a bundled scenario, expected one of "));
  CHECK(Contains(error, "did you mean \"production-10k\"?"));
}

TEST_CASE("a bundled scenario goes by its name or its path") {
  const auto by_name = LoadScenario("production-10k", {});
  const auto by_path = LoadScenario("scenarios/production-10k.json", {});
  REQUIRE(by_name.ok());
  REQUIRE(by_path.ok());
  CHECK(by_name->hash == by_path->hash);
}

TEST_CASE("a file comes before a bundled scenario") {
  const TemporaryFolder folder;
  const auto scenario = LoadScenario(folder.Write("parity", With(R"("seed": 99)")), {});
  REQUIRE(scenario.ok());
  CHECK(scenario->seed == 99);
}

TEST_CASE("every bundled scenario and preset loads, says what it is and dumps to a fixpoint") {
  REQUIRE(BundledScenarios().size() >= 5);
  REQUIRE(BundledPresets().size() >= 3);
  for (const BundledItem& item : BundledScenarios()) {
    CAPTURE(item.name);
    const auto scenario = LoadScenario(item.name, {});
    INFO(scenario.status().message());
    REQUIRE(scenario.ok());
    CHECK(scenario->name == item.name);
    CHECK(!item.doc.empty());
    const std::string dump = DumpScenario(*scenario);
    const auto again = LoadScenarioText(dump, item.name + ".json", {});
    INFO(again.status().message());
    REQUIRE(again.ok());
    CHECK(DumpScenario(*again) == dump);
    CHECK(again->hash == scenario->hash);
  }
  for (const BundledItem& item : BundledPresets()) {
    CAPTURE(item.name);
    CHECK(!item.doc.empty());
    CHECK(!PresetText(item.name).empty());
    const auto scenario = Load(With(""), {}, item.name);
    INFO(scenario.status().message());
    CHECK(scenario.ok());
  }
}

TEST_CASE("the hash follows every value and nothing else") {
  const std::string hash = Load(With("")).value().hash;
  CHECK(Load("// comment\n" + With("\"seed\": 1")).value().hash == hash);
  CHECK(Load(With("\"seed\": 2")).value().hash == hash);  // it stands beside the hash
  CHECK(Load(With(""), {"/engine/breaker/open_for=16s"}).value().hash != hash);
}

TEST_CASE("production-10k has the middle of each published range") {
  const auto scenario = LoadScenario("production-10k", {});
  REQUIRE(scenario.ok());
  CHECK(scenario->workload.requests == 10'000);
  for (const ProviderConfig& provider : scenario->providers) {
    const auto rate = [&provider](const char* kind) { return provider.faults.at(kind).rate; };
    CHECK(rate("timeout") == (0.02 + 0.05) / 2);
    CHECK(rate("rate_limit") == (0.01 + 0.03) / 2);
    CHECK(rate("empty_body") + rate("empty_content") == (0.005 + 0.02) / 2);
    CHECK(rate("schema_drift") == (0.01 + 0.04) / 2);
    CHECK(rate("server_error") == (0.005 + 0.01) / 2);
    CHECK(provider.faults.size() == 6);
  }
  CHECK(!scenario->assumptions.empty());
  CHECK(!scenario->sources.empty());
}

// ---- traces ----

constexpr std::string_view kTrace =
    "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n"
    "2023-11-16 18:17:04.0319600,3180,8\r\n2023-11-16 18:17:05.0000000,100,20";

TEST_CASE("option --trace brings arrivals and as many requests as it has rows") {
  const TemporaryFolder folder;
  ScenarioOptions options;
  options.trace = folder.Write("t.csv", kTrace);
  const auto scenario = LoadScenario("production-10k", options);
  REQUIRE(scenario.ok());
  CHECK(scenario->workload.arrivals.kind == ArrivalKind::kTrace);
  CHECK(scenario->workload.requests == 3);
  CHECK(scenario->trace.size() == 3);

  options.sets = {"/workload/requests=2"};
  CHECK(LoadScenario("production-10k", options)->workload.requests == 2);
  options.sets = {"/workload/requests=4"};
  CHECK(ErrorOf(LoadScenario("production-10k", options)) ==
        "--set /workload/requests=4: /workload/requests: got 4, expected at most the 3 rows of the "
        "trace");
}

TEST_CASE("a bad trace is an error with file and line") {
  const TemporaryFolder folder;
  ScenarioOptions options;
  options.trace = folder.Write("t.csv", std::string(kTrace) + "\nx");
  const std::string error = ErrorOf(LoadScenario("production-10k", options));
  CHECK(Contains(error, "--trace " + options.trace + ": "));
  CHECK(Contains(error, options.trace + ":5: got \"x\", expected a row such as "));
  options.trace = folder.Path("none.csv");
  const auto missing = LoadScenario("production-10k", options);
  CHECK(missing.status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("a scenario names its trace beside itself, and equal rows have one hash anywhere") {
  const TemporaryFolder folder;
  const std::string text = With(R"("workload": {"arrivals": {"kind": "trace", "trace": "t.csv"}})");
  std::vector<std::string> hashes;
  for (const std::string sub : {"a", "b"}) {
    folder.Write(sub + "/t.csv", kTrace);
    const auto scenario = LoadScenario(folder.Write(sub + "/s.json", text), {});
    REQUIRE(scenario.ok());
    CHECK(scenario->workload.requests == 3);
    hashes.push_back(scenario->hash);
    const auto again = LoadScenarioText(DumpScenario(*scenario), "elsewhere/s.json", {});
    REQUIRE(again.ok());
    CHECK(again->hash == scenario->hash);
  }
  CHECK(hashes[0] == hashes[1]);
  folder.Write("b/t.csv", std::string(kTrace) + "1");
  CHECK(LoadScenario(folder.Path("b/s.json"), {})->hash != hashes[0]);
}

TEST_CASE("text of any bytes survives --set, dump and load") {
  const auto scenario = Load(With(""), {"/name=\xff\xfe", "/doc=\"quoted \\u0000\""});
  REQUIRE(scenario.ok());
  const std::string dump = DumpScenario(*scenario);
  const auto again = LoadScenarioText(dump, "s.json", {});
  REQUIRE(again.ok());
  CHECK(DumpScenario(*again) == dump);
}

}  // namespace
}  // namespace squall::load_test
