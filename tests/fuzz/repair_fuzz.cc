// Whatever a model says: what RepairJson returns parses for two readers, repairing it again changes
// nothing, a text that parses is returned as it is, and the result is hardly longer than the text.
// The same bytes go through the schema checker's messages.
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/base/check.h"
#include "engine/repair.h"
#include "engine/repair_reask.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace squall;
  const std::string text(reinterpret_cast<const char*>(data), size);
  simdjson::dom::parser parser;
  const bool valid = parser.parse(text).error() == simdjson::SUCCESS;
  const std::optional<Repair> repair = RepairJson(text);
  if (valid) SQUALL_CHECK(repair.has_value() && repair->text == text && repair->steps == 0);
  if (!repair) return 0;
  SQUALL_CHECK(valid == (repair->steps == 0));
  SQUALL_CHECK(parser.parse(repair->text).error() == simdjson::SUCCESS);
  // simdjson takes half of a surrogate pair, nlohmann does not; both are within RFC 8259.
  const bool surrogates = repair->text.find("\\ud") != std::string::npos ||
                          repair->text.find("\\uD") != std::string::npos;
  SQUALL_CHECK(surrogates || nlohmann::json::accept(repair->text));
  // A control character becomes six bytes; every bracket opened is closed.
  SQUALL_CHECK(repair->text.size() <= 6 * text.size() + 8);
  const std::optional<Repair> again = RepairJson(repair->text);
  SQUALL_CHECK(again.has_value() && again->text == repair->text && again->steps == 0);
  SQUALL_CHECK(repair->invented.empty() || (repair->steps & kRepairTruncation) != 0);

  const Violation violation{Drift::kType, text, "type", text};
  const std::string message = ReaskMessage(violation);
  SQUALL_CHECK(message.size() <= kReaskBytesMax);
  SQUALL_CHECK(nlohmann::json::accept(nlohmann::json(message).dump()));
  return 0;
}
