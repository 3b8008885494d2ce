// Where the tests find the project and its binary. The only source that is compiled with these
// paths is paths.cc, so that a compiler cache serves every checkout with all the others.
#pragma once

#include <string>

namespace squall {

std::string SourceDir();     // of the checkout, absolute, no slash at the end
std::string SquallBinary();  // the squall that belongs to this build

}  // namespace squall
