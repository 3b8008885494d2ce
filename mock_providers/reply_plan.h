// ReplyPlan: everything a mock server will do about one request, decided before the first byte. A
// fault is an edit of this plan; one player schedules it in virtual time (in_process.h), another
// plays it on a socket (http_server.h). Nothing about a fault is written in either.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/wire/http.h"

namespace squall {

enum class End : uint8_t {
  kClean,  // the whole response, then keep-alive
  kCut,    // `body_sent` bytes of the body, then an orderly close (FIN)
  kReset,  // `body_sent` bytes of the body, or nothing at all if `status` is 0, then RST
  kHang,   // nothing, until the client goes away; of a stream, `body_sent` bytes before that
};

enum class Framing : uint8_t { kContentLength, kChunked };

// A piece of a body that is sent when its time has come.
struct Chunk {
  Duration after{};  // the chunk before it, the first one after `at`
  size_t end = 0;    // its last byte is the one before this
};

// What the injector did, for the ground-truth log. Names are static texts.
struct FaultTruth {
  int kind = -1;                    // row of FaultTable(), -1 for none
  std::string_view variant;         // e.g. "renamed_key", "503"
  std::string_view failure_class;   // what a perfect diagnosis calls it
  std::string_view retry_decision;  // and what it recommends
  int episode = -1;                 // row of the climate, -1 for a base-rate fault
  bool request_bound = false;       // follows the request to every provider
  bool slows = false;    // its delay is what it does, also to a client that leaves before the end
  bool hidden = false;   // FaultVariant::hidden
  bool by_load = false;  // full queue (kind server_error): by the engine, not by the draw
  bool present() const { return kind >= 0; }
};

// Who came back to a provider before the time that a hint of it had named.
enum class EarlyReturn : uint8_t {
  kNo,
  kSameRequest,
  kSameUser,  // another request of the user who was told to wait
};

struct ReplyPlan {
  ReplyPlan() {}
  Time at{};  // when the first byte is due, or the reset; kNever for kHang
  int status = 200;
  Headers headers;   // without the framing headers, which the player adds
  std::string body;  // whole, even where only a part will be sent
  Framing framing = Framing::kContentLength;
  // Times of the body's pieces, in order, one event of a stream each; empty = all of it at once.
  std::vector<Chunk> chunks;
  size_t text_begin = 0;  // of a stream: the chunks that carry the text are [begin, end)
  size_t text_end = 0;
  End end = End::kClean;
  size_t body_sent = 0;  // for kCut and kReset: bytes of the body before the end
  FaultTruth fault;
  Time retry_not_before{};  // what its hint asks for; kStart = it holds none
  uint64_t request_key = 0;
  uint32_t arrival = 0;  // n-th arrival of this request here, from 0
  uint32_t run = 0;      // of the source, where that can be started afresh
  int model = -1;        // index of the model that was asked for; -1: nobody could tell
  EarlyReturn early = EarlyReturn::kNo;
  bool model_erred = false;       // by its base error, whatever a fault then made of it
  bool wrong_by_model = false;    // the answer is wrong by the model's base error, no fault
  int64_t completion_tokens = 0;  // generated, whether or not the client gets to see them
};

// Does the plan take effect on a client that leaves before its end, because waiting is the effect?
inline bool FeltByWaiting(const ReplyPlan& plan) {
  return plan.end == End::kHang || plan.fault.slows;
}

// Bytes of the body that go out before the end.
inline size_t BytesSent(const ReplyPlan& plan) {
  return plan.end == End::kClean ? plan.body.size() : std::min(plan.body_sent, plan.body.size());
}

// What Content-Length says. A reply that is cut after its whole body still has to be one that is
// cut.
inline size_t DeclaredLength(const ReplyPlan& plan) {
  const bool whole = BytesSent(plan) == plan.body.size();
  return plan.body.size() + (whole && plan.end != End::kClean ? 1 : 0);
}

// When the last byte that will be sent is due; kNever if the client must end it.
inline Time EndOf(const ReplyPlan& plan) {
  if (plan.end == End::kHang) return kNever;
  Time end = plan.at;
  const size_t sent = BytesSent(plan);
  size_t from = 0;
  for (const Chunk& chunk : plan.chunks) {
    if (from >= sent) break;
    end = SaturatingAdd(end, chunk.after);
    from = chunk.end;
  }
  return end;
}

// What a player plays: a Provider, or a few plans written by hand in a test. Belongs to the
// player's thread.
class ReplySource {
 public:
  virtual ~ReplySource() = default;

  // Decides the reply to one request that arrived in full at `now`, which never goes back.
  virtual ReplyPlan Plan(const HttpRequest& request, Time now) = 0;

  // The plan took effect: its last byte was written, its connection ended as planned, or the client
  // left a hanging reply. Never called for a reply that the client did not wait for.
  virtual void Played(const ReplyPlan& plan) = 0;

  // The client left before the plan took effect. Each plan ends in one of the two.
  virtual void Left(const ReplyPlan& /*plan*/) {}
};

}  // namespace squall
