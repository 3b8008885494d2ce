// Transport is the network seam: one HTTP exchange with one provider. In the virtual world it is a
// function call into a mock (mock_providers/in_process.h), in the wire world a pooled HTTP client
// (http_transport.h). Belongs to one thread, the one of its Env.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string_view>
#include <utility>

#include "engine/base/task.h"
#include "engine/base/time.h"
#include "engine/wire/http.h"

namespace squall {

// Index into the world's list of providers.
using ProviderId = uint16_t;

// Takes the body of a reply while it arrives, for replies that are worth reading before their end.
class BodySink {
 public:
  virtual ~BodySink() = default;

  // The next bytes, at least one. `head` is the reply so far, its body empty. False: enough was
  // seen, so that the transport need not read to the end.
  virtual bool OnBody(const HttpReply& head, std::string_view bytes) = 0;

  // When to give up if nothing more comes. Asked again after each OnBody; a point that has passed
  // means now. kNever leaves it to the deadline.
  virtual Time give_up_at() const = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Sends `request` and waits for the whole response, for `deadline` (reply kTimeout) or for `stop`
  // (reply kCancelled), whichever comes first. The deadline is the transport's duty, so the engine
  // never races a timer against I/O. Never throws; every failure is a value of the reply.
  // `request` outlives the call. With a `sink`, which does so too, the body goes there and
  // reply.body stays empty; what the sink gave up on is kTimeout, and what it had enough of is
  // kNone.
  virtual Task<HttpReply> Send(ProviderId provider, const HttpRequest& request, Time deadline,
                               std::stop_token stop, BodySink* sink) = 0;

  Task<HttpReply> Send(ProviderId provider, const HttpRequest& request, Time deadline,
                       std::stop_token stop) {
    return Send(provider, request, deadline, std::move(stop), nullptr);
  }
};

}  // namespace squall
