// Losses: of the faulted requests that a clairvoyant engine would have recovered, those that this
// engine did not, each by the one reason that decided it. It answers the question that a recovery
// rate leaves open: what would have to change?
//
// A call that ended without an answer is lost by what the engine itself gave as its reason to stop
// (engine/plan.h). A wrong answer that was passed on as right is told apart by the ground truth of
// the attempt that brought it:
//   model_error    nothing was done to it: the model erred by itself
//   hidden_fault   a fault in perfect form, which no look at one answer can see (hidden_faults in
//                  mock_providers/faults.h): a second opinion could
//   missed_fault   a fault that the guard might have seen
//   wrong_answer   of a target, of which it is not known which attempt brought it
// One thread; plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/outcome.h"

namespace squall {

// Why a call that is not a strict recovery is none. Static text, never empty.
std::string_view ReasonOf(const Outcome& outcome);

// The same in words for people: "the retry budget was used up".
std::string_view ReasonWords(std::string_view reason);

// Counts by reason, in order of first appearance. Reasons are few.
class LossTable {
 public:
  struct Row {
    std::string reason;
    int64_t count = 0;
    uint64_t example = 0;  // index of the first such request
    bool operator==(const Row&) const = default;
  };

  void Add(std::string_view reason, int64_t count, uint64_t example);
  void Merge(const LossTable& other);

  int64_t total() const;
  int64_t count(std::string_view reason) const;
  std::vector<Row> MostFirst() const;
  bool operator==(const LossTable&) const = default;

 private:
  std::vector<Row> rows_;
};

// Wrong answers passed on as right, of the requests whose first attempt met a fault that can be
// seen.
struct VisibleFaults {
  int64_t n = 0;
  int64_t wrong = 0;   // passed on, whatever made them wrong
  int64_t missed = 0;  // of these: by a fault that can be seen
  void Add(const Outcome& outcome);
  void Merge(const VisibleFaults& other);
  bool operator==(const VisibleFaults&) const = default;
};

}  // namespace squall
