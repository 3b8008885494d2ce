// The tool calls of an answer as one text that can be kept, compared and shown: a JSON list of
// {"id": "...", "name": "...", "arguments": "..."}, the arguments as a text as the provider wrote
// them, or, where it wrote an object, that object in its shortest form. The id names the call to
// the caller and is another one each time; name and arguments are what is called.
//
// Pure functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace squall {

struct ToolCall {
  std::string_view id;
  std::string_view name;
  std::string_view arguments;
};

// Adds one to `list`, which is empty or a list already.
void AppendToolCall(const ToolCall& call, std::string* list);

// Visits each call of a list that AppendToolCall wrote, in order. Texts live until it returns.
void ForEachToolCall(std::string_view list, const std::function<void(const ToolCall&)>& visit);

}  // namespace squall
