#include "reports/compare_bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engine/base/random.h"

namespace squall {
namespace {

constexpr StreamId kBlocks = Stream("compare.blocks");
constexpr size_t kShares = std::size(kLatencyShares);

// The block of every row.
std::vector<uint32_t> BlocksOf(const RequestsTable& table, int64_t* count) {
  std::vector<uint32_t> blocks;
  blocks.reserve(table.rows().size());
  const auto replications = static_cast<int64_t>(table.replications().size());
  const bool whole = replications >= kMinBlocks;
  const int64_t parts =
      whole ? 1 : std::max<int64_t>(1, kBlocksDrawn / std::max<int64_t>(replications, 1));
  *count = 0;
  for (const int64_t rows : table.replications()) {
    const int64_t used = std::min(parts, std::max<int64_t>(rows, 1));
    for (int64_t i = 0; i < rows; ++i) {
      blocks.push_back(static_cast<uint32_t>(*count + i * used / rows));
    }
    *count += used;
  }
  return blocks;
}

// Sums of one block.
struct Sums {
  double requests = 0;
  double attempts = 0;
  double cost_usd = 0;
  double faulted = 0;
  double class_right = 0;
  double retry_right = 0;
  void Add(const Sums& other, double times) {
    requests += times * other.requests;
    attempts += times * other.attempts;
    cost_usd += times * other.cost_usd;
    faulted += times * other.faulted;
    class_right += times * other.class_right;
    retry_right += times * other.retry_right;
  }
};

// One of the runs, ready to be drawn from: sums by block, and latencies in order with their blocks.
struct Side {
  std::vector<Sums> sums;
  std::vector<std::pair<int64_t, uint32_t>> latencies;
};

Side Prepare(const RequestsTable& table, const std::vector<uint32_t>& blocks, int64_t count) {
  Side side;
  side.sums.resize(static_cast<size_t>(count));
  for (size_t i = 0; i < table.rows().size(); ++i) {
    const RequestRow& row = table.rows()[i];
    if (!row.ended()) continue;
    Sums& sums = side.sums[blocks[i]];
    sums.requests += 1;
    sums.attempts += row.attempts;
    sums.cost_usd += 1e-9 * static_cast<double>(row.cost_nusd);
    sums.faulted += row.faulted_attempts;
    sums.class_right += row.class_right;
    sums.retry_right += row.retry_right;
    side.latencies.emplace_back(row.latency_us, blocks[i]);
  }
  std::sort(side.latencies.begin(), side.latencies.end());
  return side;
}

// The quantiles of a draw in which block b comes times[b] times, in ms.
std::array<double, kShares> QuantilesOf(const Side& side, const std::vector<int>& times) {
  int64_t n = 0;
  for (const auto& [latency, block] : side.latencies) n += times[block];
  std::array<double, kShares> out{};
  size_t next = 0;
  int64_t seen = 0;
  for (const auto& [latency, block] : side.latencies) {
    seen += times[block];
    while (next < kShares &&
           static_cast<double>(seen) >= std::ceil(kLatencyShares[next] * static_cast<double>(n)) &&
           seen > 0) {
      out[next++] = 1e-3 * static_cast<double>(latency);
    }
    if (next == kShares) break;
  }
  return out;
}

std::optional<double> RatioOrNone(double a, double b) {
  if (b <= 0) return std::nullopt;
  return a / b;
}

std::optional<double> Less(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return std::nullopt;
  return *a - *b;
}

// Percentile interval, nullopt where fewer than all draws had a value.
std::optional<Interval> IntervalOf(std::vector<double>* draws, int64_t resamples,
                                   double confidence) {
  if (static_cast<int64_t>(draws->size()) < resamples) return std::nullopt;
  std::sort(draws->begin(), draws->end());
  const auto at = [&](double share) {
    const auto rank = static_cast<size_t>(share * static_cast<double>(draws->size() - 1) + 0.5);
    return (*draws)[rank];
  };
  return Interval{at((1 - confidence) / 2), at((1 + confidence) / 2)};
}

}  // namespace

BlockIntervals DrawBlocks(const RequestsTable& base, const RequestsTable& next,
                          const CompareOptions& options) {
  BlockIntervals out;
  const std::vector<uint32_t> blocks = BlocksOf(base, &out.blocks);
  if (out.blocks == 0) return out;
  const Side sides[] = {Prepare(base, blocks, out.blocks), Prepare(next, blocks, out.blocks)};
  std::array<std::vector<double>, 4 + kShares> draws;
  std::vector<int> times(static_cast<size_t>(out.blocks), 1);
  const auto before_once = QuantilesOf(sides[0], times);
  const auto after_once = QuantilesOf(sides[1], times);
  for (size_t q = 0; q < kShares; ++q) out.latency_change_ms[q] = after_once[q] - before_once[q];
  for (int64_t resample = 0; resample < options.resamples; ++resample) {
    std::fill(times.begin(), times.end(), 0);
    for (int64_t i = 0; i < out.blocks; ++i) {
      const double u =
          Draw(1, kBlocks, static_cast<uint64_t>(resample), 0, static_cast<uint64_t>(i));
      ++times[static_cast<size_t>(u * static_cast<double>(out.blocks))];
    }
    Sums sums[2];
    for (size_t side = 0; side < 2; ++side) {
      for (size_t b = 0; b < times.size(); ++b) sums[side].Add(sides[side].sums[b], times[b]);
    }
    const auto push = [&](size_t slot, double Sums::*part, double Sums::*of) {
      const auto change =
          Less(RatioOrNone(sums[1].*part, sums[1].*of), RatioOrNone(sums[0].*part, sums[0].*of));
      if (change) draws[slot].push_back(*change);
    };
    push(0, &Sums::attempts, &Sums::requests);
    push(1, &Sums::cost_usd, &Sums::requests);
    push(2, &Sums::class_right, &Sums::faulted);
    push(3, &Sums::retry_right, &Sums::faulted);
    if (sums[0].requests <= 0 || sums[1].requests <= 0) continue;
    const auto before = QuantilesOf(sides[0], times);
    const auto after = QuantilesOf(sides[1], times);
    for (size_t q = 0; q < kShares; ++q) draws[4 + q].push_back(after[q] - before[q]);
  }
  const auto interval = [&](size_t slot) {
    return IntervalOf(&draws[slot], options.resamples, options.confidence);
  };
  out.attempts = interval(0);
  out.cost_usd = interval(1);
  out.class_accuracy = interval(2);
  out.retry_accuracy = interval(3);
  for (size_t q = 0; q < kShares; ++q) out.latency_ms[q] = interval(4 + q);
  return out;
}

}  // namespace squall
