// Provider: one mock LLM provider without any I/O. Plan() turns the bytes of a request and the time
// into a ReplyPlan; players carry it out. All randomness is keyed by (seed, provider, request,
// arrival), so clients that know nothing of squall meet the same faults in any order of arrival.
//
// A request is keyed, in order, by x-squall-request, else Idempotency-Key, else the task marker in its
// prompt, else a hash of its body. Its attempt number is its n-th arrival at this provider.
// One thread per provider; the GroundTruth is shared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/wire/http.h"
#include "engine/wire/transport.h"
#include "mock_providers/config.h"
#include "mock_providers/ground_truth.h"
#include "mock_providers/reply_plan.h"

namespace squall {

class Climate;
class OpenAiServer;  // reads requests and writes replies of the dialect

// What would meet a request, without sending it: for the clairvoyant ceiling and for tests.
struct Outlook {
  int fault = -1;             // row of FaultTable(), -1 for none
  bool right = true;          // the answer that came back would be right
  Duration latency{};         // without queueing
};

class Provider {
 public:
  // `climate` and `truth` outlive the provider. `seed` is the run's.
  Provider(ProviderId id, const ProviderConfig& config, uint64_t seed, Climate* climate,
           GroundTruth* truth);
  ~Provider();

  // Decides the reply to one request and logs what it scheduled. `now` must not go back.
  ReplyPlan Plan(const HttpRequest& request, Time now);

  // A player reports that the plan took effect: its last byte was written, its connection ended
  // as planned, or the client left a hanging reply.
  void Played(const ReplyPlan& plan);

  // `session` is the request's "user" field. Changes nothing that Plan() would see.
  Outlook Peek(uint64_t request_key, std::string_view session, uint32_t arrival, size_t model,
               int64_t answer_tokens, Time now) const;

  const ProviderConfig& config() const { return config_; }
  ProviderId id() const { return id_; }

 private:
  struct Rates;  // cumulative weights of the fault kinds, made once
  ProviderId id_;
  ProviderConfig config_;
  uint64_t seed_;
  Climate* climate_;
  GroundTruth* truth_;
  std::unique_ptr<Rates> rates_;
  std::unique_ptr<OpenAiServer> server_;
  std::vector<Time> busy_until_;  // min-heap, one entry per server that has ever worked
};

// The key of a request whose id is known, as x-squall-request carries it.
uint64_t RequestKey(std::string_view request_id);

}  // namespace squall
