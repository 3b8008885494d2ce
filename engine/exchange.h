// Exchange: one attempt under way, from its admission to what came back. Private to the engine.
#pragma once

#include <memory>
#include <optional>
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
  bool observed = false;

  bool streamed() const { return live != nullptr && live->is_stream(); }
  // The caller holds a piece of its answer.
  bool committed() const { return live != nullptr && live->committed(); }
};

struct Engine::StopFlight {
  Flight* flight;
  void operator()() const noexcept;
};

// An attempt that gets company if its answer is late, from its sending to the end of both
// (hedge.cc).
struct Engine::Flight final : Alarm {
  // What is pointed at outlives it.
  Flight(Engine* engine_in, const Asked* asked_in, Exchange* first_in, CallState* call_in);
  ~Flight() override;

  void Ring() override;
  void Stop() const;
  bool SecondInAir() const { return second != nullptr && !second->observed; }

  Engine& engine;
  const Asked& asked;
  Exchange* first;
  CallState& call;
  std::unique_ptr<Exchange> second;                       // once it has begun
  std::stop_source wake{std::nostopstate};                // ends the wait for the second
  std::optional<std::stop_callback<StopFlight>> on_stop;  // of the caller
};

// The state of a call, for as long as it is under way.
struct Engine::CallWork : Recycled<Engine::CallWork> {
  CallState state;
  std::optional<Flight> flight;
};

}  // namespace squall
