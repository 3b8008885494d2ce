// squall run --knowledge-out, squall knowledge check and show, squall run --knowledge: the way that
// rules go from one run to another.
#include <nlohmann/json.hpp>

#include "tests/bench/command.h"

namespace squall::cmd_knowledge_test {
namespace {

using nlohmann::json;

constexpr const char* kSmall = " -q --set /workload/requests=4000 ";

std::string Learned(const TempFolder& folder) {
  const std::string path = folder.Path("learned.json");
  const CommandResult run =
      Squall("run learning --seed 1 --replications 2 --knowledge-out " + path + kSmall);
  CAPTURE(run.err);
  REQUIRE(run.code == 0);
  return path;
}

TEST_CASE("cli: rules are learned, shown, checked on another seed and used", "[cli][long]") {
  const TempFolder folder;
  const std::string learned = Learned(folder);
  const json file = json::parse(ReadFile(learned), nullptr, false);
  CHECK(file["format_version"] == 1);
  CHECK(file["learned_on"][0]["seed"] == 1);
  CHECK(file["checked_on"].empty());
  CHECK(file["rules"].size() > 10);

  const CommandResult shown = Squall("knowledge show " + learned);
  CHECK(shown.code == 0);
  CHECK(Contains(shown.out, "checked on nothing"));
  CHECK(Contains(shown.out, "after timeout at alpha -> gamma/gamma-large: "));
  CHECK(Contains(shown.out, " (speaks)"));

  const std::string checked = folder.Path("checked.json");
  const CommandResult check = Squall("knowledge check " + learned + " learning --seed 51 --out " +
                                     checked + " --set /workload/requests=4000");
  CAPTURE(check.err);
  CHECK(check.code == 0);
  CHECK(Contains(check.out, "holds    after timeout at alpha -> gamma/gamma-large\n"));
  CHECK(Contains(check.out, "recovered with them"));
  CHECK(json::parse(ReadFile(checked), nullptr, false)["checked_on"][0]["seed"] == 51);

  // They go by what the check saw, so the same seed cannot check them again.
  CHECK(Squall("knowledge check " + checked + " learning --seed 51").code == 2);

  const CommandResult used =
      Squall("run learning --seed 101 --json --knowledge " + checked + kSmall);
  CHECK(used.code == 0);
  const json with = json::parse(used.out, nullptr, false);
  const json without = json::parse(
      Squall(std::string("run learning --seed 101 --json") + kSmall).out, nullptr, false);
  CHECK(with["fingerprint"] != without["fingerprint"]);
  CHECK(Contains(with["repeat"].get<std::string>(), "--knowledge"));
}

TEST_CASE("cli: what is learned does not depend on the number of threads", "[cli][long]") {
  const TempFolder folder;
  std::string first;
  for (const char* threads : {"1", "2", "2"}) {
    const std::string path = folder.Path("k.json");
    REQUIRE(Squall(std::string("run learning --replications 3 --threads ") + threads +
                   " --knowledge-out " + path + " -q --set /workload/requests=1000")
                .code == 0);
    if (first.empty()) first = ReadFile(path);
    CHECK(ReadFile(path) == first);
  }
}

TEST_CASE("cli: rules that nobody has checked are not taken", "[cli][long]") {
  const TempFolder folder;
  const CommandResult result = Squall("run learning --knowledge " + Learned(folder) + kSmall);
  CHECK(result.code == 64);
  CHECK(Lines(result.err) == 1);
  CHECK(Contains(result.err,
                 "/checked_on: got rules that nobody has checked, expected what "
                 "`squall knowledge check"));
}

TEST_CASE("cli: rules are not checked on what they were learned on", "[cli][long]") {
  const TempFolder folder;
  const CommandResult result = Squall("knowledge check " + Learned(folder) + " learning --seed 1");
  CHECK(result.code == 2);
  CHECK(Lines(result.err) == 1);
  CHECK(Contains(result.err, "--seed: got 1, on which the rules were learned"));
}

// A file of one rule that claims to be sure.
std::string OneRule(const std::string& then) {
  return R"({"format_version": 1, "rules": [{"after": {"failure": "timeout", "provider": "alpha"},)"
         R"("then": )" +
         then + R"(, "successes": 50, "speaks": true}]})";
}

TEST_CASE("cli: a check silences what does not hold", "[cli][long]") {
  const TempFolder folder;
  // Timeouts persist at alpha: to ask it again is a bad idea.
  const std::string file = folder.Write(
      "k.json", OneRule(R"({"provider": "alpha", "model": "alpha-large", "again": true})"));
  const std::string out = folder.Path("checked.json");
  const CommandResult result = Squall("knowledge check " + file + " learning --out " + out +
                                      " --set /engine/deadline/per_try=3s");
  CHECK(result.code == 10);
  CHECK(Contains(result.out,
                 "fails    after timeout at alpha -> alpha/alpha-large again\n"
                 "         claimed 98 %, observed "));
  CHECK(Contains(result.err, "no rule that speaks has passed"));
  CHECK(ReadFile(out).empty());
}

TEST_CASE("cli: a mistake in a file of rules is one line and exit code 64", "[cli]") {
  const TempFolder folder;
  const std::string file =
      folder.Write("k.json", OneRule(R"({"provider": "delta", "model": "delta-large"})"));
  for (const std::string& command :
       {"run learning --knowledge " + file, "knowledge check " + file + " learning"}) {
    const CommandResult result = Squall(command);
    CHECK(result.code == 64);
    CHECK(Lines(result.err) == 1);
    CHECK(Contains(result.err,
                   "/rules/0/then/provider: got unknown provider \"delta\", expected "
                   "one of alpha, beta, gamma"));
  }
  CHECK(Squall("knowledge show " + folder.Path("none.json")).code == 64);
  CHECK(Squall("knowledge").code == 2);
}

TEST_CASE("cli: rules of several engines, or of replications that begin with rules, go in no file",
          "[cli]") {
  const TempFolder folder;
  const std::string out = folder.Path("k.json");
  const CommandResult several =
      Squall("run learning --engine none,self_healing --knowledge-out " + out);
  CHECK(several.code == 2);
  CHECK(Lines(several.err) == 1);
  CHECK(Squall("run learning --replications 2 --knowledge k --knowledge-out " + out).code == 2);
}

}  // namespace
}  // namespace squall::cmd_knowledge_test
