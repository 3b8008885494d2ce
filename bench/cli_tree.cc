#include "bench/cli_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace squall {
namespace {

std::string JoinedWith(const std::vector<std::string>& items, const char* separator) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : separator) + item;
  return text;
}

bool IsFlag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

// The option of `app` that `name` ("--seed", "-q") is, nullptr if there is none.
const CLI::Option* FindOption(const CLI::App& app, const std::string& name) {
  return app.get_option_no_throw(name);
}

const CLI::App* FindCommand(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

}  // namespace

std::string ValueName(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true);
  if (IsFlag(option)) return "";
  const std::string type = option.get_type_name();  // with what its validators say after ':'
  return type.substr(0, type.find(':'));
}

std::vector<std::string> Choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  std::vector<std::string> choices;
  if (open == std::string::npos) return choices;
  for (size_t from = open + 1; from < type.size();) {
    const size_t to = type.find_first_of(",}", from);
    choices.push_back(type.substr(from, to - from));
    if (to == std::string::npos || type[to] == '}') break;
    from = to + 1;
  }
  return choices;
}

std::string Heading(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true);
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  std::string heading = JoinedWith(names, ", ");
  const std::vector<std::string> choices = Choices(option);
  if (!choices.empty()) return heading + " " + JoinedWith(choices, "|");
  if (!IsFlag(option)) heading += " " + ValueName(option);
  return heading;
}

std::string OptionText(const CLI::Option& option) {
  std::string text = option.get_description();
  const std::vector<std::string> choices = Choices(option);
  if (option.get_positional() && !choices.empty()) text += ": " + JoinedWith(choices, ", ");
  if (!option.get_default_str().empty()) text += " [default: " + option.get_default_str() + "]";
  if (!option.get_envname().empty()) text += " [environment: " + option.get_envname() + "]";
  return text;
}

std::string Synopsis(const CLI::App& command) {
  std::string text = command.get_name();
  if (!CommandsOf(command).empty()) text += " COMMAND";
  for (const CLI::Option* operand : OperandsOf(command)) {
    std::string name = operand->get_name(true);
    if (operand->get_items_expected_max() > 1) name += "...";
    text += operand->get_required() ? " " + name : " [" + name + "]";
  }
  return text + " [OPTIONS]";
}

std::vector<const CLI::App*> CommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::vector<const CLI::Option*> OperandsOf(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::vector<const CLI::Option*> OptionsOf(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

std::string FullName(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : FullName(*parent) + " " + command.get_name();
}

CommandPlace Walk(const CLI::App& app, const std::vector<std::string>& words) {
  CommandPlace place;
  place.command = &app;
  for (const std::string& word : words) {
    if (place.value_of != nullptr) {
      place.value_of = nullptr;
      continue;
    }
    if (word == "--" && !place.only_operands) {
      place.only_operands = true;
      continue;
    }
    if (word.size() > 1 && word[0] == '-' && !place.only_operands) {
      const size_t equals = word.find('=');
      const CLI::Option* option = FindOption(*place.command, word.substr(0, equals));
      if (option == nullptr) {
        if (place.unknown_option.empty()) place.unknown_option = word.substr(0, equals);
        return place;
      }
      if (equals == std::string::npos && !IsFlag(*option)) place.value_of = option;
      continue;
    }
    const CLI::App* command = FindCommand(*place.command, word);
    const bool expects_command = !place.command->get_subcommands({}).empty();
    if (command != nullptr) {
      place.command = command;
    } else if (expects_command) {
      place.unknown_command = word;
      return place;
    } else {
      place.operands.push_back(word);
    }
  }
  return place;
}

}  // namespace squall
