#include "engine/guard.h"

#include <simdjson.h>

#include <string>

#include "engine/diagnose.h"

namespace squall {
namespace {

std::string_view DriftRule(Drift drift) {
  switch (drift) {
    case Drift::kNone: return "ok";
    case Drift::kMissing: return "guard.schema.missing";
    case Drift::kExtra: return "guard.schema.extra";
    case Drift::kType: return "guard.schema.type";
    case Drift::kEnum: return "guard.schema.enum";
    case Drift::kRange: return "guard.schema.range";
  }
  return "guard.schema";
}

}  // namespace

struct Guard::Parser {
  simdjson::dom::parser dom;
  std::string padded;
};

Guard::Guard(const GuardConfig& config) : config_(config), parser_(std::make_unique<Parser>()) {}
Guard::~Guard() = default;

Diagnosis Guard::Check(std::string_view content, const JsonSchema* schema) {
  const bool blank = content.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (config_.non_empty && blank) return AnswerFault(FailureClass::kEmptyResponse, "guard.empty");
  if (schema == nullptr || (!config_.json && !config_.json_schema)) return Diagnosis();
  parser_->padded.reserve(content.size() + simdjson::SIMDJSON_PADDING);
  parser_->padded.assign(content);
  simdjson::dom::element root;
  constexpr bool kCopy = false;  // the padding is there
  if (parser_->dom.parse(parser_->padded.data(), content.size(), kCopy).get(root) !=
      simdjson::SUCCESS) {
    return AnswerFault(FailureClass::kSchemaViolation, "guard.json");
  }
  const Drift drift = config_.json_schema ? schema->Check(root) : Drift::kNone;
  if (drift == Drift::kNone) return Diagnosis();
  return AnswerFault(FailureClass::kSchemaViolation, DriftRule(drift));
}

}  // namespace squall
