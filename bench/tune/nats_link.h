// NatsLink: a connection to NATS with JetStream, and the streams of a sweep. The only header that
// nats_*.cc share; nothing of the client library stands in it.
//
//   SQUALL_WORK    squall.work            points to run; a work queue, one consumer for all
//                                         workers, explicit acknowledgements; the stream's
//                                         description names the build that may run them
//   SQUALL_RESULT  squall.result.<hash>   a line of results each, for a day
//   SQUALL_DEAD    squall.dead.<hash>     points that nobody could finish, with the reason, as long
//                                         as the server remembers that they were asked for
//
// All in files, so that a server that is killed goes on where it was. A message's id is the hash of
// its point: what is published twice within ten minutes is one.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace squall {

// How to get in. Secrets are passed on and appear in no message.
struct NatsAccess {
  std::string url = "nats://127.0.0.1:4222";  // tls:// for TLS; may hold user:password@ or token@
  std::string credentials;                    // file, as `nsc` writes it
  std::string ca;                             // file of trusted certificates; "" the system's
  std::string certificate;                    // file of the client's own chain, and ...
  std::string key;                            // ... its key
};

class NatsLink {
 public:
  // Tries for a few seconds. Errors: kUnavailable, kInvalidArgument for a file that cannot be read.
  static absl::StatusOr<std::unique_ptr<NatsLink>> Connect(const NatsAccess& access);
  ~NatsLink();

  // Makes streams and the workers' consumer for this build. Errors: kFailedPrecondition where
  // points of another build still wait, kUnavailable.
  absl::Status MakeStreams(const std::string& build, int64_t ack_wait_ms);

  // The build whose points the work stream holds; kNotFound before there is one.
  absl::StatusOr<std::string> BuildOfWork();

  // Until the server has it; `id` is the message's. Errors: kUnavailable, which may be tried again.
  absl::Status Publish(const std::string& subject, const std::string& id, std::string_view text);

  struct Inside;  // of nats_*.cc
  Inside& inside() { return *inside_; }

 private:
  NatsLink();
  std::unique_ptr<Inside> inside_;
};

inline constexpr const char* kWorkSubject = "squall.work";
inline constexpr const char* kResultSubject = "squall.result.";
inline constexpr const char* kDeadSubject = "squall.dead.";
inline constexpr uint64_t kMostDeliveries = 5;  // of a point, then it is dead

}  // namespace squall
