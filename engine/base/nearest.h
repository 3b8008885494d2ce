// What a misspelt name was probably meant to be: every message about an unknown name ends with it.
// Pure functions, for names of up to 64 bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace squall {

// The entry of `known` that `got` is probably a misspelling of, "" if none is near.
std::string Nearest(std::string_view got, const std::vector<std::string>& known);

// `expected one of a, b, c` with `; did you mean "a"?` after it where something is near. Long lists
// are counted instead (`expected one of 47 others; did you mean "a"?`) if something is.
std::string ExpectedOneOf(std::string_view got, const std::vector<std::string>& known);

}  // namespace squall
