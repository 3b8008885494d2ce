#include "engine/gateway/async_service.h"

#include <algorithm>
#include <utility>

#include "engine/base/cat.h"
#include "engine/base/check.h"
#include "engine/gateway/async_job.h"

namespace squall {
namespace {

constexpr Duration kUpkeepEvery = 5s;
constexpr int64_t kPurgeRows = 1000;
constexpr Duration kPauseAfterError = 1s;

struct WakeOther {
  std::stop_source* other;
  void operator()() const noexcept { other->request_stop(); }
};

class CountRunning {
 public:
  explicit CountRunning(int64_t* count) : count_(count) { ++*count_; }
  ~CountRunning() { --*count_; }
  CountRunning(const CountRunning&) = delete;
  CountRunning& operator=(const CountRunning&) = delete;

 private:
  int64_t* count_;
};

}  // namespace

AsyncService::AsyncService(GatewayCore& core, const AsyncConfig& config, Say say,
                           std::unique_ptr<RecordQueue> queue)
    : core_(core), config_(config), say_(std::move(say)), queue_(std::move(queue)) {}

AsyncService::~AsyncService() { SQUALL_CHECK(running_ == 0 && jobs_.empty()); }

absl::StatusOr<std::unique_ptr<AsyncService>> AsyncService::Open(GatewayCore& core,
                                                                 const AsyncConfig& config,
                                                                 Say say) {
  absl::StatusOr<std::unique_ptr<RecordQueue>> queue = RecordQueue::Open(config.record);
  if (!queue.ok()) return queue.status();
  return std::unique_ptr<AsyncService>(
      new AsyncService(core, config, std::move(say), *std::move(queue)));
}

void AsyncService::Start() {
  started_ = true;
  Spawn(core_.env.executor(), Boot());
}

// What a process before this one has left is released before anything is claimed.
Task<> AsyncService::Boot() {
  const CountRunning running(&running_);
  const std::stop_token stop = stop_.get_token();
  while (!stop.stop_requested()) {
    const absl::StatusOr<RecoveryReport> report = co_await queue_->Recover();
    if (report.ok()) {
      const int64_t found = report->requeued + report->failed;
      if (found > 0) {
        say_(Cat("record: ", report->requeued, " requests taken up again, ", report->failed,
                 " failed, ", report->unknown_attempts, " attempts of unknown outcome"));
      }
      break;
    }
    say_(Cat("record: ", std::string(report.status().message())));
    [[maybe_unused]] const bool due =
        co_await core_.env.SleepUntil(core_.env.Now() + kPauseAfterError, stop);
  }
  for (int64_t i = 0; i < config_.workers; ++i) Spawn(core_.env.executor(), Work());
  Spawn(core_.env.executor(), Upkeep());
}

Task<> AsyncService::Work() {
  const CountRunning running(&running_);
  const std::stop_token stop = stop_.get_token();
  while (!stop.stop_requested()) {
    absl::StatusOr<std::optional<ClaimedRequest>> claimed = co_await queue_->ClaimNext();
    if (claimed.ok() && claimed->has_value()) {
      ClaimedRequest& request = **claimed;
      std::shared_ptr<Job> job =
          NewJob(std::move(request.lock), std::move(request.endpoint), std::move(request.body));
      co_await Execute(std::move(job));
      continue;
    }
    std::stop_source wake;
    const WakeOther wake_up{&wake};
    const std::stop_callback<WakeOther> on_stop(stop, wake_up);
    const std::stop_callback<WakeOther> on_work(work_.get_token(), wake_up);
    const Duration pause = claimed.ok() ? config_.poll : std::max(config_.poll, kPauseAfterError);
    const std::stop_token woken = wake.get_token();
    [[maybe_unused]] const bool due = co_await core_.env.SleepUntil(core_.env.Now() + pause, woken);
    if (work_.stop_requested()) work_ = std::stop_source();
  }
}

Task<> AsyncService::Upkeep() {
  const CountRunning running(&running_);
  const std::stop_token stop = stop_.get_token();
  while (!stop.stop_requested()) {
    const absl::StatusOr<int64_t> purged = co_await queue_->Purge(kPurgeRows);
    const absl::StatusOr<RecordCounts> counts = co_await queue_->Counts();
    if (counts.ok()) counts_ = *counts;
    const bool more = purged.ok() && *purged == kPurgeRows;
    if (more) continue;
    [[maybe_unused]] const bool due =
        co_await core_.env.SleepUntil(core_.env.Now() + kUpkeepEvery, stop);
  }
}

void AsyncService::StopClaiming() { stop_.request_stop(); }

Task<> AsyncService::Stop(Time deadline) {
  StopClaiming();
  constexpr Duration kLook = 5ms;
  while (!jobs_.empty() || running_ > 0) {
    if (core_.env.Now() >= deadline) {
      for (const auto& [unused, job] : jobs_) job->Abandon();
    }
    [[maybe_unused]] const bool due = co_await core_.env.SleepUntil(core_.env.Now() + kLook);
  }
  queue_->Close();
}

std::shared_ptr<AsyncService::Job> AsyncService::NewJob(RequestLock lock, std::string endpoint,
                                                        std::string body) {
  auto job = std::make_shared<Job>(std::move(lock), std::move(endpoint), std::move(body));
  job->began = core_.env.Now();
  jobs_[job->lock.id] = job;
  Spawn(core_.env.executor(), KeepLease(job));
  return job;
}

// Somebody else has the request now.
void AsyncService::Lose(Job* job) const {
  job->lost = true;
  job->stop.request_stop();
}

Task<> AsyncService::KeepLease(std::shared_ptr<Job> job) {
  const CountRunning running(&running_);
  const std::stop_token done = job->finished.get_token();
  while (!done.stop_requested()) {
    const Duration pause = config_.record.lease / 3;
    const bool due = co_await core_.env.SleepUntil(core_.env.Now() + pause, done);
    if (!due) co_return;
    const absl::StatusOr<UnixTime> until = co_await queue_->Renew(job->lock);
    if (!until.ok() && IsStaleLock(until.status()) && !done.stop_requested()) Lose(job.get());
  }
}

bool AsyncService::Knows(std::string_view request_id) const {
  return jobs_.find(request_id) != jobs_.end();
}

Task<int64_t> AsyncService::OnBegin(OutgoingAttempt attempt) {
  const std::shared_ptr<Job> job = jobs_.at(attempt.request_id);
  const absl::StatusOr<int64_t> number =
      co_await queue_->BeginAttempt(job->lock, attempt.upstream, attempt.model);
  if (!number.ok()) {
    if (IsStaleLock(number.status())) {
      Lose(job.get());
    } else {
      job->unrecorded = true;
      job->exhausted = absl::IsResourceExhausted(number.status());
    }
    co_return 0;
  }
  job->open.push_back({*number, std::move(attempt.upstream), std::move(attempt.model)});
  co_return *number;
}

void AsyncService::OnAttempt(std::string_view request_id, const AttemptRecord& attempt) {
  const auto found = jobs_.find(request_id);
  if (found == jobs_.end() || !attempt.sent) return;
  const std::shared_ptr<Job>& job = found->second;
  const ProviderInfo& provider = job->route->providers()[attempt.provider];
  const std::string& model = provider.models[attempt.model].name;
  auto open = std::find_if(job->open.begin(), job->open.end(), [&](const Job::Open& one) {
    return one.upstream == provider.name && one.model == model;
  });
  if (open == job->open.end()) return;  // it never left
  RecordedEnd end;
  // Where nothing came back that says so, it may have been executed all the same.
  const bool unknown = attempt.diagnosis.safety == Safety::kMaybeExecuted;
  end.outcome = attempt.diagnosis.ok() ? RecordedOutcome::kSucceeded
                : unknown              ? RecordedOutcome::kUnknown
                                       : RecordedOutcome::kFailed;
  if (!attempt.diagnosis.ok()) {
    end.failure_class = std::string(FailureClassName(attempt.diagnosis.failure));
    end.error_code = std::string(attempt.diagnosis.rule);
  }
  end.http_status = attempt.status;
  const int64_t number = open->number;
  job->open.erase(open);
  ++job->finishing;
  Spawn(core_.env.executor(), FinishAttempt(job, number, std::move(end)));
}

Task<> AsyncService::FinishAttempt(std::shared_ptr<Job> job, int64_t number, RecordedEnd end) {
  const CountRunning running(&running_);
  const absl::Status status = co_await queue_->FinishAttempt(job->lock, number, std::move(end));
  if (!status.ok() && IsStaleLock(status)) Lose(job.get());
  --job->finishing;
  job->settled.request_stop();
}

// From the claim to the end of it. The job is known under its id until then.
Task<> AsyncService::Execute(std::shared_ptr<Job> job) {
  const CountRunning running(&running_);
  co_await Call(*job);
  while (job->finishing > 0) {
    job->settled = std::stop_source();
    const std::stop_token settled = job->settled.get_token();
    [[maybe_unused]] const bool due = co_await core_.env.SleepUntil(kNever, settled);
  }
  if (!job->lost) co_await Conclude(*job);
  core_.metrics.Count("squall_gateway_async_total", job->outcome);
  Log(*job);
  jobs_.erase(job->lock.id);
  job->finished.request_stop();
  work_.request_stop();
}

Task<> AsyncService::Call(Job& job) {
  const std::shared_ptr<const GatewayState> state = core_.state;
  ChatIntake intake;
  const ApiShape shape = job.endpoint == "/v1/messages" ? ApiShape::kAnthropic : ApiShape::kOpenAi;
  job.error = ReadChat(job.body, shape, state->config.default_max_tokens, &intake);
  if (job.error.has_value()) co_return;
  job.route = state->fleet->Find(intake.model);
  if (job.route == nullptr) {
    job.error.emplace(404, "model_not_found", "The model is not served here any more.");
    job.error->retry = false;
    co_return;
  }
  job.error = ChooseProviders(*job.route, &intake);
  if (job.error.has_value()) co_return;
  ChatRequest request = intake.request;
  request.id = job.lock.id;
  // Whoever wants at most one execution must not have a maybe executed attempt repeated either.
  request.repeatable = config_.record.on_unknown == UnknownPolicy::kRetry;
  const Time deadline = core_.env.Now() + config_.deadline;
  const JsonSchema* const schema = intake.schema.get();
  const std::stop_token stop = job.stop.get_token();
  CallResult result = co_await job.route->engine().Call(std::move(request), schema, deadline, stop);
  CountCall(*job.route, result, &core_);
  if (result.ok) {
    job.answer = AnswerBody(AnswerOf(*job.route, intake, result, job.lock.id), shape);
  } else {
    job.error = CallError(result, core_.env.Now());
    if (result.stop_reason == "not_repeatable") job.error->retry = false;
  }
  job.result = std::move(result);
}

// Writes what came of it. Where the record cannot be written the lease runs out, and whoever claims
// the request then tries again.
Task<> AsyncService::Conclude(Job& job) {
  absl::Status status;
  const UnixTime now = queue_->now();
  if (job.answer.has_value()) {
    job.outcome = "completed";
    std::string body = *job.answer;
    status = co_await queue_->Complete(job.lock, std::move(body), 200);
  } else if (job.exhausted) {
    job.outcome = "failed";
    RequestFailure failure;
    failure.error_code = "too_many_attempts";
    failure.message = "The attempts that the record allows one request are used up.";
    failure.http_status = 502;
    status = co_await queue_->Fail(job.lock, std::move(failure));
  } else if (job.abandoned || job.unrecorded) {
    job.outcome = "put_back";
    // A record that could not be written is not asked again at once.
    const UnixTime at = job.abandoned ? now : now + config_.retry_after;
    status = co_await queue_->ScheduleRetry(job.lock, at, "interrupted");
  } else if (job.error->retry && job.lock.token < config_.max_tries) {
    job.outcome = "retrying";
    Duration wait = config_.retry_after;
    for (int64_t i = 1; i < job.lock.token && wait < config_.retry_after_max; ++i) wait *= 2;
    wait = std::min(wait, config_.retry_after_max);
    if (job.error->retry_after.has_value()) wait = std::max(wait, *job.error->retry_after);
    std::string code(job.error->code);
    status = co_await queue_->ScheduleRetry(job.lock, now + wait, std::move(code));
  } else {
    job.outcome = "failed";
    RequestFailure failure = FailureOf(*job.error);
    status = co_await queue_->Fail(job.lock, std::move(failure));
  }
  if (!status.ok()) {
    job.outcome = "unwritten";
    say_(Cat("record: ", job.lock.id, ": ", std::string(status.message())));
  }
}

// The trail of an execution has a line of its own: whoever asked may be gone, or have asked twice.
void AsyncService::Log(const Job& job) const {
  AccessEntry entry;
  entry.id = job.lock.id;
  entry.method = "POST";
  entry.path = job.endpoint;
  entry.mode = "execution";
  entry.status = job.answer.has_value() ? 200 : job.error.has_value() ? job.error->status : 499;
  if (job.error.has_value()) entry.error = job.error->code;
  entry.ms = Millis(core_.env.Now() - job.began);
  if (job.route != nullptr) {
    entry.route = job.route->model();
    entry.target = job.route.get();
    entry.result = &job.result;
    entry.usage = UsageOf(job.result);
    entry.usd = CostOf(*job.route, job.result);
  }
  core_.log->Add(entry);
}

void AsyncService::AppendGauges(std::string* out) const {
  AppendGauge("squall_record_queued", "Requests that wait to be executed.",
              static_cast<double>(counts_.queued), out);
  AppendGauge("squall_record_processing", "Requests that are being executed.",
              static_cast<double>(counts_.processing), out);
  AppendGauge("squall_record_retrying", "Requests that wait to be executed again.",
              static_cast<double>(counts_.retrying), out);
  AppendGauge("squall_record_oldest_waiting_seconds", "Age of the one that has waited longest.",
              Seconds(counts_.oldest_waiting), out);
  AppendGauge("squall_record_operations_waiting", "Operations that wait for the record.",
              static_cast<double>(queue_->waiting()), out);
}

}  // namespace squall
