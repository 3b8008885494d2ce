#include "engine/repair.h"

#include <simdjson.h>

#include <algorithm>
#include <iterator>

#include "engine/guard_text.h"
#include "engine/repair_rewriter.h"

namespace squall {
namespace {

constexpr std::string_view kBom = "\xef\xbb\xbf";
constexpr std::string_view kFence = "```";

constexpr std::string_view kStepNames[] = {
    "bom",          "fences",  "prose",     "trailing_commas", "single_quotes", "python_literals",
    "raw_controls", "escapes", "truncation"};
static_assert(std::size(kStepNames) == kRepairStepCount);

bool Parses(std::string_view text) {
  simdjson::dom::parser parser;
  return parser.parse(text.data(), text.size()).error() == simdjson::SUCCESS;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsAsciiSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsAsciiSpace(text.back())) text.remove_suffix(1);
  return text;
}

// What stands between the first fence and the next one, or the end; empty without a fence.
std::string_view InFence(std::string_view text) {
  const size_t open = text.find(kFence);
  if (open == text.npos) return {};
  std::string_view inside = text.substr(open + kFence.size());
  while (!inside.empty() && inside.front() == '`') inside.remove_prefix(1);
  const bool tagged =
      !inside.empty() && ScriptOf(static_cast<unsigned char>(inside.front())) != Script::kNone;
  if (tagged) inside.remove_prefix(std::min(inside.find_first_of(" \t\r\n{["), inside.size()));
  return Trim(inside.substr(0, inside.find(kFence)));
}

std::optional<Repair> Finished(RewrittenJson rewritten, unsigned steps) {
  Repair repair;
  repair.text = std::move(rewritten.text);
  repair.steps = rewritten.steps | steps;
  repair.invented = std::move(rewritten.invented);
  repair.cut_at = std::move(rewritten.cut_at);
  if (!Parses(repair.text)) return std::nullopt;
  // Nothing but blanks that JSON does not know was in the way.
  if (repair.steps == 0) repair.steps = kRepairRawControls;
  return repair;
}

// The whole of `text` as one value.
std::optional<Repair> RepairWhole(std::string_view text, unsigned steps) {
  if (text.empty()) return std::nullopt;
  RewrittenJson rewritten = RewriteJson(text);
  if (!rewritten.ok || rewritten.length != text.size()) return std::nullopt;
  return Finished(std::move(rewritten), steps);
}

// The longest value that starts with a bracket. Where one ends the search goes on behind it.
std::optional<Repair> RepairLongest(std::string_view text, unsigned steps) {
  RewrittenJson best;
  size_t best_at = 0;
  size_t at = text.find_first_of("{[");
  for (int starts = 0; at != text.npos && starts < kRepairStartsMax; ++starts) {
    RewrittenJson found = RewriteJson(text.substr(at));
    const size_t next = at + (found.ok ? std::max<size_t>(found.length, 1) : 1);
    if (found.ok && found.length > best.length) {
      best = std::move(found);
      best_at = at;
    }
    at = text.find_first_of("{[", next);
  }
  if (!best.ok) return std::nullopt;
  const std::string_view before = Trim(text.substr(0, best_at));
  const std::string_view after = Trim(text.substr(best_at + best.length));
  for (const std::string_view rest : {before, after}) {
    if (rest.find(kFence) != rest.npos) steps |= kRepairFences;
    if (!rest.empty() && rest != kFence) steps |= kRepairProse;
  }
  return Finished(std::move(best), steps);
}

}  // namespace

std::string RepairStepNames(unsigned steps) {
  std::string out;
  for (size_t i = 0; i < std::size(kStepNames); ++i) {
    if ((steps >> i & 1) == 0) continue;
    if (!out.empty()) out.append(", ");
    out.append(kStepNames[i]);
  }
  return out.empty() ? "none" : out;
}

std::optional<Repair> RepairJson(std::string_view text) {
  if (Parses(text)) return Repair{std::string(text), 0, {}, {}};
  unsigned steps = 0;
  text = Trim(text);
  if (text.starts_with(kBom)) {
    steps |= kRepairBom;
    text = Trim(text.substr(kBom.size()));
  }
  if (std::optional<Repair> whole = RepairWhole(text, steps)) return whole;
  const std::string_view fenced = InFence(text);
  if (!fenced.empty()) {
    const bool alone = text.starts_with(kFence) && text.ends_with(kFence);
    const unsigned around = alone ? 0u : static_cast<unsigned>(kRepairProse);
    const unsigned used = steps | kRepairFences | around;
    if (std::optional<Repair> inside = RepairWhole(fenced, used)) return inside;
  }
  return RepairLongest(text, steps);
}

}  // namespace squall
