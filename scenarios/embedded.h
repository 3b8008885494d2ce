// The scenarios, presets and schemas that travel inside the binary, so that squall needs no
// installed files. The build writes EmbeddedFiles() from scenarios/**/*.json, in the order of their
// paths.
#pragma once

#include <span>
#include <string_view>

namespace squall {

struct EmbeddedFile {
  std::string_view path;  // "scenarios/production-10k.json", "scenarios/presets/none.json"
  std::string_view text;
};

std::span<const EmbeddedFile> EmbeddedFiles();

}  // namespace squall
