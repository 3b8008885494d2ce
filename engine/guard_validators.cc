#include "engine/guard_validators.h"

#include <algorithm>
#include <iterator>

#include "engine/guard_language.h"
#include "engine/guard_text.h"

namespace squall {
namespace {

std::string_view DriftRule(Drift drift) {
  switch (drift) {
    case Drift::kNone: return "";
    case Drift::kMissing: return "guard.schema.missing";
    case Drift::kExtra: return "guard.schema.extra";
    case Drift::kType: return "guard.schema.type";
    case Drift::kEnum: return "guard.schema.enum";
    case Drift::kRange: return "guard.schema.range";
    case Drift::kPattern: return "guard.schema.pattern";
    case Drift::kDuplicate: return "guard.schema.duplicate";
    case Drift::kAlternative: return "guard.schema.alternative";
    case Drift::kLimit: return "guard.schema.limit";
  }
  return "guard.schema";
}

std::string_view NonEmpty(GuardRun& run) {
  const bool blank = run.content.find_first_not_of(" \t\r\n") == std::string_view::npos;
  return blank ? "guard.empty" : "";
}

std::string_view Length(GuardRun& run) {
  const LengthConfig& config = run.config.length;
  const auto bytes = static_cast<int64_t>(run.content.size());
  // There are no more characters than bytes, which mostly settles it.
  const bool short_enough = config.max_chars == 0 || bytes <= config.max_chars;
  if (short_enough && config.min_chars == 0) return "";
  const auto characters =
      static_cast<int64_t>(std::count_if(run.content.begin(), run.content.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      }));
  if (characters < config.min_chars) return "guard.length.short";
  return config.max_chars > 0 && characters > config.max_chars ? "guard.length.long" : "";
}

std::string_view Json(GuardRun& run) {
  return run.schema != nullptr && run.root == nullptr ? "guard.json" : "";
}

std::string_view Schema(GuardRun& run) {
  if (run.schema == nullptr) return "";
  if (run.root == nullptr) return "guard.json";
  const Drift drift = run.schema->Check(*run.root);
  if (drift == Drift::kNone) return "";
  *run.violation = run.schema->Explain(*run.root);
  return DriftRule(drift);
}

// Whether a required entity is anywhere, or a forbidden pattern. In JSON the texts are searched,
// not their escaped form, and the whole answer as well, since an entity may be a number.
bool Occurs(const GuardRun& run, std::string_view glob) {
  return GlobOccurs(glob, run.content) ||
         std::any_of(run.values.begin(), run.values.end(),
                     [&](std::string_view value) { return GlobOccurs(glob, value); });
}

bool HasText(const GuardRun& run, std::string_view text) {
  return run.content.find(text) != run.content.npos ||
         std::any_of(run.values.begin(), run.values.end(),
                     [&](std::string_view value) { return value.find(text) != value.npos; });
}

std::string_view Entities(GuardRun& run) {
  for (const std::string& glob : run.config.entities.required) {
    if (!Occurs(run, glob)) return "guard.entities.missing";
  }
  for (const std::string_view text : run.facts.required) {
    if (!HasText(run, text)) return "guard.entities.missing";
  }
  return run.forbidden->Occurs(run.content, run.values) ? "guard.entities.forbidden" : "";
}

std::string_view ExpectedLanguage(GuardRun& run) {
  const LanguageConfig& config = run.config.language;
  const std::string_view name = run.facts.language.empty() ? config.expected : run.facts.language;
  const Language* language = name == "prompt" ? nullptr : FindLanguage(name);
  const unsigned scripts = language != nullptr ? language->scripts
                           : name == "prompt"  ? ScriptsOf(run.facts.prompt, config.min_letters)
                                               : 0;
  switch (JudgeLanguage(run.Scan().texts(), scripts, language, config)) {
    case LanguageVerdict::kForeignScript: return "guard.language.script";
    case LanguageVerdict::kOtherLanguage: return "guard.language.other";
    case LanguageVerdict::kExpected: return "";
  }
  return "";
}

std::string_view Garbage(GuardRun& run) {
  return IsGarbage(run.Scan().garbage(), run.config.garbage) ? "guard.garbage" : "";
}

std::string_view Repetition(GuardRun& run) {
  const bool loops = run.repetition->IsRepetitive(run.Scan().texts(), run.config.repetition);
  return loops ? "guard.repetition" : "";
}

std::string_view DriftOf(GuardRun& run) {
  return run.drift->Observe(run.facts.task_key, run.content) ? "guard.drift" : "";
}

constexpr auto kSameNow = RetryDecision::kSameProviderNow;
constexpr auto kElsewhere = RetryDecision::kOtherProviderOnly;
constexpr auto kContract = FailureClass::kSchemaViolation;
constexpr auto kSemantic = FailureClass::kSemantic;

constexpr ValidatorRow kRows[] = {
    {"non_empty", [](const GuardConfig& c) { return c.non_empty; }, ValidatorCost::kConstant,
     FailureClass::kEmptyResponse, kSameNow, NonEmpty},
    {"length", [](const GuardConfig& c) { return c.length.min_chars + c.length.max_chars > 0; },
     ValidatorCost::kSize, kContract, kSameNow, Length},
    {"json", [](const GuardConfig& c) { return c.json; }, ValidatorCost::kSize, kContract, kSameNow,
     Json},
    {"json_schema", [](const GuardConfig& c) { return c.json_schema; }, ValidatorCost::kSize,
     kContract, kSameNow, Schema},
    // Always on: without configured ones it looks at what the request requires.
    {"entities", [](const GuardConfig&) { return true; }, ValidatorCost::kSize, kContract, kSameNow,
     Entities},
    {"garbage", [](const GuardConfig& c) { return c.garbage.enabled; }, ValidatorCost::kSize,
     kSemantic, kElsewhere, Garbage},
    {"language", [](const GuardConfig& c) { return c.language.enabled; }, ValidatorCost::kSize,
     kSemantic, kElsewhere, ExpectedLanguage},
    {"repetition", [](const GuardConfig& c) { return c.repetition.enabled; }, ValidatorCost::kSizes,
     kSemantic, kElsewhere, Repetition},
    {"drift", [](const GuardConfig& c) { return c.drift.enabled; }, ValidatorCost::kSize, kSemantic,
     kElsewhere, DriftOf},
};

// `part` holds no star. Matched at the front of `text`.
bool Matches(std::string_view part, std::string_view text) {
  if (part.size() > text.size()) return false;
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '?' && part[i] != text[i]) return false;
  }
  return true;
}

size_t FindPart(std::string_view part, std::string_view text) {
  for (size_t at = 0; at <= text.size(); ++at) {
    if (Matches(part, text.substr(at))) return at;
  }
  return text.npos;
}

}  // namespace

std::span<const ValidatorRow> Validators() { return kRows; }

const ValidatorRow* FindValidator(std::string_view name) {
  for (const ValidatorRow& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// Neither end is anchored, so the leftmost place of each part leaves most for the parts after it.
bool GlobOccurs(std::string_view glob, std::string_view text) {
  while (!glob.empty()) {
    const size_t star = std::min(glob.find('*'), glob.size());
    const std::string_view part = glob.substr(0, star);
    glob.remove_prefix(std::min(star + 1, glob.size()));
    const size_t at = part.find('?') == part.npos ? text.find(part) : FindPart(part, text);
    if (at == text.npos) return false;
    text.remove_prefix(at + part.size());
  }
  return true;
}

}  // namespace squall
