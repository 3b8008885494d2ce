#include "engine/guard.h"

#include <simdjson.h>

#include <string>

#include "engine/diagnose.h"

namespace squall {
namespace {

using simdjson::dom::element;

// The strings of a JSON value; keys are the schema's words, not the answer's. As deep as the parser
// lets a document be.
void CollectTexts(const element& value, std::vector<std::string_view>* out) {
  std::string_view text;
  simdjson::dom::array array;
  simdjson::dom::object object;
  if (value.get(text) == simdjson::SUCCESS) {
    out->push_back(text);
  } else if (value.get(array) == simdjson::SUCCESS) {
    for (const element item : array) CollectTexts(item, out);
  } else if (value.get(object) == simdjson::SUCCESS) {
    for (const auto field : object) CollectTexts(field.value, out);
  }
}

bool LooksLikeJson(std::string_view content) {
  const size_t first = content.find_first_not_of(" \t\r\n");
  return first != content.npos && (content[first] == '{' || content[first] == '[');
}

}  // namespace

struct Guard::Buffers {
  simdjson::dom::parser parser;
  std::string padded;
  element root;
  std::vector<std::string_view> texts;
};

Guard::Guard(const GuardConfig& config)
    : config_(config),
      forbidden_(config.entities.forbidden),
      drift_(config.drift),
      buffers_(std::make_unique<Buffers>()) {
  for (const ValidatorRow& row : Validators()) {
    if (row.on(config_)) active_.push_back(&row);
  }
  wants_texts_ = config_.garbage.enabled || config_.language.enabled ||
                 config_.repetition.enabled || !config_.entities.required.empty() ||
                 !config_.entities.forbidden.empty();
}

Guard::~Guard() = default;

void Guard::Parse(std::string_view content, GuardRun* run) {
  Buffers& b = *buffers_;
  b.texts.clear();
  const bool texts = wants_texts_ || !run->facts.required.empty();
  const bool asked = run->schema != nullptr && (config_.json || config_.json_schema);
  if (asked || (texts && LooksLikeJson(content))) {
    b.padded.reserve(content.size() + simdjson::SIMDJSON_PADDING);
    b.padded.assign(content);
    constexpr bool kCopy = false;  // the padding is there
    const auto parsed = b.parser.parse(b.padded.data(), content.size(), kCopy);
    if (parsed.get(b.root) == simdjson::SUCCESS) run->root = &b.root;
  }
  if (!texts) return;
  if (run->root != nullptr) {
    CollectTexts(b.root, &b.texts);
  } else {
    b.texts.push_back(content);
  }
  run->values = b.texts;
}

Diagnosis Guard::Check(std::string_view content, const JsonSchema* schema,
                       const AnswerFacts& facts) {
  violation_.kind = Drift::kNone;
  GuardRun run(config_, content, schema, facts);
  run.forbidden = &forbidden_;
  run.scan = &scan_;
  run.repetition = &repetition_;
  run.drift = &drift_;
  run.violation = &violation_;
  Parse(content, &run);
  for (const ValidatorRow* row : active_) {
    const std::string_view rule = row->check(run);
    if (rule.empty()) continue;
    Diagnosis diagnosis = AnswerFault(row->failure, rule);
    diagnosis.retry = row->retry;
    return diagnosis;
  }
  return Diagnosis();
}

}  // namespace squall
