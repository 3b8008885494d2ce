// The headers that diagnosis reads, found in one pass over the block: a reply has twenty of them
// and asking for each by name would cost more than reading the body.
#pragma once

#include <string_view>

#include "engine/wire/http.h"

namespace squall {

// Empty where absent. Points into the headers.
struct HeaderFacts {
  std::string_view retry_after_ms;
  std::string_view ms_retry_after_ms;  // Azure's x-ms-retry-after-ms
  std::string_view retry_after;
  std::string_view date;
  std::string_view amzn_error_type;
  std::string_view should_retry;
  bool has_limits = false;  // some x-ratelimit-* or relative of it
};

HeaderFacts ReadHeaders(const Headers& headers);

}  // namespace squall
