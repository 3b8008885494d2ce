#include "engine/gateway/record_queue.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace squall {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr const char* kClosed = "request record: closed";

struct QueuedOperation {
  RecordQueue::Operation operation;
  RecordQueue::Done done;
  SteadyTime expires;  // it is not begun after that
};

}  // namespace

struct RecordQueue::Core {
  Core(const RecordConfig& c, Clock k) : config(c), clock(std::move(k)) {}

  bool in_memory() const { return config.store == RecordStore::kMemory; }
  void Work(RequestRecord& record);
  absl::Status RunHere(absl::FunctionRef<void(RequestRecord&)> operation);
  bool Take(std::vector<QueuedOperation>* batch);
  void RunBatch(RequestRecord& record, std::vector<QueuedOperation>& batch);

  const RecordConfig config;
  const Clock clock;
  std::vector<std::unique_ptr<RequestRecord>> records;  // one per thread
  std::vector<std::thread> threads;

  mutable std::mutex mutex;  // of what follows, and of a record in memory
  std::condition_variable wakes;
  std::deque<QueuedOperation> queue;  // at most config.queue
  bool closed = false;
};

bool RecordQueue::Core::Take(std::vector<QueuedOperation>* batch) {
  // Connections of PostgreSQL take one each: it shares fsyncs by itself, and transactions of
  // several requests would lock each other out.
  const size_t most =
      config.store == RecordStore::kPostgres ? 1 : static_cast<size_t>(config.group);
  batch->clear();
  std::unique_lock lock(mutex);
  wakes.wait(lock, [this] { return closed || !queue.empty(); });
  while (!queue.empty() && batch->size() < most) {
    batch->push_back(std::move(queue.front()));
    queue.pop_front();
  }
  return !batch->empty();  // closed, and all done
}

void RecordQueue::Core::RunBatch(RequestRecord& record, std::vector<QueuedOperation>& batch) {
  const auto run = [&record](std::span<QueuedOperation> operations) {
    return record.Group([&] {
      for (QueuedOperation& each : operations) each.operation(record);
    });
  };
  absl::Status status = absl::OkStatus();
  const bool together =
      batch.size() > 1 && std::chrono::steady_clock::now() < batch.front().expires;
  if (together) {
    status = run(batch);
    if (status.ok()) {
      for (QueuedOperation& each : batch) each.done(status);
      return;
    }
  }
  for (QueuedOperation& each : batch) {
    status = std::chrono::steady_clock::now() < each.expires
                 ? run(std::span(&each, 1))
                 : absl::UnavailableError("request record: busy (too many operations wait)");
    each.done(status);
  }
}

// One at a time, and none once Close() has returned.
absl::Status RecordQueue::Core::RunHere(absl::FunctionRef<void(RequestRecord&)> operation) {
  const std::lock_guard lock(mutex);
  if (closed) return absl::UnavailableError(kClosed);
  RequestRecord& record = *records.front();
  return record.Group([&] { operation(record); });
}

void RecordQueue::Core::Work(RequestRecord& record) {
  std::vector<QueuedOperation> batch;
  while (Take(&batch)) RunBatch(record, batch);
}

RecordQueue::RecordQueue(std::unique_ptr<Core> core) : core_(std::move(core)) {}

absl::StatusOr<std::unique_ptr<RecordQueue>> RecordQueue::Open(const RecordConfig& config,
                                                               Clock clock) {
  auto core = std::make_unique<Core>(config, std::move(clock));
  const int64_t threads = config.store == RecordStore::kPostgres ? config.threads : 1;
  for (int64_t i = 0; i < threads; ++i) {
    auto record = OpenRecord(config);
    if (!record.ok()) return record.status();
    core->records.push_back(*std::move(record));
  }
  if (!core->in_memory()) {
    for (const auto& record : core->records) {
      core->threads.emplace_back(&Core::Work, core.get(), std::ref(*record));
    }
  }
  return std::unique_ptr<RecordQueue>(new RecordQueue(std::move(core)));
}

RecordQueue::~RecordQueue() { Close(); }

bool RecordQueue::in_memory() const { return core_->in_memory(); }

absl::Status RecordQueue::RunHere(absl::FunctionRef<void(RequestRecord&)> operation) {
  return core_->RunHere(operation);
}

void RecordQueue::Submit(Operation operation, Done done) {
  if (core_->in_memory()) return done(core_->RunHere(operation));
  const auto expires = std::chrono::steady_clock::now() + 2 * core_->config.wait;
  absl::Status refused;
  {
    const std::lock_guard lock(core_->mutex);
    if (core_->closed) {
      refused = absl::UnavailableError(kClosed);
    } else if (std::cmp_greater_equal(core_->queue.size(), core_->config.queue)) {
      refused = absl::UnavailableError("request record: queue full");
    } else {
      core_->queue.push_back({std::move(operation), std::move(done), expires});
    }
  }
  if (refused.ok()) {
    core_->wakes.notify_one();
  } else {
    done(refused);
  }
}

void RecordQueue::Close() {
  {
    const std::lock_guard lock(core_->mutex);
    core_->closed = true;
  }
  core_->wakes.notify_all();
  for (std::thread& thread : core_->threads) {
    if (thread.joinable()) thread.join();
  }
}

int64_t RecordQueue::waiting() const {
  const std::lock_guard lock(core_->mutex);
  return static_cast<int64_t>(core_->queue.size());
}

UnixTime RecordQueue::now() const { return core_->clock(); }

// ---- the calls ----

Task<absl::StatusOr<AcceptReply>> RecordQueue::Accept(NewRequest request) {
  return Run<AcceptReply>([request = std::move(request)](RequestRecord& r, UnixTime now) {
    return r.Accept(request, now);
  });
}

Task<absl::StatusOr<RecordedRequest>> RecordQueue::Get(std::string id, std::string client) {
  return Run<RecordedRequest>([id = std::move(id), client = std::move(client)](
                                  RequestRecord& r, UnixTime) { return r.Get(id, client); });
}

Task<absl::StatusOr<std::vector<RecordedAttempt>>> RecordQueue::Attempts(std::string id,
                                                                         std::string client) {
  return Run<std::vector<RecordedAttempt>>(
      [id = std::move(id), client = std::move(client)](RequestRecord& r, UnixTime) {
        return r.Attempts(id, client);
      });
}

Task<absl::StatusOr<std::optional<ClaimedRequest>>> RecordQueue::ClaimNext() {
  return Run<std::optional<ClaimedRequest>>(
      [](RequestRecord& r, UnixTime now) { return r.ClaimNext(now); });
}

Task<absl::StatusOr<UnixTime>> RecordQueue::Renew(RequestLock lock) {
  return Run<UnixTime>(
      [lock = std::move(lock)](RequestRecord& r, UnixTime now) { return r.Renew(lock, now); });
}

Task<absl::StatusOr<int64_t>> RecordQueue::BeginAttempt(RequestLock lock, std::string provider,
                                                        std::string model) {
  return Run<int64_t>(
      [lock = std::move(lock), provider = std::move(provider), model = std::move(model)](
          RequestRecord& r, UnixTime now) { return r.BeginAttempt(lock, provider, model, now); });
}

Task<absl::Status> RecordQueue::FinishAttempt(RequestLock lock, int64_t number, RecordedEnd end) {
  return RunStatus(
      [lock = std::move(lock), number, end = std::move(end)](RequestRecord& r, UnixTime now) {
        return r.FinishAttempt(lock, number, end, now);
      });
}

Task<absl::Status> RecordQueue::Complete(RequestLock lock, std::string result,
                                         int64_t http_status) {
  return RunStatus(
      [lock = std::move(lock), result = std::move(result), http_status](
          RequestRecord& r, UnixTime now) { return r.Complete(lock, result, http_status, now); });
}

Task<absl::Status> RecordQueue::Fail(RequestLock lock, RequestFailure failure) {
  return RunStatus([lock = std::move(lock), failure = std::move(failure)](
                       RequestRecord& r, UnixTime now) { return r.Fail(lock, failure, now); });
}

Task<absl::Status> RecordQueue::ScheduleRetry(RequestLock lock, UnixTime not_before,
                                              std::string error_code) {
  return RunStatus([lock = std::move(lock), not_before, error_code = std::move(error_code)](
                       RequestRecord& r, UnixTime now) {
    return r.ScheduleRetry(lock, not_before, error_code, now);
  });
}

Task<absl::StatusOr<RecoveryReport>> RecordQueue::Recover() {
  return Run<RecoveryReport>([](RequestRecord& r, UnixTime now) { return r.Recover(now); });
}

Task<absl::StatusOr<int64_t>> RecordQueue::Purge(int64_t rows_max) {
  return Run<int64_t>(
      [rows_max](RequestRecord& r, UnixTime now) { return r.Purge(now, rows_max); });
}

Task<absl::StatusOr<RecordCounts>> RecordQueue::Counts() {
  return Run<RecordCounts>([](RequestRecord& r, UnixTime now) { return r.Counts(now); });
}

Task<absl::Status> RecordQueue::Check() {
  return RunStatus([](RequestRecord& r, UnixTime) { return r.Check(); });
}

Task<absl::Status> RecordQueue::RunStatus(
    std::function<absl::Status(RequestRecord&, UnixTime)> operation) {
  struct Nothing {};
  std::function<absl::StatusOr<Nothing>(RequestRecord&, UnixTime)> with_value =
      [operation = std::move(operation)](RequestRecord& r,
                                         UnixTime now) -> absl::StatusOr<Nothing> {
    const absl::Status status = operation(r, now);
    if (!status.ok()) return status;
    return Nothing();
  };
  const absl::StatusOr<Nothing> done = co_await Run<Nothing>(std::move(with_value));
  co_return done.status();
}

}  // namespace squall
