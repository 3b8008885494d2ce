#include "engine/guard_forbidden.h"

#include <algorithm>

#include "engine/base/check.h"

namespace squall {
namespace {

RE2::Options Quietly() {
  RE2::Options options(RE2::Quiet);
  options.set_never_capture(true);
  return options;
}

}  // namespace

ForbiddenPatterns::ForbiddenPatterns(const std::vector<std::string>& patterns) {
  std::string all;
  for (const std::string& pattern : patterns) {
    patterns_.push_back(std::make_unique<RE2>(pattern, RE2::Quiet));
    SQUALL_CHECK(patterns_.back()->ok());
    free_of_context_ = free_of_context_ && pattern.find_first_of("^$\\") == pattern.npos;
    all.append(all.empty() ? "(?:" : "|(?:").append(pattern).append(")");
  }
  if (patterns.size() < 2) return;
  auto joined = std::make_unique<RE2>(all, Quietly());
  if (!joined->ok()) return;  // too large, or a pattern whose end is no end here (\Q)
  patterns_.clear();
  patterns_.push_back(std::move(joined));
}

bool ForbiddenPatterns::OccursIn(std::string_view text) const {
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const auto& pattern) {
    return RE2::PartialMatch({text.data(), text.size()}, *pattern);
  });
}

bool ForbiddenPatterns::Occurs(std::string_view content,
                               std::span<const std::string_view> texts) const {
  if (patterns_.empty()) return false;
  // Without a backslash a text of JSON is as it stands there.
  const bool as_written = content.find('\\') == content.npos;
  if (free_of_context_ && as_written && !OccursIn(content)) return false;
  return std::any_of(texts.begin(), texts.end(),
                     [&](std::string_view text) { return OccursIn(text); });
}

}  // namespace squall
