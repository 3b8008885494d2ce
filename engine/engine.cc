#include "engine/engine.h"

#include <iterator>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/cpu_clock.h"
#include "engine/base/random.h"
#include "engine/exchange.h"
#include "engine/policy/deadline.h"
#include "engine/policy/token_estimate.h"

namespace squall {
namespace {

constexpr StreamId kJitter = Stream("engine/jitter");
constexpr StreamId kRamp = Stream("engine/ramp");
constexpr StreamId kOpenTime = Stream("engine/open_time");

// Reading the clock costs as much as classifying, so of the healthy replies one request in this
// many is timed; failures that the status shows are always timed.
constexpr uint64_t kTimedShare = 16;

// Only what says something about the provider's health counts. A rate limit is its normal work, and
// a caller's mistake or impatience is not its fault.
CallOutcome OutcomeFor(const Diagnosis& diagnosis, bool cut_short) {
  switch (diagnosis.failure) {
    case FailureClass::kOk:
    case FailureClass::kSchemaViolation:
    case FailureClass::kSemantic: return CallOutcome::kSuccess;
    case FailureClass::kTruncated:  // by a token limit, or by a connection that broke
      return diagnosis.origin == Origin::kNetwork ? CallOutcome::kFailure : CallOutcome::kSuccess;
    case FailureClass::kTimeout: return cut_short ? CallOutcome::kNeutral : CallOutcome::kFailure;
    case FailureClass::kConnection:
    case FailureClass::kOverloaded:
    case FailureClass::kServerError:
    case FailureClass::kEmptyResponse:
    case FailureClass::kMalformedResponse: return CallOutcome::kFailure;
    case FailureClass::kRateLimit:
    case FailureClass::kQuotaExhausted:
    case FailureClass::kAuthFailure:
    case FailureClass::kPermissionDenied:
    case FailureClass::kInvalidModel:
    case FailureClass::kInvalidRequest:
    case FailureClass::kContextLengthExceeded:
    case FailureClass::kContentFiltered:
    case FailureClass::kRefusedLocally:
    case FailureClass::kCancelled: return CallOutcome::kNeutral;
  }
  return CallOutcome::kNeutral;
}

// Estimated only for a budget that asks: it costs as much as a plan.
int64_t PromptTokens(const EngineConfig& config, const ChatRequest& request) {
  if (config.budget.unit == BudgetUnit::kAttempts) return 0;
  int64_t tokens = 0;
  for (const ChatMessage& message : request.messages) tokens += EstimateTokens(message.content);
  return tokens;
}

// As billed; what was reserved where the provider did not say.
Load UsedLoad(const AttemptRecord& attempt, const Load& reserved) {
  Load used = reserved;
  const auto billed =
      static_cast<double>(attempt.usage.prompt_tokens + attempt.usage.completion_tokens);
  if (billed <= 0 || reserved.tokens <= 0) return used;
  used.usd = reserved.usd * billed / reserved.tokens;  // at the mean price of what was reserved
  used.tokens = billed;
  return used;
}

class CountInFlight {
 public:
  explicit CountInFlight(int64_t* count) : count_(count) { ++*count_; }
  ~CountInFlight() { --*count_; }
  CountInFlight(const CountInFlight&) = delete;
  CountInFlight& operator=(const CountInFlight&) = delete;

 private:
  int64_t* count_;
};

}  // namespace

Engine::Engine(const EngineConfig& config, std::vector<ProviderInfo> providers, uint64_t seed,
               Env* env, Transport* transport, EventSink* events, const Foresight* foresight)
    : config_(config),
      providers_(std::move(providers)),
      seed_(seed),
      env_(*env),
      transport_(*transport),
      events_(*events),
      foresight_(IsClairvoyant(config) ? foresight : nullptr),
      budget_(config.budget),
      knowledge_(config.knowledge, seed),
      guard_(config.guard) {
  for (const ProviderInfo& provider : providers_) {
    SQUALL_CHECK(!provider.models.empty());
    dialects_.push_back(FindDialect(provider.dialect));
    SQUALL_CHECK(dialects_.back() != nullptr);
    decoders_.push_back(dialects_.back()->make_decoder());
    breakers_.emplace_back(config.breaker);
    latencies_.emplace_back(config.hedge_latency);
  }
}

Engine::~Engine() { SQUALL_CHECK(calls_in_flight_ == 0); }

Task<CallResult> Engine::Call(ChatRequest request, const JsonSchema* schema, Time deadline,
                              std::stop_token stop, AnswerSink* caller) {
  const CountInFlight in_flight(&calls_in_flight_);
  CallState call;
  call.key = CallKey(request.id);
  call.ramp_u = Draw(seed_, kRamp, call.key);
  call.deadline = deadline;
  call.max_tokens = request.max_tokens;
  call.repeatable = request.repeatable;
  call.caller_retries = request.caller_retries;
  call.result.started = env_.Now();
  call.prompt_tokens = PromptTokens(config_, request);
  const Load first_load = LoadOf(config_, providers_[0].models[0], call);
  budget_.Deposit(env_.Now(), first_load);
  while (call.result.stop_reason.empty()) {
    const Step step = Plan(call);
    ++call.rounds;
    if (step.kind == Step::Kind::kStop) {
      call.result.retry_at = step.at;
      Finish(step.why, &call);
      break;
    }
    if (step.at > env_.Now()) {
      const bool reached = co_await env_.SleepUntil(step.at, stop);
      if (!reached) {
        Finish("cancelled", &call);
        break;
      }
    }
    Exchange exchange;
    if (!Admit(step, &call, &exchange)) continue;
    HttpRequest message = Encode(request, step, &call);
    if (request.stream) BeginStream(caller, &exchange, &call);
    if (MayHedge(request, caller)) {
      co_await SendHedged(request, schema, caller, std::move(message), stop, &exchange, &call);
      continue;
    }
    BodySink* const sink = exchange.live.get();
    HttpReply reply = co_await transport_.Send(step.target.provider, std::move(message),
                                               exchange.until, stop, sink);
    Observe(request.id, schema, std::move(reply), &exchange, &call);
  }
  if (call.LastSent() == nullptr) ReleaseUnsent(first_load);
  co_return std::move(call.result);
}

// The first attempt that was deposited never began.
void Engine::ReleaseUnsent(const Load& load) {
  AttemptEnd end;
  end.reserved = end.used = load;
  budget_.Settle(env_.Now(), end);
}

Step Engine::Plan(const CallState& call) {
  // Every round either sends, of which there are few, or is refused for a reason that the next plan
  // can see. The bound is for the bug that breaks this.
  SQUALL_CHECK(call.rounds <= 4 * static_cast<int>(config_.retry.max_attempts) + 8);
  const bool timed = !call.result.attempts.empty();
  const int64_t begin = timed ? RealNanoseconds() : 0;
  const auto attempt = static_cast<uint64_t>(call.result.attempts.size());
  const PlanInput input{config_,
                        providers_,
                        breakers_,
                        budget_,
                        knowledge_,
                        call,
                        env_.Now(),
                        Draw(seed_, kJitter, call.key, attempt),
                        Draw(seed_, kJitter, call.key, attempt - 1),
                        foresight_};
  const Step step = MakePlan(input);
  if (timed) events_.OnPhase(Phase::kDecide, RealNanoseconds() - begin);
  return step;
}

// Takes what the step needs. What is refused is recorded, so the next plan sees it.
bool Engine::Admit(const Step& step, CallState* call, Exchange* exchange) {
  const Time now = env_.Now();
  const AttemptRecord* const last = call->LastSent();
  const bool extra = last != nullptr || call->in_flight > 0;
  exchange->budget.extra = extra;
  if (last != nullptr) exchange->budget.trigger = TriggerOf(last->diagnosis);
  const ModelInfo& model = providers_[step.target.provider].models[step.target.model];
  exchange->budget.reserved = LoadOf(config_, extra ? model : providers_[0].models[0], *call);
  if (extra && !budget_.Allows(now, exchange->budget.reserved, exchange->budget.trigger)) {
    Refuse(step, "budget", call);
    return false;
  }
  Breaker& breaker = breakers_[step.target.provider];
  const BreakerState before = breaker.last_state();
  const std::optional<Breaker::Permit> permit = breaker.Acquire(now, call->ramp_u);
  if (!permit.has_value() && !step.past_breaker) {
    Refuse(step, "breaker", call);
    return false;
  }
  if (breaker.last_state() != before) {
    events_.OnBreaker(step.target.provider, before, breaker.last_state(), now);
  }
  if (extra) budget_.Withdraw(now, exchange->budget.reserved, exchange->budget.trigger);
  exchange->step = step;
  exchange->permit = permit.value_or(Breaker::Permit());
  exchange->started = now;
  int64_t untried = 0;
  for (ProviderId p = 0; p < providers_.size(); ++p) {
    untried += p != step.target.provider && !call->Tried(p) ? 1 : 0;
  }
  exchange->until = AttemptDeadline(config_.deadline, now, call->deadline, untried);
  exchange->cut_short = exchange->until < now + config_.deadline.per_try;
  return true;
}

void Engine::Refuse(const Step& step, std::string_view rule, CallState* call) {
  AttemptRecord attempt;
  attempt.provider = step.target.provider;
  attempt.model = step.target.model;
  attempt.strategy = step.why;
  attempt.started = env_.Now();
  attempt.ended = attempt.started;
  attempt.diagnosis.failure = FailureClass::kRefusedLocally;
  attempt.diagnosis.origin = Origin::kSelf;
  attempt.diagnosis.safety = Safety::kNotSent;
  attempt.diagnosis.rule = rule;
  call->result.attempts.push_back(attempt);
}

HttpRequest Engine::Encode(const ChatRequest& request, const Step& step, CallState* call) const {
  const ProviderInfo& provider = providers_[step.target.provider];
  if (step.max_tokens > 0) call->max_tokens = step.max_tokens;
  HttpRequest message;
  dialects_[step.target.provider]->encode(request, provider.models[step.target.model].name,
                                          call->max_tokens, provider.api_key, &message);
  return message;
}

// Reads the attempt's reply as a stream. The caller who holds pieces of the attempt before it is
// told that they are void.
void Engine::BeginStream(AnswerSink* caller, Exchange* exchange, CallState* call) const {
  if (call->committed) {
    caller->OnRestart(call->LastSent()->diagnosis.rule);
    call->committed = false;
    ++call->result.restarts;
  }
  const Dialect& dialect = *dialects_[exchange->step.target.provider];
  exchange->live = std::make_unique<LiveReply>(dialect, config_.stream, env_, caller);
}

void Engine::Observe(std::string_view id, const JsonSchema* schema, HttpReply reply,
                     Exchange* exchange, CallState* call) {
  const bool timed = reply.error != TransportError::kNone || reply.status != 200 ||
                     Mix(call->key) % kTimedShare == 0;
  const int64_t begin = timed ? RealNanoseconds() : 0;
  const StreamReading reading = Read(*exchange, &reply);
  const int64_t parsed = timed ? RealNanoseconds() : 0;
  AttemptRecord attempt;
  attempt.diagnosis = Analyze(reply, reading, exchange->streamed(), schema, *call, timed);
  if (timed) events_.OnPhase(Phase::kParse, parsed - begin);
  attempt.provider = exchange->step.target.provider;
  attempt.model = exchange->step.target.model;
  attempt.strategy = exchange->step.why;
  attempt.sent = true;
  attempt.started = exchange->started;
  attempt.ended = env_.Now();
  attempt.status = reply.status;
  attempt.error = reply.error;
  attempt.usage = reading.body.usage;
  if (exchange->live != nullptr) attempt.first_piece = exchange->live->first_piece();
  const bool decided = !call->result.stop_reason.empty();  // by the attempt beside this one
  if (decided && attempt.error == TransportError::kCancelled) {
    attempt.diagnosis.origin = Origin::kSelf;
    attempt.diagnosis.rule = "hedge.lost";
  }
  ReportOutcome(attempt, exchange);
  Record(attempt, call);
  events_.OnAttempt(id, attempt);
  if (decided) return;
  const bool readable = reply.error == TransportError::kNone;
  const bool bytes = exchange->streamed() || !reply.body.empty();
  call->result.status = readable ? reply.status : 0;
  call->result.has_body = readable && bytes;
  Conclude(attempt, reading.body, exchange, call);
}

// In the order in which attempts were sent, which hedges may land in another.
void Engine::Record(const AttemptRecord& attempt, CallState* call) {
  auto& attempts = call->result.attempts;
  auto at = attempts.end();
  while (at != attempts.begin() && std::prev(at)->started > attempt.started) --at;
  const bool newest = at == attempts.end();
  attempts.insert(at, attempt);
  if (newest) Learn(*call);
  const bool timed = config_.hedge.kind == HedgeKind::kQuantile && attempt.diagnosis.ok();
  if (timed) latencies_[attempt.provider].Add(attempt.ended - attempt.started);
}

// What the reply says, as a stream or in one piece.
StreamReading Engine::Read(const Exchange& exchange, HttpReply* reply) {
  if (exchange.streamed()) return exchange.live->Read(reply->error);
  if (exchange.live != nullptr) reply->body = exchange.live->TakeBody();
  StreamReading reading;
  if (reply->error == TransportError::kNone) {
    reading.body = decoders_[exchange.step.target.provider]->Decode(&reply->body);
  }
  return reading;
}

Diagnosis Engine::Analyze(const HttpReply& reply, const StreamReading& reading, bool streamed,
                          const JsonSchema* schema, const CallState& call, bool timed) {
  Observation seen;
  seen.error = reply.error;
  seen.status = reply.status;
  seen.headers = &reply.headers;
  seen.body = &reading.body;
  seen.bytes = reply.body;
  const int64_t begin = timed ? RealNanoseconds() : 0;
  const Diagnosis diagnosis = !config_.diagnose ? DiagnoseByStatus(seen)
                              : streamed        ? DiagnoseStream(seen, reading)
                                                : Diagnose(seen);
  const int64_t classified = timed ? RealNanoseconds() : 0;
  if (timed) events_.OnPhase(Phase::kClassify, classified - begin);
  if (!diagnosis.ok() || reading.body.has_tool_calls) return diagnosis;
  Diagnosis verdict = guard_.Check(reading.body.content, schema);
  if (verdict.ok() && foresight_ != nullptr && !foresight_->Right(call, reading.body.content)) {
    verdict = AnswerFault(FailureClass::kSemantic, "foresight");
  }
  if (timed) events_.OnPhase(Phase::kValidate, RealNanoseconds() - classified);
  return verdict;
}

void Engine::Conclude(const AttemptRecord& attempt, const DecodedBody& body, Exchange* exchange,
                      CallState* call) {
  LiveReply* const live = exchange->live.get();
  if (attempt.diagnosis.ok()) {
    call->result.ok = true;
    call->result.content.assign(body.content);
    if (live != nullptr) live->Release(body.content);
    Finish("answered", call);
    return;
  }
  call->committed = live != nullptr && live->committed();
  if (attempt.diagnosis.failure == FailureClass::kCancelled) Finish("cancelled", call);
}

void Engine::ReportOutcome(const AttemptRecord& attempt, Exchange* exchange) {
  const CallOutcome outcome = OutcomeFor(attempt.diagnosis, exchange->cut_short);
  exchange->budget.outcome = outcome;
  exchange->budget.used = UsedLoad(attempt, exchange->budget.reserved);
  budget_.Settle(attempt.ended, exchange->budget);
  Breaker& breaker = breakers_[attempt.provider];
  const BreakerState before = breaker.last_state();
  breaker.Report(exchange->permit, outcome, attempt.ended,
                 Draw(seed_, kOpenTime, attempt.provider, breaker.generation()));
  if (attempt.diagnosis.retry_after.has_value()) {
    breaker.Hint(*attempt.diagnosis.retry_after, attempt.ended);
  }
  if (breaker.last_state() == before) return;
  events_.OnBreaker(attempt.provider, before, breaker.last_state(), attempt.ended);
}

// The newest attempt is the answer to the one before it: did what was done about that failure work?
void Engine::Learn(const CallState& call) {
  const std::optional<Lesson> lesson = LessonOf(call.result.attempts);
  if (lesson.has_value()) knowledge_.Learn(*lesson, env_.Now());
}

void Engine::Finish(std::string_view reason, CallState* call) const {
  call->result.stop_reason = reason;
  call->result.ended = env_.Now();
}

uint64_t CallKey(std::string_view request_id) { return HashText(request_id); }

}  // namespace squall
