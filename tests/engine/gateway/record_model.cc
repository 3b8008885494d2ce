// The record as plain maps, and random calls that both it and a store must answer alike.
#include <algorithm>
#include <limits>
#include <map>

#include "engine/base/random.h"
#include "tests/engine/gateway/record_claims.h"

namespace squall {
namespace {

constexpr int kModelKeys = 6;
constexpr size_t kModelLocks = 12;
constexpr int64_t kModelAttempts = 5;

struct ModelRequest {
  int64_t seq = 0;
  std::string key;
  std::string body;
  RequestStatus status = RequestStatus::kQueued;
  int64_t token = 0;
  UnixTime created;
  UnixTime due;  // as requests.due_at in record_statements.h
  std::vector<RecordedOutcome> attempts;
  std::string result;
  std::string error;
};

class RecordModel {
 public:
  RecordModel(const RecordConfig& config, bool sole_owner)
      : config_(config), sole_owner_(sole_owner) {}

  // The request that a key stands for at `now`.
  const std::string* Find(const std::string& key, UnixTime now) {
    for (auto& [id, request] : requests) {
      if (key.empty() || request.key != key) continue;
      if (IsFinished(request.status) && request.due <= now - config_.retention) {
        requests.erase(id);
        return nullptr;
      }
      return &id;
    }
    return nullptr;
  }

  void Add(const std::string& id, const NewRequest& from, UnixTime now) {
    ModelRequest& request = requests[id];
    request.seq = ++last_seq_;
    request.key = from.idempotency_key;
    request.body = from.body;
    request.created = now;
    request.due = from.claim ? now + config_.lease : now;
    if (from.claim) {
      request.status = RequestStatus::kProcessing;
      request.token = 1;
    }
  }

  // The id that ClaimNext() must return; empty = none.
  std::string Claim(UnixTime now) {
    for (;;) {
      const std::string id = FirstDue(now, /*only_processing=*/false);
      if (id.empty()) return id;
      ModelRequest& request = requests[id];
      if (request.status == RequestStatus::kProcessing) Lose(request, now);
      if (IsFinished(request.status)) continue;
      request.status = RequestStatus::kProcessing;
      ++request.token;
      request.due = now + config_.lease;
      return id;
    }
  }

  RecoveryReport Recover(UnixTime now) {
    RecoveryReport report;
    const UnixTime until = sole_owner_ ? UnixTime{std::numeric_limits<int64_t>::max()} : now;
    for (std::string id; !(id = FirstDue(until, /*only_processing=*/true)).empty();) {
      ModelRequest& request = requests[id];
      const int64_t lost = Lose(request, now);
      report.unknown_attempts += lost;
      if (IsFinished(request.status)) {
        ++report.failed;
        continue;
      }
      ++report.requeued;
      request.status = request.attempts.empty() ? RequestStatus::kQueued : RequestStatus::kRetrying;
      request.due = std::min(request.created, now);
    }
    return report;
  }

  int64_t Purge(UnixTime now) {
    return static_cast<int64_t>(std::erase_if(requests, [&](const auto& each) {
      return IsFinished(each.second.status) && each.second.due <= now - config_.retention;
    }));
  }

  // The request whose lock it is; nullptr = stale.
  ModelRequest* Held(const RequestLock& lock) {
    const auto found = requests.find(lock.id);
    if (found == requests.end() || found->second.token != lock.token) return nullptr;
    return found->second.status == RequestStatus::kProcessing ? &found->second : nullptr;
  }

  void GiveBack(ModelRequest& request, RequestStatus status, UnixTime due) {
    request.status = status;
    request.due = due;
    End(request, RecordedOutcome::kAbandoned);
  }

  std::map<std::string, ModelRequest> requests;

 private:
  bool Fails() const { return config_.on_unknown == UnknownPolicy::kFail; }

  static int64_t End(ModelRequest& request, RecordedOutcome outcome) {
    int64_t count = 0;
    for (RecordedOutcome& each : request.attempts) {
      if (each != RecordedOutcome::kRunning) continue;
      each = outcome;
      ++count;
    }
    return count;
  }

  int64_t Lose(ModelRequest& request, UnixTime now) {
    const int64_t lost = End(request, RecordedOutcome::kUnknown);
    const auto& all = request.attempts;
    const bool unknown = std::find(all.begin(), all.end(), RecordedOutcome::kUnknown) != all.end();
    if (unknown && Fails()) {
      request.status = RequestStatus::kFailed;
      request.error = "outcome_unknown";
      request.due = now;
      ++request.token;
    }
    return lost;
  }

  std::string FirstDue(UnixTime now, bool only_processing) const {
    const ModelRequest* best = nullptr;
    std::string first;
    for (const auto& [id, request] : requests) {
      if (IsFinished(request.status) || request.due > now) continue;
      if (only_processing && request.status != RequestStatus::kProcessing) continue;
      if (best != nullptr &&
          std::pair(best->due, best->seq) < std::pair(request.due, request.seq)) {
        continue;
      }
      best = &request;
      first = id;
    }
    return first;
  }

  const RecordConfig config_;
  const bool sole_owner_;
  int64_t last_seq_ = 0;
};

class ModelCheck {
 public:
  ModelCheck(const RecordPlace& place, std::vector<RequestRecord*> records, uint64_t seed)
      : lease_(place.config.lease),
        retention_(place.config.retention),
        model_(place.config, place.config.store != RecordStore::kPostgres),
        records_(std::move(records)),
        seed_(seed) {}

  void Step(int step) {
    step_ = step;
    record_ = records_[Pick(records_.size())];
    switch (Pick(14)) {
      case 0:
      case 1:
      case 2: return Accept();
      case 3:
      case 4: return Claim();
      case 5: return Renew();
      case 6:
      case 7: return Begin();
      case 8: return Finish();
      case 9: return Complete();
      case 10: return Pick(2) == 0 ? Fail() : Retry();
      case 11: return Upkeep();
      default: return Jump();
    }
  }

  // Every request that the model has is in the store as the model has it.
  void CompareAll() {
    RecordCounts counts;
    for (const auto& [id, expected] : model_.requests) {
      const RecordedRequest seen = Must(record_->Get(id, "alice"));
      CAPTURE(id, step_);
      CHECK(Name(seen.status) == Name(expected.status));
      CHECK(seen.attempts == static_cast<int64_t>(expected.attempts.size()));
      CHECK(seen.result == expected.result);
      CHECK(seen.created_at == expected.created);
      if (expected.status == RequestStatus::kFailed) CHECK(seen.last_error_code == expected.error);
      std::vector<RecordedOutcome> outcomes;
      for (const RecordedAttempt& each : Must(record_->Attempts(id, "alice"))) {
        outcomes.push_back(each.end.outcome);
      }
      CHECK(outcomes == expected.attempts);
      counts.queued += expected.status == RequestStatus::kQueued;
      counts.processing += expected.status == RequestStatus::kProcessing;
      counts.retrying += expected.status == RequestStatus::kRetrying;
    }
    const RecordCounts seen = Must(record_->Counts(now_));
    CHECK(seen.queued == counts.queued);
    CHECK(seen.processing == counts.processing);
    CHECK(seen.retrying == counts.retrying);
    for (const auto& [id, result] : results_) {  // what was answered once stays the answer
      if (model_.requests.contains(id)) CHECK(Must(record_->Get(id, "alice")).result == result);
    }
  }

 private:
  size_t Pick(size_t n) {
    const uint64_t bits = DrawBits(seed_, Stream("record model"), draws_++);
    return static_cast<size_t>(PickBelow(bits, n));
  }

  void Accept() {
    const std::string body = Pick(3) == 0 ? "another body" : "body";
    const size_t key = Pick(kModelKeys + 1);
    const NewRequest request =
        RequestOf(key == 0 ? "" : "key " + std::to_string(key), body, Pick(2) == 0);
    const AcceptReply reply = Must(record_->Accept(request, now_));
    const std::string* existing = model_.Find(request.idempotency_key, now_);
    CAPTURE(step_, request.idempotency_key);
    if (existing == nullptr) {
      REQUIRE(reply.outcome == AcceptOutcome::kAccepted);
      REQUIRE_FALSE(model_.requests.contains(reply.request.id));
      model_.Add(reply.request.id, request, now_);
      if (request.claim) locks_.push_back(*reply.lock);
      return;
    }
    CHECK(reply.request.id == *existing);
    CHECK_FALSE(reply.lock);
    const bool same = model_.requests[*existing].body == body;
    CHECK(reply.outcome == (same ? AcceptOutcome::kExisting : AcceptOutcome::kConflict));
  }

  void Claim() {
    const auto claimed = Must(record_->ClaimNext(now_));
    const std::string expected = model_.Claim(now_);
    CAPTURE(step_);
    REQUIRE((claimed ? claimed->lock.id : std::string()) == expected);
    if (!claimed) return;
    const ModelRequest& request = model_.requests[expected];
    CHECK(claimed->lock.token == request.token);
    CHECK(claimed->body == request.body);
    CHECK(claimed->unknown_attempts ==
          std::count(request.attempts.begin(), request.attempts.end(), RecordedOutcome::kUnknown));
    locks_.push_back(claimed->lock);
  }

  // One of the locks handed out last, stale ones among them.
  RequestLock AnyLock() {
    if (locks_.empty()) return {"req_none", 1};
    const size_t last = std::min(locks_.size(), kModelLocks);
    return locks_[locks_.size() - 1 - Pick(last)];
  }

  // Whether the call must have worked.
  bool Agree(const absl::Status& status, const ModelRequest* held) {
    CAPTURE(step_, status);
    if (held == nullptr) {
      CHECK(IsStaleLock(status));
    } else {
      CHECK(status.ok());
    }
    return held != nullptr;
  }

  void Renew() {
    const RequestLock lock = AnyLock();
    ModelRequest* held = model_.Held(lock);
    if (Agree(record_->Renew(lock, now_).status(), held)) held->due = now_ + lease_;
  }

  void Begin() {
    const RequestLock lock = AnyLock();
    ModelRequest* held = model_.Held(lock);
    const auto number = record_->BeginAttempt(lock, "openai", "gpt", now_);
    if (held != nullptr && std::cmp_greater_equal(held->attempts.size(), kModelAttempts)) {
      CHECK(absl::IsResourceExhausted(number.status()));
      return;
    }
    if (!Agree(number.status(), held)) return;
    held->attempts.push_back(RecordedOutcome::kRunning);
    held->due = now_ + lease_;
    CHECK(std::cmp_equal(*number, held->attempts.size()));
  }

  void Finish() {
    const RequestLock lock = AnyLock();
    ModelRequest* held = model_.Held(lock);
    const size_t number = 1 + Pick(3);
    RecordedEnd end;
    end.outcome = Pick(2) == 0 ? RecordedOutcome::kSucceeded : RecordedOutcome::kFailed;
    end.error_code = end.outcome == RecordedOutcome::kFailed ? "overloaded" : "";
    const absl::Status status =
        record_->FinishAttempt(lock, static_cast<int64_t>(number), end, now_);
    const bool runs = held != nullptr && number <= held->attempts.size() &&
                      held->attempts[number - 1] == RecordedOutcome::kRunning;
    if (held != nullptr && !runs) {
      CHECK(absl::IsNotFound(status));
    } else if (Agree(status, held)) {
      held->attempts[number - 1] = end.outcome;
    }
  }

  void Complete() {
    const RequestLock lock = AnyLock();
    ModelRequest* held = model_.Held(lock);
    const std::string result = "result of step " + std::to_string(step_);
    if (!Agree(record_->Complete(lock, result, 200, now_), held)) return;
    held->result = result;
    CHECK(results_.emplace(lock.id, result).second);  // never two for one request
    model_.GiveBack(*held, RequestStatus::kCompleted, now_);
  }

  void Fail() {
    const RequestLock lock = AnyLock();
    ModelRequest* held = model_.Held(lock);
    RequestFailure failure;
    failure.error_code = "all_failed";
    if (!Agree(record_->Fail(lock, failure, now_), held)) return;
    held->error = failure.error_code;
    model_.GiveBack(*held, RequestStatus::kFailed, now_);
  }

  void Retry() {
    const RequestLock lock = AnyLock();
    ModelRequest* held = model_.Held(lock);
    const UnixTime at = now_ + lease_ / 2;
    if (!Agree(record_->ScheduleRetry(lock, at, "", now_), held)) return;
    model_.GiveBack(*held, RequestStatus::kRetrying, at);
  }

  void Upkeep() {
    CAPTURE(step_);
    if (Pick(3) == 0) {
      CHECK(Must(record_->Purge(now_, 1000)) == model_.Purge(now_));
    } else if (Pick(4) == 0) {
      const RecoveryReport seen = Must(record_->Recover(now_));
      const RecoveryReport expected = model_.Recover(now_);
      CHECK(seen.requeued == expected.requeued);
      CHECK(seen.failed == expected.failed);
      CHECK(seen.unknown_attempts == expected.unknown_attempts);
    }
  }

  void Jump() {
    const Duration jumps[] = {1ms,     lease_ / 3,  lease_ / 2,      lease_, lease_ * 2,
                              -lease_, -lease_ * 3, retention_ / 10, 1ns};
    now_ = now_ + jumps[Pick(std::size(jumps))];
  }

  const Duration lease_;
  const Duration retention_;
  RecordModel model_;
  std::vector<RequestRecord*> records_;
  RequestRecord* record_ = nullptr;
  const uint64_t seed_;
  uint64_t draws_ = 0;
  int step_ = 0;
  UnixTime now_ = kRecordStart;
  std::vector<RequestLock> locks_;
  std::map<std::string, std::string> results_;
};

}  // namespace

void CheckRecordAgainstModel(RecordPlace& place, size_t connections, const RecordModelRun& run) {
  const RecordConfig config = place.config;
  place.config.on_unknown = run.on_unknown;
  place.config.max_attempts = kModelAttempts;
  place.wipe();
  INFO("seed " << run.seed);
  std::vector<std::unique_ptr<RequestRecord>> records;
  std::vector<RequestRecord*> pointers;
  for (size_t i = 0; i < connections; ++i) {
    records.push_back(place.Open());
    pointers.push_back(records.back().get());
  }
  ModelCheck check(place, pointers, run.seed);
  for (int step = 0; step < run.steps; ++step) {
    check.Step(step);
    if (step % 50 == 49) check.CompareAll();
  }
  check.CompareAll();
  MustOk(records[0]->Check());
  place.config = config;
}

}  // namespace squall
