// squall run --target from outside: what is printed, what is not, and one line for each mistake.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "scenarios/target_process.h"
#include "tests/bench/command.h"

namespace squall::cmd_run_target_wire_test {
namespace {

using nlohmann::json;

// A run of callers who ask the first mock server itself.
constexpr const char* kQuick =
    " --time-scale 0.2 --set /workload/requests=40 --set /workload/arrivals/rate_per_s=100"
    " --set /faults/timeout/rate=0 --quiet";

std::string Bare() {
  const std::string port = std::to_string(FindFreePort());
  std::string ports = port;
  while (std::count(ports.begin(), ports.end(), ',') < 2) {
    const std::string other = std::to_string(FindFreePort());
    if (!Contains(ports, other)) ports += "," + other;
  }
  return "run gateways --target http://127.0.0.1:" + port + " --ports " + ports + kQuick;
}

TEST_CASE("run --target: a result says what it knows and null for what nobody knows", "[wire]") {
  const TempFolder folder;
  const std::string file = folder.Path("bare.json");
  const CommandResult result =
      Squall(Bare() +
             " --target-name bare --target-header 'x-config: 1' --target-header "
             "'Authorization: Bearer s3cret' --out " +
             file);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  const json run = json::parse(ReadFile(file));
  CHECK(run["engine"] == "bare");
  CHECK(run["mode"] == "wire");
  CHECK(run["amplification"]["mean"] == 1.0);
  CHECK(run["recovered"]["strict"]["count"] == 0);
  CHECK(run["target"]["upstreams"][0]["attempts"] == 40);
  CHECK(run["target"]["stray_attempts"] == 0);
  CHECK(run["target"]["cpu_s"].is_null());
  CHECK(run["target"]["model"] == "large");
  CHECK(run["target"]["headers"] == json({"x-config: 1", "Authorization: ..."}));
  CHECK(run["effective_scenario"]["engine"] == json({{"target", run["target"]["url"]}}));
  CHECK(run.value("flows", json::array()).empty());
  CHECK_FALSE(Contains(ReadFile(file), "s3cret"));
  for (const char* key :
       {"diagnosis", "breaker_transitions", "recovered_by", "time_to_detect", "exposure"}) {
    CAPTURE(key);
    CHECK(run[key].is_null());
  }
  CHECK(run["timing"]["diagnosis_ns"].is_null());
  CHECK(run["visible_faults"]["missed"].is_null());

  CHECK(Contains(result.out, "target bare"));
  CHECK(Contains(result.out, "UPSTREAM"));
  CHECK(Contains(result.out, "NOT KNOWN"));
  for (const char* absent :
       {"DIAGNOSIS", "CPU TIME", "RECOVERED BY", "breaker moved", "taken for"}) {
    CAPTURE(absent);
    CHECK_FALSE(Contains(result.out, absent));
  }

  // Read again: the same report, beside an engine, and no replay.
  const CommandResult report = Squall("report " + file);
  CHECK(report.code == 0);
  CHECK(Contains(report.out, "NOT KNOWN"));
  const CommandResult engine = Squall(
      "run gateways --set /workload/requests=40 --set /workload/arrivals/rate_per_s=100 "
      "--set /faults/timeout/rate=0 --quiet --out " +
      folder.Path("ours.json"));
  CHECK(engine.code == 0);
  const CommandResult both =
      Squall("report " + file + " " + folder.Path("ours.json") + " --format md");
  CHECK(both.code == 0);
  CHECK(Contains(both.out, "| added\\_latency.p50 |"));
  CHECK(Contains(both.out, "| diagnosis.class\\_accuracy | n/a |"));
  CHECK(Squall("report " + file + " --html " + folder.Path("bare.html")).code == 0);
  CHECK(Contains(ReadFile(folder.Path("bare.html")), "it keeps to itself"));
  const CommandResult compared = Squall("compare " + folder.Path("ours.json") + " " + file);
  CAPTURE(compared.out, compared.err);
  CHECK(compared.code == 11);
  const CommandResult replay = Squall("replay " + file);
  CHECK(replay.code == 2);
  CHECK(Contains(replay.err, "a run against a target, which nobody can replay"));
  const CommandResult gate = Squall("report " + file + " --threshold 'added_latency.p50 <= 100 s'");
  CAPTURE(gate.out, gate.err);
  CHECK(gate.code == 0);
}

TEST_CASE("run --target: one that is not there is one line and exit code 69", "[wire]") {
  const std::string port = std::to_string(FindFreePort());
  const std::string down = "run gateways --target http://127.0.0.1:" + port + kQuick;
  const CommandResult absent =
      Squall(down + " --ports " + std::to_string(FindFreePort() | 1) + "," +
             std::to_string(FindFreePort()) + "," + std::to_string(FindFreePort()));
  CAPTURE(absent.err);
  CHECK(absent.code == 69);
  CHECK(Lines(absent.err) == 1);
  CHECK(absent.out.empty());
  const CommandResult ended = Squall(down + " --target-command 'exit 3'");
  CAPTURE(ended.err);
  CHECK(ended.code == 69);
  CHECK(Lines(ended.err) == 1);
  CHECK(Contains(ended.err, "exit code 3"));
  const CommandResult unknown = Squall(down + " --target-command /no/such/program");
  CHECK(unknown.code == 69);
  CHECK(Contains(unknown.err, "exit code 127"));
}

TEST_CASE("run --target: a mistake is one line that names the option", "[cli]") {
  struct Row {
    const char* arguments;
    int code;
    const char* says;
  };
  const Row rows[] = {
      {"--target http://127.0.0.1:1", 2, "--ports"},
      {"--target http://127.0.0.1:0 --ports 9001", 2, "--target-command"},
      {"--target http://127.0.0.1:1 --ports 9001,9002", 2, "got 2, expected 1 or one for each"},
      {"--target http://127.0.0.1:1 --ports 65535", 2, "at most 65535"},
      {"--target http://192.0.2.1 --ports 9001", 2, "--allow-remote"},
      {"--target http://127.0.0.1:1 --ports 9001 --engine none", 2, "--engine"},
      {"--target http://127.0.0.1:1 --ports 9001 --ablate", 2, "--ablate"},
      {"--target http://127.0.0.1:1 --ports 9001 --mode virtual", 2, "--mode virtual"},
      {"--target http://127.0.0.1:1 --ports 9001 --knowledge-out x", 2, "--knowledge-out"},
      {"--target http://127.0.0.1:1 --ports 9001 --target-header x", 2, "--target-header"},
      {"--target https://127.0.0.1:1 --ports 9001", 64, "expected http://"},
      {"--ports 9001", 2, "--ports: got no target"},
      {"--target-command true", 2, "--target-command: got no target"},
      {"--target-name x", 2, "--target-name: got no target"},
      {"--target http://127.0.0.1:1 --set /engine/retry/max_attempts=3", 64, "/engine/retry"}};
  for (const Row& row : rows) {
    CAPTURE(row.arguments);
    const CommandResult result = Squall(std::string("run gateways ") + row.arguments);
    CAPTURE(result.err);
    CHECK(result.code == row.code);
    CHECK(Lines(result.err) == 1);
    CHECK(Contains(result.err, row.says));
    CHECK(result.out.empty());
  }
}

}  // namespace
}  // namespace squall::cmd_run_target_wire_test
