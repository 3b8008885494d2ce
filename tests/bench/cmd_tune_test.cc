// squall tune, sweep-point and worker as a user runs them.
#include <nlohmann/json.hpp>

#include "tests/bench/command.h"

namespace squall::cmd_tune_test {
namespace {

using nlohmann::json;

constexpr const char* kSpace = R"({"name": "t", "engine": "squall",
  "parameters": [{"at": "/engine/retry/max_attempts", "kind": "integer", "low": 1, "high": 4}],
  "objectives": [{"metric": "recovery.strict", "goal": "maximize", "tolerance": 0.01},
                 {"metric": "amplification.mean", "goal": "minimize"}],
  "scenarios": [{"scenario": "production-10k", "sets": ["/workload/requests=400"]}],
  "held_out": [{"scenario": "streams", "sets": ["/workload/requests=200"]}],
  "method": "grid", "replications": 2, "fresh": 2, "sensitivity": 2})";

TEST_CASE("squall tune: the same bytes on one thread or two, from the start or from a file",
          "[tune][cli][long]") {
  const TempFolder folder;
  const std::string space = folder.Write("space.json", kSpace);
  const std::string state = folder.Path("state.jsonl");
  const CommandResult one = Squall("tune " + space + " --local 1 --json -q");
  REQUIRE(one.code == 0);
  CHECK(Squall("tune " + space + " --local 2 --json -q").out == one.out);
  CHECK(Squall("tune " + space + " --json -q --resume " + state).out == one.out);
  const std::string lines = ReadFile(state);
  CHECK(Squall("tune " + space + " --json -q --resume " + state).out == one.out);
  CHECK(ReadFile(state) == lines);
  const json answer = json::parse(one.out);
  CHECK(answer["format"] == "squall-tune");
  CHECK(answer["recommended"]["preset"]["retry"]["max_attempts"].is_number());
  CHECK(answer["front"].size() >= 1);
}

TEST_CASE("squall tune: two shards by turns end with the answer of one process",
          "[tune][cli][long]") {
  const TempFolder folder;
  const std::string space = folder.Write("space.json", kSpace);
  const std::string files[2] = {folder.Path("0.jsonl"), folder.Path("1.jsonl")};
  const CommandResult alone = Squall("tune " + space + " --json -q");
  CommandResult last;
  for (int round = 0; round < 10 && last.out.empty(); ++round) {
    for (int i = 0; i < 2; ++i) {
      const bool other = std::ifstream(files[1 - i]).good();
      last = Squall("tune " + space + " --json -q --shard " + std::to_string(i) + "/2 --resume " +
                    files[i] + (other ? " --add " + files[1 - i] : ""));
      REQUIRE(last.code == 0);
      if (!last.out.empty()) break;
      CHECK(last.err.find("other shards") != std::string::npos);
    }
  }
  CHECK(last.out == alone.out);
}

TEST_CASE("squall tune: writes a page, a preset that runs, and the front as a table",
          "[tune][cli][long]") {
  const TempFolder folder;
  const std::string space = folder.Write("space.json", kSpace);
  const CommandResult run = Squall("tune " + space + " -q --html " + folder.Path("t.html") +
                                   " --preset-out " + folder.Path("p.json"));
  CHECK(run.code == 0);
  CHECK(run.out.find("RECOMMENDED") != std::string::npos);
  CHECK(ReadFile(folder.Path("t.html")).find("parallel coordinates") != std::string::npos);
  CHECK(
      Squall("run production-10k --set /workload/requests=100 -q --engine " + folder.Path("p.json"))
          .code == 0);
  const CommandResult table = Squall("tune " + space + " -q --markdown");
  CHECK(table.out.starts_with("| settings | recovery.strict | held out |"));
}

TEST_CASE("squall tune: mistakes are one clear line", "[tune][cli]") {
  const TempFolder folder;
  const CommandResult name = Squall("tune breakr");
  CHECK(name.code == 64);
  CHECK(name.err.find("did you mean \"breaker\"?") != std::string::npos);
  std::string text = kSpace;
  text.replace(text.find("max_attempts"), 12, "max_attemps!");
  const CommandResult pointer = Squall("tune -q " + folder.Write("typo.json", text));
  CHECK(pointer.code == 64);
  CHECK(pointer.err.find("max_attempts") != std::string::npos);
  const CommandResult shard = Squall("tune breaker --shard 0/2");
  CHECK(shard.code == 2);
  CHECK(shard.err.find("--resume") != std::string::npos);
  const CommandResult corrupt = Squall("tune breaker --add " + folder.Write("c.jsonl", "{}\n"));
  CHECK(corrupt.code == 65);
  CHECK(corrupt.err.find("c.jsonl:1") != std::string::npos);
}

TEST_CASE("squall sweep-point: a line in, a line out, and only of its own build", "[tune][cli]") {
  const TempFolder folder;
  const std::string point =
      R"({"scenario": "model-hedging", "sets": ["/model/requests=500"], "count": 2, )"
      R"("metrics": ["model.extra_load"]})";
  const std::string input = folder.Write("points", point + "\n\n" + point + "\n");
  const std::string out = InlineScript("\"$1\" sweep-point <" + input);
  const std::string line = out.substr(0, out.find('\n'));
  CHECK(out == line + "\n" + line + "\n");
  const json result = json::parse(line);
  CHECK(result["values"]["model.extra_load"].size() == 2);
  CHECK(result["hash"].get<std::string>().size() == 16);
  std::string other = point;
  other.insert(1, "\"build\": \"9.9.9\", ");
  const std::string refused =
      InlineScript("\"$1\" sweep-point <" + folder.Write("other", other) + " || echo code $?");
  CHECK(refused.find("/build: got 9.9.9, expected ") != std::string::npos);
  CHECK(refused.find("code 64") != std::string::npos);
}

}  // namespace
}  // namespace squall::cmd_tune_test
