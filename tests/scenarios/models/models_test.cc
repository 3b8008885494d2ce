// What a reader of the model scenarios should see, and that they are scenarios like any other:
// strict, repeatable, the same bytes on any number of threads. Margins are wide: each comparison is
// many standard errors away from turning.
#include <cmath>
#include <string>
#include <vector>

#include "scenarios/scenario.h"
#include "tests/catch.h"

namespace squall::models_test {
namespace {

Scenario Load(const std::string& name, const std::vector<std::string>& sets = {}) {
  ScenarioOptions options;
  options.sets = sets;
  absl::StatusOr<Scenario> scenario = LoadScenario(name, options);
  INFO(name << ": " << scenario.status().ToString());
  REQUIRE(scenario.ok());
  return std::move(*scenario);
}

ModelOutputs Run(const std::string& name, const std::vector<std::string>& sets,
                 int64_t replications, int threads = 2) {
  const Scenario scenario = Load(name, sets);
  REQUIRE(scenario.model.has_value());
  return RunModelReplications(*scenario.model, static_cast<uint64_t>(scenario.seed), replications,
                              threads)
      .outputs;
}

double Mean(const ModelOutputs& outputs, const std::string& name) {
  const ModelOutput* output = outputs.Find(name);
  REQUIRE(output != nullptr);
  if (!output->proportion) return output->moments.mean();
  return static_cast<double>(output->count) / static_cast<double>(output->n);
}

std::string Json(const Scenario& scenario, int threads) {
  ModelRun run =
      RunModelReplications(*scenario.model, static_cast<uint64_t>(scenario.seed), 3, threads);
  ModelResult result;
  result.scenario = scenario.name;
  result.kind = std::string(ModelKindNames()[scenario.model->index()]);
  result.parameters = ModelParametersJson(*scenario.model);
  result.replications = run.replications;
  result.outputs = std::move(run.outputs);
  return ToJsonWithoutTiming(result);
}

// Parameters that make a replication short without changing what it is.
std::vector<std::string> Short(const std::string& kind) {
  if (kind == "queue") return {"/model/customers=2000", "/model/warmup=100"};
  if (kind == "budget") return {"/model/calls=2000"};
  if (kind == "hedging") return {"/model/requests=2000"};
  if (kind == "throttle") return {"/model/run_for=60s", "/model/warmup=60s"};
  if (kind == "storm_splitting") return {"/model/particles=5", "/model/storm/run_for=110s"};
  return {};
}

TEST_CASE("models: every kind has a bundled scenario, and gives the same bytes on any threads",
          "[models][long]") {
  std::vector<int> seen(ModelKindNames().size());
  for (const BundledItem& item : BundledScenarios()) {
    const Scenario whole = Load(item.name);
    if (!whole.model) continue;
    CAPTURE(item.name);
    ++seen[whole.model->index()];
    const Scenario scenario =
        Load(item.name, Short(std::string(ModelKindNames()[whole.model->index()])));
    const std::string once = Json(scenario, 1);
    CHECK(Json(scenario, 1) == once);
    CHECK(Json(scenario, 2) == once);
    Scenario other = scenario;
    other.seed += 1;
    if (item.name != "model-gc-pause" && item.name != "model-retry-chain") {  // nothing is drawn
      CHECK(Json(other, 2) != once);
    }
  }
  for (size_t kind = 0; kind < seen.size(); ++kind) {
    CAPTURE(std::string(ModelKindNames()[kind]));
    CHECK(seen[kind] > 0);
    CHECK(!ModelKindDoc(kind).empty());
  }
}

TEST_CASE("models: one replication more changes none of those before it", "[models]") {
  const ModelOutputs few = Run("model-aws-backoff", {"/model/clients=5"}, 10);
  const ModelOutputs many = Run("model-aws-backoff", {"/model/clients=5"}, 700);
  for (size_t i = 0; i < 10; ++i) {
    CHECK(few.Find("time_ms")->values[i] == many.Find("time_ms")->values[i]);
  }
}

std::string ErrorOf(const std::string& text) {
  const auto scenario = LoadScenarioText(text, "m.json", {});
  CHECK(!scenario.ok());
  return std::string(scenario.status().message());
}

TEST_CASE("models: a mistake is one line with its place, what was got and what was expected",
          "[models]") {
  struct Row {
    const char* text;
    const char* part;
  };
  const auto row = GENERATE(values<Row>({
      {R"({"model": {"kind": "occ_backof"}})",
       "/model/kind: got unknown model \"occ_backof\", expected one of occ_backoff,"},
      {R"({"model": {"kind": "occ_backof"}})", "did you mean \"occ_backoff\"?"},
      {R"({"model": {}})", "/model: got no kind, expected one of"},
      {R"({"model": 5})", "/model: got 5, expected an object"},
      {R"({"model": {"kind": "herd", "client": 5}})",
       "/model/client: got unknown key \"client\", expected one of kind, clients,"},
      {R"({"model": {"kind": "herd", "clients": 0}})",
       "/model/clients: got 0, expected an integer from 1 to 10000000"},
      {R"({"model": {"kind": "mm1_retry_storm", "timeout": 4}})",
       "/model/timeout: got 4, expected a duration from 1us to 1d"},
      {R"({"model": {"kind": "mm1_retry_storm", "late_reply": "perhaps"}})",
       "/model/late_reply: got \"perhaps\", expected one of ignored, counts"},
      {R"({"model": {"kind": "retries", "depth": 8, "attempts": 32}})",
       "/model: got values that break a rule: attempts to the power of depth"},
      {R"({"model": {"kind": "herd"}, "workload": {}})", "/workload: got unknown key \"workload\""},
      {R"({"model": {"kind": "herd"}, "replications": 0})", "/replications: got 0, expected"},
  }));
  CAPTURE(row.text, row.part);
  CHECK(ErrorOf(row.text).find(row.part) != std::string::npos);
}

TEST_CASE("models: every parameter shown can be read again, and the hash follows it", "[models]") {
  const Scenario scenario = Load("model-retry-storm");
  const auto again = LoadScenarioText(DumpScenario(scenario), "model-retry-storm.json", {});
  REQUIRE(again.ok());
  CHECK(again->hash == scenario.hash);
  CHECK(Load("model-retry-storm", {"/model/backoff/cap=19s"}).hash != scenario.hash);
}

TEST_CASE("models: no backoff ends soonest and costs most, jitter more than halves the calls",
          "[models][long]") {
  const auto at = [](const char* policy, const char* clients) {
    return Run("model-aws-backoff",
               {std::string("/model/policy=") + policy, std::string("/model/clients=") + clients},
               60);
  };
  const ModelOutputs none = at("none", "100");
  const ModelOutputs plain = at("exponential", "100");
  const ModelOutputs full = at("full", "100");
  const ModelOutputs decorrelated = at("decorrelated", "100");
  for (const ModelOutputs* other : {&plain, &full, &decorrelated}) {
    CHECK(Mean(none, "time_ms") < Mean(*other, "time_ms"));
    CHECK(Mean(none, "calls") > Mean(*other, "calls"));
  }
  CHECK(Mean(full, "calls") < 0.5 * Mean(plain, "calls"));
  CHECK(Mean(decorrelated, "calls") > 1.2 * Mean(full, "calls"));
  CHECK(Mean(at("equal", "190"), "calls") < Mean(at("full", "190"), "calls"));
}

TEST_CASE("models: jitter alone does not end a retry storm, a budget and a breaker do",
          "[models][long]") {
  const auto stuck = [](const std::vector<std::string>& sets) {
    return Mean(Run("model-retry-storm", sets, 40), "stuck");
  };
  CHECK(stuck({}) == 1);
  CHECK(stuck({"/model/backoff/kind=full"}) == 1);
  CHECK(stuck({"/model/retries=0"}) == 0);
  CHECK(stuck({"/model/budget/enabled=true"}) < 0.1);
  CHECK(stuck({"/model/breaker/enabled=true"}) == 0);
  CHECK(stuck({"/model/arrivals_per_s=2", "/model/spike_at=50s"}) == 0);  // below mu / 4
}

TEST_CASE("models: whether a late reply counts moves the success of the GC collapse by percents",
          "[models][long]") {
  const ModelOutputs counts = Run("model-gc-pause", {}, 1);
  const ModelOutputs ignored = Run("model-gc-pause", {"/model/late_reply=ignored"}, 1);
  CHECK(Mean(counts, "requests") == 419);
  CHECK(Mean(counts, "success") > Mean(ignored, "success") + 0.02);
  CHECK(Mean(ignored, "load") > Mean(counts, "load"));
  CHECK(Mean(Run("model-gc-pause", {"/model/arrivals_per_s=2"}, 1), "success") > 0.97);
}

TEST_CASE("models: retrying at one layer costs one layer's attempts", "[models][long]") {
  for (const char* place : {"innermost", "outermost"}) {
    const std::string set = std::string("/model/retry_at=") + place;
    CHECK(Mean(Run("model-retry-chain", {set}, 1), "amplification") == 3);
    CHECK(Mean(Run("model-retry-chain", {set, "/model/failure_rate=0.5"}, 10), "success") ==
          Approx(0.875).margin(0.02));
  }
}

TEST_CASE("models: equal hints bring all clients back at once, our spread does not",
          "[models][long]") {
  const std::vector<std::string> equal = {"/model/wait=retry_after", "/model/spread=0"};
  CHECK(Mean(Run("model-herd", equal, 5), "max_in_bin") == 1000);
  CHECK(Mean(Run("model-herd", {"/model/wait=retry_after"}, 20), "max_in_bin") < 12);
}

// The storm without a trigger at 85 % load, about one in fifty.
TEST_CASE("models: splitting and counting agree where both work", "[models][long]") {
  constexpr int64_t kCounted = 600;
  const ModelOutputs split =
      Run("model-rare-storm",
          {"/model/storm/arrivals_per_s=8.5", "/model/storm/run_for=120s", "/model/particles=30",
           "/model/first_level=10", "/model/level_step=10", "/model/levels=4"},
          12);
  const ModelOutputs crude =
      Run("model-retry-storm",
          {"/model/arrivals_per_s=8.5", "/model/run_for=120s", "/model/spike_for=0s"}, kCounted);
  const Moments& estimate = split.Find("stuck")->moments;
  const double p = Mean(crude, "stuck");
  CAPTURE(estimate.mean(), estimate.se(), p);
  CHECK(p > 0);
  const double error = std::hypot(estimate.se(), std::sqrt(p * (1 - p) / kCounted));
  CHECK(std::abs(estimate.mean() - p) < 4 * error);
  CHECK(estimate.se() < estimate.mean());
}

}  // namespace
}  // namespace squall::models_test
