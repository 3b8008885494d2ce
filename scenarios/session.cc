#include "scenarios/session.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "mock_providers/faults.h"
#include "mock_providers/tasks.h"

namespace squall {
namespace {

// A failure reported at the deadline is reported in time; timers of a real machine fire a little
// after it.
constexpr Duration kFailureGrace = 500ms;

std::vector<std::string> ProviderNames(const Scenario& scenario) {
  std::vector<std::string> names;
  for (const ProviderConfig& provider : scenario.providers) names.push_back(provider.name);
  return names;
}

std::vector<ProviderInfo> ProviderInfos(const Scenario& scenario) {
  std::vector<ProviderInfo> infos;
  for (const ProviderConfig& provider : scenario.providers) {
    ProviderInfo info;
    info.name = provider.name;
    info.region = provider.quota.region;
    info.dialect = provider.dialect;
    info.api_key = "squall";
    for (const ModelConfig& model : provider.models) {
      info.models.push_back(ModelInfo{model.name, model.usd_per_mtok_in, model.usd_per_mtok_out,
                                      model.context_tokens, model.max_output_tokens});
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

std::vector<JsonSchema> CompileSchemas() {
  std::vector<JsonSchema> schemas;
  for (int kind = 0; kind < kTaskKindCount; ++kind) {
    auto schema = JsonSchema::Compile(TaskSchema(static_cast<TaskKind>(kind)));
    SQUALL_CHECK(schema.ok());
    schemas.push_back(std::move(*schema));
  }
  return schemas;
}

// What the caller of a streamed request holds, whatever the engine says of it.
class StreamedCaller final : public AnswerSink {
 public:
  explicit StreamedCaller(const Env& env) : env_(env) {}

  void OnDelta(const StreamDelta& delta) override {
    if (delta.kind == StreamDelta::Kind::kReasoning) return;
    if (first_piece_ == kNever) first_piece_ = env_.Now();
    if (delta.kind == StreamDelta::Kind::kContent) text_.append(delta.text);
  }
  void OnRestart(std::string_view /*why*/) override {
    text_.clear();
    first_piece_ = kNever;
    ++restarts_;
  }

  const std::string& text() const { return text_; }
  Time first_piece() const { return first_piece_; }
  int restarts() const { return restarts_; }

 private:
  const Env& env_;
  std::string text_;
  Time first_piece_ = kNever;
  int restarts_ = 0;
};

AttemptOutcome MakeAttempt(const AttemptRecord& attempt, const Arrival* arrival) {
  AttemptOutcome out;
  out.provider = attempt.provider;
  out.strategy = attempt.strategy;
  out.started = attempt.started;
  out.diagnosed = attempt.diagnosis.failure;
  out.diagnosed_retry = attempt.diagnosis.retry;
  if (arrival == nullptr) return out;
  out.model_erred = arrival->model_erred;
  if (!arrival->fault.present()) {
    // An error of the model that somebody has noticed is no false alarm.
    const bool noticed = attempt.diagnosis.failure == FailureClass::kSemantic;
    if (noticed && arrival->wrong_by_model) out.truth = FailureClass::kSemantic;
    return out;
  }
  const FaultTruth& fault = arrival->fault;
  out.fault = fault.kind;
  out.impairment = FaultTable()[static_cast<size_t>(fault.kind)].impairment;
  out.by_load = fault.by_load;
  out.hidden = fault.hidden;
  out.truth = FailureClassByName(fault.failure_class);
  out.truth_retry = RetryDecisionByName(fault.retry_decision);
  return out;
}

}  // namespace

MockSide::MockSide(const Scenario& scenario, uint64_t seed, size_t max_requests)
    : climate(scenario.climate, ProviderNames(scenario), seed), truth(max_requests) {
  for (const ProviderConfig& config : scenario.providers) {
    const auto id = static_cast<ProviderId>(providers.size());
    providers.push_back(std::make_unique<Provider>(id, config, seed, &climate, &truth, &regions));
  }
}

Session::Session(const Scenario& scenario, uint64_t seed, Env* env, Transport* transport,
                 const MockSide* outlook, GroundTruth* truth, const RunHooks& hooks)
    : scenario_(scenario),
      seed_(seed),
      env_(*env),
      truth_(*truth),
      hooks_(hooks),
      workload_(scenario, seed),
      clairvoyance_(scenario, seed, workload_, *outlook),
      clairvoyant_(Uses(scenario.engine, "clairvoyant")),
      schemas_(CompileSchemas()),
      engine_(scenario.engine, ProviderInfos(scenario), seed, env, transport, this, &clairvoyance_),
      result_(Metrics(FaultNames())) {
  if (hooks_.rules != nullptr) engine_.knowledge().Import(*hooks_.rules, env_.Now());
  if (const auto trigger = TriggerOf(scenario)) result_.metrics.SetTrigger(*trigger);
}

void Session::Start() { Spawn(env_.executor(), Offer()); }

Task<> Session::Offer() {
  while (std::optional<WorkItem> item = workload_.Next()) {
    if (hooks_.stop != nullptr && hooks_.stop->load(std::memory_order_relaxed)) {
      result_.interrupted = true;
      break;
    }
    if (item->at > env_.Now()) {
      [[maybe_unused]] const bool reached = co_await env_.SleepUntil(item->at);
    }
    ++in_flight_;
    Spawn(env_.executor(), RunOne(*item));
  }
  offered_all_ = true;
}

Task<> Session::RunOne(WorkItem item) {
  ChatRequest request = workload_.MakeRequest(item);
  const std::string id = request.id;
  const JsonSchema* schema = &schemas_[static_cast<size_t>(item.task.kind)];
  const Time deadline = item.at + scenario_.workload.deadline;
  const std::stop_token never;
  StreamedCaller caller(env_);
  AnswerSink* const sink = item.stream ? &caller : nullptr;
  const uint64_t key = CallKey(id);
  if (clairvoyant_) clairvoyance_.Begin(key, RequestKey(id), item);
  CallResult result = co_await engine_.Call(std::move(request), schema, deadline, never, sink);
  if (clairvoyant_) clairvoyance_.End(key);
  Outcome outcome;
  if (item.stream) {
    outcome.streamed = true;
    outcome.first_piece = caller.first_piece();
    outcome.restarts = caller.restarts();
    result.content = caller.text();
  }
  Judge(item, id, result, std::move(outcome));
  --in_flight_;
}

void Session::Judge(const WorkItem& item, std::string_view id, const CallResult& result,
                    Outcome outcome) {
  const uint64_t key = RequestKey(id);
  const Arrivals arrivals = truth_.Take(key);
  const Time deadline = item.at + scenario_.workload.deadline;
  outcome.index = item.index;
  outcome.started = item.at;
  outcome.ended = result.ended;
  outcome.ok = result.ok;
  outcome.in_time = result.ended <= (result.ok ? deadline : deadline + kFailureGrace);
  outcome.body = result.ok && result.status == 200 && result.has_body;
  outcome.right = result.ok && OracleAccepts(seed_, item.task, result.content);
  outcome.stop = result.stop_reason;
  outcome.answered_by = result.answered_by;
  const Arrivals judged = truth_.Take(JudgeKey(key));
  JoinAttempts(result, arrivals, judged, &outcome);
  AddCost(arrivals, &outcome);
  AddCost(judged, &outcome);
  if (!arrivals.empty()) {
    outcome.wrong_by_model = !arrivals[0].fault.present() && arrivals[0].wrong_by_model;
  }
  if (outcome.faulted()) {
    outcome.ceiling = clairvoyance_.Recoverable(item, key, outcome.attempts[0].provider) ? 1 : 0;
  }
  result_.metrics.Add(outcome);
  if (hooks_.done != nullptr) hooks_.done->fetch_add(1, std::memory_order_relaxed);
  if (hooks_.on_outcome) hooks_.on_outcome(outcome, result);
}

// The k-th attempt that the engine sent to a provider is the k-th arrival there; attempts that
// never connected did not arrive. Calls of a judge arrive under a key of their own
// (mock_providers/judge.h).
void Session::JoinAttempts(const CallResult& result, const Arrivals& arrivals,
                           const Arrivals& judged, Outcome* outcome) const {
  using Places = absl::InlinedVector<size_t, 8>;
  Places next_answer(scenario_.providers.size(), 0);
  Places next_judgement(scenario_.providers.size(), 0);
  for (const AttemptRecord& attempt : result.attempts) {
    if (!attempt.sent) continue;
    const bool judges = attempt.purpose == Purpose::kJudgement;
    const Arrivals& among = judges ? judged : arrivals;
    const Arrival* found = nullptr;
    size_t& from = (judges ? next_judgement : next_answer)[attempt.provider];
    const bool arrived = attempt.error != TransportError::kConnect;
    for (; arrived && from < among.size(); ++from) {
      if (among[from].provider != attempt.provider) continue;
      found = &among[from++];
      break;
    }
    outcome->attempts.push_back(MakeAttempt(attempt, found));
  }
}

void Session::AddCost(const Arrivals& arrivals, Outcome* outcome) const {
  for (const Arrival& arrival : arrivals) {
    const ModelConfig& model = scenario_.providers[arrival.provider].models[arrival.model];
    outcome->prompt_tokens += arrival.prompt_tokens;
    outcome->completion_tokens += arrival.completion_tokens;
    outcome->cost_usd +=
        1e-6 * (static_cast<double>(arrival.prompt_tokens) * model.usd_per_mtok_in +
                static_cast<double>(arrival.completion_tokens) * model.usd_per_mtok_out);
  }
}

WorldResult Session::TakeResult() {
  SQUALL_CHECK(finished());
  SQUALL_CHECK(engine_.calls_in_flight() == 0);
  result_.rules = engine_.knowledge().Export(env_.Now());
  result_.faults = truth_.counts();
  const HintCounts hints = truth_.hints();
  result_.metrics.OnObedience({hints.given, hints.early_same_request, hints.early_same_user});
  return std::move(result_);
}

void Session::OnAttempt(std::string_view, const AttemptRecord&) {}

void Session::OnBreaker(ProviderId provider, BreakerState from, BreakerState to, Time now) {
  ++result_.breaker_transitions;
  if (hooks_.on_breaker) hooks_.on_breaker(provider, from, to, now);
}

void Session::OnPhase(Phase phase, int64_t ns) { result_.metrics.OnPhase(phase, ns); }

}  // namespace squall
