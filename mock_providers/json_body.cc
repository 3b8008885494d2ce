#include "mock_providers/json_body.h"

#include <simdjson.h>

#include <cstring>
#include <vector>

namespace squall {

struct JsonBody::State {
  simdjson::dom::parser parser;
  std::vector<char> buffer;  // the body and the padding that the parser reads past it
  simdjson::dom::element document;
};

JsonBody::JsonBody() : state_(std::make_unique<State>()) {}
JsonBody::~JsonBody() = default;

const simdjson::dom::element* JsonBody::Parse(std::string_view body) {
  std::vector<char>& buffer = state_->buffer;
  const size_t needed = body.size() + simdjson::SIMDJSON_PADDING;
  if (buffer.size() < needed) buffer.resize(needed * 2);
  if (!body.empty()) std::memcpy(buffer.data(), body.data(), body.size());
  const auto parsed = state_->parser.parse(buffer.data(), body.size(), /*realloc_if_needed=*/false);
  if (parsed.get(state_->document) != simdjson::SUCCESS) return nullptr;
  return &state_->document;
}

}  // namespace squall
