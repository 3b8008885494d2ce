// Options that several commands have, for cli*.cc.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/commands.h"

namespace squall {

// One of a few words, and what was probably meant where it is another.
CLI::Validator OneOf(const std::vector<std::string>& words);

// --json, --out, --quiet, --color.
void AddOutput(CLI::App* command, OutputOptions* output);

}  // namespace squall
