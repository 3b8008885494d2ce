// Two results, figure by figure, the second less the first. Where both met the same faults (equal
// draws_hash, seed and replications, rows of requests in both files) they are compared request by
// request, and the differences have the intervals of pairs: Newcombe's for shares (intervals.h)
// with McNemar's exact p-value (Psychometrika 12 (1947)), and a bootstrap that draws blocks for
// everything else. A block is a replication where there are kMinBlocks of them, else a stretch of
// consecutive requests, since what befalls neighbours is alike; draws are keyed, so the same two
// files give the same intervals everywhere. Otherwise the two are independent samples: Newcombe's
// interval for two proportions (Statistics in Medicine 17 (1998), 873, method 10), and figures
// without one beside each other.
//
// Results with equal fingerprints did the same things, and nothing is estimated of them. Of others
// the first request that went another way is named, and which of its columns differ.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/metric_table.h"
#include "reports/result_reader.h"

namespace squall {

inline constexpr int kMinBlocks = 20;     // replications, below which stretches are drawn
inline constexpr int kBlocksDrawn = 200;  // stretches that a run is cut into, at most

struct CompareOptions {
  double confidence = 0.95;
  int64_t resamples = 1000;
};

// One figure in both.
struct Difference {
  std::string metric;
  MetricUnit unit = MetricUnit::kNumber;
  bool more_is_better = true;
  std::optional<double> base;
  std::optional<double> next;
  std::optional<double> change;      // next - base, of the pairs where there are pairs
  std::optional<Interval> interval;  // nullopt: nobody knows, or of these draws alone
  std::string_view method;           // "identical", "newcombe_paired", "bootstrap_blocks", ...
  int64_t pairs = 0;                 // requests or attempts that it is of; 0 without pairs
  std::optional<double> p_value;     // McNemar's, of shares
};

// The first request that went another way.
struct Divergence {
  std::string request;              // RequestsTable::NameOf
  int64_t requests = 0;             // in all
  std::vector<std::string> fields;  // that differ, in the order in which they come about
  std::string base;                 // what became of it, in a line
  std::string next;
};

struct CompareResult {
  std::string base_name;
  std::string next_name;
  bool identical = false;  // equal fingerprints
  bool paired = false;
  std::string why_not_paired;         // "" if paired
  std::vector<std::string> settings;  // effective values that differ, at most kMostSettings
  int64_t more_settings = 0;
  std::optional<Divergence> divergence;
  std::vector<Difference> differences;
  std::vector<std::string> timing;  // lines about wall-clock figures, which gate nothing

  static constexpr size_t kMostSettings = 12;
  const Difference* Find(std::string_view metric) const;
};

CompareResult Compare(const StoredResult& base, const StoredResult& next,
                      const CompareOptions& options);

// The columns in which two rows differ, in causal order; "times within" where only the digests do.
std::vector<std::string> DifferingFields(const RequestRow& base, const RequestRow& next,
                                         const RequestsTable& base_table,
                                         const RequestsTable& next_table);
// "met timeout; diagnosed timeout; then retry; 3 attempts; right answer in time after 1.2 s".
std::string RowText(const RequestRow& row, const RequestsTable& table);
std::optional<Divergence> FirstDivergence(const RequestsTable& base, const RequestsTable& next);

}  // namespace squall
