// Results, gates and comparisons from outside: what is printed, where, and with which exit code.
#include <nlohmann/json.hpp>

#include "tests/bench/command.h"

namespace squall::cmd_gates_test {
namespace {

using nlohmann::ordered_json;

constexpr const char* kRun = "run production-10k -q --set /workload/requests=400 ";

// A result file with a failing engine beside one of the default.
struct Files {
  TempFolder folder;
  std::string base = folder.Path("base.json");
  std::string worse = folder.Path("worse.json");
  Files() {
    REQUIRE(Squall(kRun + ("--out " + base)).code == 0);
    REQUIRE(Squall(kRun + ("--set /engine/guard/json_schema=false --out " + worse)).code == 0);
  }
};

TEST_CASE("gates: a threshold that holds is 0, one that does not 10, one between them 12",
          "[cli]") {
  struct Row {
    const char* threshold;
    int code;
    const char* says;
  };
  const Row rows[] = {{"recovery.strict >= 10 %", 0, "pass"},
                      {"recovery.strict >= 99.9 %", 10, "FAIL"},
                      {"latency.p999 <= 100 s", 12, "????"}};
  for (const Row& row : rows) {
    CAPTURE(row.threshold);
    const CommandResult result =
        Squall(kRun + ("--threshold '" + std::string(row.threshold) + "'"), "LC_ALL=C");
    CAPTURE(result.out, result.err);
    CHECK(result.code == row.code);
    CHECK(Contains(result.out, row.says));
    CHECK(Contains(result.out, row.threshold));
  }
  CHECK(
      Squall(kRun + std::string("--threshold 'latency.p999 <= 100 s' --allow-inconclusive")).code ==
      0);
}

TEST_CASE("gates: a threshold of nothing is an error before the run", "[cli]") {
  struct Row {
    std::string arguments;
    int code;
    const char* says;
  };
  const TempFolder folder;
  int files = 0;
  const auto with = [&](const std::string& threshold) {
    const std::string name = "s" + std::to_string(++files) + ".json";
    return "run " + folder.Write(name, R"({"workload": {"requests": 20}, "thresholds": [
        "success >= 1 %", ")" + threshold + R"("],
        "providers": [{"name": "alpha", "models": [{"name": "large"}]}]})");
  };
  const Row rows[] = {
      {kRun + std::string("--threshold 'recovery.stict >= 1 %'"), 2, "recovery.strict"},
      {kRun + std::string("--threshold 'recovery_time_s <= 1 s'"), 2, "outage"},
      {kRun + std::string("--threshold ''"), 2, "no metric"},
      {with("recovery.stict >= 1 %"), 64, "/thresholds/1: got unknown metric"},
      {with("recovery.strict >= 1 %"), 64, "expected faults"},
      {with("first_piece.p50 <= 1 s"), 64, "/workload/stream"}};
  for (const Row& row : rows) {
    CAPTURE(row.arguments);
    const CommandResult result = Squall(row.arguments);
    CAPTURE(result.err);
    CHECK(result.code == row.code);
    CHECK(result.out.empty());
    CHECK(Lines(result.err) == 1);
    CHECK(Contains(result.err, row.says));
  }
}

TEST_CASE("gates: a scenario's own thresholds are judged, and do not change its hash", "[cli]") {
  const std::string threshold = " --set '/thresholds=[\"recovery.strict >= 99.9 %\"]'";
  const CommandResult result = Squall(kRun + ("--json" + threshold));
  CHECK(result.code == 10);
  const ordered_json json = ordered_json::parse(result.out);
  CHECK(json["thresholds"][0]["verdict"] == "fail");
  CHECK(json["thresholds"][0]["limit"] == 0.999);
  const ordered_json plain = ordered_json::parse(Squall(kRun + std::string("--json")).out);
  CHECK(plain["scenario_hash"] == json["scenario_hash"]);
}

TEST_CASE("report: every format says what the result says, and exits as the run did", "[cli]") {
  const TempFolder folder;
  const std::string file = folder.Path("r.json");
  const std::string run = kRun + ("--threshold 'recovery.strict >= 99.9 %' --out " + file);
  const CommandResult first = Squall(run);
  REQUIRE(first.code == 10);
  const CommandResult terminal = Squall("report " + file);
  CHECK(terminal.code == 10);
  CHECK(terminal.out == first.out);
  struct Row {
    const char* format;
    const char* says;
  };
  for (const Row& row :
       {Row{"md", "| recovery.strict |"}, Row{"csv", ",recovery.strict,"},
        Row{"junit", "<failure message=\"fail: recovery.strict"}, Row{"html", "<!doctype html>"}}) {
    CAPTURE(row.format);
    const std::string out = folder.Path("out");
    CHECK(Squall("report " + file + " --format " + row.format + " --out " + out).code == 10);
    CHECK(Contains(ReadFile(out), row.says));
  }
}

TEST_CASE("report, compare and replay: a corrupt file is one line with its place, exit 65",
          "[cli]") {
  const Files files;
  const std::string text = ReadFile(files.base);
  ordered_json other = ordered_json::parse(text);
  other["format_version"] = 1;
  struct Row {
    std::string file;
    const char* says;
  };
  const Row rows[] = {
      {files.folder.Write("torn.json", text.substr(0, text.size() / 2)), "end of the file"},
      {files.folder.Write("empty.json", ""), "empty file"},
      {files.folder.Write("version.json", other.dump()), "/format_version"},
      {files.folder.Write("other.json", "{\"a\": 1}"), "/format_version"},
      {files.folder.Path("none.json"), "no such file"}};
  for (const Row& row : rows) {
    CAPTURE(row.file);
    for (const std::string& command :
         {"report " + row.file, "compare " + files.base + " " + row.file, "replay " + row.file}) {
      const CommandResult result = Squall(command);
      CAPTURE(command, result.err);
      CHECK(result.code == 65);
      CHECK(result.out.empty());
      CHECK(Lines(result.err) == 1);
      CHECK(Contains(result.err, row.file));
      CHECK(Contains(result.err, row.says));
    }
  }
}

TEST_CASE("compare: the same is 0, worse is 11, beyond a limit 10, too short 12", "[cli]") {
  const Files files;
  const std::string same = "compare " + files.base + " " + files.base;
  const std::string worse = "compare " + files.base + " " + files.worse;
  CHECK(Squall(same).code == 0);
  CHECK(Contains(Squall(same).out, "identical"));
  const CommandResult found = Squall(worse);
  CHECK(found.code == 11);
  CHECK(Contains(found.out, "/engine/guard/json_schema: true -> false"));
  CHECK(Contains(found.out, "first request"));
  CHECK(Contains(found.out, "REGRESSION  silent_escape"));
  CHECK(Squall(worse + " --fail-on 'silent_escape > base + 90 pp'").code == 0);
  CHECK(Squall(worse + " --fail-on 'recovery.strict < 99.9 %'").code == 10);
  CHECK(Squall(worse + " --fail-on 'recovery.strikt < base'").code == 2);
  CHECK(Squall(worse + " --fail-on 'recovery_time_s > base'").code == 2);
  CHECK(Squall(worse + " --noise lots").code == 2);
  const std::string rules = files.folder.Write("rules", "silent_escape > base + 1 pp  # ours\n");
  CHECK(Squall(worse + " --rules " + rules).code == 11);
  const std::string broken = files.folder.Write("broken", "silent_escape > bass\n");
  CHECK(Squall(worse + " --rules " + broken).code == 64);
  const ordered_json json = ordered_json::parse(Squall(worse + " --format json").out);
  for (const ordered_json& one : json["differences"]) {
    if (one["metric"] != "silent_escape") continue;
    const double limit = 100 * one["change"].get<double>();
    const std::string at = " --fail-on 'silent_escape > base + " + std::to_string(limit) + " pp'";
    CHECK(Squall(worse + at).code == 12);
    CHECK(Squall(worse + at + " --allow-inconclusive").code == 0);
  }
}

TEST_CASE("replay: a result runs again from its file alone, whatever it was made with", "[cli]") {
  const TempFolder folder;
  std::string trace = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
  for (int i = 10; i < 60; ++i) {
    trace += "2023-11-16 18:17:" + std::to_string(i) + ".5,100," + std::to_string(i) + "\n";
  }
  const std::string rows = folder.Write("t.csv", trace);
  const std::string preset =
      folder.Write("mine.json", R"({"doc": "A test.", "ladder": ["retry"]})");
  struct Row {
    const char* what;
    std::string arguments;
  };
  const Row runs[] = {{"plain", ""},
                      {"seed", "--seed 99"},
                      {"replications", "--replications 3 --threads 2"},
                      {"preset file", "--engine " + preset},
                      {"settings", "--set /engine/retry/max_attempts=2 --set /seed=5"},
                      {"trace", "--trace " + rows}};
  for (const Row& run : runs) {
    CAPTURE(run.what);
    const std::string file = folder.Path("r.json");
    const bool traced = !Contains(run.arguments, "--trace");
    const std::string size = traced ? "--set /workload/requests=200 " : "";
    REQUIRE(Squall("run production-10k -q " + size + run.arguments + " --out " + file).code == 0);
    const ordered_json json = ordered_json::parse(ReadFile(file));
    const std::string alone = folder.Path("elsewhere.json");
    REQUIRE(std::rename(file.c_str(), alone.c_str()) == 0);
    if (Contains(run.arguments, "--trace")) REQUIRE(std::remove(rows.c_str()) == 0);
    if (Contains(run.arguments, "--engine")) REQUIRE(std::remove(preset.c_str()) == 0);
    const CommandResult replay = Squall("replay -q " + alone);
    CAPTURE(replay.err);
    CHECK(replay.code == 0);
    CHECK(Contains(replay.out, json["fingerprint"].get<std::string>()));
  }
}

TEST_CASE("replay: the effective scenario of a result is a scenario file", "[cli]") {
  const Files files;
  const ordered_json result = ordered_json::parse(ReadFile(files.base));
  const std::string scenario =
      files.folder.Write("again.json", result["effective_scenario"].dump());
  const CommandResult again = Squall("run -q --json " + scenario);
  REQUIRE(again.code == 0);
  CHECK(ordered_json::parse(again.out)["fingerprint"] == result["fingerprint"]);
}

TEST_CASE("replay: another history is exit 70, with the first request that differs", "[cli]") {
  const Files files;
  ordered_json json = ordered_json::parse(ReadFile(files.base));
  auto& endings = json["per_request"]["ending"].get_ref<std::string&>();
  endings[17] = endings[17] == 'a' ? 's' : 'a';
  const CommandResult row = Squall("replay -q " + files.folder.Write("e.json", json.dump()));
  CHECK(row.code == 70);
  CHECK(Contains(row.err, "first request 17, first in ending"));
  CHECK(Squall("replay " + files.folder.Path("e.json") + " --request 17").code == 70);
  CHECK(Squall("replay " + files.folder.Path("e.json") + " --request 16").code == 0);
  json = ordered_json::parse(ReadFile(files.base));
  json["fingerprint"] = "0123456789abcdef";
  CHECK(Squall("replay -q " + files.folder.Write("f.json", json.dump())).code == 70);
  json["scenario_hash"] = "0123456789abcdef";
  CHECK(Squall("replay -q " + files.folder.Write("g.json", json.dump())).code == 65);
}

TEST_CASE("replay: one request is told step by step, with the rule that fired", "[cli]") {
  const Files files;
  const ordered_json json = ordered_json::parse(ReadFile(files.base));
  const auto& attempts = json["per_request"]["attempts"].get_ref<const std::string&>();
  const auto& kinds = json["per_request"]["kind"].get_ref<const std::string&>();
  size_t request = 0;
  while (kinds[request] != 'f' || attempts[request] < '2') ++request;
  const CommandResult told =
      Squall("replay " + files.base + " --request " + std::to_string(request));
  CAPTURE(told.out, told.err);
  CHECK(told.code == 0);
  for (const char* part : {"arrive", "plan", "act", "diagnose", "rule ", "injected ", "end"}) {
    CAPTURE(part);
    CHECK(Contains(told.out, part));
  }
  for (const char* wrong : {"400", "-1", "1:0", "x", "1:"}) {
    CAPTURE(wrong);
    CHECK(Squall("replay " + files.base + " --request=" + wrong).code == 2);
  }
}

TEST_CASE("results: rows of requests can be left out, and are only where JSON is written",
          "[cli]") {
  const ordered_json with = ordered_json::parse(Squall(kRun + std::string("--json")).out);
  CHECK(with["per_request"]["n"] == 400);
  CHECK(with["per_request"]["kind"].get<std::string>().size() == 400);
  const ordered_json without =
      ordered_json::parse(Squall(kRun + std::string("--json --no-requests")).out);
  CHECK_FALSE(without.contains("per_request"));
  CHECK(without["fingerprint"] == with["fingerprint"]);
}

}  // namespace
}  // namespace squall::cmd_gates_test
