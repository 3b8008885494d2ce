#include "engine/gateway/record_hash.h"

#include <absl/status/status.h>
#include <absl/strings/escaping.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/json_text.h"

namespace squall {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// Of two members with one name the last counts, as to most readers. `top` leaves out those that say
// how to wait.
void WriteMembers(const simdjson::dom::object& object, bool top, JsonWriter* out);

void WriteCanonical(const element& value, JsonWriter* out) {
  switch (value.type()) {
    case element_type::OBJECT: return WriteMembers(value.get_object(), false, out);
    case element_type::ARRAY: {
      out->Raw("[");
      bool first = true;
      for (const element each : value.get_array()) {
        if (!std::exchange(first, false)) out->Raw(",");
        WriteCanonical(each, out);
      }
      return out->Raw("]");
    }
    case element_type::STRING: return out->String(value.get_string());
    case element_type::INT64: return out->Number(value.get_int64());
    case element_type::UINT64: return out->Raw(std::to_string(value.get_uint64().value()));
    case element_type::DOUBLE: return out->Raw(nlohmann::json(value.get_double().value()).dump());
    case element_type::BOOL: return out->Raw(value.get_bool() ? "true" : "false");
    case element_type::NULL_VALUE: return out->Raw("null");
  }
}

void WriteMembers(const simdjson::dom::object& object, bool top, JsonWriter* out) {
  std::vector<simdjson::dom::key_value_pair> members;
  members.reserve(object.size());
  for (const simdjson::dom::key_value_pair member : object) {
    if (top && (member.key == "wait" || member.key == "idempotency_key")) continue;
    members.push_back(member);
  }
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a.key < b.key; });
  out->Raw("{");
  bool first = true;
  for (size_t i = 0; i < members.size(); ++i) {
    if (i + 1 < members.size() && members[i + 1].key == members[i].key) continue;
    if (!std::exchange(first, false)) out->Raw(",");
    out->String(members[i].key);
    out->Raw(":");
    WriteCanonical(members[i].value, out);
  }
  out->Raw("}");
}

}  // namespace

std::string Sha256Hex(std::string_view text) {
  // Looked up once, which takes longer than the digest of a short text.
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  const int made = EVP_Digest(text.data(), text.size(), digest.data(), nullptr, sha256, nullptr);
  SQUALL_CHECK(made == 1);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

absl::StatusOr<std::string> CanonicalBodyHash(std::string_view endpoint, std::string_view body) {
  // Kept between requests: its buffers are as large as the largest body so far.
  thread_local simdjson::dom::parser parser;
  simdjson::dom::object top;
  if (parser.parse(body.data(), body.size()).get_object().get(top) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("the body is not a JSON object");
  }
  std::string text(endpoint);
  text += '\0';  // which no endpoint contains
  {
    JsonWriter canonical(&text);
    WriteMembers(top, true, &canonical);
  }
  return Sha256Hex(text);
}

}  // namespace squall
