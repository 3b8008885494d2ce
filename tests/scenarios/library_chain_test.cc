// Layers that each repeat what fails: retries of n layers multiply in a total outage, and hardly
// matter otherwise.
#include <cmath>

#include "scenarios/call_chain.h"
#include "tests/scenarios/library.h"

namespace squall::library_chain_test {
namespace {

// `layers` above the engine, `tries` in each and in the engine.
std::vector<std::string> Layers(int layers, int tries) {
  const std::string retry = R"("retry":{"max_attempts":)" + std::to_string(tries) +
                            R"(,"max_attempts_per_target":)" + std::to_string(tries) + "}";
  std::string chain;
  for (int i = 0; i < layers; ++i) {
    chain += (i > 0 ? "," : "") + (R"({"name":"l)" + std::to_string(i)) +
             R"(","engine":{"preset":"naive_retry",)" + retry + "}}";
  }
  return {"/workload/requests=2", "/chain=[" + chain + "]",
          "/engine={\"preset\":\"naive_retry\"," + retry + "}"};
}

TEST_CASE("library: in a total outage the attempts of all layers multiply", "[scenarios]") {
  struct Row {
    int layers;  // the engine included
    int tries;
    int64_t upstream;
  };
  for (const Row& row : {Row{5, 3, 243}, Row{3, 4, 64}, Row{5, 4, 1024}, Row{1, 3, 3}}) {
    CAPTURE(row.layers, row.tries);
    const WorldResult result = RunLibrary("retry-chain", "", Layers(row.layers - 1, row.tries));
    const Summary summary = result.metrics.Summarize();
    CHECK(summary.amplification.attempts == row.upstream * summary.requests);
    CHECK(summary.all.strict == 0);
    CHECK(summary.healthy_attempts == 0);  // each attempt is joined with its arrival
    CHECK(result.layers.size() == (row.layers > 1 ? static_cast<size_t>(row.layers) : 0));
    int64_t calls = summary.requests;
    for (const LayerLoad& layer : result.layers) {
      CHECK(layer.calls == calls);
      CHECK(layer.attempts == row.tries * calls);
      calls = layer.attempts;
    }
  }
}

// With failures that are independent, attempts per request are at most 1 / (1 - f), whatever the
// depth: the sum of f^k. Mean of 300 geometric variables, 4 sigma.
TEST_CASE("library: independent failures cost a chain what they cost one loop", "[scenarios]") {
  const std::vector<std::string> sets = {"/workload/requests=300", "/climate=[]",
                                         "/faults/server_error/rate=0.5",
                                         R"(/faults/server_error/variants={"500":1})"};
  const Summary summary = SummaryOf("retry-chain", "", sets);
  const double sigma = std::sqrt(0.5) / 0.5 / std::sqrt(300.0);
  CHECK(std::abs(*summary.amplification.mean - 2) < 4 * sigma);
  CHECK(summary.all.strict == summary.requests);
  CHECK(summary.false_alarms == 0);
}

TEST_CASE("library: a layer that announces its retries is the only one that retries",
          "[scenarios]") {
  const auto attempts = [](const std::string& announces) {
    return SummaryOf("retry-chain", "", {"/workload/requests=2", announces}).amplification.attempts;
  };
  CHECK(attempts("/chain/0/announces_retries=true") == 2 * 3);
  CHECK(attempts("/chain/2/announces_retries=true") == 2 * 3 * 3 * 3);  // and those above it
}

// A windowed budget and a bucket count what has been; a budget over what is under way sees one
// attempt at a time where refusals take a millisecond, and its floor admits them all.
TEST_CASE(
    "library: of three kinds of budget, two bound quick failures, and only in their own layer",
    "[scenarios][long]") {
  struct Row {
    const char* budget;
    double most;  // attempts of the engine per call from above
    double least;
  };
  const Row rows[] = {
      {R"({"enabled":true,"kind":"windowed","ratio":0.1,"floor_per_s":0})", 1.11, 1},
      {R"({"enabled":true,"kind":"token_bucket","capacity":10,"retry_cost":1,"timeout_cost":1,
           "throttled_cost":1,"success_gain":0.1,"refund":false,"retry_above":0.5})",
       1.11, 1},
      {R"({"enabled":true,"kind":"concurrent","ratio":0.2,"floor_concurrent":3})", 3, 2}};
  for (const Row& row : rows) {
    CAPTURE(row.budget);
    const WorldResult result =
        RunLibrary("nested-429-storm", "",
                   {"/workload/requests=300", std::string("/engine/budget=") + row.budget});
    REQUIRE(result.layers.size() == 3);
    const LayerLoad& engine = result.layers.back();
    CHECK(ShareOf(engine.attempts, engine.calls) <= row.most);
    CHECK(ShareOf(engine.attempts, engine.calls) >= row.least);
    CHECK(ShareOf(engine.calls, result.layers.front().calls) > 2);  // those above go on as before
  }
}

TEST_CASE("library: a service passes on what its own call came to") {
  struct Row {
    bool ok;
    int status;
    bool sent;
    int expected;
  };
  const Row rows[] = {{true, 200, true, 200},
                      {false, 429, true, 429},
                      {false, 200, true, 502},
                      {false, 0, true, 504},
                      {false, 0, false, 503}};
  for (const Row& row : rows) {
    CallResult result;
    result.ok = row.ok;
    result.status = row.status;
    result.content = "\"quoted\"";
    AttemptRecord attempt;
    attempt.sent = row.sent;
    result.attempts.push_back(attempt);
    const HttpReply reply = ReplyOf(result, kStart + 1s, kStart + 2s);
    CHECK(reply.status == row.expected);
    CHECK(reply.error == TransportError::kNone);
  }
  CallResult late;
  CHECK(ReplyOf(late, kStart + 2s, kStart + 2s).error == TransportError::kTimeout);
  late.retry_at = kStart + 3s;
  CHECK(ReplyOf(late, kStart + 1s, kStart + 9s).headers.Find("retry-after") == "2");
}

TEST_CASE("library: a chain that would multiply without end is refused") {
  ScenarioOptions options;
  options.sets = Layers(7, 4);
  const auto scenario = LoadScenario("retry-chain", options);
  REQUIRE_FALSE(scenario.ok());
  CHECK(scenario.status().message().find("multiply to more than 2048") != std::string::npos);
  options.sets = {R"(/chain/1/engine/preset="naive")"};
  const auto unknown = LoadScenario("retry-chain", options);
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.status().message().find("/chain/1/engine/preset: got unknown preset") !=
        std::string::npos);
}

}  // namespace
}  // namespace squall::library_chain_test
