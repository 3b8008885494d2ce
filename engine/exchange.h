// Exchange: one attempt under way, from its admission to what came back. Private to the engine.
#pragma once

#include <memory>
#include <stop_token>

#include "engine/base/recycled.h"
#include "engine/engine.h"
#include "engine/live_reply.h"

namespace squall {

struct Engine::Exchange : Recycled<Engine::Exchange> {
  Step step;
  Grant grant;
  Time started{};
  Time until{};  // deadline of the attempt
  HttpRequest message;
  std::unique_ptr<LiveReply> live;  // where a stream was asked for
  HttpReply reply;

  // Beside another one (hedge.cc).
  std::stop_source stop{std::nostopstate};
  bool landed = false;
  bool observed = false;

  bool streamed() const { return live != nullptr && live->is_stream(); }
  // The caller holds a piece of its answer.
  bool committed() const { return live != nullptr && live->committed(); }
};

// The state of a call, for as long as it is under way.
struct Engine::CallWork : Recycled<Engine::CallWork> {
  CallState state;
};

}  // namespace squall
