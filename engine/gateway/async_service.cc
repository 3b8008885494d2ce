#include "engine/gateway/async_service.h"

#include <algorithm>
#include <utility>

#include "engine/base/cat.h"
#include "engine/base/check.h"
#include "engine/base/stop_other.h"
#include "engine/gateway/async_job.h"

namespace squall {
namespace {

constexpr Duration kUpkeepEvery = 5s;
constexpr int64_t kPurgeRows = 1000;
constexpr Duration kPauseAfterError = 1s;

}  // namespace

AsyncService::AsyncService(GatewayCore& core, const AsyncConfig& config, Say say,
                           std::unique_ptr<RecordQueue> queue)
    : core_(core), config_(config), say_(std::move(say)), queue_(std::move(queue)) {}

AsyncService::~AsyncService() { SQUALL_CHECK(running_ == 0 && taken_up_ == 0 && jobs_.empty()); }

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

// What a process before this one has left is released before anything is claimed or accepted: what
// is claimed by now is ours, and would be released as well.
Task<> AsyncService::Boot() {
  const CountWhile running(&running_);
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
    const std::string why(report.status().message());
    if (why != not_recovered_) say_(Cat("record: ", why));
    not_recovered_ = why;
    booted_.request_stop();
    [[maybe_unused]] const bool due =
        co_await core_.env.SleepUntil(core_.env.Now() + kPauseAfterError, stop);
  }
  recovered_ = !stop.stop_requested();
  booted_.request_stop();
  Spawn(core_.env.executor(), Work());
  Spawn(core_.env.executor(), Upkeep());
}

// Claims what is due, one request after the other, as long as there is a worker for it: many that
// ask for themselves are so many transactions for each request, and for none.
Task<> AsyncService::Work() {
  const CountWhile running(&running_);
  const std::stop_token stop = stop_.get_token();
  while (!stop.stop_requested()) {
    Time next = kNever;  // until one is done
    if (taken_up_ < config_.workers) {
      absl::StatusOr<std::optional<ClaimedRequest>> claimed = std::nullopt;
      const bool renewed = co_await RenewLapsed();
      if (renewed) claimed = co_await queue_->ClaimNext();
      if (claimed.ok() && claimed->has_value()) {
        ++taken_up_;
        ClaimedRequest& request = **claimed;
        Spawn(core_.env.executor(), TakeUp(std::move(request)));
        continue;
      }
      const bool good = renewed && claimed.ok();
      next = core_.env.Now() + (good ? config_.poll : std::max(config_.poll, kPauseAfterError));
    }
    std::stop_source wake;
    const StopOther wake_up{&wake};
    const std::stop_callback<StopOther> on_stop(stop, wake_up);
    const std::stop_callback<StopOther> on_work(work_.get_token(), wake_up);
    const std::stop_token woken = wake.get_token();
    [[maybe_unused]] const bool due = co_await core_.env.SleepUntil(next, woken);
    if (work_.stop_requested()) work_ = std::stop_source();
  }
}

// A request can be claimed from under us while it is still executed here, where its lease could not
// be renewed in time. It is not executed twice for that: it goes on under the new lock.
Task<> AsyncService::TakeUp(ClaimedRequest request) {
  bool concluded = false;
  const auto found = jobs_.find(request.lock.id);
  if (found != jobs_.end()) {
    const std::shared_ptr<Job> ours = found->second;
    if (!ours->lost) {
      ours->lock = request.lock;
      ours->renewed = core_.env.Now();
    }
    const std::stop_token finished = ours->finished.get_token();
    [[maybe_unused]] const bool due = co_await core_.env.SleepUntil(kNever, finished);
    concluded = ours->concluded == request.lock.token;
  }
  if (!concluded) {
    std::shared_ptr<Job> job = NewJob(std::move(request.lock), std::move(request.endpoint));
    Read(request.body, job.get());
    co_await Execute(std::move(job));
  }
  --taken_up_;
  work_.request_stop();
}

Task<> AsyncService::Upkeep() {
  const CountWhile running(&running_);
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
  while (!jobs_.empty() || running_ > 0 || taken_up_ > 0) {
    if (core_.env.Now() >= deadline) {
      for (const auto& [unused, job] : jobs_) job->Abandon();
    }
    [[maybe_unused]] const bool due = co_await core_.env.SleepUntil(core_.env.Now() + kLook);
  }
  queue_->Close();
}

std::shared_ptr<AsyncService::Job> AsyncService::NewJob(RequestLock lock, std::string endpoint) {
  auto job = std::make_shared<Job>(std::move(lock), std::move(endpoint));
  job->began = core_.env.Now();
  job->renewed = job->began;
  jobs_[job->lock.id] = job;
  Spawn(core_.env.executor(), KeepLease(job));
  return job;
}

// The record says that a lock is worth nothing any more: somebody else has the request now, unless
// it goes on here under another lock, or is finished.
void AsyncService::NoteStale(Job* job, const RequestLock& lock) const {
  if (job->lock != lock || job->finished.stop_requested()) return;
  job->lost = true;
  job->stop.request_stop();
}

Task<> AsyncService::KeepLease(std::shared_ptr<Job> job) {
  const CountWhile running(&running_);
  const std::stop_token done = job->finished.get_token();
  while (!done.stop_requested()) {
    const Duration pause = config_.record.lease / 3;
    const bool due = co_await core_.env.SleepUntil(core_.env.Now() + pause, done);
    if (!due) co_return;
    [[maybe_unused]] const bool renewed = co_await Renew(job);
  }
}

// False where the record could not be asked.
Task<bool> AsyncService::Renew(std::shared_ptr<Job> job) {
  const RequestLock lock = job->lock;
  const Time asked = core_.env.Now();
  const absl::StatusOr<UnixTime> until = co_await queue_->Renew(lock);
  if (until.ok()) {
    job->renewed = std::max(job->renewed, asked);
    co_return true;
  }
  const bool stale = IsStaleLock(until.status());
  if (stale) NoteStale(job.get(), lock);
  co_return stale;
}

// Before anything is claimed: leases that have not been renewed in time (the record could not be
// written, or this process stood still) are ours until another has claimed the request, which must
// not be this process. False while that is not certain.
Task<bool> AsyncService::RenewLapsed() {
  std::vector<std::shared_ptr<Job>> late;
  const Time now = core_.env.Now();
  for (const auto& [unused, job] : jobs_) {
    if (!job->lost && now - job->renewed > config_.record.lease / 2) late.push_back(job);
  }
  if (late.empty()) co_return true;
  bool all = true;
  for (const std::shared_ptr<Job>& job : late) {
    const bool renewed = co_await Renew(job);
    if (!renewed) all = false;
    if (!all) break;
  }
  co_return all;
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
