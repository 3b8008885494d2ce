// ArrivalLog: the ground truth of `squall serve` as JSON lines, one per arrival at a mock provider,
// in their order. For clients that know nothing of squall and still want to know what was done to
// them. A line is written when its request arrives; when its reply is due and how it ends is
// decided by then. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/wire/http.h"
#include "mock_providers/reply_plan.h"

namespace squall {

// The status that a client gets to see, 0 where it sees none: a hanging reply, a reset before it.
int StatusSent(const ReplyPlan& plan);

// `text` as a JSON string; what is no UTF-8 becomes U+FFFD.
std::string JsonText(std::string_view text);

class ArrivalLog {
 public:
  // The oldest lines make room for new ones; about 25 MB when full.
  static constexpr size_t kMaxLines = 1 << 16;
  static constexpr size_t kMaxIdBytes = 128;  // of a request's id; its key identifies it anyway

  // `provider` and `model` are JSON, "null" where unknown. `plan` in the time of `now`.
  void Add(Time now, std::string_view provider, std::string_view model, const HttpRequest& request,
           const ReplyPlan& plan);

  // The lines that are kept whose number, its "n", is above `after`. Numbers begin with 1.
  std::string TextAfter(uint64_t after) const;

  uint64_t written() const { return written_; }
  uint64_t dropped() const { return written_ - lines_.size(); }

 private:
  std::deque<std::string> lines_;
  uint64_t written_ = 0;
};

}  // namespace squall
