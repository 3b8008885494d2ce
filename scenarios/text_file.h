// Reading a whole file that a person has named, with a limit on its size.
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <string>

namespace squall {

// The bytes of a file or pipe. Errors: kNotFound if there is no such file or it cannot be read,
// kInvalidArgument past `max_bytes`; messages begin with the path.
absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t max_bytes);

// Is there something to read at `path` (not a directory)?
bool IsFile(const std::string& path);

}  // namespace squall
