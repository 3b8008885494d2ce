// Arguments of tool calls for the dialects whose calls carry an object and not its text.
#pragma once

#include <string>
#include <string_view>

namespace squall {

// Appends `content` as a JSON object: itself if it is one, else {"text": content}.
void AppendToolInput(std::string_view content, std::string* out);

}  // namespace squall
