#include "scenarios/models/retry_storm.h"

#include <algorithm>
#include <array>

namespace squall {
namespace {

constexpr std::array<std::string_view, 2> kSpacingNames = {"exponential", "constant"};
constexpr std::array<std::string_view, 2> kFillNames = {"per_call", "per_success"};
constexpr std::array<std::string_view, 2> kLateNames = {"ignored", "counts"};
constexpr StreamId kArrivalDraw = Stream("model/retry_storm/arrival");
constexpr StreamId kServiceDraw = Stream("model/retry_storm/service");
constexpr StreamId kWaitDraw = Stream("model/retry_storm/wait");
constexpr StreamId kBreakerDraw = Stream("model/retry_storm/breaker");
constexpr SpanRange kAnySpan{0s, 24h};
constexpr double kStuckBelow = 0.5;  // of the arrivals

Duration SpanOf(Spacing spacing, double per_s, double u) {
  const Duration mean = FromSeconds(1 / per_s);
  return spacing == Spacing::kConstant ? mean : ExponentialSpan(u, mean);
}

double PerSecond(int64_t count, Time from, Time to) {
  return to > from ? static_cast<double>(count) / Seconds(to - from) : 0;
}

double Ratio(int64_t a, int64_t b) {
  return b > 0 ? static_cast<double>(a) / static_cast<double>(b) : 0;
}

}  // namespace

// Off by default are the mechanisms, so that each can be switched on by itself.
RetryStorm::RetryStorm() {
  backoff.kind = BackoffKind::kNone;
  budget.enabled = false;
  budget.kind = BudgetKind::kTokenBucket;
  budget.capacity = 10;
  budget.retry_cost = 1;
  budget.timeout_cost = 1;
  budget.throttled_cost = 1;
  budget.success_gain = 0.1;
  budget.refund = false;
  breaker.enabled = false;
}

void Describe(Fields& f, RetryStorm& m) {
  f.Enum("arrivals", m.arrivals, kSpacingNames, "Gaps between arrivals.");
  f.Number("arrivals_per_s", m.arrivals_per_s, {1e-3, 1e5}, "Requests offered per second: lambda.");
  f.Enum("service", m.service, kSpacingNames, "Service times.");
  f.Number("service_per_s", m.service_per_s, {1e-3, 1e5}, "What the server can do: mu.");
  f.Int("queue_max", m.queue_max, {0, 10'000'000}, "Attempts that may wait, the served one apart.");
  f.Span("timeout", m.timeout, {1us, 24h}, "Patience of one attempt, from when it is queued.");
  f.Int("retries", m.retries, {0, 100}, "Attempts after the first.");
  f.Bool("retry_drops", m.retry_drops, "Whether an attempt that found the queue full is repeated.");
  f.Enum("late_reply", m.late_reply, kLateNames,
         "What a reply to an attempt that has timed out does while its request is still tried.");
  f.Number("spike_per_s", m.spike_per_s, {0, 1e5}, "Requests per second in the spike; 0 = none.");
  f.Span("spike_at", m.spike_at, kAnySpan, "When the spike begins.");
  f.Span("spike_for", m.spike_for, kAnySpan, "How long it lasts; 0 = there is none.");
  f.Span("pause_at", m.pause_at, kAnySpan, "When the server stands still.");
  f.Span("pause_for", m.pause_for, kAnySpan, "For how long; 0 = never.");
  f.Span("pre_from", m.pre_from, kAnySpan, "Where counting of the time before spike_at begins.");
  f.Span("run_for", m.run_for, {1ms, 24h * 30}, "When arrivals end.");
  f.Span("drain", m.drain, kAnySpan, "How much longer everything else goes on.");
  f.Span("last", m.last, {1ms, 24h}, "Time before run_for over which the end is judged.");
  f.Struct("backoff", m.backoff, "Wait before a retry.");
  f.Enum("bucket_fill", m.bucket_fill, kFillNames,
         "Whether budget.success_gain is given for each request offered or for each success.");
  f.Struct("budget", m.budget, "What limits retries.");
  f.Struct("breaker", m.breaker, "Circuit breaker between the clients and the server.");
  f.Require(m.last <= m.run_for, "last must be at most run_for");
}

StormRun::StormRun(const RetryStorm& model, uint64_t seed)
    : m_(model), seed_(seed), budget_(model.budget), breaker_(model.breaker) {
  pre_ = {kStart + m_.pre_from, kStart + m_.spike_at};
  end_ = {kStart + m_.run_for - m_.last, kStart + m_.run_for};
  // The slope is taken over the second half of what follows the trigger, from a whole second on.
  const Duration trigger = m_.pause_for > 0s ? m_.pause_at + m_.pause_for : m_.spike_at;
  const Duration half = (trigger + (m_.run_for - trigger) / 2) / 1s * 1s;
  grow_ = {kStart + std::min(half, m_.run_for), end_.to};
  events_.Push(kStart + Gap(), {What::kArrival, 0, 0});
  if (m_.pause_for > 0s) events_.Push(kStart + m_.pause_at + m_.pause_for, {What::kResume, 0, 0});
}

Duration StormRun::Gap() {
  const Time spike = kStart + m_.spike_at;
  const bool in_spike = now_ >= spike && now_ < spike + m_.spike_for;
  const double rate = in_spike && m_.spike_per_s > 0 ? m_.spike_per_s : m_.arrivals_per_s;
  return SpanOf(m_.arrivals, rate, U(kArrivalDraw, requests_.size()));
}

bool StormRun::FillsPerCall() const {
  return m_.budget.kind == BudgetKind::kTokenBucket && m_.bucket_fill == BucketFill::kPerCall;
}

bool StormRun::Paused() const {
  const Time from = kStart + m_.pause_at;
  return from <= now_ && now_ < from + m_.pause_for;
}

bool StormRun::Step() {
  const Time until = end_.to + m_.drain;
  if (events_.empty() || events_.next() > until) return false;
  const auto event = events_.Pop();
  if (waiting_at_grow_ < 0 && event.at >= grow_.from) waiting_at_grow_ = waiting();
  if (waiting_at_end_ < 0 && event.at >= grow_.to) waiting_at_end_ = waiting();
  now_ = event.at;
  switch (event.what.what) {
    case What::kArrival: Arrive(); break;
    case What::kServed:
      busy_ = false;
      Answer(in_service_);
      Serve();
      break;
    case What::kTimeout: {
      Request& request = requests_[event.what.request];
      if (!request.open || !request.waiting || request.attempt != event.what.attempt) break;
      ++timeouts_;
      Fail(event.what.request, true, Trigger::kTimeout);
      break;
    }
    case What::kRetry:
      if (requests_[event.what.request].open) Send(event.what.request, true);
      break;
    case What::kResume: Serve(); break;
  }
  return true;
}

void StormRun::Arrive() {
  if (now_ >= end_.to) return;
  const auto request = static_cast<uint32_t>(requests_.size());
  requests_.emplace_back();
  for (Window* window : {&pre_, &end_}) window->arrivals += window->Holds(now_) ? 1 : 0;
  events_.Push(now_ + Gap(), {What::kArrival, 0, 0});
  budget_.Deposit(now_);
  if (FillsPerCall()) {
    AttemptEnd fill;
    fill.outcome = CallOutcome::kSuccess;
    budget_.Settle(now_, fill);
  }
  Send(request, false);
}

// The first attempt, or one that the budget has paid for.
void StormRun::Send(uint32_t id, bool extra) {
  Request& request = requests_[id];
  if (m_.breaker.enabled) {
    const auto attempt = static_cast<uint64_t>(request.attempt);
    const auto permit = breaker_.Acquire(now_, U(kBreakerDraw, id, attempt));
    if (!permit) {
      ++refused_;
      Settle(request, CallOutcome::kNeutral);
      GiveUp(&request);
      return;
    }
    request.permit = *permit;
  }
  ++attempts_;
  if (extra) ++retried_;
  for (Window* window : {&pre_, &end_}) window->attempts += window->Holds(now_) ? 1 : 0;
  request.waiting = true;
  const Job job{id, request.attempt};
  if (!busy_ && queue_.empty() && !Paused()) {
    Start(job);
  } else if (waiting() >= m_.queue_max) {
    ++dropped_;
    Fail(id, m_.retry_drops, Trigger::kThrottled);
    return;
  } else {
    queue_.push_back(job);
    peak_ = std::max(peak_, waiting());
  }
  events_.Push(now_ + m_.timeout, {What::kTimeout, id, job.attempt});
}

void StormRun::Start(const Job& job) {
  busy_ = true;
  in_service_ = job;
  Duration work = SpanOf(m_.service, m_.service_per_s, U(kServiceDraw, served_++));
  const Time pause = kStart + m_.pause_at;
  if (now_ < pause && now_ + work > pause) work += m_.pause_for;
  events_.Push(now_ + work, {What::kServed, 0, 0});
}

void StormRun::Serve() {
  if (busy_ || queue_.empty() || Paused()) return;
  const Job job = queue_.front();
  queue_.pop_front();
  Start(job);
}

void StormRun::Answer(const Job& job) {
  Request& request = requests_[job.request];
  const bool current = request.waiting && request.attempt == job.attempt;
  if (!request.open || (!current && m_.late_reply == LateReply::kIgnored)) return;
  request.open = false;
  ++good_;
  for (Window* window : {&pre_, &end_}) window->good += window->Holds(now_) ? 1 : 0;
  if (request.waiting) Settle(request, CallOutcome::kSuccess);
  request.waiting = false;
}

void StormRun::Settle(const Request& request, CallOutcome outcome) {
  AttemptEnd end;
  end.extra = request.attempt > 0;
  const bool filled = FillsPerCall() && outcome == CallOutcome::kSuccess;
  end.outcome = filled ? CallOutcome::kNeutral : outcome;  // it has given its tokens already
  budget_.Settle(now_, end);
  if (m_.breaker.enabled && outcome != CallOutcome::kNeutral) {
    breaker_.Report(request.permit, outcome, now_);
  }
}

void StormRun::GiveUp(Request* request) {
  request->open = false;
  ++given_up_;
}

void StormRun::Fail(uint32_t id, bool may_retry, Trigger trigger) {
  Request& request = requests_[id];
  request.waiting = false;
  Settle(request, CallOutcome::kFailure);
  if (!may_retry || request.attempt >= m_.retries || !budget_.Withdraw(now_, {}, trigger)) {
    GiveUp(&request);
    return;
  }
  const BackoffPast past{request.attempt, request.wait, 0};
  ++request.attempt;
  const double u = U(kWaitDraw, id, static_cast<uint64_t>(request.attempt));
  request.wait = BackoffDelay(m_.backoff, past, u);
  if (request.wait > 0s) {
    events_.Push(now_ + request.wait, {What::kRetry, id, request.attempt});
  } else {
    Send(id, true);
  }
}

bool StormRun::stuck() const {
  return PerSecond(end_.good, end_.from, end_.to) < kStuckBelow * m_.arrivals_per_s;
}

void StormRun::Report(ModelOutputs* out) const {
  const auto requests = static_cast<int64_t>(requests_.size());
  out->Count("stuck", stuck() ? 1 : 0, 1);
  out->Add("goodput_pre_per_s", PerSecond(pre_.good, pre_.from, pre_.to));
  out->Add("goodput_last_per_s", PerSecond(end_.good, end_.from, end_.to));
  out->Add("load_last", Ratio(end_.attempts, end_.arrivals));
  out->Add("load", Ratio(attempts_, requests));
  out->Add("success", Ratio(good_, requests));
  out->Add("queue_growth_per_s",
           PerSecond(std::max<int64_t>(waiting_at_end_, 0) - std::max<int64_t>(waiting_at_grow_, 0),
                     grow_.from, grow_.to));
  out->Add("peak_waiting", static_cast<double>(peak_));
  const std::pair<const char*, int64_t> counts[] = {
      {"requests", requests}, {"succeeded", good_},    {"attempts", attempts_},
      {"retries", retried_},  {"timeouts", timeouts_}, {"dropped", dropped_},
      {"refused", refused_},  {"gave_up", given_up_}};
  for (const auto& [name, count] : counts) out->Add(name, static_cast<double>(count));
}

void RunModel(const RetryStorm& m, uint64_t seed, ModelOutputs* out) {
  StormRun run(m, seed);
  while (run.Step()) {
  }
  run.Report(out);
}

}  // namespace squall
