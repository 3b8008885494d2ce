// Command lines as a shell takes them.
#pragma once

#include <string>

namespace squall {

// One word, in quotes where the shell would read anything into it.
std::string ShellWord(const std::string& word);

}  // namespace squall
