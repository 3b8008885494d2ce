#include "engine/gateway/record_fields.h"

#include <algorithm>
#include <utility>

#include "engine/base/cat.h"

namespace squall {
namespace {

template <class E>
absl::StatusOr<E> FromName(std::string_view text, std::span<const std::string_view> names) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return absl::DataLossError("request record: an unknown status");
  return static_cast<E>(found - names.begin());
}

}  // namespace

bool IsPlainText(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length == 0 || lead > 0xf4 || i + length > text.size()) return false;
    if (length == 1 && (lead < 0x20 || lead == 0x7f)) return false;
    uint32_t code = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (size_t k = 1; k < length; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if ((byte & 0xc0) != 0x80) return false;
      code = code << 6 | (byte & 0x3fu);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    i += length;
  }
  return true;
}

absl::Status CheckField(std::string_view name, std::string_view text, size_t min, size_t max) {
  if (text.size() < min || text.size() > max) {
    return absl::InvalidArgumentError(
        Cat(name, ": got ", text.size(), " bytes, expected ", min, " to ", max));
  }
  if (!IsPlainText(text)) {
    return absl::InvalidArgumentError(Cat(name, ": expected UTF-8 without control characters"));
  }
  return absl::OkStatus();
}

absl::Status CheckFieldSize(std::string_view name, std::string_view bytes, int64_t max) {
  if (std::cmp_less_equal(bytes.size(), max)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Cat(name, ": got ", bytes.size(), " bytes, expected at most ", max));
}

absl::Status CheckNewRequest(const NewRequest& request, const RecordConfig& config) {
  absl::Status status = CheckField("client", request.client, 1);
  if (status.ok()) status = CheckField("idempotency_key", request.idempotency_key, 0);
  if (status.ok()) status = CheckField("endpoint", request.endpoint, 1);
  if (status.ok()) status = CheckField("body_hash", request.body_hash, 1, kRecordHashMax);
  if (status.ok()) status = CheckFieldSize("body", request.body, config.max_body_bytes);
  return status;
}

absl::StatusOr<RequestStatus> RequestStatusOf(std::string_view name) {
  return FromName<RequestStatus>(name, RequestStatusNames());
}

absl::StatusOr<RecordedOutcome> RecordedOutcomeOf(std::string_view name) {
  return FromName<RecordedOutcome>(name, RecordedOutcomeNames());
}

}  // namespace squall
