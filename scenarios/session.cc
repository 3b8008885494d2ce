#include "scenarios/session.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "mock_providers/faults.h"
#include "mock_providers/tasks.h"

namespace squall {
namespace {

std::vector<std::string> ProviderNames(const Scenario& scenario) {
  std::vector<std::string> names;
  for (const ProviderConfig& provider : scenario.providers) names.push_back(provider.name);
  return names;
}

StoryNames NamesForStories(const Scenario& scenario) {
  StoryNames names;
  names.faults = FaultNames();
  names.providers = ProviderNames(scenario);
  for (const ClimateConfig& row : scenario.climate) names.episodes.push_back(row.name);
  for (const ProviderConfig& provider : scenario.providers) {
    names.models.emplace_back();
    for (const ModelConfig& model : provider.models) names.models.back().push_back(model.name);
  }
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
                                      model.context_tokens, model.max_output_tokens,
                                      model.streaming, model.json});
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

}  // namespace

MockSide::MockSide(const Scenario& scenario, uint64_t seed, size_t max_requests)
    : climate(scenario.climate, ProviderNames(scenario), seed), truth(max_requests) {
  for (const ProviderConfig& config : scenario.providers) {
    const auto id = static_cast<ProviderId>(providers.size());
    providers.push_back(std::make_unique<Provider>(id, config, seed, &climate, &truth, &regions));
  }
}

Session::Session(const Scenario& scenario, uint64_t seed, Env* env, Transport* transport,
                 const MockSide* outlook, GroundTruth* truth, const RunHooks& hooks,
                 TargetCaller* target)
    : scenario_(scenario),
      seed_(seed),
      env_(*env),
      truth_(*truth),
      hooks_(hooks),
      workload_(scenario, seed),
      clairvoyance_(scenario, seed, workload_, *outlook),
      clairvoyant_(Uses(scenario.engine, "clairvoyant")),
      repeats_(scenario.workload.resubmit.share > 0 || !scenario.workload.restarts.empty()),
      schemas_(CompileSchemas()),
      target_(target),
      result_(Metrics(FaultNames())) {
  if (hooks_.keep_requests) result_.requests = RequestsTable(FaultNames());
  if (hooks_.chronicle) {
    result_.chronicle = std::make_unique<ChronicleRecorder>(NamesForStories(scenario), seed);
  }
  if (target != nullptr) {
    result_.target.emplace();
    result_.target->upstreams.resize(scenario.providers.size());
  }
  const int64_t engines = target == nullptr ? scenario.workload.clients : 0;
  for (int64_t i = 0; i < engines; ++i) {
    clients_.push_back(std::make_unique<CallChain>(scenario, ProviderInfos(scenario), seed, env,
                                                   transport, this, &clairvoyance_));
    if (hooks_.rules == nullptr) continue;
    clients_.back()->engine().knowledge().Import(*hooks_.rules, env_.Now());
  }
  if (const auto trigger = TriggerOf(scenario)) {
    result_.metrics.SetTrigger(*trigger, FindFault("timeout"));
  }
  std::vector<Detection::Episode> episodes;
  for (const ClimateConfig& row : scenario.climate) {
    episodes.push_back({row.name, kStart + row.from});
  }
  result_.metrics.SetEpisodes(std::move(episodes));
}

void Session::Start() { Spawn(env_.executor(), Offer()); }

Task<CallResult> Session::Ask(const WorkItem& item, ChatRequest request, Time deadline,
                              std::stop_token stop, AnswerSink* caller) {
  if (target_ != nullptr) {
    return target_->Call(std::move(request), deadline, std::move(stop), caller);
  }
  return ClientOf(item).Call(std::move(request), SchemaOf(item), deadline, std::move(stop), caller);
}

CallChain& Session::ClientOf(const WorkItem& item) {
  return *clients_[item.session % clients_.size()];
}

const JsonSchema* Session::SchemaOf(const WorkItem& item) const {
  return &schemas_[static_cast<size_t>(item.task.kind)];
}

Task<> Session::Offer() {
  const std::vector<RestartConfig>& restarts = scenario_.workload.restarts;
  while (std::optional<WorkItem> item = workload_.Next()) {
    if (hooks_.stop != nullptr && hooks_.stop->load(std::memory_order_relaxed)) {
      result_.interrupted = true;
      break;
    }
    while (restarts_ < restarts.size() && kStart + restarts[restarts_].at <= item->at) {
      co_await Restart();
    }
    if (item->at > env_.Now()) {
      [[maybe_unused]] const bool reached = co_await env_.SleepUntil(item->at);
    }
    ++in_flight_;
    if (scenario_.workload.conversation.turns > 1) {
      Spawn(env_.executor(), Converse(*item));
    } else {
      Spawn(env_.executor(), RunOne(*item, nullptr));
    }
  }
  offered_all_ = true;
}

// The next of the restarts: what is under way is lost. Whoever submits again leaves the list that
// is gone through, hence the copy.
Task<> Session::Restart() {
  const RestartConfig& restart = scenario_.workload.restarts[restarts_];
  const Time at = kStart + restart.at;
  if (at > env_.Now()) {
    [[maybe_unused]] const bool reached = co_await env_.SleepUntil(at);
  }
  back_at_ = at + restart.down;
  ++restarts_;
  std::vector<std::stop_source> lost(under_way_.begin(), under_way_.end());
  for (std::stop_source& submission : lost) submission.request_stop();
}

Task<> Session::Converse(WorkItem item) {
  const ConversationConfig& conversation = scenario_.workload.conversation;
  while (true) {
    bool answered = false;
    ++in_flight_;
    co_await RunOne(item, &answered);
    if (!answered && conversation.ends_on_failure) break;
    if (hooks_.stop != nullptr && hooks_.stop->load(std::memory_order_relaxed)) break;
    const Time at = env_.Now() + conversation.pause;
    const std::optional<WorkItem> next = workload_.NextTurn(item, at);
    if (!next) break;
    item = *next;
    if (at > env_.Now()) {
      [[maybe_unused]] const bool reached = co_await env_.SleepUntil(at);
    }
  }
  --in_flight_;
}

Task<> Session::RunOne(WorkItem item, bool* answered) {
  if (repeats_) {
    co_await RunRepeated(item, answered);
    co_return;
  }
  ChatRequest request = workload_.MakeRequest(item);
  const std::string id = request.id;
  const Time deadline = item.at + scenario_.workload.deadline;
  const std::stop_token never;
  StreamedCaller caller(env_);
  AnswerSink* const sink = item.stream ? &caller : nullptr;
  const uint64_t key = CallKey(id);
  if (clairvoyant_) clairvoyance_.Begin(key, RequestKey(id), item);
  CallResult result = co_await Ask(item, std::move(request), deadline, never, sink);
  if (clairvoyant_) clairvoyance_.End(key);
  Outcome outcome;
  if (item.stream) {
    outcome.streamed = true;
    outcome.first_piece = caller.first_piece();
    outcome.restarts = caller.restarts();
    result.content = caller.text();
  }
  if (answered != nullptr) *answered = result.ok;
  Judge(item, id, result, std::move(outcome));
  --in_flight_;
}

// The request under its key until a worker has kept it, and perhaps a second time beside that.
Task<> Session::RunRepeated(WorkItem item, bool* answered) {
  Pending pending(item);
  ChatRequest request = workload_.MakeRequest(item);
  const std::string id = request.id;
  const Time deadline = item.at + scenario_.workload.deadline;
  const uint64_t key = CallKey(id);
  if (clairvoyant_) clairvoyance_.Begin(key, RequestKey(id), item);
  if (item.resubmitted) {
    pending.second_open = true;
    Spawn(env_.executor(), SubmitAgain(&pending));
  }
  co_await Submit(&pending, std::move(request), deadline, &pending.ended);
  if (pending.second_open) {
    const Time latest = deadline + scenario_.workload.resubmit.after + 1s;
    const std::stop_token ended = pending.second_ended.get_token();
    [[maybe_unused]] const bool reached = co_await env_.SleepUntil(latest, ended);
  }
  SQUALL_CHECK(!pending.second_open);
  if (clairvoyant_) clairvoyance_.End(key);
  JudgeRepeated(pending, id, answered);
  --in_flight_;
}

// A second submission by a caller who has not heard of the first one, or has forgotten it.
Task<> Session::SubmitAgain(Pending* pending) {
  const ResubmitConfig& resubmit = scenario_.workload.resubmit;
  const Time at = pending->item.at + resubmit.after;
  const Time deadline = at + scenario_.workload.deadline;
  [[maybe_unused]] const bool reached = co_await env_.SleepUntil(at);
  ChatRequest request = workload_.MakeRequest(pending->item);
  if (!resubmit.same_key) request.id = SecondId(request.id);
  const std::string id = request.id;
  const bool foreseen = clairvoyant_ && !resubmit.same_key;
  if (foreseen) clairvoyance_.Begin(CallKey(id), RequestKey(id), pending->item);
  std::vector<CallResult>* const ended = resubmit.same_key ? &pending->ended : &pending->apart;
  co_await Submit(pending, std::move(request), deadline, ended);
  if (foreseen) clairvoyance_.End(CallKey(id));
  pending->second_open = false;
  pending->second_ended.request_stop();
}

Task<> Session::Submit(Pending* pending, ChatRequest request, Time deadline,
                       std::vector<CallResult>* ended) {
  while (true) {
    if (back_at_ > env_.Now()) {
      [[maybe_unused]] const bool reached = co_await env_.SleepUntil(back_at_);
    }
    ++pending->submissions;
    const size_t restarts = restarts_;
    const auto place = under_way_.emplace(under_way_.end());
    const std::stop_token stop = place->get_token();
    ChatRequest copy = request;
    CallResult result = co_await Ask(pending->item, std::move(copy), deadline, stop, nullptr);
    under_way_.erase(place);
    const bool lost = restarts != restarts_ && result.stop_reason == "cancelled";
    ended->push_back(std::move(result));
    if (!lost || !scenario_.workload.resubmit_lost) co_return;
  }
}

WorldResult Session::TakeResult() {
  SQUALL_CHECK(finished());
  JudgeSettled(kNever);
  if (target_ != nullptr) result_.target->strays = truth_.arrivals() - result_.target->attempts();
  if (result_.chronicle != nullptr) result_.chronicle->Settle();
  for (const auto& client : clients_) {
    SQUALL_CHECK(client->engine().calls_in_flight() == 0);
    AddRules(&result_.rules, client->engine().knowledge().Export(env_.Now()));
    client->AddLoads(&result_.layers);
  }
  if (!result_.layers.empty()) {
    const int64_t calls = result_.layers.back().attempts;
    result_.layers.push_back({"engine", calls, engine_attempts_});
  }
  result_.faults = truth_.counts();
  const HintCounts hints = truth_.hints();
  result_.metrics.OnObedience({hints.given, hints.early_same_request, hints.early_same_user});
  return std::move(result_);
}

void Session::OnAttempt(std::string_view request_id, const AttemptRecord& attempt) {
  if (scenario_.chain.empty()) return;
  ++engine_attempts_;
  gathered_[std::string(request_id)].push_back(attempt);
}

void Session::OnBreaker(ProviderId provider, BreakerState from, BreakerState to, Time now) {
  ++result_.breaker_transitions;
  if (to == BreakerState::kOpen) result_.metrics.OnOpen(now);
  if (result_.chronicle != nullptr) result_.chronicle->OnBreaker(provider, from, to, now);
  if (hooks_.on_breaker) hooks_.on_breaker(provider, from, to, now);
}

void Session::OnPhase(Phase phase, int64_t ns) { result_.metrics.OnPhase(phase, ns); }

}  // namespace squall
