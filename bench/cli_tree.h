// Questions about the tree of commands: how an option is written, which values it takes, and where
// a half-written command line stands.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace squall {

inline constexpr const char* kExamplesTitle = "Examples:";

// "SCENARIO" of an operand, "-q, --quiet", "--mode virtual|wire".
std::string Heading(const CLI::Option& option);

// What the value is called: "SCENARIO", "FILE", "N"; "" of a flag.
std::string ValueName(const CLI::Option& option);

// The values of an option that takes one of a few, else none.
std::vector<std::string> Choices(const CLI::Option& option);

// What it does, with its default and its environment variable.
std::string OptionText(const CLI::Option& option);

// "run SCENARIO [OPTIONS]", without the names above it.
std::string Synopsis(const CLI::App& command);

std::vector<const CLI::App*> CommandsOf(const CLI::App& app);  // those that are not hidden
std::vector<const CLI::Option*> OperandsOf(const CLI::App& app);
std::vector<const CLI::Option*> OptionsOf(const CLI::App& app);

// "squall knowledge check".
std::string FullName(const CLI::App& command);

// Where a command line stands after some words.
struct CommandPlace {
  const CLI::App* command = nullptr;      // whose word comes next
  const CLI::Option* value_of = nullptr;  // of which the next word is the value
  std::vector<std::string> operands;      // of `command`, so far
  bool only_operands = false;             // after "--"
  std::string unknown_option;             // the first one that its command does not have
  std::string unknown_command;            // likewise
};
CommandPlace Walk(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace squall
