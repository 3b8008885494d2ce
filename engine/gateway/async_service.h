// AsyncService: requests that outlive their connection, and the process (README, "The gateway"). A
// request with an idempotency key, or with "wait", is written to the durable record before it is
// executed; whoever asks again with the same key and body gets the same result, and it is executed
// once. Workers take up what nobody waits for, what is to be tried again, and what a dead process
// has left behind.
//
//   accepted -> executed by its own visit (wait) or a worker -> completed | failed | retried later
//
// Every attempt is written before its first byte goes out, and how it ended after. Whoever executes
// holds a lease and renews it; once that is lost, it stops and writes nothing more.
//
// One thread, that of the env; the record's own threads are behind its queue.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gateway/chat_call.h"
#include "engine/gateway/gateway_core.h"
#include "engine/gateway/record_queue.h"

namespace squall {

class ChatService;
struct ChatVisit;

class AsyncService final : public AttemptWitness {
 public:
  using Say = std::function<void(const std::string&)>;

  // Opens the record. `core` outlives it. Errors are those of OpenRecord().
  static absl::StatusOr<std::unique_ptr<AsyncService>> Open(GatewayCore& core,
                                                            const AsyncConfig& config, Say say);
  ~AsyncService() override;  // never started, or Stop() has completed

  void Start();

  // Serves a visit that has been read. Whatever happens, it is replied to.
  Task<> Serve(ChatVisit& visit, ChatService& chat);

  // What GET /v1/requests/{id} says to the client of that name. Errors: NotFound, Unavailable.
  Task<absl::StatusOr<std::string>> Describe(std::string id, std::string name);

  // No work is taken up any more. Stop() waits for what is under way until `deadline`, then has it
  // stopped and left to be taken up after the next start.
  void StopClaiming();
  Task<> Stop(Time deadline);

  void OnAttempt(std::string_view request_id, const AttemptRecord& attempt);
  void AppendGauges(std::string* out) const;

  bool Knows(std::string_view request_id) const override;
  Task<int64_t> OnBegin(OutgoingAttempt attempt) override;

 private:
  struct Job;  // one request that is being executed here
  // Something to write under a lock.
  using RecordWrite = std::function<absl::Status(RequestRecord&, const RequestLock&, UnixTime)>;

  AsyncService(GatewayCore& core, const AsyncConfig& config, Say say,
               std::unique_ptr<RecordQueue> queue);

  Task<> Boot();
  Task<> Work();
  Task<> Upkeep();
  Task<> TakeUp(ClaimedRequest request);
  Task<> Execute(std::shared_ptr<Job> job);
  Task<> Call(Job& job);
  Task<> Conclude(Job& job);
  RecordWrite ConclusionOf(Job* job) const;
  Task<> AwaitEnds(Job& job);
  Task<> KeepLease(std::shared_ptr<Job> job);
  Task<bool> Renew(std::shared_ptr<Job> job);
  Task<bool> RenewLapsed();
  Task<> FinishAttempt(std::shared_ptr<Job> job, int64_t number, RecordedEnd end);
  std::shared_ptr<Job> NewJob(RequestLock lock, std::string endpoint);
  void Read(std::string_view body, Job* job) const;
  void NoteStale(Job* job, const RequestLock& lock) const;
  void Log(const Job& job) const;

  Task<> Accepted(ChatVisit& visit, AcceptReply& accepted, bool wait);
  Task<> AwaitResult(ChatVisit& visit);
  Task<> ReplyRecorded(ChatVisit& visit, const RecordedRequest& request, std::string_view mode);
  Task<> Reply(ChatVisit& visit, int status, std::string_view mode, std::string_view headers,
               std::string_view error, const std::string& body);

  GatewayCore& core_;
  AsyncConfig config_;
  Say say_;
  std::unique_ptr<RecordQueue> queue_;
  std::map<std::string, std::shared_ptr<Job>, std::less<>> jobs_;  // by id of the request
  std::stop_source stop_;                                          // of claiming
  std::stop_source work_;                                          // something may have come
  int64_t running_ = 0;                                            // coroutines of ours
  int64_t taken_up_ = 0;                                           // requests, at most workers
  RecordCounts counts_;                                            // as of the last look
  bool started_ = false;
  std::stop_source booted_;  // it is known whether the record could be recovered
  bool recovered_ = false;   // nothing is accepted before
  std::string not_recovered_ = "request record: not read yet";  // why
};

}  // namespace squall
