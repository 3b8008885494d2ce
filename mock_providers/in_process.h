// InProcessTransport: the player of ReplyPlans in the virtual world. A request is a function call
// into a mock provider, its reply a sleep until the plan is due; what the caller gets is what a
// socket client would have got from the same plan. With a sink a body comes in its pieces, each at
// its time, else as a whole at its end. The wire world's player is http_server.h. Belongs to the
// one thread of its Env.
#pragma once

#include <vector>

#include "engine/base/env.h"
#include "engine/wire/transport.h"
#include "mock_providers/provider.h"

namespace squall {

class InProcessTransport final : public Transport {
 public:
  // `providers` by id. They and `env` outlive the transport.
  InProcessTransport(std::vector<Provider*> providers, Env* env)
      : providers_(std::move(providers)), env_(*env) {}

  // A reply that is due exactly at `deadline` is still in time.
  using Transport::Send;
  Task<HttpReply> Send(ProviderId provider, const HttpRequest& request, Time deadline,
                       std::stop_token stop, BodySink* sink) override;

 private:
  Task<HttpReply> PlayPieces(Provider& target, ReplyPlan plan, Time deadline, std::stop_token stop,
                             BodySink* sink);

  std::vector<Provider*> providers_;
  Env& env_;
};

// What a client holds once `plan` has been played to its end: status, headers with the framing
// header of the wire, body as far as it was sent. Takes the plan's texts. kHang gives kTimeout.
HttpReply PlayedReply(ReplyPlan plan);

}  // namespace squall
