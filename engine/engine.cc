#include "engine/engine.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/count_while.h"
#include "engine/base/cpu_clock.h"
#include "engine/base/random.h"
#include "engine/base/stop_other.h"
#include "engine/exchange.h"
#include "engine/opinions.h"
#include "engine/patch.h"
#include "engine/policy/deadline.h"
#include "engine/policy/token_estimate.h"
#include "engine/repair.h"
#include "engine/repair_reask.h"

namespace squall {
namespace {

constexpr StreamId kJitter = Stream("engine/jitter");
constexpr StreamId kRamp = Stream("engine/ramp");

// Reading the clock costs as much as classifying, so of the healthy replies one request in this
// many is timed; failures that the status shows are always timed.
constexpr uint64_t kTimedShare = 16;

// Plans that end in a refusal, beyond those that end in an attempt.
constexpr int kSpareRounds = 32;

int64_t EstimatePrompt(const ChatRequest& request) {
  int64_t tokens = 0;
  for (const ChatMessage& message : request.messages) tokens += EstimateTokens(message.content);
  return tokens;
}

}  // namespace

Engine::Engine(const EngineConfig& config, std::vector<ProviderInfo> providers, uint64_t seed,
               Env* env, Transport* transport, EventSink* events, const Foresight* foresight)
    : config_(config),
      providers_(std::move(providers)),
      seed_(seed),
      env_(*env),
      transport_(*transport),
      events_(*events),
      foresight_(Uses(config, "clairvoyant") ? foresight : nullptr),
      admission_(config_, providers_, seed, events),
      knowledge_(config.knowledge, seed),
      guard_(config.guard),
      keeps_refused_(Uses(config, "repair") || Uses(config, "reask")) {
  for (const ProviderInfo& provider : providers_) {
    SQUALL_CHECK(!provider.models.empty());
    dialects_.push_back(FindDialect(provider.dialect));
    SQUALL_CHECK(dialects_.back() != nullptr);
    decoders_.push_back(dialects_.back()->make_decoder());
  }
}

Engine::~Engine() { SQUALL_CHECK(calls_in_flight_ == 0); }

void Engine::Begin(const ChatRequest& request, const JsonSchema* schema, CallState* call) const {
  call->key = CallKey(request.id);
  call->ramp_u = Draw(seed_, kRamp, call->key);
  if (!request.user.empty()) call->conversation = HashText(request.user);
  call->max_tokens = call->wanted_tokens = request.max_tokens;
  call->repeatable = request.repeatable;
  call->caller_retries = request.caller_retries;
  call->barred = request.barred;
  call->streaming = request.stream;
  call->wants_json = schema != nullptr;
  call->result.started = env_.Now();
  if (!admission_.counts_tokens()) return;
  call->prompt_messages = static_cast<int64_t>(request.messages.size());
  call->prompt_tokens = EstimatePrompt(request);
}

Task<CallResult> Engine::Call(ChatRequest request, const JsonSchema* schema, Time deadline,
                              std::stop_token stop, AnswerSink* caller) {
  thread_.Check();
  const CountWhile in_flight(&calls_in_flight_);
  const Asked asked{request, schema, caller, stop};
  const auto work = std::make_unique<CallWork>();
  CallState& call = work->state;
  call.deadline = deadline;
  Begin(request, schema, &call);
  call.binding = caller != nullptr && !caller->CanRestart();
  while (call.result.stop_reason.empty()) {
    const Step step = Plan(call);
    ++call.rounds;
    if (step.kind == Step::Kind::kStop) {
      call.result.retry_at = step.at;
      Finish(step.why, &call);
      if (!call.opinions.empty()) GiveUpVerifying(asked, &call);
      break;
    }
    if (step.kind == Step::Kind::kRepair) {
      Repair(asked, step, &call);
      continue;
    }
    if (step.at > env_.Now()) {
      const bool reached = co_await env_.SleepUntil(step.at, stop);
      if (!reached) {
        Finish("cancelled", &call);
        break;
      }
    }
    const auto attempt = std::make_unique<Exchange>();
    Exchange& exchange = *attempt;
    exchange.step = step;
    const Admission::Turn turn = admission_.Join(step.target, call, env_.Now(), &exchange.grant);
    if (turn == Admission::Turn::kWait) {
      const bool came = co_await AwaitTurn(stop, &exchange, &call);
      if (!came) continue;
    } else if (turn == Admission::Turn::kRefused) {
      Refuse(step, exchange.grant.refusal, &call);
      continue;
    }
    if (!Admit(&call, &exchange)) continue;
    Encode(request, &exchange, &call);
    if (request.stream && step.purpose != Purpose::kJudgement) {
      BeginStream(asked, &exchange, &call);
    }
    const bool hedged = MayHedge(request, caller) && step.purpose == Purpose::kAnswer;
    if (hedged) work->flight.emplace(this, &asked, &exchange, &call);
    const std::stop_token cancel = hedged ? exchange.stop.get_token() : stop;
    BodySink* const sink = exchange.live.get();
    HttpReply reply = co_await transport_.Send(step.target.provider, exchange.message,
                                               exchange.until, cancel, sink);
    exchange.reply = std::move(reply);
    if (!hedged) {
      Observe(asked, &exchange, &call);
      continue;
    }
    Flight& flight = *work->flight;
    env_.ClearAlarm(&flight);
    Land(&exchange, &flight);
    if (flight.SecondInAir()) co_await AwaitSecond(&flight);
    work->flight.reset();
  }
  co_return std::move(call.result);
}

PlanInput Engine::InputFor(const CallState& call) const {
  const auto attempt = static_cast<uint64_t>(call.result.attempts.size());
  return {config_,
          providers_,
          admission_,
          knowledge_,
          call,
          env_.Now(),
          Draw(seed_, kJitter, call.key, attempt),
          Draw(seed_, kJitter, call.key, attempt - 1),
          foresight_};
}

Step Engine::Plan(const CallState& call) {
  // Every round either sends, of which there are few, or is refused for a reason that the next plan
  // can see. The bound is for the bug that breaks this.
  SQUALL_CHECK(call.rounds <= 4 * static_cast<int>(config_.retry.max_attempts) + kSpareRounds);
  const bool timed = !call.result.attempts.empty();
  const int64_t begin = timed ? RealNanoseconds() : 0;
  const Step step = MakePlan(InputFor(call));
  if (timed) events_.OnPhase(Phase::kDecide, RealNanoseconds() - begin);
  return step;
}

// Waits in the provider's queues. False if the attempt was refused there, or the caller left.
Task<bool> Engine::AwaitTurn(std::stop_token stop, Exchange* exchange, CallState* call) {
  Grant& grant = exchange->grant;
  while (true) {
    Time until{};
    const Time now = env_.Now();
    const Admission::Turn turn = admission_.StepUp(now, call->deadline, &grant, &until);
    if (turn == Admission::Turn::kNow) co_return true;
    if (turn == Admission::Turn::kRefused) {
      Refuse(exchange->step, grant.refusal, call);
      co_return false;
    }
    // The caller's leaving wakes those who wait as what they wait for does.
    std::stop_source wake = grant.waiter.wake;
    const StopOther wake_up{&wake};
    const std::stop_callback<StopOther> leaving(stop, wake_up);
    const std::stop_token woken = wake.get_token();
    [[maybe_unused]] const bool reached = co_await env_.SleepUntil(until, woken);
    if (stop.stop_requested()) {
      admission_.Leave(env_.Now(), &grant);
      Finish("cancelled", call);
      co_return false;
    }
  }
}

// Takes what the attempt needs. What is refused is recorded, so the next plan sees it.
bool Engine::Admit(CallState* call, Exchange* exchange) {
  const Time now = env_.Now();
  const Step& step = exchange->step;
  if (!admission_.Enter(step, *call, now, &exchange->grant)) {
    Refuse(step, exchange->grant.refusal, call);
    return false;
  }
  exchange->started = now;
  int64_t untried = 0;
  for (ProviderId p = 0; p < providers_.size(); ++p) {
    untried += p != step.target.provider && !call->Tried(p) && !call->Barred(p) ? 1 : 0;
  }
  std::optional<Duration> usual;
  if (config_.deadline.adaptive_factor > 0) {
    usual = admission_.Latency(step.target.provider, config_.deadline.adaptive_quantile);
  }
  const Duration longest = LongestTry(config_.deadline, usual);
  exchange->until = AttemptDeadline(config_.deadline, longest, now, call->deadline, untried);
  exchange->grant.cut_short = exchange->until < SaturatingAdd(now, longest);
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

void Engine::Encode(const ChatRequest& request, Exchange* exchange, CallState* call) {
  const Step& step = exchange->step;
  const ProviderInfo& provider = providers_[step.target.provider];
  const Dialect& dialect = *dialects_[step.target.provider];
  const std::string& model = provider.models[step.target.model].name;
  HttpRequest& message = exchange->message;
  spare_requests_.Take(&message);
  if (step.purpose == Purpose::kJudgement) {
    const ChatRequest judge = JudgeRequest(request, call->opinions.front());
    dialect.encode(judge, model, judge.max_tokens, provider.api_key, &message);
    return;
  }
  call->max_tokens = step.patch.max_tokens > 0 ? step.patch.max_tokens : request.max_tokens;
  call->wanted_tokens = std::max(call->wanted_tokens, call->max_tokens);
  call->patch = step.patch;
  call->patched = step.target;
  if (step.reask || step.patch.keep < 1 || step.patch.drop_optional) {
    ChatRequest changed = Patched(request, step.patch);
    if (step.reask) AddComplaint(call->refused, call->complaint, &changed);
    dialect.encode(changed, model, call->max_tokens, provider.api_key, &message);
    return;
  }
  dialect.encode(request, model, call->max_tokens, provider.api_key, &message);
}

// Reads the attempt's reply as a stream. The caller who holds pieces of the attempt before it is
// told that they are void. An answer on which others are heard is held back for as long, and theirs
// are never shown: what has been shown cannot be taken back.
void Engine::BeginStream(const Asked& asked, Exchange* exchange, CallState* call) const {
  AnswerSink* const caller = asked.caller;
  if (call->committed) {
    caller->OnRestart(call->LastSent()->diagnosis.rule);
    call->committed = false;
    ++call->result.restarts;
  }
  const Dialect& dialect = *dialects_[exchange->step.target.provider];
  const bool answers = exchange->step.purpose == Purpose::kAnswer;
  const bool recovered = call->sent() > 0;
  StreamConfig config = config_.stream;
  if (OpinionOn(asked.request, *call, recovered) != Purpose::kAnswer) {
    config.hold_until_valid = true;
  }
  exchange->live = std::make_unique<LiveReply>(dialect, config, env_, answers ? caller : nullptr);
}

void Engine::Observe(const Asked& asked, Exchange* exchange, CallState* call) {
  spare_requests_.Keep(std::move(exchange->message));
  const HttpReply& reply = exchange->reply;
  const bool timed = reply.error != TransportError::kNone || reply.status != 200 ||
                     Mix(call->key) % kTimedShare == 0;
  const int64_t begin = timed ? RealNanoseconds() : 0;
  const StreamReading reading = Read(exchange);
  const int64_t parsed = timed ? RealNanoseconds() : 0;
  AttemptRecord attempt;
  attempt.diagnosis = Analyze(reading, *exchange, asked, *call, timed);
  if (timed) events_.OnPhase(Phase::kParse, parsed - begin);
  attempt.provider = exchange->step.target.provider;
  attempt.model = exchange->step.target.model;
  attempt.strategy = exchange->step.why;
  attempt.purpose = exchange->step.purpose;
  attempt.sent = true;
  attempt.started = exchange->started;
  attempt.ended = env_.Now();
  attempt.status = reply.status;
  attempt.error = reply.error;
  attempt.usage = reading.body.usage;
  if (exchange->live != nullptr) attempt.first_piece = exchange->live->first_piece();
  // By the attempt beside this one.
  const bool decided = !call->result.stop_reason.empty() ||
                       (attempt.purpose == Purpose::kAnswer && !call->opinions.empty());
  if (decided && attempt.error == TransportError::kCancelled) {
    attempt.diagnosis.origin = Origin::kSelf;
    attempt.diagnosis.rule = "hedge.lost";
  }
  call->spent_usd += admission_.Settle(attempt, reply.headers, *call, &exchange->grant);
  Record(attempt, call);
  events_.OnAttempt(asked.request.id, attempt);
  if (decided) return;
  if (attempt.purpose == Purpose::kAnswer) {
    const bool readable = reply.error == TransportError::kNone;
    const bool bytes = exchange->streamed() || !reply.body.empty();
    call->result.status = readable ? reply.status : 0;
    call->result.has_body = readable && bytes;
  }
  Conclude(asked, attempt, reading.body, exchange, call);
}

// In the order in which attempts were sent, which hedges may land in another.
void Engine::Record(const AttemptRecord& attempt, CallState* call) {
  auto& attempts = call->result.attempts;
  auto at = attempts.end();
  while (at != attempts.begin() && std::prev(at)->started > attempt.started) --at;
  const bool newest = at == attempts.end();
  attempts.insert(at, attempt);
  if (newest && attempt.purpose == Purpose::kAnswer) Learn(*call);
}

// What the reply says, as a stream or in one piece.
StreamReading Engine::Read(Exchange* exchange) {
  HttpReply& reply = exchange->reply;
  if (exchange->streamed()) return exchange->live->Read(reply.error);
  if (exchange->live != nullptr) reply.body = exchange->live->TakeBody();
  StreamReading reading;
  if (reply.error == TransportError::kNone) {
    reading.body = decoders_[exchange->step.target.provider]->Decode(reply.body);
  }
  return reading;
}

Diagnosis Engine::Analyze(const StreamReading& reading, const Exchange& exchange,
                          const Asked& asked, const CallState& call, bool timed) {
  const HttpReply& reply = exchange.reply;
  Observation seen;
  seen.error = reply.error;
  seen.status = reply.status;
  seen.headers = &reply.headers;
  seen.body = &reading.body;
  seen.bytes = reply.body;
  const int64_t begin = timed ? RealNanoseconds() : 0;
  const Diagnosis diagnosis = !config_.diagnose     ? DiagnoseByStatus(seen)
                              : exchange.streamed() ? DiagnoseStream(seen, reading)
                                                    : Diagnose(seen);
  const int64_t classified = timed ? RealNanoseconds() : 0;
  if (timed) events_.OnPhase(Phase::kClassify, classified - begin);
  if (asked.request.takes_cut && diagnosis.rule == "finish.length") return Diagnosis();
  if (!diagnosis.ok() || reading.body.has_tool_calls) return diagnosis;
  const Diagnosis verdict = Validate(reading.body.content, exchange, asked, call);
  if (timed) events_.OnPhase(Phase::kValidate, RealNanoseconds() - classified);
  return verdict;
}

Diagnosis Engine::Validate(std::string_view content, const Exchange& exchange, const Asked& asked,
                           const CallState& call) {
  if (exchange.step.purpose == Purpose::kJudgement) {
    const bool clear = ReadVerdict(content).has_value();
    return clear ? Diagnosis() : AnswerFault(FailureClass::kSchemaViolation, "judge.verdict");
  }
  const Target target = exchange.step.target;
  AnswerFacts facts;
  if (!asked.request.messages.empty()) facts.prompt = asked.request.messages.back().content;
  facts.task_key = providers_[target.provider].models[target.model].name;
  const Diagnosis verdict = guard_.Check(content, asked.schema, facts);
  if (verdict.ok() && foresight_ != nullptr && !foresight_->Right(call, content)) {
    return AnswerFault(FailureClass::kSemantic, "foresight");
  }
  return verdict;
}

void Engine::Conclude(const Asked& asked, const AttemptRecord& attempt, const DecodedBody& body,
                      Exchange* exchange, CallState* call) {
  if (attempt.diagnosis.ok()) {
    switch (attempt.purpose) {
      case Purpose::kAnswer: TakeAnswer(asked, attempt, body, exchange, call); break;
      case Purpose::kSecondOpinion: Compare(asked, attempt, body, call); break;
      case Purpose::kJudgement: HearJudge(asked, body.content, call); break;
    }
    return;
  }
  if (attempt.diagnosis.failure == FailureClass::kCancelled) Finish("cancelled", call);
  if (attempt.purpose != Purpose::kAnswer) return;
  if (asked.request.keep_reply) call->result.reply_body = exchange->reply.body;
  call->committed = exchange->committed();
  if (attempt.diagnosis.failure == FailureClass::kContextLengthExceeded) {
    Measure(asked.request, attempt.diagnosis, call);
  }
  Remember(attempt.diagnosis, body.content, call);
}

// How long is a prompt that was too long? Asked only then.
void Engine::Measure(const ChatRequest& request, const Diagnosis& diagnosis, CallState* call) {
  const auto counted = static_cast<double>(diagnosis.counts.prompt);
  if (counted > 0) {
    call->told_tokens = static_cast<int64_t>(counted / call->patch.keep);
  } else if (call->told_tokens == 0) {
    call->told_tokens = call->prompt_tokens > 0 ? call->prompt_tokens : EstimatePrompt(request);
  }
}

// Keeps an answer that broke its contract for those rungs that can make something of it.
void Engine::Remember(const Diagnosis& diagnosis, std::string_view content, CallState* call) const {
  const bool contract = diagnosis.failure == FailureClass::kSchemaViolation;
  const bool mendable = contract || diagnosis.failure == FailureClass::kTruncated;
  call->refused.clear();
  call->complaint.clear();
  call->repair_tried = false;
  if (!keeps_refused_ || !mendable || content.empty()) return;
  call->refused.assign(content);
  if (contract) call->complaint = ReaskMessage(guard_.violation());
}

// A text that was cut within a value may say anything there, and a list whose end is missing may
// lack items: those are not repaired. Where it fails, nothing has happened but that it was tried.
void Engine::Repair(const Asked& asked, const Step& step, CallState* call) {
  call->repair_tried = true;
  const std::optional<squall::Repair> repair = RepairJson(call->refused);
  Exchange mended;
  mended.step = step;
  const bool whole = repair.has_value() && repair->cut_at.empty() &&
                     repair->invented.find(']') == std::string::npos;
  if (!whole || !Validate(repair->text, mended, asked, *call).ok()) return;
  AttemptRecord attempt = *call->LastSent();
  attempt.strategy = step.why;
  DecodedBody body;
  body.content = repair->text;
  TakeAnswer(asked, attempt, body, &mended, call);
}

// The newest attempt is the answer to the one before it: did what was done about that failure work?
void Engine::Learn(const CallState& call) {
  const std::optional<Lesson> lesson = LessonOf(call.result.attempts);
  if (lesson.has_value()) knowledge_.Learn(*lesson, env_.Now());
  knowledge_.LearnReturn(call.result.attempts);
}

void Engine::Finish(std::string_view reason, CallState* call) const {
  call->result.stop_reason = reason;
  call->result.ended = env_.Now();
}

uint64_t CallKey(std::string_view request_id) { return HashText(request_id); }

}  // namespace squall
