// Transport is the network seam: one HTTP exchange with one provider. In the virtual world it is a
// function call into a mock (mock_providers/in_process.h), in the wire world a pooled HTTP client
// (http_transport.h). Belongs to one thread, the one of its Env.
#pragma once

#include <cstdint>
#include <stop_token>

#include "engine/base/task.h"
#include "engine/base/time.h"
#include "engine/wire/http.h"

namespace squall {

// Index into the world's list of providers.
using ProviderId = uint16_t;

class Transport {
 public:
  virtual ~Transport() = default;

  // Sends `request` and waits for the whole response, for `deadline` (reply kTimeout) or for `stop`
  // (reply kCancelled), whichever comes first. The deadline is the transport's duty, so the engine
  // never races a timer against I/O. Never throws; every failure is a value of the reply.
  virtual Task<HttpReply> Send(ProviderId provider, HttpRequest request, Time deadline,
                               std::stop_token stop) = 0;
};

}  // namespace squall
