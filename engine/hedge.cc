// Hedging: an attempt whose answer is late gets company at another provider. The first good answer
// wins; the other attempt is cancelled, awaited and recorded as "hedge.lost", and what it cost is
// in the providers' books like that of any other.
#include "engine/policy/hedge.h"

#include <memory>
#include <utility>

#include "engine/engine.h"
#include "engine/exchange.h"
#include "engine/patch.h"
#include "engine/strategies.h"

namespace squall {

// Attempts of one race.
struct Engine::Flight {
  explicit Flight(Exchange* first_in) : first(first_in) {}

  void Stop() const {
    first->stop.request_stop();
    if (second != nullptr) second->stop.request_stop();
  }
  bool Over() const { return first->observed && (second == nullptr || second->observed); }

  Exchange* first;
  std::unique_ptr<Exchange> second;  // once it has begun
  std::stop_source wake;             // ends the sleep in which the next landing is awaited
};

struct Engine::StopFlight {
  Flight* flight;
  void operator()() const noexcept { flight->Stop(); }
};

// A stop costs a block of memory, and nearly none is ever requested. Once the attempt has ended
// nobody listens to it, so the next one may have it.
std::stop_source Engine::TakeStop() {
  if (spare_stops_.empty()) return {};
  std::stop_source stop = std::move(spare_stops_.back());
  spare_stops_.pop_back();
  return stop;
}

void Engine::KeepStop(std::stop_source stop) {
  constexpr size_t kMost = 64;
  if (!stop.stop_requested() && spare_stops_.size() < kMost) {
    spare_stops_.push_back(std::move(stop));
  }
}

// Pieces of two answers cannot be told apart by a caller, and what must not run twice must not.
bool Engine::MayHedge(const ChatRequest& request, const AnswerSink* caller) const {
  const bool shown = request.stream && caller != nullptr && !config_.stream.hold_until_valid;
  return config_.hedge.kind != HedgeKind::kNone && !shown && request.repeatable &&
         !request.caller_retries;
}

std::optional<Time> Engine::HedgeTime(const Exchange& first, const CallState& call) const {
  HedgeFacts facts;
  facts.last_sent = first.started;
  facts.hedges_sent = call.hedges;
  facts.latency = admission_.Latency(first.step.target.provider, config_.hedge.quantile);
  facts.budget = call.sent() + 1 < config_.retry.max_attempts;
  facts.deadline = call.deadline;
  return HedgeAt(config_.hedge, facts);
}

// The first provider that this request has not met, at the model that routing would send it to.
// False if there is none, or it may not be asked.
bool Engine::AdmitHedge(const Exchange& first, CallState* call, Exchange* second) {
  const Time now = env_.Now();
  Step& step = second->step;
  step = first.step;
  step.at = now;
  step.why = "hedge";
  step.reask = false;  // the refused answer was not this one's
  for (const uint8_t p : admission_.Order(*call, now)) {
    const bool other = p != first.step.target.provider && !call->Tried(p);
    step.target = BestAffordable(InputFor(*call), p);
    if (!other || !admission_.Admits(step.target, now, call->ramp_u)) continue;
    step.patch = PatchAt(step.target, providers_[p].models[step.target.model], *call);
    ++call->hedges;
    const Admission::Turn turn = admission_.Join(step.target, *call, now, &second->grant);
    if (turn == Admission::Turn::kNow) return Admit(call, second);
    // A hedge that must queue comes too late to be one.
    if (turn == Admission::Turn::kWait) admission_.Leave(now, &second->grant);
    return false;
  }
  return false;
}

// Sends the same to another provider, where one is there for it.
void Engine::BeginHedge(const Asked& asked, Flight* flight, CallState* call) {
  auto second = std::make_unique<Exchange>();
  if (!AdmitHedge(*flight->first, call, second.get())) return;
  second->stop = TakeStop();
  Encode(asked.request, second.get(), call);
  if (asked.request.stream) BeginStream(asked, second.get(), call);
  flight->second = std::move(second);
  Spawn(env_.executor(), Fly(flight->second.get(), flight));
}

Task<> Engine::Fly(Exchange* exchange, Flight* flight) {
  BodySink* const sink = exchange->live.get();
  const std::stop_token stop = exchange->stop.get_token();
  HttpReply reply = co_await transport_.Send(exchange->step.target.provider, exchange->message,
                                             exchange->until, stop, sink);
  exchange->reply = std::move(reply);
  exchange->landed = true;
  flight->wake.request_stop();
}

void Engine::ObserveLanded(const Asked& asked, Exchange* exchange, const Flight& flight,
                           CallState* call) {
  if (exchange == nullptr || !exchange->landed || exchange->observed) return;
  exchange->observed = true;
  Observe(asked, exchange, call);
  const bool decided = !call->result.stop_reason.empty() || !call->opinions.empty();
  if (decided) flight.Stop();
}

// `asked`, `first` and `call` outlive the race: the caller awaits it.
Task<> Engine::SendHedged(const Asked& asked, Exchange* first, CallState* call) {
  first->stop = TakeStop();
  Flight flight(first);
  const std::stop_callback<StopFlight> on_stop(asked.stop, StopFlight{&flight});
  call->in_flight = 1;
  Spawn(env_.executor(), Fly(first, &flight));
  Time until = HedgeTime(*first, *call).value_or(kNever);
  while (true) {
    // A reply that came before anybody waited for it has been noted here too.
    const std::stop_token landing = flight.wake.get_token();
    const bool late = co_await env_.SleepUntil(until, landing);
    if (late && !first->landed && !asked.stop.stop_requested()) BeginHedge(asked, &flight, call);
    until = kNever;
    ObserveLanded(asked, first, flight, call);
    ObserveLanded(asked, flight.second.get(), flight, call);
    if (flight.Over()) break;
    flight.wake = std::stop_source();
  }
  call->in_flight = 0;
  KeepStop(std::move(first->stop));
  if (flight.second != nullptr) KeepStop(std::move(flight.second->stop));
}

}  // namespace squall
