// Which bodies count as the same under one idempotency key: those whose JSON says the same, however
// it is spaced and ordered. Members that only say how to wait or under which key are left out.
//
// Threads: any. Source of the hash: FIPS 180-4 (SHA-256), by OpenSSL's libcrypto.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace squall {

// 64 hexadecimal digits over the endpoint and the canonical form of the body: members in order of
// their names, no white space, numbers as nlohmann prints them, without "wait" and
// "idempotency_key" at the top. InvalidArgument: it is not a JSON object.
absl::StatusOr<std::string> CanonicalBodyHash(std::string_view endpoint, std::string_view body);

// SHA-256 as 64 hexadecimal digits.
std::string Sha256Hex(std::string_view text);

}  // namespace squall
