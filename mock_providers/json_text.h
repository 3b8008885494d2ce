// JSON strings for the mock's own encoders. The mocks share no encoder with the engine, so that a
// mistake in one cannot hide one in the other.
#pragma once

#include <string>
#include <string_view>

namespace squall {

// Appends `text` as a JSON string with its quotes. `text` is UTF-8; only what must be escaped is.
void AppendJsonText(std::string_view text, std::string* out);

}  // namespace squall
