#include "engine/wire/tool_calls.h"

#include <simdjson.h>

#include "engine/base/json_text.h"
#include "engine/wire/json_body.h"

namespace squall {

void AppendToolCall(const ToolCall& call, std::string* list) {
  if (list->empty()) {
    list->push_back('[');
  } else {
    list->back() = ',';
  }
  list->append("{\"id\":");
  AppendJsonString(call.id, list);
  list->append(",\"name\":");
  AppendJsonString(call.name, list);
  list->append(",\"arguments\":");
  AppendJsonString(call.arguments, list);
  list->append("}]");
}

void ForEachToolCall(std::string_view list, const std::function<void(const ToolCall&)>& visit) {
  simdjson::dom::parser parser;
  simdjson::dom::array calls;
  const simdjson::padded_string text(list);
  if (parser.parse(text).get(calls) != simdjson::SUCCESS) return;
  for (const simdjson::dom::element entry : calls) {
    simdjson::dom::object call;
    if (entry.get(call) != simdjson::SUCCESS) continue;
    visit({JsonText(call, "id"), JsonText(call, "name"), JsonText(call, "arguments")});
  }
}

}  // namespace squall
