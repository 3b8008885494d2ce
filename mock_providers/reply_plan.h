// ReplyPlan: everything a mock server will do about one request, decided before the first byte. A
// fault is an edit of this plan; one player schedules it in virtual time (in_process.h), another plays
// it on a socket (http_server.h). Nothing about a fault is written in either.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/wire/http.h"

namespace squall {

enum class End : uint8_t {
  kClean,  // the whole response, then keep-alive
  kCut,    // `body_sent` bytes of the body, then an orderly close (FIN)
  kReset,  // `body_sent` bytes of the body, or nothing at all if `status` is 0, then RST
  kHang,   // nothing, until the client goes away
};

enum class Framing : uint8_t { kContentLength, kChunked };

// What the injector did, for the ground-truth log. Names are static texts.
struct FaultTruth {
  int kind = -1;                    // row of faults.h, -1 for none
  std::string_view variant;         // e.g. "renamed_key", "503"
  std::string_view failure_class;   // what a perfect diagnosis calls it
  std::string_view retry_decision;  // and what it recommends
  int episode = -1;                 // row of the climate, -1 for a base-rate fault
  bool request_bound = false;       // follows the request to every provider
  bool by_load = false;             // queue overflow: depends on the engine, not on the draw
  bool present() const { return kind >= 0; }
};

struct ReplyPlan {
  ReplyPlan() {}
  Time at{};  // when the first byte is due
  int status = 200;
  Headers headers;  // without the framing headers, which the player adds
  std::string body;
  Framing framing = Framing::kContentLength;
  End end = End::kClean;
  size_t body_sent = 0;  // for kCut and kReset: bytes of the body before the end
  FaultTruth fault;
  uint64_t request_key = 0;
  uint32_t arrival = 0;  // n-th arrival of this request here, from 0
  bool wrong_by_model = false;  // the model's base error, no fault
};

}  // namespace squall
