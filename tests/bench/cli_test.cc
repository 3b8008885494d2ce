// The command line from outside: exit codes, what goes where, and one clear line for each mistake.
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "tests/bench/command.h"

namespace squall::cli_test {
namespace {

using nlohmann::json;

// A small scenario with one thing wrong, made by `edit` from a right one.
std::string Scenario(const std::string& extra = "", const std::string& faults = "{}") {
  return R"({"name": "small", "doc": "A test.", "workload": {"requests": 50},)" + extra +
         R"("faults": )" + faults +
         R"(, "providers": [{"name": "alpha", "models": [{"name": "large"}]}]})";
}

TEST_CASE("cli: each mistake in a scenario is one line and exit code 64", "[cli]") {
  struct Row {
    const char* what;
    std::string text;
    const char* says;
  };
  const Row rows[] = {
      {"unknown key", Scenario(R"("worklaod": {},)"), "/worklaod"},
      {"negative rate", Scenario("", R"({"timeout": {"rate": -0.1}})"), "/faults/timeout/rate"},
      {"weights over 1", Scenario("", R"({"timeout": {"rate": 0.7}, "slow": {"rate": 0.6}})"),
       "1.3"},
      {"unknown preset", Scenario(R"("engine": {"preset": "self_heeling"},)"), "self_healing"},
      {"bad duration", Scenario(R"("engine": {"deadline": {"per_try": "8"}},)"), "per_try"},
      {"not JSON", "{\"name\": ", "s.json:1"}};
  const TempFolder folder;
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const CommandResult result = Squall("run " + folder.Write("s.json", row.text));
    CAPTURE(result.err);
    CHECK(result.code == 64);
    CHECK(result.out.empty());
    CHECK(Lines(result.err) == 1);
    CHECK(Contains(result.err, "s.json"));
    CHECK(Contains(result.err, row.says));
  }
}

TEST_CASE("cli: a missing file, preset or trace row is said in one line", "[cli]") {
  const TempFolder folder;
  const std::string trace =
      folder.Write("t.csv",
                   "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,10,5\r\n"
                   "2023-11-16 18:17:04.0319600,3x,8");
  struct Row {
    std::string arguments;
    const char* says;
  };
  const Row rows[] = {{"run no-such-scenario", "no-such-scenario"},
                      {"run production-10l", "production-10k"},
                      {"run production-10k --engine self_heal", "self_healing"},
                      {"run production-10k --trace " + folder.Path("none.csv"), "none.csv"},
                      {"run production-10k --trace " + trace, "t.csv:3"},
                      {"run production-10k --set /engine/retry/max_atempts=3", "max_attempts"},
                      {"run production-10k --set /workload/requests=-1", "/workload/requests"},
                      {"run production-10k --set nonsense", "nonsense"},
                      {"validate no-such-scenario", "no-such-scenario"},
                      {"show no-such-scenario", "no-such-scenario"}};
  for (const Row& row : rows) {
    CAPTURE(row.arguments);
    const CommandResult result = Squall(row.arguments);
    CAPTURE(result.err);
    CHECK(result.code == 64);
    CHECK(Lines(result.err) == 1);
    CHECK(Contains(result.err, row.says));
  }
}

TEST_CASE("cli: a mistake on the command line is exit code 2", "[cli]") {
  for (const char* arguments :
       {"", "rnu production-10k", "run", "run production-10k --sede 1",
        "run production-10k --seed x", "run production-10k --mode wired",
        "run production-10k --replications 0", "serve production-10k --port 70000"}) {
    CAPTURE(arguments);
    CHECK(Squall(arguments).code == 2);
  }
  CHECK(Contains(Squall("rnu production-10k").err, "did you mean \"run\""));
}

TEST_CASE("cli: a result file that cannot be written fails and leaves nothing", "[cli]") {
  const TempFolder folder;
  const std::string path = folder.Path("missing/out.json");
  const CommandResult result = Squall("run parity -q --out " + path);
  CHECK(result.code != 0);
  CHECK(Contains(result.err, "missing/out.json"));
}

TEST_CASE("cli: JSON is alone on stdout and the same in a file", "[cli]") {
  const TempFolder folder;
  const std::string path = folder.Path("out.json");
  const CommandResult result = Squall("run parity --json --out " + path);
  CHECK(result.code == 0);
  CHECK(result.err.empty());
  const json printed = json::parse(result.out, nullptr, false);
  REQUIRE(printed.is_object());
  CHECK(printed == json::parse(ReadFile(path), nullptr, false));
  for (const char* key : {"format_version", "scenario", "seed", "engine", "requests", "faulted",
                          "recovered", "ceiling", "efficiency", "amplification", "latency_ms",
                          "diagnosis", "faults", "tokens", "cost", "fingerprint", "timing"}) {
    CAPTURE(key);
    CHECK(printed.contains(key));
  }
}

TEST_CASE("cli: the same seed gives the same bytes, timing apart, on one thread or two", "[cli]") {
  const std::string base =
      "run production-10k -q --json --replications 4 --set /workload/requests=500";
  std::string first;
  for (const char* threads : {" --threads 1", " --threads 2", " --threads 2"}) {
    json result = json::parse(Squall(base + threads).out, nullptr, false);
    REQUIRE(result.is_object());
    result.erase("timing");
    if (first.empty()) first = result.dump();
    CHECK(result.dump() == first);
  }
  json other = json::parse(Squall(base + " --seed 2").out, nullptr, false);
  CHECK(other["fingerprint"] != json::parse(first)["fingerprint"]);
}

TEST_CASE("cli: injected equals scheduled, and rates are the configured ones", "[cli][long]") {
  const json result =
      json::parse(Squall("run production-10k -q --json --replications 10").out, nullptr, false);
  REQUIRE(result.is_object());
  struct Row {
    const char* fault;
    double rate;
  };
  const Row rows[] = {{"timeout", 0.035},      {"rate_limit", 0.02},
                      {"empty_body", 0.00625}, {"empty_content", 0.00625},
                      {"schema_drift", 0.025}, {"server_error", 0.0075}};
  const double n = 100'000;
  for (const Row& row : rows) {
    CAPTURE(row.fault);
    const json& fault = result["faults"][row.fault];
    CHECK(fault["scheduled"] == fault["injected"].get<int64_t>() + fault["left"].get<int64_t>());
    // Normal approximation of the 99.9 % binomial bound: 3.29 standard errors.
    const double error = 3.29 * std::sqrt(row.rate * (1 - row.rate) / n);
    CHECK(std::abs(fault["rate_first_attempt"].get<double>() - row.rate) < error);
  }
}

TEST_CASE("cli: presets differ on identical faults", "[cli][long]") {
  const CommandResult result =
      Squall("run production-10k -q --json --engine none,naive_retry,self_healing");
  const json runs = json::parse(result.out, nullptr, false);
  REQUIRE(runs.is_array());
  REQUIRE(runs.size() == 3);
  const auto strict = [&](size_t i) {
    return runs[i]["recovered"]["strict"]["rate"].get<double>();
  };
  CHECK(runs[0]["faulted"] == runs[1]["faulted"]);
  CHECK(runs[0]["faulted"] == runs[2]["faulted"]);
  CHECK(strict(0) == 0);  // nothing recovers what nobody tries again
  CHECK(strict(1) > 0.1);
  CHECK(strict(2) > strict(1) + 0.2);
  CHECK(runs[0]["amplification"]["mean"] == 1.0);
  const CommandResult table = Squall("run production-10k -q --engine none,self_healing");
  CHECK(Contains(table.out, "first attempts"));
}

TEST_CASE("cli: the report fits 80 columns and has no escapes where nobody sees them",
          "[cli][long]") {
  for (const char* arguments :
       {"run all-faults -q", "run production-10k -q --engine none,self_healing", "list", "--help",
        "run --help", "serve --help", "knowledge --help", "knowledge check --help"}) {
    CAPTURE(arguments);
    const CommandResult result = Squall(arguments, "LC_ALL=C.UTF-8");
    CHECK(result.code == 0);
    CHECK_FALSE(Contains(result.out, "\x1b"));
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
      int columns = 0;
      for (const char c : line) columns += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      CAPTURE(line);
      CHECK(columns <= 80);
    }
  }
}

TEST_CASE("cli: what show prints runs again to the same result", "[cli]") {
  const TempFolder folder;
  const CommandResult shown = Squall("show parity");
  REQUIRE(shown.code == 0);
  const std::string copy = folder.Write("copy.json", shown.out);
  const json a = json::parse(Squall("run parity -q --json").out, nullptr, false);
  const json b = json::parse(Squall("run " + copy + " -q --json").out, nullptr, false);
  CHECK(a["fingerprint"] == b["fingerprint"]);
}

TEST_CASE("cli: the line that a report says repeats it, repeats it", "[cli]") {
  const json first = json::parse(
      Squall("run production-10k -q --json --seed 9 --replications 2 --engine naive_retry "
             "--set /workload/requests=300")
          .out,
      nullptr, false);
  REQUIRE(first.is_object());
  const std::string line = first["repeat"];
  REQUIRE(line.rfind("squall ", 0) == 0);
  const json again = json::parse(Squall(line.substr(7) + " -q --json").out, nullptr, false);
  CHECK(again["fingerprint"] == first["fingerprint"]);
}

TEST_CASE("cli: an interrupted run ends cleanly with a partial result", "[cli]") {
  const std::string out = InlineScript(R"sh(
set -m  # or bash starts background jobs with SIGINT ignored
"$1" run production-10k -q --json --set /workload/requests=50000000 & pid=$!
sleep 1
kill -INT $pid
wait $pid
echo "exit $?"
)sh");
  const size_t end = out.rfind("exit ");
  REQUIRE(end != std::string::npos);
  CHECK(out.substr(end) == "exit 130\n");
  const json result = json::parse(out.substr(0, end), nullptr, false);
  REQUIRE(result.is_object());
  CHECK(result["partial"] == true);
  CHECK(result["requests"] > 0);
}

}  // namespace
}  // namespace squall::cli_test
