// What the terminal and the environment say about how to print: colour, glyphs and width. The only
// place that asks them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace squall {

struct EnvironmentRow {
  std::string_view name;
  std::string_view doc;
};

// The variables that are read here, for the man page.
std::span<const EnvironmentRow> StyleEnvironment();

// `choice` is auto, always or never. auto: standard output is a terminal that is not dumb, or
// CLICOLOR_FORCE is set; and NO_COLOR is not (no-color.org).
bool WantsColor(std::string_view choice);

// A locale that does not say is taken for a modern one.
bool WantsUtf8();

// Columns of the output: COLUMNS, else those of the terminal, else 80; from 40 to 160.
int OutputWidth();

}  // namespace squall
