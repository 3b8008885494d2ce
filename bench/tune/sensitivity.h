// How much the figures depend on each parameter: around one candidate, one at a time, and over the
// whole space (answer.h).
#pragma once

#include <absl/status/statusor.h>

#include <vector>

#include "bench/tune/answer.h"

namespace squall {

// A tenth of its range down and up, or every other category. Errors: those of Study::Run.
absl::StatusOr<std::vector<Neighbour>> ChangesAround(Study* study, size_t candidate);

// By objective, then by parameter. Errors: those of Study::Run.
absl::StatusOr<std::vector<std::vector<TotalIndex>>> TotalIndices(Study* study);

// The index of one parameter from a design: f at the rows of A, and at the same rows with that
// parameter from B; `all` are the values whose variance is explained, not empty. 0 where that is 0.
double JansenTotal(std::span<const double> f_a, std::span<const double> f_ab,
                   std::span<const double> all);

}  // namespace squall
