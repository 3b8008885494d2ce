#include "tests/paths.h"

namespace squall {

std::string SourceDir() { return SQUALL_SOURCE_DIR; }
std::string SquallBinary() { return SQUALL_BINARY; }

}  // namespace squall
