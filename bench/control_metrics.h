// What `squall serve` counts, in the text format that Prometheus reads (version 0.0.4:
// https://prometheus.io/docs/instrumenting/exposition_formats/).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "bench/served_mocks.h"

namespace squall {

// What one server says of its connections.
struct ServerCounts {
  uint64_t open = 0;                 // connections, now
  uint64_t refused = 0;              // requests that were no HTTP or past a limit
  uint64_t connections_refused = 0;  // past the limit on them
};

// `servers` in the order of the providers. Ends in a newline.
std::string MetricsText(const ServedMocks& mocks, std::span<const ServerCounts> servers);

}  // namespace squall
