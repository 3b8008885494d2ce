// What may stand in the record's fields, whichever database keeps them.
//
// Threads: any. Errors: InvalidArgument names the field; DataLoss is for what was read back.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string_view>

#include "engine/gateway/record.h"

namespace squall {

inline constexpr size_t kRecordTextMax = 255;  // bytes
inline constexpr size_t kRecordHashMax = 64;

// Well-formed UTF-8 without control characters, which every database stores alike.
bool IsPlainText(std::string_view text);

// Plain text of `min` to `max` bytes.
absl::Status CheckField(std::string_view name, std::string_view text, size_t min,
                        size_t max = kRecordTextMax);

// Any bytes, at most so many.
absl::Status CheckFieldSize(std::string_view name, std::string_view bytes, int64_t max);

absl::Status CheckNewRequest(const NewRequest& request, const RecordConfig& config);

absl::StatusOr<RequestStatus> RequestStatusOf(std::string_view name);
absl::StatusOr<RecordedOutcome> RecordedOutcomeOf(std::string_view name);

}  // namespace squall
