// The execution of one recorded request: what is written before, during and after it.
#include <absl/status/status.h>

#include <algorithm>
#include <utility>

#include "engine/base/cat.h"
#include "engine/gateway/async_job.h"

namespace squall {
namespace {

constexpr Duration kPauseUnwritten = 1s;  // between tries to write what came of a request

RequestFailure BadGatewayFailure(std::string_view code, std::string_view message) {
  RequestFailure failure;
  failure.error_code = std::string(code);
  failure.message = std::string(message);
  failure.http_status = 502;
  return failure;
}

RequestFailure TooLarge() {
  return BadGatewayFailure("result_too_large", "The answer is larger than the record takes.");
}

RequestFailure OutcomeUnknown() {
  return BadGatewayFailure("outcome_unknown",
                           "The gateway stopped during an attempt whose outcome is unknown.");
}

RequestFailure AttemptsUsedUp() {
  return BadGatewayFailure("too_many_attempts",
                           "The attempts that the record allows one request are used up.");
}

}  // namespace

bool AsyncService::Knows(std::string_view request_id) const {
  return jobs_.find(request_id) != jobs_.end();
}

// With it goes how attempts before it have ended, where that is not written yet.
Task<int64_t> AsyncService::OnBegin(OutgoingAttempt attempt) {
  const std::shared_ptr<Job> job = jobs_.at(attempt.request_id);
  co_await AwaitEnds(*job);
  const RequestLock lock = job->lock;
  const std::vector<Job::Ended> ends = std::exchange(job->ends, {});
  std::function<absl::StatusOr<int64_t>(RequestRecord&, UnixTime)> begin =
      [lock, ends, attempt](RequestRecord& record, UnixTime now) -> absl::StatusOr<int64_t> {
    const absl::Status written = Job::WriteEnds(record, lock, ends, now);
    if (!written.ok()) return written;
    return record.BeginAttempt(lock, attempt.upstream, attempt.model, now);
  };
  const absl::StatusOr<int64_t> number = co_await queue_->Run<int64_t>(std::move(begin));
  if (!number.ok()) {
    job->ends.insert(job->ends.begin(), ends.begin(), ends.end());
    if (IsStaleLock(number.status())) {
      NoteStale(job.get(), lock);
    } else {
      job->exhausted = absl::IsResourceExhausted(number.status());
    }
    job->unrecorded = true;
    co_return 0;
  }
  job->attempts = std::max(job->attempts, *number);
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
  if (unknown && config_.record.on_unknown == UnknownPolicy::kFail) job->maybe_executed = true;
  const int64_t number = open->number;
  job->open.erase(open);
  if (attempt.diagnosis.ok()) {
    // Together with what is made of it. Were it written before, and the process killed in between,
    // a request with a good answer would be executed again.
    job->ends.push_back({number, std::move(end)});
    return;
  }
  ++job->finishing;
  Spawn(core_.env.executor(), FinishAttempt(job, number, std::move(end)));
}

Task<> AsyncService::FinishAttempt(std::shared_ptr<Job> job, int64_t number, RecordedEnd end) {
  const CountWhile running(&running_);
  const RequestLock lock = job->lock;
  const absl::Status status = co_await queue_->FinishAttempt(lock, number, end);
  if (IsStaleLock(status)) NoteStale(job.get(), lock);
  if (absl::IsUnavailable(status)) job->ends.push_back({number, std::move(end)});
  --job->finishing;
  std::exchange(job->settled, std::stop_source()).request_stop();
}

Task<> AsyncService::AwaitEnds(Job& job) {
  while (job.finishing > 0) {
    const std::stop_token settled = job.settled.get_token();
    [[maybe_unused]] const bool due = co_await core_.env.SleepUntil(kNever, settled);
  }
}

// What the record has kept of a request, as its visit read it.
void AsyncService::Read(std::string_view body, Job* job) const {
  const GatewayState& state = *core_.state;
  const bool anthropic = job->endpoint == "/v1/messages";
  job->error = ReadChat(body, anthropic ? ApiShape::kAnthropic : ApiShape::kOpenAi,
                        state.config.default_max_tokens, &job->intake);
  if (job->error.has_value()) return;
  job->route = state.fleet->Find(job->intake.model);
  if (job->route == nullptr) {
    job->error.emplace(404, "model_not_found", "The model is not served here any more.");
    job->error->retry = false;
    return;
  }
  job->error = ChooseProviders(*job->route, &job->intake);
}

// From the claim to the end of it. The job is known under its id until then.
Task<> AsyncService::Execute(std::shared_ptr<Job> job) {
  const CountWhile running(&running_);
  co_await Call(*job);
  co_await AwaitEnds(*job);
  co_await Conclude(*job);
  core_.metrics.Count(Metric::kAsync, job->outcome);
  Log(*job);
  jobs_.erase(job->lock.id);
  job->finished.request_stop();
}

Task<> AsyncService::Call(Job& job) {
  if (job.error.has_value()) co_return;  // it cannot be executed
  const ChatIntake& intake = job.intake;
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
    job.answer = AnswerBody(AnswerOf(*job.route, intake, result, job.lock.id), intake.shape);
  } else {
    job.error = CallError(result, core_.env.Now());
    if (result.stop_reason == "not_repeatable") job.error->retry = false;
  }
  job.result = std::move(result);
}

// What is to be written about an execution that has ended.
AsyncService::RecordWrite AsyncService::ConclusionOf(Job* job) const {
  const auto fail = [job](RequestFailure failure) -> RecordWrite {
    job->outcome = "failed";
    return [failure = std::move(failure)](RequestRecord& record, const RequestLock& lock,
                                          UnixTime now) { return record.Fail(lock, failure, now); };
  };
  const auto retry = [job](std::string_view outcome, UnixTime at, std::string code) -> RecordWrite {
    job->outcome = outcome;
    return
        [at, code = std::move(code)](RequestRecord& record, const RequestLock& lock, UnixTime now) {
          return record.ScheduleRetry(lock, at, code, now);
        };
  };
  const UnixTime now = queue_->now();
  if (job->answer.has_value()) {
    if (std::cmp_greater(job->answer->size(), config_.record.max_body_bytes))
      return fail(TooLarge());
    job->outcome = "completed";
    return [body = *job->answer](RequestRecord& record, const RequestLock& lock, UnixTime at) {
      return record.Complete(lock, body, 200, at);
    };
  }
  if (job->exhausted) return fail(AttemptsUsedUp());
  const bool interrupted = job->abandoned || job->unrecorded;
  if (interrupted && job->maybe_executed) return fail(OutcomeUnknown());
  if (interrupted) {
    // A record that could not be written is not asked again at once.
    return retry("put_back", job->abandoned ? now : now + config_.retry_after, "interrupted");
  }
  const bool last = job->maybe_executed || job->lock.token >= config_.max_tries;
  if (last || !job->error->retry) return fail(FailureOf(*job->error));
  Duration wait = config_.retry_after;
  for (int64_t i = 1; i < job->lock.token && wait < config_.retry_after_max; ++i) wait *= 2;
  wait = std::min(wait, config_.retry_after_max);
  if (job->error->retry_after.has_value()) {
    // What a provider asks for counts. When a circuit admits again is a guess of ours: of one that
    // is being probed, the latest.
    const bool guess = job->error->code == "all_circuits_open";
    const Duration hint = *job->error->retry_after;
    wait = std::max(wait, guess ? std::min(hint, config_.retry_after_max) : hint);
  }
  return retry("retrying", now + wait, std::string(job->error->code));
}

// Writes what came of it, with how its last attempts have ended, in one transaction. Where the
// record cannot be written it is tried again for a while: what was paid for is not thrown away for
// a disk that is full now. After that the lease runs out, and whoever claims the request executes
// it again.
Task<> AsyncService::Conclude(Job& job) {
  const RecordWrite write = ConclusionOf(&job);
  const std::vector<Job::Ended> ends = std::exchange(job.ends, {});
  const Time until = SaturatingAdd(core_.env.Now(), config_.deadline);
  absl::Status status;
  bool told = false;
  while (!job.lost) {
    const RequestLock lock = job.lock;
    std::function<absl::Status(RequestRecord&, UnixTime)> all =
        [&write, &ends, lock](RequestRecord& record, UnixTime now) {
          const absl::Status written = Job::WriteEnds(record, lock, ends, now);
          return written.ok() ? write(record, lock, now) : written;
        };
    status = co_await queue_->RunStatus(std::move(all));
    if (status.ok()) job.concluded = lock.token;
    if (IsStaleLock(status) && job.lock != lock) continue;
    if (!absl::IsUnavailable(status) || job.abandoned || core_.env.Now() >= until) break;
    if (!told) say_(Cat("record: ", job.lock.id, ": ", std::string(status.message())));
    told = true;
    const std::stop_token stop = job.stop.get_token();
    [[maybe_unused]] const bool due =
        co_await core_.env.SleepUntil(core_.env.Now() + kPauseUnwritten, stop);
  }
  if (job.lost || IsStaleLock(status)) {
    job.outcome = "lost";
  } else if (!status.ok()) {
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

}  // namespace squall
