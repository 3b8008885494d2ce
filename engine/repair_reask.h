// What to tell a model whose answer was refused, so that it can do better: the place and the rule
// that it broke, in one short English paragraph. At most kReaskBytesMax bytes however long keys and
// rules are; control characters of the answer's keys never get into it.
#pragma once

#include <string>
#include <string_view>

#include "engine/json_schema.h"

namespace squall {

inline constexpr size_t kReaskBytesMax = 600;

// `violation` as JsonSchema::Explain gives it; of kind kNone, the answer was no JSON at all.
std::string ReaskMessage(const Violation& violation);

}  // namespace squall
