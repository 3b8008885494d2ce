// Files that are either whole or not there: the text goes to a temporary file in the same folder,
// reaches the disk, and is then renamed over the target. An interrupted run leaves the old file.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

namespace squall {

// Follows a symbolic link to the file that it names. Something that exists and is no regular file
// (a pipe, /dev/stdout) is written to directly. Errors: kNotFound for a missing folder,
// kPermissionDenied, kResourceExhausted for a full disk, kUnknown otherwise; the message names the
// path.
absl::Status WriteFileAtomically(const std::string& path, std::string_view text);

}  // namespace squall
