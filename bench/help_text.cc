#include "bench/help_text.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "bench/cli_tree.h"
#include "bench/exit_codes.h"
#include "reports/text.h"

namespace squall {
namespace {

constexpr int kHelpNameWidth = 26;
constexpr int kHelpIndent = 2;

template <class Item>
int WidestName(const std::vector<const Item*>& items, std::string (*name_of)(const Item&)) {
  int widest = 0;
  for (const Item* item : items) widest = std::max(widest, DisplayWidth(name_of(*item)));
  return std::min(widest, kHelpNameWidth - kHelpIndent);
}

std::string NameOfCommand(const CLI::App& command) { return command.get_name(); }

std::string OptionRows(const char* title, const std::vector<const CLI::Option*>& options,
                       int width) {
  if (options.empty()) return "";
  std::string text = std::string("\n") + title + "\n";
  const int name_width = WidestName(options, &Heading);
  for (const CLI::Option* option : options) {
    text += TwoColumns(Heading(*option), OptionText(*option), name_width, width);
  }
  return text;
}

std::string ExitCodes(int width) {
  std::vector<std::string> items;
  for (const ExitCodeRow& row : ExitCodeTable()) {
    items.push_back(std::to_string(row.code) + " " + std::string(row.name));
  }
  std::string line = "Exit codes:";
  std::string text;
  for (const std::string& item : items) {
    const bool last = &item == &items.back();
    const std::string piece = " " + item + (last ? "" : ",");
    if (DisplayWidth(line + piece) > width) {
      text += line + "\n";
      line = " ";
    }
    line += piece;
  }
  return text + line + "\n";
}

// Lines of a paragraph made one, for they are wrapped anew; commands and empty lines stay as they
// are.
std::string Reflowed(const std::string& text) {
  std::string out;
  bool in_paragraph = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts_line = i == 0 || text[i - 1] == '\n';
    if (starts_line) in_paragraph = text[i] != ' ' && text[i] != '\n';
    const bool goes_on = i + 1 < text.size() && text[i + 1] != ' ' && text[i + 1] != '\n';
    out += text[i] == '\n' && in_paragraph && goes_on ? ' ' : text[i];
  }
  return out;
}

}  // namespace

std::string TwoColumns(const std::string& name, const std::string& text, int name_width,
                       int width) {
  const int indent = kHelpIndent + name_width + 2;
  std::string row = "  " + name;
  if (DisplayWidth(name) > name_width) {
    row += "\n" + std::string(static_cast<size_t>(indent), ' ');
  } else {
    row += std::string(static_cast<size_t>(indent - DisplayWidth(row)), ' ');
  }
  return row + Wrapped(text, indent, width) + "\n";
}

std::string HelpText(const CLI::App& command, int width) {
  std::string text = Wrapped(command.get_description(), 0, width) + "\n\nUsage: ";
  const CLI::App* parent = command.get_parent();
  if (parent != nullptr) text += FullName(*parent) + " ";
  text += Synopsis(command) + "\n";
  const std::vector<const CLI::App*> commands = CommandsOf(command);
  if (!commands.empty()) text += "\nCommands:\n";
  const int name_width = WidestName(commands, &NameOfCommand);
  for (const CLI::App* one : commands) {
    text += TwoColumns(one->get_name(), one->get_description(), name_width, width);
  }
  text += OptionRows("Arguments:", OperandsOf(command), width);
  text += OptionRows("Options:", OptionsOf(command), width);
  if (parent == nullptr) text += "\n" + ExitCodes(width);
  const std::string footer = command.get_footer();
  if (!footer.empty()) text += "\n" + Wrapped(Reflowed(footer), 0, width) + "\n";
  return text;
}

}  // namespace squall
