// One pass over a text that is nearly a JSON value, writing the JSON value that it nearly is.
// Inside of repair.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace squall {

struct RewrittenJson {
  bool ok = false;
  size_t length = 0;  // of the source that was used
  std::string text;
  unsigned steps = 0;  // RepairStep bits
  std::string invented;
  std::string cut_at;
};

// The value at the front of `text`. Not ok where even a tolerant reader finds none. An object or
// array that the end of `text` cuts off is completed.
RewrittenJson RewriteJson(std::string_view text);

}  // namespace squall
