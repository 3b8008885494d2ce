// Which share of a sweep this process has: from the command line, or from what a scheduler says in
// its environment.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "bench/tune/study.h"

namespace squall {

// "i/n", 0 <= i < n; "auto" or "auto/n": index (and number, unless given) from
//   SLURM_ARRAY_TASK_ID less SLURM_ARRAY_TASK_MIN, of SLURM_ARRAY_TASK_COUNT   (Slurm job arrays)
//   JOB_COMPLETION_INDEX, of n                                  (Kubernetes Indexed Jobs)
//   OMPI_COMM_WORLD_RANK, of OMPI_COMM_WORLD_SIZE               (Open MPI)
//   PMIX_RANK or PMI_RANK, of PMI_SIZE or n                     (other MPIs)
// "": one shard. Errors: kInvalidArgument.
absl::StatusOr<Shard> ReadShard(const std::string& text);

}  // namespace squall
