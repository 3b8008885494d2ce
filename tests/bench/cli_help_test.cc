// What helps people at the command line: help with examples, completion, man page, init and
// explain. Shells are those of the system; a test that needs one that is missing says so.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "bench/cli.h"
#include "bench/exit_codes.h"
#include "bench/interrupt.h"
#include "mock_providers/faults.h"
#include "tests/bench/command.h"

namespace squall::cli_help_test {
namespace {

const char* const kCommands[] = {
    "run",    "reproduce", "serve",  "diagnose", "knowledge show", "knowledge check",
    "report", "compare",   "replay", "list",     "show",           "validate",
    "schema", "version",   "init",   "explain",  "completion",     "man"};

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The commands below "Examples:", as a shell takes them.
std::vector<std::string> ExamplesIn(const std::string& help) {
  std::vector<std::string> examples;
  const size_t title = help.find("\nExamples:\n");
  if (title == std::string::npos) return examples;
  for (const std::string& line : LinesOf(help.substr(title + 11))) {
    if (line.starts_with("  ")) examples.push_back(line.substr(2));
  }
  return examples;
}

// The words after each "squall" of a line, quotes gone and redirections left out.
std::vector<std::vector<std::string>> CommandLinesIn(const std::string& example) {
  std::vector<std::string> words;
  bool open = false;
  char quote = 0;
  for (const char c : example + " ") {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        words.back() += c;
      }
    } else if (c == ' ') {
      open = false;
    } else {
      if (!open) words.emplace_back();
      open = true;
      if (c == '\'' || c == '"') {
        quote = c;
      } else {
        words.back() += c;
      }
    }
  }
  std::vector<std::vector<std::string>> lines;
  bool inside = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "squall") {
      lines.emplace_back();
      inside = true;
    } else if (word == "&&" || word == "|") {
      inside = false;
    } else if (word == ">" || word == "<") {
      ++i;
    } else if (inside) {
      lines.back().push_back(word);
    }
  }
  return lines;
}

TEST_CASE("help: every command ends with examples, and each of them is a command line", "[cli]") {
  for (const char* command : kCommands) {
    CAPTURE(command);
    const std::vector<std::string> examples =
        ExamplesIn(Squall(std::string(command) + " --help").out);
    CHECK_FALSE(examples.empty());
    for (const std::string& example : examples) {
      CAPTURE(example);
      const auto lines = CommandLinesIn(example);
      CHECK_FALSE(lines.empty());
      for (const auto& words : lines) CHECK(CommandLineError(words) == "");
    }
  }
}

TEST_CASE("help: examples that are quick run", "[cli][long]") {
  std::string script =
      "cd \"$2\"; binary=$1; squall() { \"$binary\" \"$@\"; }; squall init mine.json 2>/dev/null\n"
      "squall run parity -q --out base.json >/dev/null; cp base.json new.json\n";
  for (const char* command : {"diagnose", "report", "compare", "replay", "list", "show", "schema",
                              "version", "init", "explain", "completion", "man", "validate"}) {
    for (const std::string& example : ExamplesIn(Squall(std::string(command) + " --help").out)) {
      script += "( " + example + " ) >said 2>err || { echo failed: \"$?\"; cat err; }\n";
    }
  }
  const std::string out = InlineScript(script + "exit 0\n");
  CHECK(out == "");
}

TEST_CASE("help: every page fits the width that the terminal has", "[cli]") {
  for (const int width : {60, 80}) {
    for (const char* command : kCommands) {
      CAPTURE(command, width);
      const std::string columns = "COLUMNS=" + std::to_string(width);
      std::string help = Squall(std::string(command) + " --help", columns).out;
      if (width < 80) help = help.substr(0, help.find("\nExamples:"));
      for (const std::string& line : LinesOf(help)) {
        CAPTURE(line);
        CHECK((line.size() <= static_cast<size_t>(width) || (width < 80 && line[0] == ' ')));
      }
    }
  }
}

TEST_CASE("cli: a misspelt name is one line that says what was meant", "[cli]") {
  struct Row {
    const char* arguments;
    const char* says;
    int code;
  };
  const Row rows[] = {{"run parity --replicatoins 5", "did you mean \"--replications\"?", 2},
                      {"run parity --mode wird", "did you mean \"wire\"?", 2},
                      {"knowledge chek", "did you mean \"check\"?", 2},
                      {"explain timeuot", "did you mean \"timeout\"?", 2},
                      {"completion bahs", "did you mean \"bash\"?", 2},
                      {"reproduce 84.11", "did you mean \"84.1\"?", 2},
                      {"run production-10l", "did you mean \"production-10k\"?", 64},
                      {"run parity --engine self_heling", "did you mean \"self_healing\"?", 64},
                      {"run", "SCENARIO is required", 2}};
  for (const Row& row : rows) {
    CAPTURE(row.arguments);
    const CommandResult result = Squall(row.arguments);
    CAPTURE(result.err);
    CHECK(result.code == row.code);
    CHECK(Lines(result.err) == 1);
    CHECK(Contains(result.err, row.says));
  }
}

TEST_CASE("cli: colour follows the environment, and an explicit wish wins over it", "[cli]") {
  const std::string run = "run parity -q";
  CHECK_FALSE(Contains(Squall(run).out, "\x1b"));
  CHECK(Contains(Squall(run, "CLICOLOR_FORCE=1").out, "\x1b"));
  CHECK_FALSE(Contains(Squall(run, "CLICOLOR_FORCE=1 NO_COLOR=1").out, "\x1b"));
  CHECK(Contains(Squall(run + " --color always", "NO_COLOR=1").out, "\x1b"));
  CHECK_FALSE(Contains(Squall(run + " --color never", "CLICOLOR_FORCE=1").out, "\x1b"));
}

TEST_CASE("completion: bash gets commands, options, values and names", "[cli]") {
  const std::string out = InlineScript(R"sh(
source <("$1" completion bash)
squall=$1
ask() { COMP_WORDS=("$squall" "$@"); COMP_CWORD=$#; _squall; echo "${COMPREPLY[*]}"; }
ask com
ask run production
ask run x --repl
ask run x --mode ""
ask run x --mode = wi
ask run x --engine none,self
ask reproduce 84.1-
ask run x --threshold latency.p999
ask knowledge ch
cd "$2" && touch some.json && ask report so
)sh");
  CHECK(out ==
        "compare completion\nproduction-10k\n--replications\nvirtual wire\nwire\n"
        "none,self_healing\n84.1-worlds\nlatency.p999\ncheck\nsome.json\n");
}

bool HasShell(const char* shell) {
  return std::system(("command -v " + std::string(shell) + " >/dev/null").c_str()) == 0;
}

TEST_CASE("completion: zsh offers the same on a real terminal", "[cli]") {
  if (!HasShell("zsh")) {
    WARN("zsh is not installed");
    return;
  }
  const std::string out = InlineScript(R"sh(
cd "$2"; export PATH=$2:$PATH
# Answers as squall does, and says what it was called with instead of running it.
cat > squall <<Z
#!/bin/sh
case \$1 in __complete|completion) exec "$1" "\$@" ;; esac
echo got "\$@"
Z
chmod +x squall
cat > drive.zsh <<'Z'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; autoload -Uz compinit; compinit -u -D"
zpty -w shell "eval \"\$(squall completion zsh)\"; echo re''ady"
zpty -r -m shell text '*ready*'
for line in "squall run product" "squall knowledge che" "squall run x --mode wi"; do
  zpty -w -n shell $line$'\t'
  zpty -w shell " ; echo do''ne"
  zpty -r -m shell text '*done*'
  print -r -- $text
done
Z
timeout 60 zsh -f drive.zsh
)sh");
  CAPTURE(out);
  CHECK(Contains(out, "got run production-10k"));
  CHECK(Contains(out, "got knowledge check"));
  CHECK(Contains(out, "got run x --mode wire"));
}

TEST_CASE("completion: fish offers the same", "[cli]") {
  if (!HasShell("fish")) {
    WARN("fish is not installed");
    return;
  }
  const std::string out = InlineScript(R"sh(
cd "$2"; ln -s "$1" squall; export PATH=$2:$PATH HOME=$2
fish -c 'squall completion fish | source
         complete -C "squall run product"; complete -C "squall run x --mode wi"'
)sh");
  CHECK(Contains(out, "production-10k\t"));
  CHECK(Contains(out, "wire"));
}

TEST_CASE("man: the page has every part and no warnings", "[cli]") {
  const CommandResult page = Squall("man");
  CHECK(page.code == 0);
  for (const char* part : {"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "EXAMPLES", "EXIT CODES",
                           "ENVIRONMENT", "FILES"}) {
    CAPTURE(part);
    CHECK(Contains(page.out, std::string(".SH ") + part + "\n"));
  }
  CHECK(Contains(page.out, "SQUALL_CONTROL_TOKEN"));
  if (!HasShell("groff")) {
    WARN("groff is not installed");
    return;
  }
  CHECK(InlineScript("\"$1\" man | groff -man -Tutf8 -ww >/dev/null") == "");
}

TEST_CASE("init: what it writes is valid, runs, and is not overwritten", "[cli]") {
  const TempFolder folder;
  const std::string file = folder.Path("mine.json");
  REQUIRE(Squall("init " + file).code == 0);
  CHECK(nlohmann::json::accept(ReadFile(folder.Path("scenario.schema.json"))));
  CHECK(Contains(ReadFile(file), "\"$schema\": \"./scenario.schema.json\""));
  CHECK(Squall("validate " + file).code == 0);
  const CommandResult run = Squall("run -q --allow-inconclusive " + file);
  CHECK(run.code == 0);
  folder.Write("mine.json", "kept");
  CHECK(Squall("init " + file).code == kExitUsage);
  CHECK(ReadFile(file) == "kept");
  CHECK(Squall("init --force " + file).code == 0);
  CHECK(ReadFile(file) != "kept");
}

TEST_CASE("explain: every name of the list is explained", "[cli][long]") {
  const std::string list = Squall("explain").out;
  std::string all;
  for (const std::string& line : LinesOf(list)) {
    if (!line.starts_with("  ")) continue;
    for (const char c : line) all += c == ',' ? ' ' : c;
  }
  const CommandResult result = Squall("explain" + all);
  CHECK(result.code == 0);
  CHECK(result.err == "");
  for (const FaultRow& row : FaultTable()) {
    CHECK(Contains(result.out, std::string(row.name) + " (fault)"));
    for (const FaultVariant& variant : row.variants) {
      CHECK(Contains(result.out, "  " + std::string(variant.name) + "  ("));
    }
  }
  for (const ExitCodeRow& row : ExitCodeTable()) {
    CHECK(Contains(result.out, "\n  " + std::to_string(row.code) + " "));
  }
}

TEST_CASE("cli: an interrupted run writes its files, of models too", "[cli]") {
  const std::string out = InlineScript(R"sh(
set -m  # or bash starts background jobs with SIGINT ignored
cd "$2"
"$1" run production-10k -q --set /workload/requests=50000000 --out a.json --html a.html >a & pid=$!
sleep 1
kill -INT $pid; wait $pid; echo "exit $?"
"$1" run model-retry-storm -q --replications 1000000 --out b.json --html b.html >b & pid=$!
sleep 1
kill -INT $pid; wait $pid; echo "exit $?"
grep -c '"partial": true' a.json b.json
grep -ci 'partial' a.html | grep -vc '^0'
)sh");
  CHECK(out == "exit 130\nexit 130\na.json:1\nb.json:1\n1\n");
}

TEST_CASE("cli: on a terminal progress is a bar with the time left", "[cli]") {
  const std::string out = InlineScript(R"sh(
(sleep 1.5; printf '\003') |
  COLUMNS=80 script -qec "'$1' run production-10k --set /workload/requests=50000000" /dev/null |
  tr '\r' '\n' | grep -c '\[[#-]\{24\}\].* % .* requests/s .* s left'
)sh");
  CHECK(std::atoi(out.c_str()) >= 2);
}

// How a child ends in which `signals` SIGINTs came.
int EndAfterInterrupts(int signals) {
  const pid_t child = fork();
  if (child == 0) {
    InterruptFlag();
    for (int i = 0; i < signals; ++i) raise(SIGINT);
    _exit(InterruptFlag() ? InterruptExitCode() - 100 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_CASE("cli: one Ctrl-C asks to finish, a second one ends at once", "[cli]") {
  CHECK(EndAfterInterrupts(1) == 30);  // went on, and knows its code
  CHECK(EndAfterInterrupts(2) == 130);
}

}  // namespace
}  // namespace squall::cli_help_test
