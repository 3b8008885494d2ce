// The front door's side of recorded requests: accepting them, and waiting for what becomes of them.
#include <absl/status/status.h>

#include <algorithm>
#include <utility>

#include "engine/base/cat.h"
#include "engine/base/json_text.h"
#include "engine/base/stop_other.h"
#include "engine/gateway/async_job.h"
#include "engine/gateway/chat_service.h"
#include "engine/gateway/record_hash.h"

namespace squall {
namespace {

ClientError Unrecorded(const absl::Status& status) {
  if (absl::IsInvalidArgument(status)) {
    ClientError error(400, "invalid_value", std::string(status.message()));
    error.retry = false;
    return error;
  }
  ClientError error(503, "record_unavailable",
                    Cat("The request could not be recorded, and was not executed: ",
                        std::string(status.message())));
  error.retry_after = 1s;
  return error;
}

// Of a request that has been recorded.
ClientError Unreadable(const absl::Status& status) {
  ClientError error(503, "record_unreadable",
                    Cat("The request is recorded and will be executed; what became of it cannot be "
                        "read now: ",
                        std::string(status.message())));
  error.retry_after = 1s;
  return error;
}

ClientError KeyTaken() {
  ClientError error(409, "idempotency_conflict",
                    "This idempotency key stands for a request with another body.");
  error.param = "idempotency_key";
  error.retry = false;
  return error;
}

// Whose requests they are in the record, which wants a name.
std::string RecordClient(const std::string& name) { return name.empty() ? "anybody" : name; }

void AppendMaybe(std::string_view name, const std::string& text, std::string* out) {
  AppendTo(out, ",\"", name, "\":");
  if (text.empty()) {
    out->append("null");
  } else {
    AppendJsonString(text, out);
  }
}

// The contract of one that is not finished, or that was not waited for.
std::string AcceptedBody(const RecordedRequest& request) {
  std::string body = R"({"id":)";
  AppendJsonString(request.id, &body);
  AppendTo(&body, R"(,"object":"chat.completion.async","status":")", Name(request.status),
           R"(","created":)", UnixSeconds(request.created_at), "}");
  return body;
}

std::string RequestBody(const RecordedRequest& request,
                        const std::vector<RecordedAttempt>& attempts) {
  std::string body = R"({"id":)";
  AppendJsonString(request.id, &body);
  AppendTo(&body, R"(,"object":"chat.completion.async","status":")", Name(request.status),
           R"(","attempts":)", request.attempts, R"(,"created_at":")", Rfc3339(request.created_at),
           R"(","updated_at":")", Rfc3339(request.updated_at), "\"");
  AppendMaybe("last_error_code", request.last_error_code, &body);
  AppendMaybe("error_message", request.error_message, &body);
  AppendTo(&body, R"(,"result":)", request.result.empty() ? "null" : request.result,
           R"(,"history":[)");
  for (const RecordedAttempt& attempt : attempts) {
    if (!body.ends_with('[')) body.push_back(',');
    AppendTo(&body, R"({"attempt_number":)", attempt.number, R"(,"status":")",
             Name(attempt.end.outcome), "\"");
    AppendMaybe("upstream", attempt.provider, &body);
    AppendMaybe("model", attempt.model, &body);
    AppendTo(&body, R"(,"started_at":")", Rfc3339(attempt.started_at), "\"");
    const bool ended = attempt.finished_at.ns > 0;
    AppendMaybe("finished_at", ended ? Rfc3339(attempt.finished_at) : "", &body);
    const Duration took = attempt.finished_at - attempt.started_at;
    AppendTo(&body, R"(,"duration_ms":)",
             ended ? std::to_string(std::chrono::floor<std::chrono::milliseconds>(took).count())
                   : "null",
             R"(,"upstream_status_code":)",
             attempt.end.http_status > 0 ? std::to_string(attempt.end.http_status) : "null");
    AppendMaybe("error_class", attempt.end.failure_class, &body);
    AppendMaybe("error_code", attempt.end.error_code, &body);
    body.append("}");
  }
  return body + "]}";
}

}  // namespace

Task<absl::StatusOr<std::string>> AsyncService::Describe(std::string id, std::string name) {
  const std::string client = RecordClient(name);
  const absl::StatusOr<RecordedRequest> request = co_await queue_->Get(id, client);
  if (!request.ok()) co_return request.status();
  const absl::StatusOr<std::vector<RecordedAttempt>> attempts =
      co_await queue_->Attempts(id, client);
  if (!attempts.ok()) co_return attempts.status();
  co_return RequestBody(*request, *attempts);
}

Task<> AsyncService::Serve(ChatVisit& visit, ChatService& chat) {
  std::optional<ClientError> error;
  if (visit.intake.wants_stream) {
    error.emplace(400, "unsupported_parameter",
                  "A recorded request (\"wait\", \"idempotency_key\") cannot be streamed.");
    error->param = "stream";
    error->retry = false;
  }
  if (!recovered_) {
    const std::stop_token booted = booted_.get_token();
    const Time until = core_.env.Now() + config_.record.wait;
    [[maybe_unused]] const bool late = co_await core_.env.SleepUntil(until, booted);
  }
  if (!recovered_ && !error.has_value()) error = Unrecorded(absl::UnavailableError(not_recovered_));
  NewRequest request;
  request.client = RecordClient(visit.state->ClientName(visit.client));
  request.idempotency_key = visit.intake.idempotency_key;
  request.endpoint = std::string(visit.path);
  request.body = visit.exchange.request().body;
  const absl::StatusOr<std::string> hash = CanonicalBodyHash(request.endpoint, request.body);
  if (hash.ok()) request.body_hash = *hash;
  const bool wait = visit.intake.wait.value_or(true);
  request.claim = wait && !core_.draining;
  std::optional<ClientLimits::Permit> permit;
  ClientLimits& limits = *visit.state->limits[visit.client];
  const ClientLoad load = ExpectedLoad(*visit.route, visit.intake, limits.CountsLoad());
  if (!error.has_value()) {
    ClientError limited;
    permit = limits.Enter(load, chat.ConversationOf(visit), core_.env.Now(), &limited);
    if (!permit.has_value()) error = std::move(limited);
  }
  if (error.has_value()) {
    ClientError& refusal = *error;
    co_await chat.Refuse(visit, std::move(refusal));
    co_return;
  }
  absl::StatusOr<AcceptReply> accepted = co_await queue_->Accept(std::move(request));
  const bool fresh = accepted.ok() && accepted->outcome == AcceptOutcome::kAccepted;
  // One that is recorded may be executed by another process: its estimate stands.
  limits.Settle(*permit, fresh ? load : ClientLoad(), core_.env.Now());
  if (!accepted.ok()) {
    co_await chat.Refuse(visit, Unrecorded(accepted.status()));
    co_return;
  }
  if (accepted->outcome == AcceptOutcome::kConflict) {
    co_await chat.Refuse(visit, KeyTaken());
    co_return;
  }
  AcceptReply& reply = *accepted;
  co_await Accepted(visit, reply, wait);
}

Task<> AsyncService::Accepted(ChatVisit& visit, AcceptReply& accepted, bool wait) {
  const RecordedRequest& request = accepted.request;
  visit.id = request.id;
  if (accepted.outcome == AcceptOutcome::kExisting && IsFinished(request.status)) {
    co_await ReplyRecorded(visit, request, "replayed");
    co_return;
  }
  if (accepted.lock.has_value()) {
    std::shared_ptr<Job> job = NewJob(*accepted.lock, std::string(visit.path));
    job->intake = std::move(visit.intake);
    job->route = visit.route;
    Spawn(core_.env.executor(), Execute(std::move(job)));
  } else {
    work_.request_stop();
  }
  if (wait) {
    co_await AwaitResult(visit);
    co_return;
  }
  const std::string body = AcceptedBody(request);
  co_await Reply(visit, 200, "async", "", "", body);
}

// Until the request is finished, the wait is over, or the client has left, which stops nothing. It
// may be executed here, or in another process, whose news only the record has.
Task<> AsyncService::AwaitResult(ChatVisit& visit) {
  const Time until = SaturatingAdd(core_.env.Now(), config_.wait);
  const std::string client = RecordClient(visit.state->ClientName(visit.client));
  while (true) {
    const auto found = jobs_.find(visit.id);
    const std::shared_ptr<Job> job = found == jobs_.end() ? nullptr : found->second;
    if (job != nullptr) {
      std::stop_source wake;
      const StopOther wake_up{&wake};
      const std::stop_callback<StopOther> on_end(job->finished.get_token(), wake_up);
      const std::stop_callback<StopOther> on_gone(visit.exchange.gone(), wake_up);
      const std::stop_token woken = wake.get_token();
      [[maybe_unused]] const bool late = co_await core_.env.SleepUntil(until, woken);
      if (visit.entry.result == nullptr && job->finished.stop_requested()) {
        visit.entry.usage = UsageOf(job->result);
        if (job->route != nullptr) visit.entry.usd = CostOf(*job->route, job->result);
      }
    }
    if (visit.exchange.gone().stop_requested()) {
      EndVisit(&visit, 499, "client_left", &core_);
      co_return;
    }
    if (job != nullptr && job->IsCompleted()) {
      const RecordedRequest completed = job->Completed();
      co_await ReplyRecorded(visit, completed, "async");
      co_return;
    }
    const absl::StatusOr<RecordedRequest> now = co_await queue_->Get(visit.id, client);
    if (now.ok() && IsFinished(now->status)) {
      const RecordedRequest& finished = *now;
      co_await ReplyRecorded(visit, finished, "async");
      co_return;
    }
    if (core_.env.Now() >= until || core_.draining) {
      if (now.ok()) {
        const std::string body = AcceptedBody(*now);
        co_await Reply(visit, 200, "async", "", "", body);
      } else {
        const ClientError error = Unreadable(now.status());
        const std::string headers = ErrorHeaders(error);
        const std::string body = ErrorBody(error, visit.shape, visit.id);
        co_await Reply(visit, error.status, "async", headers, error.code, body);
      }
      co_return;
    }
    const Time next = std::min(until, core_.env.Now() + config_.poll);
    const std::stop_token gone = visit.exchange.gone();
    [[maybe_unused]] const bool due = co_await core_.env.SleepUntil(next, gone);
  }
}

Task<> AsyncService::ReplyRecorded(ChatVisit& visit, const RecordedRequest& request,
                                   std::string_view mode) {
  const std::string headers = Cat("x-squall-attempts: ", request.attempts, "\r\n",
                                  mode == "replayed" ? "x-squall-replayed: true\r\n" : "");
  if (request.status == RequestStatus::kCompleted) {
    co_await Reply(visit, 200, mode, headers, "", request.result);
    co_return;
  }
  ClientError error(static_cast<int>(request.http_status), request.last_error_code,
                    request.error_message);
  error.retry = false;  // the key stands for this failure now
  const std::string all = headers + ErrorHeaders(error);
  const std::string body = ErrorBody(error, visit.shape, visit.id);
  co_await Reply(visit, error.status, mode, all, error.code, body);
}

Task<> AsyncService::Reply(ChatVisit& visit, int status, std::string_view mode,
                           std::string_view headers, std::string_view error,
                           const std::string& body) {
  const std::string all = VisitHeaders(visit, "application/json", -1) + std::string(headers);
  co_await visit.exchange.Reply(status, all, body);
  visit.entry.mode = mode;
  EndVisit(&visit, status, error, &core_);
}

}  // namespace squall
