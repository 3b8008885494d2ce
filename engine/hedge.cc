// Hedging: an attempt whose answer is late gets company at another provider. The first good answer
// wins; the other attempt is cancelled, awaited and recorded as "hedge.lost", and what it cost is
// in the providers' books like that of any other.
#include "engine/policy/hedge.h"

#include <utility>

#include "engine/engine.h"
#include "engine/exchange.h"
#include "engine/patch.h"

namespace squall {
namespace {

struct StopBoth {
  std::stop_source* first;
  std::stop_source* second;
  void operator()() const noexcept {
    first->request_stop();
    second->request_stop();
  }
};

}  // namespace

// Attempts of one race and the sleep that the next landing ends.
struct Engine::Flight {
  std::stop_source wake;
};

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

// The first provider that this request has not met. False if there is none, or it may not be asked.
bool Engine::AdmitHedge(const Exchange& first, CallState* call, Exchange* second) {
  const Time now = env_.Now();
  Step& step = second->step;
  step = first.step;
  step.at = now;
  step.why = "hedge";
  step.reask = false;  // the refused answer was not this one's
  for (const uint8_t p : admission_.Order(*call, now)) {
    const bool other = p != first.step.target.provider && !call->Tried(p);
    step.target = Target{p, 0};
    if (!other || !admission_.Admits(step.target, now, call->ramp_u)) continue;
    step.patch = PatchAt(step.target, providers_[p].models[0], *call);
    ++call->hedges;
    const Admission::Turn turn = admission_.Join(step.target, *call, now, &second->grant);
    if (turn == Admission::Turn::kNow) return Admit(call, second);
    // A hedge that must queue comes too late to be one.
    if (turn == Admission::Turn::kWait) admission_.Leave(now, &second->grant);
    return false;
  }
  return false;
}

Task<> Engine::Fly(Exchange* exchange, HttpRequest message, Flight* flight) {
  BodySink* const sink = exchange->live.get();
  const std::stop_token stop = exchange->stop.get_token();
  HttpReply reply = co_await transport_.Send(exchange->step.target.provider, std::move(message),
                                             exchange->until, stop, sink);
  exchange->reply = std::move(reply);
  exchange->landed = true;
  flight->wake.request_stop();
}

// Until another attempt has landed, or `until`.
Task<> Engine::WaitForLanding(Flight* flight, Time until) {
  flight->wake = std::stop_source();
  const std::stop_token landing = flight->wake.get_token();
  [[maybe_unused]] const bool reached = co_await env_.SleepUntil(until, landing);
}

void Engine::ObserveLanded(const Asked& asked, Exchange* exchange, Exchange* other,
                           CallState* call) {
  if (!exchange->landed || exchange->observed) return;
  exchange->observed = true;
  Observe(asked, std::move(exchange->reply), exchange, call);
  const bool decided = !call->result.stop_reason.empty() || !call->opinions.empty();
  if (decided) other->stop.request_stop();
}

// `asked`, `first` and `call` outlive the race: the caller awaits it.
Task<> Engine::SendHedged(const Asked& asked, HttpRequest message, Exchange* first,
                          CallState* call) {
  Exchange second;
  Flight flight;
  first->stop = std::stop_source();
  second.stop = std::stop_source();
  const StopBoth both{&first->stop, &second.stop};
  const std::stop_callback<StopBoth> on_stop(asked.stop, both);
  call->in_flight = 1;
  Spawn(env_.executor(), Fly(first, std::move(message), &flight));
  const Time hedge_at = HedgeTime(*first, *call).value_or(kNever);
  co_await WaitForLanding(&flight, hedge_at);
  bool hedged = false;
  if (!first->landed && !asked.stop.stop_requested()) hedged = AdmitHedge(*first, call, &second);
  if (hedged) {
    HttpRequest copy = Encode(asked.request, second.step, call);
    if (asked.request.stream) BeginStream(asked, &second, call);
    Spawn(env_.executor(), Fly(&second, std::move(copy), &flight));
  }
  second.observed = !hedged;
  while (true) {
    ObserveLanded(asked, first, &second, call);
    if (hedged) ObserveLanded(asked, &second, first, call);
    if (first->observed && second.observed) break;
    co_await WaitForLanding(&flight, kNever);
  }
  call->in_flight = 0;
}

}  // namespace squall
