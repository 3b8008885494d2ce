#include "bench/man_page.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "bench/cli_tree.h"
#include "bench/exit_codes.h"
#include "bench/terminal_style.h"
#include "reports/result.h"

namespace squall {
namespace {

// Text as troff takes it for itself: no escapes, no requests, and hyphens that can be copied.
std::string Troff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool starts_line = out.empty() || out.back() == '\n';
    if (starts_line && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '`') {
      out += "\\(ga";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '~') {
      out += "\\(ti";
    } else {
      out += c;
    }
  }
  return out;
}

std::string TaggedParagraph(std::string_view tag, std::string_view text) {
  std::string body(text);
  for (char& c : body) c = c == '\n' ? ' ' : c;
  return ".TP\n\\fB" + Troff(tag) + "\\fR\n" + Troff(body.empty() ? " " : body) + "\n";
}

std::string Section(std::string_view title) { return ".SH " + std::string(title) + "\n"; }

// Prose becomes paragraphs; lines that begin with a space are shown as they stand.
std::string Prose(const std::string& text) {
  std::string out;
  bool example = false;
  bool gap = true;
  for (size_t from = 0; from < text.size();) {
    const size_t end = std::min(text.find('\n', from), text.size());
    const std::string line = text.substr(from, end - from);
    from = end + 1;
    const bool indented = line.starts_with(' ');
    if (indented != example) out += indented ? ".PP\n.nf\n.RS\n" : ".RE\n.fi\n";
    if (!indented && example) gap = true;
    example = indented;
    if (line.empty()) {
      gap = true;
      continue;
    }
    if (!indented && gap) out += ".PP\n";
    gap = false;
    out += Troff(indented ? line.substr(2) : line) + "\n";
  }
  return out + (example ? ".RE\n.fi\n" : "");
}

std::string CommandEntry(const CLI::App& command) {
  std::string text = ".SS " + Troff(FullName(command)) + "\n" + Troff(command.get_description()) +
                     ".\n.PP\n\\fB" + Troff(FullName(*command.get_parent())) + "\\fR " +
                     Troff(Synopsis(command)) + "\n";
  for (const CLI::Option* operand : OperandsOf(command)) {
    text += TaggedParagraph(Heading(*operand), OptionText(*operand));
  }
  for (const CLI::Option* option : OptionsOf(command)) {
    if (option == command.get_help_ptr()) continue;
    text += TaggedParagraph(Heading(*option), OptionText(*option));
  }
  // Examples stand in a section of their own.
  const std::string footer = command.get_footer();
  text += Prose(footer.substr(0, std::min(footer.find(kExamplesTitle), footer.size())));
  for (const CLI::App* one : CommandsOf(command)) text += CommandEntry(*one);
  return text;
}

std::string ExamplesOf(const CLI::App& command) {
  const std::string footer = command.get_footer();
  const size_t title = footer.find(kExamplesTitle);
  std::string text =
      title == std::string::npos ? "" : Prose(footer.substr(footer.find('\n', title) + 1));
  for (const CLI::App* one : CommandsOf(command)) text += ExamplesOf(*one);
  return text;
}

// Variables that options name.
std::string EnvironmentOf(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : OptionsOf(command)) {
    if (option->get_envname().empty()) continue;
    text += TaggedParagraph(option->get_envname(),
                            "Stands for " + Heading(*option) + " of " + FullName(command) + ".");
  }
  for (const CLI::App* one : CommandsOf(command)) text += EnvironmentOf(*one);
  return text;
}

constexpr const char* kManDescription =
    R"(squall serves the failures of LLM providers from mock providers, at rates you set
and from draws you can repeat, runs a recovery engine against them, and says with intervals
and ground truth how many of the faults it recovered, how fast it diagnosed them, and how much
extra load it caused.

Results go to standard output, everything else to standard error.)";

}  // namespace

std::string ManPage(const CLI::App& app) {
  std::string text = ".TH SQUALL 1 \"\" \"squall " + Troff(RunResult::BuildVersion()) +
                     "\" \"User Commands\"\n" + Section("NAME") + "squall \\- " +
                     Troff(app.get_description()) + "\n" + Section("SYNOPSIS") +
                     "\\fBsquall\\fR COMMAND [OPTIONS]\n" + Section("DESCRIPTION") +
                     Prose(kManDescription) + Section("OPTIONS");
  for (const CLI::Option* option : OptionsOf(app)) {
    text += TaggedParagraph(Heading(*option), OptionText(*option));
  }
  text += Section("COMMANDS");
  for (const CLI::App* command : CommandsOf(app)) text += CommandEntry(*command);
  text += Section("EXAMPLES") + ExamplesOf(app) + Section("EXIT CODES");
  for (const ExitCodeRow& row : ExitCodeTable()) {
    text += TaggedParagraph(std::to_string(row.code), row.doc);
  }
  text += Section("ENVIRONMENT") + EnvironmentOf(app);
  for (const EnvironmentRow& row : StyleEnvironment()) text += TaggedParagraph(row.name, row.doc);
  text += Section("FILES");
  text += TaggedParagraph("*.json",
                          "Scenarios, presets, result files and files of rules; squall schema "
                          "prints what each may hold. There is no configuration file.");
  return text;
}

int PrintManPage(const CLI::App& app) {
  std::fputs(ManPage(app).c_str(), stdout);
  return kExitOk;
}

}  // namespace squall
