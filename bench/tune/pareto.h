// Which candidates no other one beats. Scores are such that more is better, one per objective; a
// candidate dominates another if it is nowhere worse and somewhere better. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace squall {

using Scores = std::vector<double>;

bool Dominates(const Scores& a, const Scores& b);

// Indices of those that none dominates, in order.
std::vector<size_t> ParetoFront(std::span<const Scores> scores);

// 0 for the front, 1 for what would be the front without it, and so on.
std::vector<int> ParetoRanks(std::span<const Scores> scores);

// How alone each is among the given ones, by the sum over objectives of the normalised distance
// between its neighbours; infinite at the ends. K. Deb et al., "A fast and elitist multiobjective
// genetic algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6 (2002).
std::vector<double> CrowdingDistances(std::span<const Scores> scores);

// Indices from the best to the worst: by rank, within a rank by crowding within that rank, then by
// index.
std::vector<size_t> ParetoOrder(std::span<const Scores> scores);

}  // namespace squall
