// Result files read back: nothing is lost, and nothing half read passes.
#include "reports/result_reader.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reports/result_schema.h"
#include "reports/terminal.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::result_reader_test {
namespace {

using nlohmann::ordered_json;

RunResult Sample(int64_t requests, int replications) {
  Metrics metrics(testing::SampleFaultNames());
  auto table = std::make_shared<RequestsTable>(testing::SampleFaultNames());
  for (int r = 0; r < replications; ++r) {
    Metrics one(testing::SampleFaultNames());
    RequestsTable rows(testing::SampleFaultNames());
    one.SetTrigger({kStart + 2s, kStart + 4s});
    for (int64_t i = 0; i < requests; ++i) {
      const Outcome outcome =
          testing::Drawn(static_cast<uint64_t>(i), static_cast<uint64_t>(7 + r));
      one.Add(outcome);
      rows.Add(outcome);
    }
    metrics.Merge(one);
    table->Append(rows);
  }
  RunResult result = testing::SampleResult(7, requests);
  result.replications = replications;
  result.summary = metrics.Summarize();
  result.requests = table;
  result.overrides = {"/a=[", "/b=\"\xc3\xa9\""};
  result.effective = R"({"name": "sample", "seed": 7})";
  result.revision = "0123456789ab-dirty";
  result.timing.machine = {"some cpu", 2, "Linux 6.1 x86_64"};
  const auto threshold = ParseThreshold("recovery.strict >= 1 %");
  result.thresholds.push_back(Judge(*threshold, ResultDocument(result)));
  return result;
}

TEST_CASE("a result reads back with every figure, and prints the same report") {
  for (const int replications : {1, 6}) {
    for (const int64_t requests : {0, 1, 700}) {
      CAPTURE(replications, requests);
      const RunResult result = Sample(requests, replications);
      const std::string text = ToJson(result);
      const auto read = ReadResults(text, "r.json");
      INFO(read.status());
      REQUIRE(read.ok());
      const RunResult& again = read->at(0).result;
      CHECK(ToJson(again) == text);
      CHECK(RenderReport(again, {}) == RenderReport(result, {}));
    }
  }
}

TEST_CASE("the schema holds for results, and its copy in the tree is the one in use") {
  std::ifstream file(SourceDir() + "/scenarios/schema/result.schema.json", std::ios::binary);
  std::ostringstream committed;
  committed << file.rdbuf();
  const bool same = committed.str() == ResultSchema();
  INFO("if not: build/release/squall schema result > scenarios/schema/result.schema.json");
  CHECK(same);
}

TEST_CASE("every key that the schema requires is missed when it is gone") {
  const ordered_json good = ordered_json::parse(ToJson(Sample(50, 1)));
  const ordered_json schema = ordered_json::parse(ResultSchema());
  size_t tried = 0;
  for (const ordered_json* required : {&schema["required"], &schema["else"]["required"]}) {
    for (const ordered_json& key : *required) {
      ordered_json bad = good;
      REQUIRE(bad.erase(key.get<std::string>()) == 1);
      const auto read = ReadResults(bad.dump(), "r.json");
      CAPTURE(key.dump());
      REQUIRE_FALSE(read.ok());
      CHECK(read.status().code() == absl::StatusCode::kDataLoss);
      CHECK(std::string(read.status().message()).find("/" + key.get<std::string>()) !=
            std::string::npos);
      ++tried;
    }
  }
  CHECK(tried > 40);
}

TEST_CASE("a corrupt file is refused with its place, whatever is wrong") {
  const ordered_json good = ordered_json::parse(ToJson(Sample(50, 1)));
  struct Row {
    const char* pointer;
    ordered_json value;
  };
  const Row rows[] = {{"/format_version", 1},
                      {"/format_version", "2"},
                      {"/requests", -1},
                      {"/seed", 1.5},
                      {"/mode", "dream"},
                      {"/recovered/strict/rate", 1.2},
                      {"/recovered/strict/ci95", {0.5}},
                      {"/latency_ms/p50", "fast"},
                      {"/goodput/offered/0", -3},
                      {"/thresholds/0/verdict", "perhaps"},
                      {"/per_request/kind", "x"}};
  for (const Row& row : rows) {
    CAPTURE(row.pointer);
    ordered_json bad = good;
    bad[ordered_json::json_pointer(row.pointer)] = row.value;
    const auto read = ReadResults(bad.dump(), "r.json");
    REQUIRE_FALSE(read.ok());
    CHECK(read.status().code() == absl::StatusCode::kDataLoss);
    const std::string message(read.status().message());
    CAPTURE(message);
    CHECK(message.find("r.json: " + std::string(row.pointer)) == 0);
    CHECK(message.find("got ") != std::string::npos);
    CHECK(message.find("expected ") != std::string::npos);
  }
}

TEST_CASE("a torn file is refused wherever it was torn") {
  const std::string text = ToJson(Sample(30, 1));
  for (size_t length = 0; length + 2 < text.size(); length += 1 + text.size() / 97) {
    const auto read = ReadResults(std::string_view(text).substr(0, length), "r.json");
    CAPTURE(length);
    REQUIRE_FALSE(read.ok());
    CHECK(read.status().code() == absl::StatusCode::kDataLoss);
  }
  const auto read = ReadResults("{\n  \"format_version\": 2,\n  oops}", "r.json");
  CHECK(std::string(read.status().message()).find("r.json:3:3: ") == 0);
}

TEST_CASE("keys of later versions are no error, and are kept") {
  ordered_json later = ordered_json::parse(ToJson(Sample(20, 1)));
  later["horoscope"] = {1, 2, 3};
  const auto read = ReadResults(later.dump(), "r.json");
  REQUIRE(read.ok());
  CHECK((*read->at(0).json)["horoscope"].size() == 3);
  CHECK_FALSE(read->at(0).json->contains("per_request"));
}

TEST_CASE("a file may hold several results, and says which one is wrong") {
  const std::string one = ToJson(Sample(10, 1));
  const auto two = ReadResults("[" + one + "," + one + "]", "r.json");
  REQUIRE(two.ok());
  CHECK(two->size() == 2);
  CHECK(two->at(1).name == "r.json[1]");
  const auto bad = ReadResults("[" + one + ", {\"format_version\": 9}]", "r.json");
  CHECK(std::string(bad.status().message()).find("r.json[1]: /format_version") == 0);
  CHECK_FALSE(ReadResults("[]", "r.json").ok());
}

TEST_CASE("a result of a model needs no requests") {
  const char* text = R"({"format_version": 2, "scenario": "queue", "scenario_hash": "0",
      "mode": "model", "seed": 1, "replications": 10, "engine": null, "overrides": [],
      "partial": false, "repeat": "squall run queue", "version": "0.1.0", "compiler": "g++",
      "model": {"kind": "queue", "parameters": {}, "outputs": {
        "wait_s": {"mean": 1.5, "se": 0.1, "sd": 0.3, "n": 10, "ci95": [1.3, 1.7]},
        "lost": {"count": 3, "n": 10, "rate": 0.3, "ci95": [0.1, 0.6]}}}})";
  const auto read = ReadResults(text, "r.json");
  INFO(read.status());
  REQUIRE(read.ok());
  const MetricFigure wait = FigureOf("model.wait_s", *read->at(0).json);
  CHECK(wait.value == 1.5);
  CHECK(wait.ci95->high == 1.7);
  CHECK(FigureOf("model.lost", *read->at(0).json).unit == MetricUnit::kShare);
  CHECK_FALSE(FigureOf("model.none", *read->at(0).json).value);
}

}  // namespace
}  // namespace squall::result_reader_test
