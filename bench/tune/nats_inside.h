// What nats_*.cc share of the client library: owners of its objects.
#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/tune/nats_link.h"

namespace squall {

template <auto Destroy>
struct NatsDestroyer {
  template <class T>
  void operator()(T* object) const {
    Destroy(object);
  }
};
using NatsOptionsOwner = std::unique_ptr<natsOptions, NatsDestroyer<natsOptions_Destroy>>;
using NatsConnection = std::unique_ptr<natsConnection, NatsDestroyer<natsConnection_Destroy>>;
using NatsJetStream = std::unique_ptr<jsCtx, NatsDestroyer<jsCtx_Destroy>>;
using NatsSubscription = std::unique_ptr<natsSubscription, NatsDestroyer<natsSubscription_Destroy>>;
using NatsMessage = std::unique_ptr<natsMsg, NatsDestroyer<natsMsg_Destroy>>;
using NatsStreamInfo = std::unique_ptr<jsStreamInfo, NatsDestroyer<jsStreamInfo_Destroy>>;
using NatsConsumerInfo = std::unique_ptr<jsConsumerInfo, NatsDestroyer<jsConsumerInfo_Destroy>>;
using NatsMetaData = std::unique_ptr<jsMsgMetaData, NatsDestroyer<jsMsgMetaData_Destroy>>;

struct NatsLink::Inside {
  NatsConnection connection;
  NatsJetStream stream;  // of the connection; goes before it
  ~Inside() { stream.reset(); }
};

inline constexpr const char* kWorkStream = "SQUALL_WORK";
inline constexpr const char* kResultStream = "SQUALL_RESULT";
inline constexpr const char* kDeadStream = "SQUALL_DEAD";
inline constexpr const char* kWorkers = "squall-workers";
inline constexpr int64_t kNanosecondsPerMs = 1'000'000;

inline std::string_view TextOf(const natsMsg* message) {
  return {natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))};
}

}  // namespace squall
