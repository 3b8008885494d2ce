#include "bench/terminal_style.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "reports/text.h"

namespace squall {
namespace {

constexpr int kNarrowest = 40;
constexpr int kWidest = 160;  // longer lines are no longer read

constexpr EnvironmentRow kStyleEnvironment[] = {
    {"NO_COLOR", "If not empty, no colour unless --color always asks for it."},
    {"CLICOLOR_FORCE", "If not empty, colour even where the output is no terminal."},
    {"TERM", "dumb: no colour."},
    {"COLUMNS", "Width of the output; default: that of the terminal, or 80."},
    {"LC_ALL, LC_CTYPE, LANG", "The first that is set says whether the output is UTF-8 or ASCII."},
};

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::span<const EnvironmentRow> StyleEnvironment() { return kStyleEnvironment; }

bool WantsColor(std::string_view choice) {
  if (choice != "auto") return choice == "always";
  if (!Environment("NO_COLOR").empty()) return false;
  if (!Environment("CLICOLOR_FORCE").empty()) return true;
  const std::string_view term = Environment("TERM");
  return isatty(STDOUT_FILENO) != 0 && !term.empty() && term != "dumb";
}

bool WantsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view locale = Environment(name);
    if (locale.empty()) continue;
    return locale.find("UTF-8") != std::string_view::npos ||
           locale.find("utf8") != std::string_view::npos;
  }
  return true;
}

int OutputWidth() {
  int columns = std::atoi(std::string(Environment("COLUMNS")).c_str());
  winsize size{};
  if (columns <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
  if (columns <= 0) columns = kTextWidth;
  return std::clamp(columns, kNarrowest, kWidest);
}

}  // namespace squall
