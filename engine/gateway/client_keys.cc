#include "engine/gateway/client_keys.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <cstdlib>
#include <fstream>

#include "engine/base/cat.h"

namespace squall {
namespace {

constexpr size_t kLongestSecret = 8192;

int HexDigit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

absl::StatusOr<std::string> ReadSecret(const SecretConfig& secret) {
  std::string text;
  if (!secret.env.empty()) {
    const char* const value = std::getenv(secret.env.c_str());
    if (value == nullptr || *value == 0) {
      return absl::InvalidArgumentError(
          Cat("got no value, expected the environment variable ", secret.env));
    }
    text = value;
  } else if (!secret.file.empty()) {
    std::ifstream in(secret.file);
    if (!in || !std::getline(in, text)) {
      return absl::InvalidArgumentError(
          Cat("got nothing, expected a line in the file ", secret.file));
    }
  } else {
    return text;
  }
  const size_t first = text.find_first_not_of(" \t\r");
  const size_t last = text.find_last_not_of(" \t\r");
  text = first == std::string::npos ? "" : text.substr(first, last - first + 1);
  const bool printable = text.find_first_of(" \t\r\n") == std::string::npos;
  if (text.empty() || text.size() > kLongestSecret || !printable) {
    return absl::InvalidArgumentError("got a secret that is empty, too long or holds blanks");
  }
  return text;
}

absl::StatusOr<ClientKeys> ClientKeys::Create(const std::vector<ClientKeyConfig>& keys) {
  ClientKeys out;
  for (size_t i = 0; i < keys.size(); ++i) {
    Hash hash{};
    if (keys[i].sha256.empty()) {
      const absl::StatusOr<std::string> secret = ReadSecret(keys[i].secret);
      if (!secret.ok()) {
        return absl::InvalidArgumentError(
            Cat("/keys/", i, "/secret: ", std::string(secret.status().message())));
      }
      SHA256(reinterpret_cast<const unsigned char*>(secret->data()), secret->size(), hash.data());
    } else {
      for (size_t b = 0; b < hash.size(); ++b) {
        const std::string& hex = keys[i].sha256;
        hash[b] = static_cast<uint8_t>(HexDigit(hex[2 * b]) * 16 + HexDigit(hex[2 * b + 1]));
      }
    }
    out.hashes_.push_back(hash);
  }
  return out;
}

std::optional<size_t> ClientKeys::Find(std::string_view presented) const {
  Hash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(presented.data()), presented.size(), hash.data());
  std::optional<size_t> found;
  for (size_t i = 0; i < hashes_.size(); ++i) {
    if (CRYPTO_memcmp(hash.data(), hashes_[i].data(), hash.size()) == 0) found = i;
  }
  return found;
}

}  // namespace squall
