// RequestsTable: one row per request, what happened to it, in columns. A result file carries it so
// that two results can be compared request by request, a replay can name the first request that
// went another way, and a page can draw distributions without running anything again. Replications
// follow one another; within each the row is the request's index.
//
// In JSON each column is one text with one character per request, or one list of integers, and
// "legend" says what the characters mean, so that a reader needs no table of its own:
//   kind       h healthy, f faulted, s slow, l by_load, m model_error, u unsent, - did not end
//   ending     s right answer in time, w wrong or second answer in time, a told of its failure in
//   time, l late
//              or empty; in capitals where the first attempt's reply was passed on as the answer
//   fault      drawn for the first attempt; '.' for none
//   diagnosis  what the engine took the first attempt for, and `truth` what it was; '.' unsent
//   action     the plan row that sent the second attempt; '.' where there was none
//   ceiling    1 a clairvoyant engine recovers it, 0 not even that one does, '.' not known
//   attempts, faulted_attempts, class_right, retry_right   base 36, 'z' for 35 or more
//   arrival_ms, latency_us (from the intended arrival), cost_nusd (1e-9 USD)   -1: did not end
//   digest     6 hex digits of a hash over all that the fingerprint covers of the request
// About 50 bytes a row in memory. Rows are added by one thread, in any order.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "reports/outcome.h"

namespace squall {

inline constexpr int64_t kMostRequestsKept = 1'000'000;  // a table of more is not made
inline constexpr int kMostAttemptsKept = 35;             // means "or more"

struct RequestRow {
  char kind = '-';
  char ending = '-';
  uint8_t fault = 0;      // index of its name + 1
  uint8_t diagnosis = 0;  // FailureClass of the first attempt + 1; 0 unsent
  uint8_t truth = 0;      // likewise
  uint8_t action = 0;     // index of its name + 1
  int8_t ceiling = -1;
  uint8_t attempts = 0;
  uint8_t faulted_attempts = 0;  // by the draw, impairments not counted
  uint8_t class_right = 0;       // of those
  uint8_t retry_right = 0;       // of those
  uint32_t digest = 0;           // 24 bits
  int64_t arrival_ms = -1;       // from the start of its replication
  int64_t latency_us = -1;
  int64_t cost_nusd = -1;

  bool ended() const { return kind != '-'; }
  bool faulted() const { return kind == 'f'; }
  bool strict() const { return ending == 's' || ending == 'S'; }
  bool lenient() const { return strict() || ending == 'w' || ending == 'W'; }
  // The faulted reply itself was returned as success.
  bool escaped() const { return ending == 'S' || ending == 'W' || ending == 'L'; }
  bool abstained() const { return ending == 'a'; }
  bool operator==(const RequestRow&) const = default;
};

class RequestsTable {
 public:
  RequestsTable() = default;
  explicit RequestsTable(std::vector<std::string> fault_names);

  // `outcome.index` is the row in the last replication. Costs are rounded.
  void Add(const Outcome& outcome);

  // Appends a later replication, or several, of the same fault names. Into an empty table a copy.
  void Append(const RequestsTable& later);

  bool empty() const { return rows_.empty(); }
  const std::vector<RequestRow>& rows() const { return rows_; }
  const std::vector<int64_t>& replications() const { return replications_; }  // rows of each
  const std::vector<std::string>& fault_names() const { return fault_names_; }
  const std::vector<std::string>& actions() const { return actions_; }

  // "3:4711", the 4712th request of the fourth replication; "4711" where there is only one.
  std::string NameOf(size_t row) const;

  // One column a line. `indent` is that of the object's closing bracket.
  std::string ToJson(int indent) const;

  // Errors: kInvalidArgument, "/pointer: got ..., expected ..." relative to the object.
  static absl::StatusOr<RequestsTable> FromJson(const nlohmann::ordered_json& json);

 private:
  friend class RequestColumns;
  uint8_t ActionIndex(std::string_view name);

  std::vector<std::string> fault_names_;
  std::vector<std::string> actions_;  // in the order of their appearance
  std::vector<int64_t> replications_;
  std::vector<RequestRow> rows_;
};

}  // namespace squall
