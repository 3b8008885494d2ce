// Points of a sweep, and the file that keeps their results.
#include "bench/tune/point.h"

#include <filesystem>
#include <fstream>

#include "bench/tune/runner.h"
#include "bench/tune/shard.h"
#include "bench/tune/store.h"
#include "tests/bench/command.h"

namespace squall::point_test {
namespace {

SweepPoint HedgingPoint(int64_t first, int64_t count) {
  SweepPoint point;
  point.scenario = "model-hedging";
  point.sets = {"/model/requests=1000"};
  point.first = first;
  point.count = count;
  point.metrics = {"model.latency_p99_s"};
  point.build = "test";
  return point;
}

TEST_CASE("point: a block of replications is the same as its parts", "[tune]") {
  const auto whole = RunPoint(HedgingPoint(0, 4));
  const auto front = RunPoint(HedgingPoint(0, 1));
  const auto rest = RunPoint(HedgingPoint(1, 3));
  REQUIRE((whole.ok() && front.ok() && rest.ok()));
  const MetricValues& all = whole->values.at("model.latency_p99_s");
  REQUIRE(all.size() == 4);
  CHECK(all[0] == front->values.at("model.latency_p99_s")[0]);
  CHECK(all[3] == rest->values.at("model.latency_p99_s")[2]);
  CHECK(all[0] != all[1]);
}

TEST_CASE("point: a scenario's figures are those that squall run gives", "[tune]") {
  SweepPoint point;
  point.scenario = "production-10k";
  point.engine = "none";
  point.sets = {"/workload/requests=500"};
  point.seed = 7;
  point.metrics = {"recovery.lenient", "amplification.mean"};
  const auto result = RunPoint(point);
  REQUIRE(result.ok());
  const CommandResult run =
      Squall("run production-10k --engine none --set /workload/requests=500 --seed 7 --json -q");
  REQUIRE(run.code == 0);
  const double lenient = *result->values.at("recovery.lenient")[0];
  std::ostringstream digits;
  digits.precision(17);
  digits << lenient;
  CHECK(run.out.find("\"rate\": " + digits.str().substr(0, 12)) != std::string::npos);
  CHECK(*result->values.at("amplification.mean")[0] == 1);
}

TEST_CASE("point: its text reads back, and every part of it is in its hash", "[tune]") {
  SweepPoint point = HedgingPoint(5, 2);
  point.document = CanonicalDocument(R"({"b": 1, "a": [2.5, "x"]})");
  const auto again = ReadPoint(PointText(point), "p");
  REQUIRE(again.ok());
  CHECK(PointText(*again) == PointText(point));
  const std::string hash = PointHash(point);
  CHECK(hash.size() == 16);
  for (int part = 0; part < 7; ++part) {
    SweepPoint other = point;
    if (part == 0) other.scenario = "model-budget";
    if (part == 1) other.engine = "none";
    if (part == 2) other.sets.clear();
    if (part == 3) other.seed = 2;
    if (part == 4) other.count = 3;
    if (part == 5) other.build = "other";
    if (part == 6) other.document = "{}";
    INFO("part " << part);
    CHECK(PointHash(other) != hash);
  }
}

TEST_CASE("point: what is no point is refused with its place", "[tune]") {
  const auto unknown = ReadPoint(R"({"scenario": "x", "metrics": ["recovery.strikt"]})", "p:1");
  REQUIRE_FALSE(unknown.ok());
  CHECK(std::string(unknown.status().message()).find("/metrics/0") != std::string::npos);
  CHECK_FALSE(ReadPoint(R"({"scenario": "x"})", "p").ok());
  const auto result = RunPoint(*ReadPoint(
      R"({"scenario": "production-10k", "sets": ["/engine/retri=1"], "metrics": ["success"]})",
      "p"));
  CHECK_FALSE(result.ok());
}

TEST_CASE("store: a file is read back, a torn last line is cut off, and no line counts twice",
          "[tune]") {
  const TempFolder folder;
  const std::string path = folder.Path("results.jsonl");
  const auto first = RunPoint(HedgingPoint(0, 1));
  const auto second = RunPoint(HedgingPoint(1, 1));
  {
    PointStore store;
    REQUIRE(store.Open(path).ok());
    REQUIRE(store.Add(*first).ok());
    REQUIRE(store.Add(*first).ok());
    CHECK(store.size() == 1);
  }
  const std::string line = ReadFile(path);
  CHECK(line == ResultText(*first) + "\n");
  std::ofstream(path, std::ios::app) << ResultText(*second).substr(0, 40);
  PointStore store;
  REQUIRE(store.Open(path).ok());
  CHECK(store.size() == 1);
  CHECK(ReadFile(path) == line);
  REQUIRE(store.Find(HedgingPoint(0, 1)) != nullptr);
  CHECK(store.Find(HedgingPoint(0, 2)) == nullptr);
  REQUIRE(store.Add(*second).ok());
  CHECK(ReadFile(path) == line + ResultText(*second) + "\n");
}

TEST_CASE("store: a line that was changed is refused with file and line", "[tune]") {
  const TempFolder folder;
  std::string text = ResultText(*RunPoint(HedgingPoint(0, 1))) + "\n";
  text.replace(text.find("\"first\":0"), 9, "\"first\":3");
  PointStore store;
  const absl::Status read = store.Read(folder.Write("r.jsonl", "\n" + text), false);
  CHECK(read.code() == absl::StatusCode::kDataLoss);
  CHECK(std::string(read.message()).find("r.jsonl:2: got hash") != std::string::npos);
}

TEST_CASE("runner: results do not depend on the number of threads", "[tune]") {
  std::vector<SweepPoint> points;
  for (int64_t i = 0; i < 12; ++i) points.push_back(HedgingPoint(i, 1));
  std::string texts[2];
  for (const int threads : {1, 3}) {
    PointStore store;
    LocalRunner runner(threads, nullptr);
    REQUIRE(runner.Run(points, [&](const PointResult& r) { return store.Add(r); }).ok());
    texts[threads == 1 ? 0 : 1] = store.Text();
  }
  CHECK(texts[0] == texts[1]);
}

// Sets variables for a while; the tests of a process run one after the other.
using Variables = std::vector<std::pair<const char*, const char*>>;

class Environment {
 public:
  explicit Environment(Variables variables) : variables_(std::move(variables)) {
    for (const auto& [name, value] : variables_) setenv(name, value, 1);
  }
  ~Environment() {
    for (const auto& [name, value] : variables_) unsetenv(name);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  Variables variables_;
};

TEST_CASE("shard: i/n, or what Slurm, Kubernetes and MPI say", "[tune]") {
  CHECK(ReadShard("")->count == 1);
  CHECK(ReadShard("2/8")->index == 2);
  CHECK(ReadShard("2/8")->count == 8);
  for (const char* wrong : {"8/8", "-1/4", "x/4", "3", "auto", "1/0", "1/"}) {
    INFO(wrong);
    CHECK_FALSE(ReadShard(wrong).ok());
  }
  {
    const Environment slurm(Variables{{"SLURM_ARRAY_TASK_ID", "13"},
                                      {"SLURM_ARRAY_TASK_MIN", "10"},
                                      {"SLURM_ARRAY_TASK_COUNT", "5"}});
    CHECK(ReadShard("auto")->index == 3);
    CHECK(ReadShard("auto")->count == 5);
  }
  {
    const Environment kubernetes(Variables{{"JOB_COMPLETION_INDEX", "6"}});
    CHECK(ReadShard("auto/8")->index == 6);
    CHECK_FALSE(ReadShard("auto").ok());  // Kubernetes does not say how many there are
    CHECK_FALSE(ReadShard("auto/6").ok());
  }
  {
    const Environment mpi(Variables{{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "4"}});
    CHECK(ReadShard("auto")->count == 4);
  }
}

}  // namespace
}  // namespace squall::point_test
