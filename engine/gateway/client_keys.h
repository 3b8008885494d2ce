// ClientKeys: who may use the gateway. Only hashes of keys are kept. A presented key is compared
// with all of them, each in constant time, so that how long it takes says nothing.
//
// One thread. Errors: InvalidArgument where a secret cannot be read; messages name the place, never
// the secret.
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gateway/config.h"

namespace squall {

// Reads a secret: the variable, or the first line of the file without blanks at its ends. "" where
// none is configured.
absl::StatusOr<std::string> ReadSecret(const SecretConfig& secret);

class ClientKeys {
 public:
  static absl::StatusOr<ClientKeys> Create(const std::vector<ClientKeyConfig>& keys);

  // Without keys, everybody is client 0.
  bool open() const { return hashes_.empty(); }

  // The index of the key among those configured; nullopt if it is none of them.
  std::optional<size_t> Find(std::string_view presented) const;

 private:
  using Hash = std::array<uint8_t, 32>;
  std::vector<Hash> hashes_;
};

}  // namespace squall
