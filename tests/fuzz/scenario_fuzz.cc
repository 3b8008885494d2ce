// Any bytes as a scenario: reading them reports or succeeds, and what succeeds dumps to a fixpoint.
// Bytes after the first NUL are a --set.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "scenarios/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.find("/dev") != std::string_view::npos) return 0;  // a trace or preset that never ends
  squall::ScenarioOptions options;
  const size_t end = text.find('\0');
  if (end != std::string_view::npos) {
    options.sets.emplace_back(text.substr(end + 1));
    text = text.substr(0, end);
  }
  const auto scenario = squall::LoadScenarioText(text, "fuzz.json", options);
  if (!scenario.ok()) {
    SQUALL_CHECK(!scenario.status().message().empty());
    return 0;
  }
  const std::string dump = squall::DumpScenario(*scenario);
  const auto again = squall::LoadScenarioText(dump, "fuzz.json", {});
  SQUALL_CHECK(again.ok());
  SQUALL_CHECK(squall::DumpScenario(*again) == dump);
  SQUALL_CHECK(again->hash == scenario->hash);
  return 0;
}
