// Ids of requests: what clients are told, and by which they ask for a recorded one.
#pragma once

#include <string>

namespace squall {

// "req_" and 32 hexadecimal digits from the kernel's generator. Unguessable: whoever knows an id
// still needs the client's key, but need not be told of others. Any thread.
std::string NewRequestId();

}  // namespace squall
