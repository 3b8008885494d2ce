// The man page, squall(1), made from the tree of commands.
#pragma once

#include <string>

namespace CLI {
class App;
}  // namespace CLI

namespace squall {

// troff source for the man macros, ASCII.
std::string ManPage(const CLI::App& app);
int PrintManPage(const CLI::App& app);

}  // namespace squall
