#include "tests/engine/gateway/record_claims.h"

namespace squall {
namespace {

constexpr UnixTime kT = kRecordStart;

RecordedEnd EndOf(RecordedOutcome outcome, const std::string& failure_class = "",
                  const std::string& code = "", int64_t http_status = 200) {
  RecordedEnd end;
  end.outcome = outcome;
  end.failure_class = failure_class;
  end.error_code = code;
  end.http_status = http_status;
  return end;
}

void ClaimsInOrder(RecordPlace& place) {
  const auto record = place.Open();
  for (int i = 0; i < 3; ++i) {
    Must(record->Accept(RequestOf("k" + std::to_string(i), "body " + std::to_string(i)),
                        kT + i * 1s));
  }
  for (int i = 0; i < 3; ++i) {
    const auto claimed = Must(record->ClaimNext(kT + 10s));
    REQUIRE(claimed);
    CHECK(claimed->idempotency_key == "k" + std::to_string(i));
    CHECK(claimed->body == "body " + std::to_string(i));
    CHECK(claimed->client == "alice");
    CHECK(claimed->lock.token == 1);
    CHECK(claimed->attempts == 0);
    CHECK(claimed->created_at == kT + i * 1s);
    CHECK(claimed->lease_until == kT + 10s + place.config.lease);
    CHECK(Must(record->Get(claimed->lock.id, "alice")).status == RequestStatus::kProcessing);
  }
  CHECK_FALSE(Must(record->ClaimNext(kT + 10s)));
}

void AcceptedWithLock(RecordPlace& place) {
  const auto record = place.Open();
  const AcceptReply reply = Must(record->Accept(RequestOf("k", "{}", /*claim=*/true), kT));
  REQUIRE(reply.lock);
  CHECK(reply.request.status == RequestStatus::kProcessing);
  CHECK_FALSE(Must(record->ClaimNext(kT + place.config.lease - 1ns)));
  MustOk(record->Complete(*reply.lock, "answer", 200, kT + 1s));
  CHECK(Must(record->Get(reply.lock->id, "alice")).result == "answer");
}

void StaleWorker(RecordPlace& place) {
  const auto record = place.Open();
  const AcceptReply reply = Must(record->Accept(RequestOf("k", "{}", /*claim=*/true), kT));
  const RequestLock stale = *reply.lock;
  const int64_t number = Must(record->BeginAttempt(stale, "openai", "gpt", kT));
  const UnixTime later = kT + place.config.lease;
  const auto claimed = Must(record->ClaimNext(later));
  REQUIRE(claimed);
  CHECK(claimed->lock.id == stale.id);
  CHECK(claimed->lock.token == 2);
  CHECK(claimed->attempts == 1);
  CHECK(claimed->unknown_attempts == 1);
  CHECK(claimed->body == "{}");

  const RecordedEnd good = EndOf(RecordedOutcome::kSucceeded);
  CHECK(IsStaleLock(record->Renew(stale, later).status()));
  CHECK(IsStaleLock(record->BeginAttempt(stale, "openai", "gpt", later).status()));
  CHECK(IsStaleLock(record->FinishAttempt(stale, number, good, later)));
  CHECK(IsStaleLock(record->Complete(stale, "stale answer", 200, later)));
  CHECK(IsStaleLock(record->Fail(stale, {}, later)));
  CHECK(IsStaleLock(record->ScheduleRetry(stale, later, "", later)));
  const RequestLock made_up{stale.id, 3};
  CHECK(IsStaleLock(record->Complete(made_up, "made up", 200, later)));

  const RecordedRequest seen = Must(record->Get(stale.id, "alice"));
  CHECK(seen.status == RequestStatus::kProcessing);
  CHECK(seen.attempts == 1);
  CHECK(seen.result.empty());
  const auto attempts = Must(record->Attempts(stale.id, "alice"));
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].end.outcome == RecordedOutcome::kUnknown);
  CHECK(attempts[0].finished_at == later);

  MustOk(record->Complete(claimed->lock, "fresh answer", 200, later));
  CHECK(IsStaleLock(record->Complete(claimed->lock, "twice", 200, later)));
  CHECK(IsStaleLock(record->Complete(stale, "stale answer", 200, later)));
  CHECK(Must(record->Get(stale.id, "alice")).result == "fresh answer");
}

void ExpiredIsNotStale(RecordPlace& place) {
  const auto record = place.Open();
  const AcceptReply reply = Must(record->Accept(RequestOf("k", "{}", /*claim=*/true), kT));
  const UnixTime later = kT + 10 * place.config.lease;
  CHECK(Must(record->Renew(*reply.lock, later)) == later + place.config.lease);
  CHECK_FALSE(Must(record->ClaimNext(later + place.config.lease - 1ns)));
  MustOk(record->Complete(*reply.lock, "late, but the only one", 200, later + 1h));
}

void RenewedLeases(RecordPlace& place) {
  const auto record = place.Open();
  const Duration lease = place.config.lease;
  const AcceptReply reply = Must(record->Accept(RequestOf("k", "{}", /*claim=*/true), kT));
  CHECK(Must(record->Renew(*reply.lock, kT + lease / 2)) == kT + lease / 2 + lease);
  CHECK_FALSE(Must(record->ClaimNext(kT + lease)));
  Must(record->BeginAttempt(*reply.lock, "openai", "gpt", kT + lease));
  CHECK_FALSE(Must(record->ClaimNext(kT + 2 * lease - 1ns)));
  CHECK(Must(record->ClaimNext(kT + 2 * lease)));
}

void AttemptsAreKept(RecordPlace& place) {
  const auto record = place.Open();
  const RequestLock lock = *Must(record->Accept(RequestOf("k", "{}", true), kT)).lock;
  CHECK(Must(record->Attempts(lock.id, "alice")).empty());
  CHECK(Must(record->BeginAttempt(lock, "openai", "gpt-5", kT + 1s)) == 1);
  CHECK(Must(record->Attempts(lock.id, "alice"))[0].end.outcome == RecordedOutcome::kRunning);
  const RecordedEnd bad = EndOf(RecordedOutcome::kFailed, "rate_limit", "rate_limit_exceeded", 429);
  MustOk(record->FinishAttempt(lock, 1, bad, kT + 2s));
  CHECK(absl::IsNotFound(record->FinishAttempt(lock, 1, bad, kT + 2s)));
  CHECK(absl::IsNotFound(record->FinishAttempt(lock, 2, bad, kT + 2s)));
  CHECK(Must(record->Get(lock.id, "alice")).last_error_code == "rate_limit_exceeded");
  CHECK(Must(record->BeginAttempt(lock, "anthropic", "", kT + 3s)) == 2);
  MustOk(record->FinishAttempt(lock, 2, EndOf(RecordedOutcome::kSucceeded), kT + 4s));
  CHECK(Must(record->BeginAttempt(lock, "loser", "of a hedge", kT + 4s)) == 3);
  MustOk(record->Complete(lock, "answer", 200, kT + 5s));

  const auto attempts = Must(record->Attempts(lock.id, "alice"));
  REQUIRE(attempts.size() == 3);
  CHECK(attempts[0].number == 1);
  CHECK(attempts[0].provider == "openai");
  CHECK(attempts[0].model == "gpt-5");
  CHECK(attempts[0].started_at == kT + 1s);
  CHECK(attempts[0].finished_at == kT + 2s);
  CHECK(attempts[0].end.outcome == RecordedOutcome::kFailed);
  CHECK(attempts[0].end.failure_class == "rate_limit");
  CHECK(attempts[0].end.error_code == "rate_limit_exceeded");
  CHECK(attempts[0].end.http_status == 429);
  CHECK(attempts[1].end.outcome == RecordedOutcome::kSucceeded);
  CHECK(attempts[2].end.outcome == RecordedOutcome::kAbandoned);
  CHECK(attempts[2].finished_at == kT + 5s);
  const RecordedRequest seen = Must(record->Get(lock.id, "alice"));
  CHECK(seen.attempts == 3);
  CHECK(seen.last_error_code == "rate_limit_exceeded");
  CHECK(seen.updated_at == kT + 5s);
  CHECK(absl::IsInvalidArgument(
      record->FinishAttempt(lock, 3, EndOf(RecordedOutcome::kRunning), kT + 5s)));
}

void AttemptsAreBounded(RecordPlace& place) {
  place.config.max_attempts = 2;
  const auto record = place.Open();
  const RequestLock lock = *Must(record->Accept(RequestOf("k", "{}", true), kT)).lock;
  Must(record->BeginAttempt(lock, "p", "m", kT));
  Must(record->BeginAttempt(lock, "p", "m", kT));
  CHECK(absl::IsResourceExhausted(record->BeginAttempt(lock, "p", "m", kT).status()));
  CHECK(Must(record->Get(lock.id, "alice")).attempts == 2);
}

void UnknownFails(RecordPlace& place) {
  place.config.on_unknown = UnknownPolicy::kFail;
  const auto record = place.Open();
  const RequestLock lost = *Must(record->Accept(RequestOf("k1", "{}", true), kT)).lock;
  Must(record->BeginAttempt(lost, "openai", "gpt", kT));
  const RequestLock idle = *Must(record->Accept(RequestOf("k2", "{}", true), kT + 1s)).lock;
  // Never sent, so there is nothing unknown about it.
  const auto claimed = Must(record->ClaimNext(kT + 1s + place.config.lease));
  REQUIRE(claimed);
  CHECK(claimed->lock.id == idle.id);
  const RecordedRequest seen = Must(record->Get(lost.id, "alice"));
  CHECK(seen.status == RequestStatus::kFailed);
  CHECK(seen.last_error_code == "outcome_unknown");
  CHECK(seen.http_status == 502);
  CHECK(Must(record->Attempts(lost.id, "alice"))[0].end.outcome == RecordedOutcome::kUnknown);
  CHECK(IsStaleLock(record->Complete(lost, "late", 200, kT + 1h)));
}

void Failures(RecordPlace& place) {
  const auto record = place.Open();
  const RequestLock lock = *Must(record->Accept(RequestOf("k", "{}", true), kT)).lock;
  RequestFailure failure;
  failure.error_code = "all_providers_failed";
  failure.message = "no provider answered in time";
  failure.http_status = 504;
  MustOk(record->Fail(lock, failure, kT + 1s));
  const AcceptReply again = Must(record->Accept(RequestOf("k"), kT + 2s));
  CHECK(again.outcome == AcceptOutcome::kExisting);
  CHECK(again.request.status == RequestStatus::kFailed);
  CHECK(again.request.last_error_code == "all_providers_failed");
  CHECK(again.request.error_message == "no provider answered in time");
  CHECK(again.request.http_status == 504);
  CHECK(again.request.result.empty());
  CHECK_FALSE(Must(record->ClaimNext(kT + 100h)));
}

void NothingUnsafeIsStored(RecordPlace& place) {
  const auto record = place.Open();
  const std::string key = "sk-proj-0123456789abcdef0123456789abcdef";
  const RequestLock lock = *Must(record->Accept(RequestOf("k", "{}", true), kT)).lock;
  Must(record->BeginAttempt(lock, "openai", "gpt", kT));
  MustOk(record->FinishAttempt(
      lock, 1, EndOf(RecordedOutcome::kFailed, "Bad prompt: hello\n", key, 400), kT));
  RequestFailure failure;
  failure.error_code = "Incorrect API key provided";
  failure.message = "upstream said " + key + "\n\x1b[31m and so on " + std::string(1000, ' ');
  MustOk(record->Fail(lock, failure, kT));
  const auto attempt = Must(record->Attempts(lock.id, "alice")).at(0);
  CHECK(attempt.end.failure_class == "other");
  CHECK(attempt.end.error_code == "other");
  const RecordedRequest seen = Must(record->Get(lock.id, "alice"));
  CHECK(seen.last_error_code == "other");
  CHECK(seen.error_message.find("sk-proj") == std::string::npos);
  CHECK(seen.error_message.starts_with("upstream said [...]"));
  CHECK(seen.error_message.find('\x1b') == std::string::npos);
  CHECK(seen.error_message.size() == 256);
}

void Retries(RecordPlace& place) {
  const auto record = place.Open();
  const RequestLock lock = *Must(record->Accept(RequestOf("k", "body", true), kT)).lock;
  Must(record->BeginAttempt(lock, "openai", "gpt", kT));
  const RecordedEnd bad = EndOf(RecordedOutcome::kFailed, "server_error", "overloaded", 503);
  MustOk(record->FinishAttempt(lock, 1, bad, kT));
  MustOk(record->ScheduleRetry(lock, kT + 1h, "overloaded", kT + 1s));
  RecordedRequest seen = Must(record->Get(lock.id, "alice"));
  CHECK(seen.status == RequestStatus::kRetrying);
  CHECK(seen.not_before == kT + 1h);
  CHECK(seen.last_error_code == "overloaded");
  CHECK(IsStaleLock(record->Renew(lock, kT + 1s).status()));
  CHECK_FALSE(Must(record->ClaimNext(kT + 1h - 1ns)));
  const auto claimed = Must(record->ClaimNext(kT + 1h));
  REQUIRE(claimed);
  CHECK(claimed->lock == RequestLock{lock.id, 2});
  CHECK(claimed->attempts == 1);
  CHECK(claimed->unknown_attempts == 0);
  CHECK(claimed->body == "body");
  CHECK(Must(record->BeginAttempt(claimed->lock, "anthropic", "claude", kT + 1h)) == 2);
  MustOk(record->Complete(claimed->lock, "answer", 200, kT + 1h));
  seen = Must(record->Get(lock.id, "alice"));
  CHECK(seen.status == RequestStatus::kCompleted);
  CHECK(seen.not_before == UnixTime{});
}

void Retention(RecordPlace& place) {
  const auto record = place.Open();
  const Duration retention = place.config.retention;
  const RequestLock done = *Must(record->Accept(RequestOf("done", "{}", true), kT)).lock;
  Must(record->BeginAttempt(done, "openai", "gpt", kT));
  MustOk(record->Complete(done, "answer", 200, kT + 1s));
  Must(record->Accept(RequestOf("open"), kT));

  const UnixTime ends = kT + 1s + retention;
  CHECK(Must(record->Purge(ends - 1ns, 10)) == 0);
  CHECK(Must(record->Accept(RequestOf("done"), ends - 1ns)).outcome == AcceptOutcome::kExisting);
  // The key is free at that time, whether anybody has purged or not, and for any body.
  const AcceptReply anew = Must(record->Accept(RequestOf("done", "other"), ends));
  CHECK(anew.outcome == AcceptOutcome::kAccepted);
  CHECK(anew.request.id != done.id);
  CHECK(absl::IsNotFound(record->Get(done.id, "alice").status()));

  // What is not finished stays for as long as it takes.
  CHECK(Must(record->Purge(ends + 1000h, 10)) == 0);
  CHECK(Must(record->Accept(RequestOf("open"), ends + 1000h)).outcome == AcceptOutcome::kExisting);
}

void PurgeInSteps(RecordPlace& place) {
  const auto record = place.Open();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    const RequestLock lock = *Must(record->Accept(RequestOf("", "{}", true), kT)).lock;
    Must(record->BeginAttempt(lock, "openai", "gpt", kT));
    MustOk(record->Complete(lock, "answer", 200, kT + i * 1s));
    ids.push_back(lock.id);
  }
  const UnixTime at = kT + 3s + place.config.retention;
  CHECK(Must(record->Purge(at, 3)) == 3);
  CHECK(Must(record->Purge(at, 3)) == 1);
  CHECK(Must(record->Purge(at, 3)) == 0);
  CHECK(absl::IsNotFound(record->Get(ids[3], "alice").status()));
  CHECK(Must(record->Get(ids[4], "alice")).result == "answer");
  CHECK(Must(record->Attempts(ids[4], "alice")).size() == 1);
}

void CountsOfOpenOnes(RecordPlace& place) {
  const auto record = place.Open();
  CHECK(Must(record->Counts(kT)).oldest_waiting == Duration::zero());
  Must(record->Accept(RequestOf("", "{}"), kT + 5s));
  Must(record->Accept(RequestOf("", "{}"), kT + 6s));
  const RequestLock lock = *Must(record->Accept(RequestOf("", "{}", true), kT)).lock;
  MustOk(record->ScheduleRetry(lock, kT + 1h, "", kT));
  Must(record->Accept(RequestOf("", "{}", true), kT));
  const RequestLock done = *Must(record->Accept(RequestOf("", "{}", true), kT)).lock;
  MustOk(record->Complete(done, "answer", 200, kT));
  const RecordCounts counts = Must(record->Counts(kT + 10s));
  CHECK(counts.queued == 2);
  CHECK(counts.processing == 1);
  CHECK(counts.retrying == 1);
  CHECK(counts.oldest_waiting == 10s);
}

void GroupsAreOne(RecordPlace& place) {
  const auto record = place.Open();
  RequestLock lock;
  absl::Status own;
  MustOk(record->Group([&] {
    const AcceptReply reply = Must(record->Accept(RequestOf("k", "{}", true), kT));
    lock = *reply.lock;
    CHECK(Must(record->Accept(RequestOf("k", "{}"), kT)).outcome == AcceptOutcome::kExisting);
    CHECK(Must(record->BeginAttempt(lock, "openai", "gpt", kT)) == 1);
    own = record->Complete({lock.id, 9}, "not mine", 200, kT);
    CHECK(Must(record->Get(lock.id, "alice")).attempts == 1);
  }));
  CHECK(IsStaleLock(own));
  MustOk(record->Group([&] {
    MustOk(record->FinishAttempt(lock, 1, EndOf(RecordedOutcome::kSucceeded), kT));
    MustOk(record->Complete(lock, "answer", 200, kT));
  }));
  CHECK(Must(record->Get(lock.id, "alice")).result == "answer");
  MustOk(record->Group([] {}));
  MustOk(record->Group([&] { CHECK(Must(record->Counts(kT)).queued == 0); }));
}

void SurvivesRestarts(RecordPlace& place) {
  RequestLock done, running, idle, retrying;
  std::string queued;
  {
    const auto record = place.Open();
    done = *Must(record->Accept(RequestOf("done", "{}", true), kT)).lock;
    MustOk(record->Complete(done, "answer", 200, kT));
    running = *Must(record->Accept(RequestOf("running", "body", true), kT)).lock;
    Must(record->BeginAttempt(running, "openai", "gpt", kT));
    idle = *Must(record->Accept(RequestOf("idle", "{}", true), kT + 1s)).lock;
    retrying = *Must(record->Accept(RequestOf("retrying", "{}", true), kT)).lock;
    MustOk(record->ScheduleRetry(retrying, kT + 1h, "", kT));
    queued = Must(record->Accept(RequestOf("queued"), kT + 2s)).request.id;
  }
  const auto record = place.Open();
  // PostgreSQL cannot know whether another gateway still works on them before their leases end.
  const UnixTime now = kT + 1s + place.config.lease;
  const RecoveryReport report = Must(record->Recover(now));
  CHECK(report.requeued == 2);
  CHECK(report.failed == 0);
  CHECK(report.unknown_attempts == 1);
  CHECK(Must(record->Get(done.id, "alice")).result == "answer");
  CHECK(Must(record->Get(running.id, "alice")).status == RequestStatus::kRetrying);
  CHECK(Must(record->Get(idle.id, "alice")).status == RequestStatus::kQueued);
  CHECK(Must(record->Get(retrying.id, "alice")).not_before == kT + 1h);
  CHECK(IsStaleLock(record->Complete(running, "from before", 200, now)));
  // They are back where they stood.
  for (const std::string& id : {running.id, idle.id, queued}) {
    const auto claimed = Must(record->ClaimNext(now));
    REQUIRE(claimed);
    CHECK(claimed->lock.id == id);
    if (id == running.id) {
      CHECK(claimed->body == "body");
      CHECK(claimed->unknown_attempts == 1);
    }
  }
  CHECK(Must(record->Recover(now)).unknown_attempts == 0);
}

void RestartsMayFailUnknowns(RecordPlace& place) {
  place.config.on_unknown = UnknownPolicy::kFail;
  std::vector<RequestLock> locks;
  {
    const auto record = place.Open();
    for (int i = 0; i < 600; ++i) {  // more than one transaction of Recover()
      MustOk(record->Group([&] {
        locks.push_back(*Must(record->Accept(RequestOf("", "{}", true), kT)).lock);
        if (i % 2 == 0) Must(record->BeginAttempt(locks.back(), "openai", "gpt", kT));
      }));
    }
  }
  const auto record = place.Open();
  const RecoveryReport report = Must(record->Recover(kT + place.config.lease));
  CHECK(report.requeued == 300);
  CHECK(report.failed == 300);
  CHECK(report.unknown_attempts == 300);
  CHECK(Must(record->Get(locks[0].id, "alice")).last_error_code == "outcome_unknown");
}

constexpr RecordClaim kLockClaims[] = {
    {"claims go by age", ClaimsInOrder},
    {"who accepts may go on to process", AcceptedWithLock},
    {"a stale worker can write nothing", StaleWorker},
    {"an expired lock that nobody took is still good", ExpiredIsNotStale},
    {"leases are renewed by Renew and by attempts", RenewedLeases},
    {"attempts are kept with their timings and outcomes", AttemptsAreKept},
    {"attempts are bounded", AttemptsAreBounded},
    {"a lost attempt may fail its request, one never sent does not", UnknownFails},
    {"a failure is the answer to its key", Failures},
    {"error fields hold neither keys nor what upstreams said", NothingUnsafeIsStored},
    {"a retry waits for its time", Retries},
    {"keys are free after retention, purged or not", Retention},
    {"a purge is bounded and takes attempts along", PurgeInSteps},
    {"counts are of what is not finished", CountsOfOpenOnes},
    {"a group is one transaction", GroupsAreOne},
    {"restarts lose nothing", SurvivesRestarts, true},
    {"restarts fail what may not be tried again", RestartsMayFailUnknowns, true},
};

}  // namespace

std::span<const RecordClaim> RecordLockClaims() { return kLockClaims; }

void CheckRecordClaims(RecordPlace& place) {
  const RecordConfig config = place.config;
  std::vector<RecordClaim> claims(RecordAcceptClaims().begin(), RecordAcceptClaims().end());
  claims.insert(claims.end(), RecordLockClaims().begin(), RecordLockClaims().end());
  for (const RecordClaim& claim : claims) {
    if (claim.restarts && !place.outlives_process) continue;
    INFO("claim: " << claim.name);
    place.config = config;
    place.wipe();
    claim.holds(place);
    if (place.outlives_process) MustOk(place.Open()->Check());
  }
  place.config = config;
}

}  // namespace squall
