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

Engine::Flight::Flight(Engine* engine_in, const Asked* asked_in, Exchange* first_in,
                       CallState* call_in)
    : engine(*engine_in), asked(*asked_in), first(first_in), call(*call_in) {
  first->stop = engine.TakeStop();
  if (asked.stop.stop_possible()) on_stop.emplace(asked.stop, StopFlight{this});
  call.in_flight = 1;
  const std::optional<Time> late = engine.HedgeTime(*first, call);
  if (late.has_value()) engine.env_.SetAlarm(*late, this);
}

Engine::Flight::~Flight() {
  engine.env_.ClearAlarm(this);
  call.in_flight = 0;
  engine.KeepStop(std::move(first->stop));
  if (second != nullptr) engine.KeepStop(std::move(second->stop));
}

void Engine::Flight::Ring() {
  if (!first->stop.stop_requested()) engine.BeginHedge(this);
}

void Engine::Flight::Stop() const {
  first->stop.request_stop();
  if (second != nullptr) second->stop.request_stop();
}

void Engine::StopFlight::operator()() const noexcept { flight->Stop(); }

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
void Engine::BeginHedge(Flight* flight) {
  CallState* const call = &flight->call;
  auto second = std::make_unique<Exchange>();
  if (!AdmitHedge(*flight->first, call, second.get())) return;
  second->stop = TakeStop();
  Encode(flight->asked.request, second.get(), call);
  if (flight->asked.request.stream) BeginStream(flight->asked, second.get(), call);
  flight->second = std::move(second);
  Spawn(env_.executor(), FlySecond(flight));
}

Task<> Engine::FlySecond(Flight* flight) {
  Exchange* const exchange = flight->second.get();
  BodySink* const sink = exchange->live.get();
  const std::stop_token stop = exchange->stop.get_token();
  HttpReply reply = co_await transport_.Send(exchange->step.target.provider, exchange->message,
                                             exchange->until, stop, sink);
  exchange->reply = std::move(reply);
  Land(exchange, flight);
  flight->wake.request_stop();
}

// One of the two has ended, and the other goes on unless that decides the call.
void Engine::Land(Exchange* exchange, Flight* flight) {
  CallState* const call = &flight->call;
  Observe(flight->asked, exchange, call);
  exchange->observed = true;
  const bool decided = !call->result.stop_reason.empty() || !call->opinions.empty();
  Exchange* const other = exchange == flight->first ? flight->second.get() : flight->first;
  if (decided && other != nullptr) other->stop.request_stop();
}

// Until the second attempt has ended, too: its memory is the call's.
Task<> Engine::AwaitSecond(Flight* flight) {
  flight->wake = std::stop_source();
  const std::stop_token landing = flight->wake.get_token();
  [[maybe_unused]] const bool slept_for_ever = co_await env_.SleepUntil(kNever, landing);
}

}  // namespace squall
