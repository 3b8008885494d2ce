// The help of a command, wrapped to the width of the terminal: what it does, how it is called, its
// operands and options, and at the end examples that can be copied.
#pragma once

#include <string>

namespace CLI {
class App;
}  // namespace CLI

namespace squall {

std::string HelpText(const CLI::App& command, int width);

// A name and what it is, in two columns.
std::string TwoColumns(const std::string& name, const std::string& text, int name_width, int width);

}  // namespace squall
