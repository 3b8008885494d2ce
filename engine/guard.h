// Guard: checks every answer before the caller gets it, first attempts too. A provider that
// degrades silently reports success; only the answer itself can say otherwise.
#pragma once

#include <memory>
#include <string_view>

#include "engine/config.h"
#include "engine/diagnosis.h"
#include "engine/json_schema.h"

namespace squall {

class Guard {
 public:
  explicit Guard(const GuardConfig& config);
  ~Guard();

  // The fault found in `content`, or an ok diagnosis. `schema` may be nullptr: nothing to keep.
  // Reuses its buffers, hence one per engine.
  Diagnosis Check(std::string_view content, const JsonSchema* schema);

 private:
  struct Parser;
  GuardConfig config_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace squall
