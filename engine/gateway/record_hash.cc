#include "engine/gateway/record_hash.h"

#include <absl/status/status.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <nlohmann/json.hpp>

#include "engine/base/check.h"

namespace squall {

std::string Sha256Hex(std::string_view text) {
  // Looked up once, which takes longer than the digest of a short text.
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  const int made = EVP_Digest(text.data(), text.size(), digest.data(), nullptr, sha256, nullptr);
  SQUALL_CHECK(made == 1);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

absl::StatusOr<std::string> CanonicalBodyHash(std::string_view endpoint, std::string_view body) {
  // nlohmann::json keeps members in order of their names; of two with one name it takes the last,
  // as most readers do.
  nlohmann::json json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("the body is not a JSON object");
  json.erase("wait");
  json.erase("idempotency_key");
  std::string text(endpoint);
  text += '\0';  // which no endpoint contains
  // Texts that are no UTF-8 do not get past the parser; replacing is only in place of an exception.
  text += json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return Sha256Hex(text);
}

}  // namespace squall
