// Counts what squall_bench allocates: operator new in both its forms, and aligned_alloc, from which
// Asio takes the frames of coroutines. One thread; only squall_bench has it.
#pragma once

#include <cstdint>

namespace squall {

// Blocks allocated by this program so far.
int64_t AllocatedBlocks();

// Blocks from operator new that are in use now.
int64_t BlocksInUse();

}  // namespace squall
