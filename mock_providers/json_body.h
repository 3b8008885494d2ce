// JsonBody: parses request bodies, with buffers that are kept. One per dialect server, same thread.
#pragma once

#include <memory>
#include <string_view>

namespace simdjson::dom {
class element;
}

namespace squall {

class JsonBody {
 public:
  JsonBody();
  ~JsonBody();

  // The document, or nullptr if `body` is no JSON. It and its texts are valid until the next call.
  const simdjson::dom::element* Parse(std::string_view body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace squall
