// Provider: one mock LLM provider without any I/O. Plan() turns the bytes of a request and the time
// into a ReplyPlan; players carry it out. All randomness is keyed by (seed, provider, request,
// arrival), so clients that know nothing of squall meet the same faults in any order of arrival. Of
// single requests a provider remembers nothing but how often they have come (in GroundTruth).
//
// A request is keyed, in order, by x-squall-request, else Idempotency-Key, else the task marker in
// its prompt, else a hash of its body; KeyByTask() puts the marker first. Its attempt number is its
// n-th arrival at this provider. What asks a judge about a request (judge.h) is keyed apart from
// it, by JudgeKey.
//
// What happens to an arrival, in this order: a refusal of what is no valid request; climate; the
// base-rate fault (fault_draw.h), where it keeps the request from the model; what the model does
// not take (model_limits.h); any other drawn fault; a used quota (quota.h); a full queue. The last
// two depend on the engine's load and never hide a drawn fault.
// One thread per provider; the GroundTruth and the Climate are shared.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/wire/http.h"
#include "engine/wire/transport.h"
#include "mock_providers/config.h"
#include "mock_providers/ground_truth.h"
#include "mock_providers/reply_plan.h"
#include "mock_providers/tasks.h"

namespace squall {

class Climate;
class DialectServer;
class FaultDraw;
class Quota;
class QuotaRegions;
class ServiceQueue;
struct ApiRequest;
struct FaultContext;

// What would meet a request, without sending it: for the clairvoyant ceiling and for tests.
struct Outlook {
  int fault = -1;      // row of FaultTable(), -1 for none
  bool right = true;   // the answer that came back would be right
  Duration latency{};  // of the healthy or slow reply, without queueing
};

class Provider final : public ReplySource {
 public:
  // `climate` (may be null) and `truth` outlive the provider. `seed` is the run's. `config` holds
  // the effective faults, the scenario's defaults merged in. `regions` are the quotas that the
  // providers of a run share, and outlive it; null: its region is its own.
  Provider(ProviderId id, const ProviderConfig& config, uint64_t seed, Climate* climate,
           GroundTruth* truth, QuotaRegions* regions = nullptr);
  ~Provider() override;

  // Decides the reply to one request and logs what it scheduled. `now` must not go back.
  ReplyPlan Plan(const HttpRequest& request, Time now) override;

  void Played(const ReplyPlan& plan) override;
  void Left(const ReplyPlan& plan) override;

  // The marker in a prompt comes before what headers say: whoever stands between the workload and
  // this provider may drop headers or write its own. Bodies that are no requests are logged, too.
  // Before the first request.
  void KeyByTask() { task_first_ = true; }

  // Base-rate faults from now on; checked by the loader. Requests that have arrived keep theirs.
  void ReplaceFaults(const std::map<std::string, FaultConfig>& faults);

  // `session` is the request's "user" field. Changes nothing that Plan() would see.
  Outlook Peek(uint64_t request_key, std::string_view session, uint32_t arrival, size_t model,
               int64_t answer_tokens, Time now) const;

  // Would the model that these bytes ask for turn them down for what they say, whatever is drawn?
  // Reads like Plan() does and leaves no trace; not while a reply is being planned.
  bool TurnsDown(const HttpRequest& request);

  // Does a model take a request of this size? `max_tokens` is the bound of the answer.
  bool Fits(size_t model, int64_t prompt_tokens, int64_t max_tokens) const;

  const ProviderConfig& config() const { return config_; }
  ProviderId id() const { return id_; }

 private:
  // What the draws say about one arrival; the same for Plan and Peek.
  struct Decision {
    int fault = -1;
    int variant = 0;
    int episode = -1;
    bool request_bound = false;
    bool model_errs = false;
    double ttft_s = 0;
    double per_token_s = 0;
    double service_s =
        -1;  // by a law of service times, which takes the place of the two; < 0: none
    Duration Latency(int64_t tokens) const;
    // The time to the first token and that of each, which add up to Latency().
    struct Pace {
      Duration ttft{};
      Duration per_token{};
    };
    Pace PaceOf(int64_t tokens) const;
  };
  Decision Decide(uint64_t request_key, std::string_view session, uint32_t arrival, size_t model,
                  Time now) const;
  bool ReaskHeals(const ReplyPlan& plan, const Decision& decision) const;
  void WriteContent(const ApiRequest& request, const Decision& decision, ReplyPlan* plan);
  void Answer(const ApiRequest& request, const Decision& decision, Time now, ReplyPlan* plan);
  void Charge(const FaultContext& context, Duration latency, const ReplyPlan& plan);
  void CountArrival(std::string_view user, Time now, ReplyPlan* plan);
  void RememberHint(std::string_view user, const ReplyPlan& plan);
  void Schedule(const FaultContext& context, Duration latency, ReplyPlan* plan);
  void Log(const ApiRequest& request, Time now, const ReplyPlan& plan);

  ProviderId id_;
  ProviderConfig config_;
  uint64_t seed_;
  Climate* climate_;
  GroundTruth* truth_;
  std::unique_ptr<FaultDraw> faults_;
  std::unique_ptr<DialectServer> server_;
  std::unique_ptr<Quota> quota_;  // null without limits
  // Between these times a user who was told to wait has heard of it and should stay away.
  struct Wait {
    Time from;
    Time until;
    bool Covers(Time now) const { return from <= now && now < until; }
  };
  // Users who were told to wait, by hash, and the order in which to forget them.
  absl::flat_hash_map<uint64_t, Wait> waiting_users_;
  std::deque<uint64_t> waiting_order_;
  StreamId latency_stream_;
  StreamId reply_stream_;                // ids and small choices of a reply
  std::vector<StreamId> model_streams_;  // by model name: the same model errs alike everywhere
  StreamId service_stream_;
  std::unique_ptr<ServiceQueue> queue_;  // null without a limit
  bool task_first_ = false;
  std::string content_;  // of the answer being written; kept for its memory
};

// The key of a request whose id is known, as x-squall-request or Idempotency-Key carries it.
uint64_t RequestKey(std::string_view request_id);

// The key of a request that is known by nothing but the task in its prompt: that of TaskId().
uint64_t RequestKey(const TaskSpec& task);

// The key under which the questions of judges about a request are counted, drawn and logged, so
// that asking a judge changes nothing of what meets the request itself.
uint64_t JudgeKey(uint64_t request_key);

}  // namespace squall
