// Main: parses the command line, says in one line what is wrong with it, or runs it.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "bench/cli.h"
#include "bench/cli_tree.h"
#include "bench/completion.h"
#include "bench/exit_codes.h"
#include "bench/help_text.h"
#include "bench/terminal_style.h"
#include "engine/base/nearest.h"
#include "reports/result.h"

namespace squall {
namespace {

class WrappedHelp final : public CLI::FormatterBase {
 public:
  explicit WrappedHelp(int width) : width_(width) {}
  std::string make_help(const CLI::App* app, std::string /*name*/,
                        CLI::AppFormatMode /*mode*/) const override {
    return HelpText(*app, width_);
  }

 private:
  int width_;
};

// In the wire world client and servers share this process's file descriptors: two for each call in
// flight. What the system allows beyond the usual 1024 costs nothing to take.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::string HintOf(const std::string& got, const std::vector<std::string>& known,
                   const CLI::App& command) {
  const std::string near = Nearest(got, known);
  if (!near.empty()) return "did you mean \"" + near + "\"?";
  return "see " + FullName(command) + " --help";
}

// A misspelt command or option, which CLI11 reports as something else that is missing; "" if every
// name is known.
std::string NameError(const CLI::App& app, const std::vector<std::string>& words) {
  const CommandPlace place = Walk(app, words);
  std::vector<std::string> known;
  if (!place.unknown_command.empty()) {
    for (const CLI::App* command : CommandsOf(*place.command)) known.push_back(command->get_name());
    return FullName(*place.command) + ": got unknown command \"" + place.unknown_command + "\", " +
           ExpectedOneOf(place.unknown_command, known);
  }
  if (place.unknown_option.empty()) return "";
  for (const CLI::Option* option : OptionsOf(*place.command)) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  return FullName(*place.command) + ": got unknown option \"" + place.unknown_option + "\"; " +
         HintOf(place.unknown_option, known, *place.command);
}

// "squall run: SCENARIO is required; see squall run --help".
std::string ErrorLine(const CLI::App& app, const std::vector<std::string>& words,
                      const CLI::ParseError& error) {
  const CLI::App& command = *Walk(app, words).command;
  std::string what = error.what();
  for (char& c : what) c = c == '\n' ? ' ' : c;
  return FullName(command) + ": " + what + "; see " + FullName(command) + " --help";
}

void Prepare(CLI::App* app, AllOptions* all) {
  app->require_subcommand(1);
  app->set_help_flag("-h,--help", "Print this help");
  app->set_version_flag("--version", "squall " + RunResult::BuildVersion(), "Print the version");
  app->formatter(std::make_shared<WrappedHelp>(all->width));
  AddCommands(app, all);
}

constexpr const char* kTitle = "A wind tunnel for the code that keeps LLM calls alive";

}  // namespace

std::string CommandLineError(const std::vector<std::string>& words) {
  CLI::App app(kTitle, "squall");
  AllOptions all;
  Prepare(&app, &all);
  const std::string name_error = NameError(app, words);
  if (!name_error.empty()) return name_error;
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success&) {
    return "";
  } catch (const CLI::ParseError& error) {
    return ErrorLine(app, words, error);
  }
  return "";
}

int Main(int argc, char** argv, const char* revision) {
  RaiseFileLimit();
  CLI::App app(kTitle, "squall");
  AllOptions all;
  all.width = OutputWidth();
  all.run.output.color = WantsColor("auto");
  all.run.output.utf8 = WantsUtf8();
  all.run.output.width = all.width;
  all.run.output.revision = revision;
  all.report.output = all.compare.output = all.replay.output = all.run.output;
  all.reproduce.output = all.version = all.run.output;
  all.tune.output = all.worker.output = all.sweep_point.output = all.run.output;
  Prepare(&app, &all);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) {
    std::fputs(app.help().c_str(), stdout);
    return kExitUsage;
  }
  if (words[0] == kCompleteCommand) {
    return PrintCompletions(app, {words.begin() + 1, words.end()});
  }
  const std::string name_error = NameError(app, words);
  if (!name_error.empty()) {
    std::fprintf(stderr, "%s\n", name_error.c_str());
    return kExitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s\n", ErrorLine(app, words, error).c_str());
    return kExitUsage;
  }
  return Dispatch(app, all);
}

}  // namespace squall
