#include "mock_providers/tool_input.h"

#include <simdjson.h>

#include "engine/base/json_text.h"

namespace squall {

void AppendToolInput(std::string_view content, std::string* out) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(content.data(), content.size()).get(object) == simdjson::SUCCESS) {
    out->append(content);
    return;
  }
  out->append(R"({"text":)");
  AppendJsonString(content, out);
  out->append("}");
}

}  // namespace squall
