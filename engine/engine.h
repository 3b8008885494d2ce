// Engine: carries one chat request through failures. engine.cc holds the only MAPE-K loop: plan,
// wait, execute, observe, diagnose, learn, plan again. The same object runs in virtual time and
// over real sockets; it knows the world only through Env and Transport.
//
// One thread, that of its Env, which each call checks: state that calls share (breakers, budgets,
// limits, knowledge) has no locks. Collaborators outlive the engine; calls end before it does. Each
// call makes at most config.retry.max_attempts attempts and always ends: by an answer, by a refusal
// to go on, or by its deadline.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/admission.h"
#include "engine/answer_sink.h"
#include "engine/base/env.h"
#include "engine/base/one_thread.h"
#include "engine/config.h"
#include "engine/diagnose_stream.h"
#include "engine/events.h"
#include "engine/guard.h"
#include "engine/json_schema.h"
#include "engine/knowledge.h"
#include "engine/plan.h"
#include "engine/wire/dialect.h"
#include "engine/wire/spare_requests.h"
#include "engine/wire/transport.h"

namespace squall {

class LiveReply;

class Engine {
 public:
  // `providers` in order of preference, by ProviderId; their dialects must exist. `seed` keys the
  // jitter draws. `foresight` makes it the yardstick (foresight.h) where the ladder asks for that.
  Engine(const EngineConfig& config, std::vector<ProviderInfo> providers, uint64_t seed, Env* env,
         Transport* transport, EventSink* events, const Foresight* foresight = nullptr);
  ~Engine();

  // Ends at the latest shortly after `deadline`, or after `stop` is requested. `schema` is the
  // caller's contract for the answer; nullptr for none. It and the engine outlive the call.
  // A request that asks for a stream has its answer passed to `caller`, if there is one, as it
  // comes; the result holds the whole all the same.
  Task<CallResult> Call(ChatRequest request, const JsonSchema* schema, Time deadline,
                        std::stop_token stop, AnswerSink* caller = nullptr);

  int64_t calls_in_flight() const { return calls_in_flight_; }
  const Breaker& breaker(ProviderId provider) const { return admission_.breaker(provider); }
  const Admission& admission() const { return admission_; }
  const Knowledge& knowledge() const { return knowledge_; }
  Knowledge& knowledge() { return knowledge_; }  // to import what was learned before

 private:
  struct Exchange;  // one attempt under way (exchange.h)
  struct CallWork;  // one call under way (exchange.h)
  struct Flight;    // one that may get company, and that
  struct StopFlight;

  // What the caller gave, for as long as the call lasts.
  struct Asked {
    const ChatRequest& request;
    const JsonSchema* schema;
    AnswerSink* caller;
    std::stop_token stop;
  };

  void Begin(const ChatRequest& request, const JsonSchema* schema, CallState* call) const;
  PlanInput InputFor(const CallState& call) const;
  Step Plan(const CallState& call);
  Task<bool> AwaitTurn(std::stop_token stop, Exchange* exchange, CallState* call);
  bool Admit(CallState* call, Exchange* exchange);
  void Encode(const ChatRequest& request, Exchange* exchange, CallState* call);
  void BeginStream(const Asked& asked, Exchange* exchange, CallState* call) const;
  void Refuse(const Step& step, std::string_view rule, CallState* call);
  void Repair(const Asked& asked, const Step& step, CallState* call);
  void Observe(const Asked& asked, Exchange* exchange, CallState* call);
  StreamReading Read(Exchange* exchange);
  Diagnosis Analyze(const StreamReading& reading, const Exchange& exchange, const Asked& asked,
                    const CallState& call, bool timed);
  Diagnosis Validate(std::string_view content, const Exchange& exchange, const Asked& asked,
                     const CallState& call);
  void Conclude(const Asked& asked, const AttemptRecord& attempt, const DecodedBody& body,
                Exchange* exchange, CallState* call);
  static void Measure(const ChatRequest& request, const Diagnosis& diagnosis, CallState* call);
  void Remember(const Diagnosis& diagnosis, std::string_view content, CallState* call) const;
  void Record(const AttemptRecord& attempt, CallState* call);
  void Learn(const CallState& call);
  void Finish(std::string_view reason, CallState* call) const;

  // Answers and what others say of them (verify.cc).
  Purpose OpinionOn(const ChatRequest& request, const CallState& call, bool recovered) const;
  void TakeAnswer(const Asked& asked, const AttemptRecord& attempt, const DecodedBody& body,
                  Exchange* exchange, CallState* call);
  void Compare(const Asked& asked, const AttemptRecord& attempt, const DecodedBody& body,
               CallState* call);
  void HearJudge(const Asked& asked, std::string_view reply, CallState* call);
  void GiveUpVerifying(const Asked& asked, CallState* call) const;
  void HandOver(const Asked& asked, size_t opinion, Verification verification,
                CallState* call) const;
  static void ShowWhole(const Asked& asked, const CallResult& result);

  std::stop_source TakeStop();
  void KeepStop(std::stop_source stop);
  bool MayHedge(const ChatRequest& request, const AnswerSink* caller) const;
  std::optional<Time> HedgeTime(const Exchange& first, const CallState& call) const;
  bool AdmitHedge(const Exchange& first, CallState* call, Exchange* second);
  void BeginHedge(Flight* flight);
  Task<> FlySecond(Flight* flight);
  void Land(Exchange* exchange, Flight* flight);
  Task<> AwaitSecond(Flight* flight);

  EngineConfig config_;
  std::vector<ProviderInfo> providers_;
  std::vector<const Dialect*> dialects_;
  std::vector<std::unique_ptr<ReplyDecoder>> decoders_;
  uint64_t seed_;
  Env& env_;
  Transport& transport_;
  EventSink& events_;
  const Foresight* foresight_;  // nullptr but for the clairvoyant
  Admission admission_;
  Knowledge knowledge_;
  Guard guard_;
  SpareRequests spare_requests_;
  std::vector<std::stop_source> spare_stops_;  // never requested, and nobody listens any more
  bool keeps_refused_;                         // answers that a rung of the ladder works on
  int64_t calls_in_flight_ = 0;
  OneThread thread_;
};

// What CallState::key is for a request of this id.
uint64_t CallKey(std::string_view request_id);

}  // namespace squall
