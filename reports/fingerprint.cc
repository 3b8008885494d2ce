#include "reports/fingerprint.h"

#include <absl/strings/str_format.h>

namespace squall {

std::string FingerprintText(uint64_t fingerprint) { return absl::StrFormat("%016x", fingerprint); }

}  // namespace squall
