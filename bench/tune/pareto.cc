#include "bench/tune/pareto.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace squall {

bool Dominates(const Scores& a, const Scores& b) {
  bool better = false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] < b[i]) return false;
    better = better || a[i] > b[i];
  }
  return better;
}

std::vector<int> ParetoRanks(std::span<const Scores> scores) {
  constexpr int kNone = -1;
  std::vector<int> ranks(scores.size(), kNone);
  size_t left = scores.size();
  for (int rank = 0; left > 0; ++rank) {
    std::vector<size_t> front;
    for (size_t i = 0; i < scores.size(); ++i) {
      if (ranks[i] != kNone) continue;
      bool beaten = false;
      for (size_t j = 0; j < scores.size() && !beaten; ++j) {
        beaten = ranks[j] == kNone && Dominates(scores[j], scores[i]);
      }
      if (!beaten) front.push_back(i);
    }
    for (const size_t i : front) ranks[i] = rank;
    left -= front.size();
  }
  return ranks;
}

std::vector<size_t> ParetoFront(std::span<const Scores> scores) {
  const std::vector<int> ranks = ParetoRanks(scores);
  std::vector<size_t> front;
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] == 0) front.push_back(i);
  }
  return front;
}

std::vector<double> CrowdingDistances(std::span<const Scores> scores) {
  std::vector<double> distances(scores.size(), 0);
  const size_t objectives = scores.empty() ? 0 : scores[0].size();
  std::vector<size_t> order(scores.size());
  for (size_t o = 0; o < objectives; ++o) {
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return scores[a][o] < scores[b][o]; });
    distances[order.front()] = distances[order.back()] = std::numeric_limits<double>::infinity();
    const double range = scores[order.back()][o] - scores[order.front()][o];
    for (size_t i = 1; range > 0 && i + 1 < order.size(); ++i) {
      distances[order[i]] += (scores[order[i + 1]][o] - scores[order[i - 1]][o]) / range;
    }
  }
  return distances;
}

std::vector<size_t> ParetoOrder(std::span<const Scores> scores) {
  const std::vector<int> ranks = ParetoRanks(scores);
  std::vector<double> alone(scores.size(), 0);
  const int last = ranks.empty() ? -1 : *std::max_element(ranks.begin(), ranks.end());
  for (int rank = 0; rank <= last; ++rank) {
    std::vector<size_t> members;
    std::vector<Scores> of_rank;
    for (size_t i = 0; i < ranks.size(); ++i) {
      if (ranks[i] != rank) continue;
      members.push_back(i);
      of_rank.push_back(scores[i]);
    }
    const std::vector<double> distances = CrowdingDistances(of_rank);
    for (size_t k = 0; k < members.size(); ++k) alone[members[k]] = distances[k];
  }
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return ranks[a] != ranks[b] ? ranks[a] < ranks[b] : alone[a] > alone[b];
  });
  return order;
}

}  // namespace squall
