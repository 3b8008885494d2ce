// Pieces of text that several dialects share: ids, dates, durations and the headers that carry
// them. Encoders of the mock side only. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/wire/http.h"

namespace squall {

// 2026-01-01T00:00:00Z, when every run starts; the real clock would make runs differ.
inline constexpr int64_t kEpochSeconds = 1'767'225'600;
int64_t UnixSeconds(Time now);

void AppendInt(int64_t value, std::string* out);
void AppendLetters(uint64_t bits, size_t count, std::string* out);  // A-Z a-z 0-9
void AppendHex(uint64_t bits, size_t count, std::string* out);
void AppendUuid(uint64_t bits, std::string* out);
void AppendTextOrNull(std::string_view text, std::string* out);  // JSON; null if empty

// As Go prints a duration, down to milliseconds: "84ms", "1.146s", "7m12s", "1h0m3s".
std::string GoDuration(Duration d);

// "2026-01-01T00:01:30Z"; parts of a second are rounded up.
std::string Rfc3339(Time at);

// "Thu, 01 Jan 2026 00:01:30 GMT" (RFC 9110); parts of a second are dropped.
std::string HttpDate(Time at);

// Whole seconds, rounded up, at least 0.
int64_t CeilSeconds(Duration d);

void AddInt(std::string_view name, int64_t value, Headers* headers);

}  // namespace squall
