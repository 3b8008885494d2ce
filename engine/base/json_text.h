// JSON strings, for everything that writes JSON by hand. Readers on either side of the wire are
// simdjson, so sharing the writer hides no mistake of a dialect.
#pragma once

#include <string>
#include <string_view>

namespace squall {

// Appends `text` as a JSON string with its quotes. Only what must be escaped is; bytes above 0x7f
// pass as they are, so UTF-8 stays UTF-8.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace squall
