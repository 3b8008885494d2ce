#include "mock_providers/provider.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/check.h"
#include "mock_providers/climate.h"
#include "mock_providers/dialect_server.h"
#include "mock_providers/fault_draw.h"
#include "mock_providers/faults.h"
#include "mock_providers/judge.h"
#include "mock_providers/model_limits.h"
#include "mock_providers/quota.h"
#include "mock_providers/service_queue.h"
#include "mock_providers/task_texts.h"

namespace squall {
namespace {

constexpr StreamId kBodyKeys = Stream("request/body");
constexpr StreamId kJudgeKeys = Stream("request/judge");

// Indices of draws within the latency stream, and within the reply stream.
constexpr uint64_t kTtft = 0;
constexpr uint64_t kPerToken = 1;
constexpr uint64_t kId = 0;
constexpr uint64_t kEdit = 1;
constexpr uint64_t kHeal = 2;

constexpr size_t kMaxWaitingUsers = 4096;
constexpr Duration kHintGrain = 1ms;  // hints are printed in milliseconds, rounded down

// Bodies can be long, so eight bytes at a time.
uint64_t HashBody(std::string_view body) {
  uint64_t hash = Mix(kBodyKeys ^ body.size());
  uint64_t word = 0;
  size_t at = 0;
  for (; at + sizeof(word) <= body.size(); at += sizeof(word)) {
    std::memcpy(&word, body.data() + at, sizeof(word));
    hash = Mix(hash ^ word);
  }
  word = 0;
  if (at < body.size()) std::memcpy(&word, body.data() + at, body.size() - at);
  return Mix(hash ^ word);
}

std::optional<uint64_t> KeyInHeaders(const Headers& headers) {
  std::optional<std::string_view> id = headers.Find("x-squall-request");
  if (!id) id = headers.Find("Idempotency-Key");
  if (!id) return std::nullopt;
  return RequestKey(*id);
}

std::vector<std::string> ModelNames(const ProviderConfig& config) {
  std::vector<std::string> names;
  for (const ModelConfig& model : config.models) names.push_back(model.name);
  return names;
}

// Seconds by the law, < 0 where there is none.
double ServiceTime(const ServiceConfig& service, double u) {
  const double mean_s = Seconds(service.mean);
  switch (service.kind) {
    case ServiceKind::kLatency: return -1;
    case ServiceKind::kExponential: return Exponential(u, mean_s);
    case ServiceKind::kDeterministic: return mean_s;
    case ServiceKind::kLogNormal: {
      const double median_s = mean_s * std::exp(-service.sigma * service.sigma / 2);
      return LogNormal(u, median_s, service.sigma);
    }
  }
  return -1;
}

bool SpoilsAnswer(int fault) {
  return fault >= 0 && !FaultTable()[static_cast<size_t>(fault)].impairment;
}

// A fault that shows in a 200 has had the model at work; so has a reply without any.
bool ReachesModel(const ReplyPlan& plan) { return plan.status == 200 && plan.end != End::kHang; }

// Is the question still there, or has a client that shortened the prompt cut into it?
bool HoldsWholeTask(uint64_t seed, const ApiRequest& request) {
  return request.task_text.find(TaskPrompt(seed, *request.task, 0)) != std::string_view::npos;
}

}  // namespace

uint64_t RequestKey(std::string_view request_id) { return HashText(request_id); }

uint64_t RequestKey(const TaskSpec& task) { return RequestKey(TaskId(task)); }

uint64_t JudgeKey(uint64_t request_key) { return DrawBits(0, kJudgeKeys, request_key); }

Provider::Provider(ProviderId id, const ProviderConfig& config, uint64_t seed, Climate* climate,
                   GroundTruth* truth, QuotaRegions* regions)
    : id_(id),
      config_(config),
      seed_(seed),
      climate_(climate),
      truth_(truth),
      faults_(std::make_unique<FaultDraw>(config.faults, config.name, seed)),
      server_(MakeDialectServer(config.dialect, ModelNames(config))),
      latency_stream_(Stream("latency/" + config.name)),
      reply_stream_(Stream("reply/" + config.name)),
      service_stream_(Stream("service/" + config.name)) {
  for (const ModelConfig& model : config.models) {
    model_streams_.push_back(Stream("model/" + model.name));
  }
  const CapacityConfig& capacity = config.capacity;
  if (capacity.servers > 0) {
    const bool bounded = !capacity.queue || capacity.queue_max > 0;
    const int64_t places = capacity.queue ? capacity.queue_max : 0;
    queue_ =
        std::make_unique<ServiceQueue>(capacity.servers, bounded ? places : ServiceQueue::kNoBound);
  }
  if (Quota::Limits(config.quota)) quota_ = std::make_unique<Quota>(config.quota, regions);
}

Provider::~Provider() = default;

Duration Provider::Decision::Latency(int64_t tokens) const {
  if (service_s >= 0) return FromSeconds(service_s);
  return FromSeconds(ttft_s + per_token_s * static_cast<double>(tokens));
}

Provider::Decision::Pace Provider::Decision::PaceOf(int64_t tokens) const {
  if (service_s < 0) return {FromSeconds(ttft_s), FromSeconds(per_token_s)};
  const double by_tokens_s = ttft_s + per_token_s * static_cast<double>(tokens);
  if (by_tokens_s <= 0) return {FromSeconds(service_s), 0s};
  const double scale = service_s / by_tokens_s;
  return {FromSeconds(scale * ttft_s), FromSeconds(scale * per_token_s)};
}

Provider::Decision Provider::Decide(uint64_t request_key, std::string_view session,
                                    uint32_t arrival, size_t model, Time now) const {
  Decision decision;
  const LatencyConfig& latency = config_.latency;
  const double u_ttft = Draw(seed_, latency_stream_, request_key, arrival, kTtft);
  const double u_token = Draw(seed_, latency_stream_, request_key, arrival, kPerToken);
  decision.ttft_s = LogNormal(u_ttft, Seconds(latency.ttft_median), latency.ttft_sigma);
  decision.per_token_s =
      LogNormal(u_token, Seconds(latency.per_token_median), latency.per_token_sigma);
  if (const ServiceConfig& law = config_.capacity.service; law.kind != ServiceKind::kLatency) {
    decision.service_s = ServiceTime(law, Draw(seed_, service_stream_, request_key, arrival));
  }
  const double base_error = config_.models[model].base_error;
  decision.model_errs =
      base_error > 0 && Draw(seed_, model_streams_[model], request_key) < base_error;

  if (climate_ != nullptr) {
    if (const auto hit =
            climate_->Hit(id_, request_key, session, arrival, now, config_.models[model].name)) {
      decision.fault = hit->fault;
      decision.variant = hit->variant;
      decision.episode = hit->episode;
      return decision;
    }
  }
  const FaultHit hit = faults_->At(request_key, arrival, model);
  decision.fault = hit.kind;
  decision.variant = hit.variant;
  decision.request_bound = hit.request_bound;
  return decision;
}

ReplyPlan Provider::Plan(const HttpRequest& request, Time now) {
  ReplyPlan plan;
  const std::optional<uint64_t> named = KeyInHeaders(request.headers);
  const auto moment = static_cast<uint64_t>(now.time_since_epoch().count());
  ApiRequest api;
  if (!server_->Read(request, DrawBits(seed_, reply_stream_, named.value_or(0), moment), &api,
                     &plan)) {
    plan.at = now + config_.latency.ttft_median / 10;
    const bool stray = task_first_ && !request.body.empty();
    if (!named && !stray) return plan;  // not a request of ours; nobody will ask for it
    plan.request_key = named ? *named : HashBody(request.body);
    CountArrival({}, now, &plan);
    Log(api, now, plan);
    return plan;
  }
  if (api.task && (task_first_ || !named)) {
    plan.request_key = RequestKey(*api.task);
  } else {
    plan.request_key = named ? *named : HashBody(request.body);
  }
  if (api.judged) plan.request_key = JudgeKey(plan.request_key);
  plan.model = static_cast<int>(api.model);
  CountArrival(api.user, now, &plan);
  Decision decision = Decide(plan.request_key, api.user, plan.arrival, api.model, now);
  if (api.reask && ReaskHeals(plan, decision)) {
    decision.fault = -1;
    decision.episode = -1;
    decision.request_bound = false;
  }
  Answer(api, decision, now, &plan);
  if (plan.retry_not_before > kStart) RememberHint(api.user, plan);
  Log(api, now, plan);
  return plan;
}

// A model that has erred in form and is told so may get it right, however its fault was drawn.
bool Provider::ReaskHeals(const ReplyPlan& plan, const Decision& decision) const {
  static const int kSchemaDrift = FindFault("schema_drift");
  if (decision.fault != kSchemaDrift) return false;
  const double heals = faults_->config(kSchemaDrift).reask_heals;
  return Draw(seed_, reply_stream_, plan.request_key, plan.arrival, kHeal) < heals;
}

// Numbers this arrival. It is early if its client was told to wait for longer; a hint whose reply
// was still to come when the client gave up told it nothing.
void Provider::CountArrival(std::string_view user, Time now, ReplyPlan* plan) {
  const History history = truth_->HistoryOf(plan->request_key, id_);
  plan->arrival = history.arrivals;
  const Time then = now + kHintGrain;
  if (Wait{history.replied, history.retry_not_before}.Covers(then)) {
    plan->early = EarlyReturn::kSameRequest;
  } else if (!waiting_users_.empty() && !user.empty()) {
    const auto it = waiting_users_.find(HashText(user));
    const bool early = it != waiting_users_.end() && it->second.Covers(then);
    if (early) plan->early = EarlyReturn::kSameUser;
  }
  if (plan->early != EarlyReturn::kNo) truth_->OnEarlyReturn(plan->early);
}

void Provider::RememberHint(std::string_view user, const ReplyPlan& plan) {
  if (user.empty()) return;
  const Wait wait{plan.at, plan.retry_not_before};
  const uint64_t key = HashText(user);
  const auto [it, added] = waiting_users_.try_emplace(key, wait);
  if (!added) {
    if (it->second.until < wait.from) it->second.from = wait.from;
    it->second.until = std::max(it->second.until, wait.until);
    return;
  }
  waiting_order_.push_back(key);
  if (waiting_order_.size() <= kMaxWaitingUsers) return;
  waiting_users_.erase(waiting_order_.front());
  waiting_order_.pop_front();
}

// What the model says where nothing goes wrong but the model itself.
void Provider::WriteContent(const ApiRequest& request, const Decision& decision, ReplyPlan* plan) {
  const ModelConfig& model = config_.models[request.model];
  const uint64_t stream = model_streams_[request.model];
  bool errs = decision.model_errs;
  // Where prompts are cut to fit a window, the cut may take away what the question is about.
  if (model.context_tokens > 0 && request.task && !request.judged) {
    errs = errs || !HoldsWholeTask(seed_, request);
  }
  const AnswerKind kind = errs ? AnswerKind::kWrong : AnswerKind::kRight;
  content_.clear();
  if (request.judged) {
    const double judge_error = model.judge_error;
    const Verdict verdict = JudgeAnswer(seed_, stream, judge_error, *request.task, *request.judged);
    errs = verdict.erred;
    AppendVerdict(verdict.right, AnswerKind::kRight, &content_);
  } else if (request.task) {
    AppendAnswer(seed_, *request.task, kind, &content_, stream);
  } else if (!request.sample.empty()) {
    content_ = request.sample;
  } else {
    AppendSmallTalk(kind, request.json || !request.format.tool.empty(), &content_);
  }
  plan->model_erred = errs;
  plan->wrong_by_model = errs && !SpoilsAnswer(decision.fault);
}

// Renders the healthy answer, applies the fault, and finds the time of the reply.
void Provider::Answer(const ApiRequest& request, const Decision& decision, Time now,
                      ReplyPlan* plan) {
  WriteContent(request, decision, plan);
  ApiAnswer answer;
  answer.completion_tokens = CountTokens(content_.size());
  if (request.max_tokens > 0 && answer.completion_tokens > request.max_tokens) {
    answer.out_of_tokens = true;
    answer.completion_tokens = request.max_tokens;
    content_.resize(WholeCodePoints(content_, static_cast<size_t>(request.max_tokens) * 4));
  }
  const Duration latency = decision.Latency(answer.completion_tokens);
  answer.model = config_.models[request.model].name;
  answer.content = content_;
  answer.prompt_tokens = request.prompt_tokens;
  answer.now = now;
  answer.processing = latency;
  const Decision::Pace pace = decision.PaceOf(answer.completion_tokens);
  answer.ttft = pace.ttft;
  answer.per_token = pace.per_token;
  answer.id_bits = DrawBits(seed_, reply_stream_, plan->request_key, plan->arrival, kId);
  answer.format = request.format;
  std::optional<QuotaVerdict> verdict;
  if (quota_) {
    verdict = quota_->Admit(CostOf(request.prompt_tokens, request.max_tokens), now);
    answer.quota = &verdict->view;
  }
  plan->at = SaturatingAdd(now, latency);
  plan->completion_tokens = answer.completion_tokens;
  server_->WriteAnswer(answer, plan);

  const int row = std::max(decision.fault, 0);
  FaultContext context{faults_->config(row),         *server_, request, answer, seed_,
                       FromSeconds(decision.ttft_s), 0};
  if (decision.fault >= 0) {
    context.u = Draw(seed_, reply_stream_, plan->request_key, plan->arrival, kEdit);
    ApplyFault(decision.fault, decision.variant, context, plan);
    plan->fault.episode = decision.episode;
    plan->fault.request_bound = decision.request_bound;
  }
  const LimitHit limit = FindLimit(config_.models[request.model], request, *server_);
  if (limit.present() && ReachesModel(*plan)) ApplyModelLimit(limit, context, plan);
  if (verdict && !verdict->admitted() && !SpoilsAnswer(plan->fault.kind)) {
    ApplyQuota(*verdict, context, plan);
  }
  if (queue_) Schedule(context, latency, plan);
  if (verdict && verdict->admitted()) Charge(context, latency, *plan);
}

// What an admitted request goes on to use up.
void Provider::Charge(const FaultContext& context, Duration latency, const ReplyPlan& plan) {
  const bool hangs = plan.end == End::kHang;
  quota_->Began(hangs ? SaturatingAdd(context.answer.now, latency) : EndOf(plan));
  if (plan.status != 200) return;
  const ModelConfig& model = config_.models[context.request.model];
  const double in = static_cast<double>(context.request.prompt_tokens) * model.usd_per_mtok_in;
  const double out = static_cast<double>(plan.completion_tokens) * model.usd_per_mtok_out;
  quota_->Spent((in + out) * 1e-6);
}

// Puts the reply behind the work of a server. Requests are turned down without work; a reply that
// will hang, be cut or be reset has been worked on all the same.
void Provider::Schedule(const FaultContext& context, Duration latency, ReplyPlan* plan) {
  if (plan->status != 200) return;
  const Time now = context.answer.now;
  const bool hangs = plan->end == End::kHang;
  const Duration work = hangs ? latency : EndOf(*plan) - now;
  const std::optional<Time> start = queue_->Enter(now, work);
  if (start && plan->at != kNever) plan->at = SaturatingAdd(plan->at, *start - now);
  // A full queue depends on the engine, so it must not take the place of a drawn fault.
  if (!start && !SpoilsAnswer(plan->fault.kind)) ApplyQueueFull(context, plan);
}

void Provider::Log(const ApiRequest& request, Time now, const ReplyPlan& plan) {
  Arrival arrival;
  arrival.provider = id_;
  arrival.model = static_cast<uint16_t>(request.model);
  arrival.fault = plan.fault;
  arrival.model_erred = plan.model_erred;
  arrival.wrong_by_model = plan.wrong_by_model;
  arrival.executed = plan.status == 200 || plan.completion_tokens > 0;
  arrival.prompt_tokens = request.prompt_tokens;
  arrival.completion_tokens = plan.completion_tokens;
  arrival.arrived = now;
  arrival.replied = plan.at;
  arrival.retry_not_before = plan.retry_not_before;
  truth_->OnScheduled(plan.request_key, arrival);
}

bool Provider::TurnsDown(const HttpRequest& request) {
  ReplyPlan ignored;
  ApiRequest api;
  if (!server_->Read(request, 0, &api, &ignored)) return true;
  return FindLimit(config_.models[api.model], api, *server_).present();
}

bool Provider::Fits(size_t model, int64_t prompt_tokens, int64_t max_tokens) const {
  return squall::Fits(config_.models[model], prompt_tokens, max_tokens, *server_);
}

void Provider::ReplaceFaults(const std::map<std::string, FaultConfig>& faults) {
  config_.faults = faults;
  faults_ = std::make_unique<FaultDraw>(faults, config_.name, seed_);
}

void Provider::Played(const ReplyPlan& plan) { truth_->OnInjected(plan.fault); }
void Provider::Left(const ReplyPlan& plan) { truth_->OnLeft(plan.fault); }

Outlook Provider::Peek(uint64_t request_key, std::string_view session, uint32_t arrival,
                       size_t model, int64_t answer_tokens, Time now) const {
  const Decision decision = Decide(request_key, session, arrival, model, now);
  Outlook outlook;
  outlook.fault = decision.fault;
  outlook.right = !decision.model_errs && !SpoilsAnswer(decision.fault);
  outlook.latency = decision.Latency(answer_tokens);
  if (decision.fault >= 0 && FaultTable()[static_cast<size_t>(decision.fault)].slows) {
    const double slowdown = faults_->config(decision.fault).slowdown;
    outlook.latency = FromSeconds(Seconds(outlook.latency) * slowdown);
  }
  return outlook;
}

}  // namespace squall
