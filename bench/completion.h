// Shell completion. The scripts are thin: they hand the words so far to the hidden command
// `squall __complete`, which answers from the tree of commands and from what is bundled, so that a
// script once loaded is never out of date.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace squall {

inline constexpr const char* kCompleteCommand = "__complete";

// What may stand in place of the last of `words`, one a line: the word, a tab, what it is. A line
// ":files" says that names of files fit as well, ":open" that the word goes on after it.
std::string Completions(const CLI::App& app, std::vector<std::string> words);
int PrintCompletions(const CLI::App& app, const std::vector<std::string>& words);

int PrintCompletionScript(const std::string& shell);

}  // namespace squall
