// Results as Markdown, for a pull request or a job summary: verdicts first, results side by side,
// the rest folded. GitHub cuts a job off above 1 MiB of summary; ours stays below kMostMarkdown.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result_reader.h"

namespace squall {

inline constexpr size_t kMostMarkdown = 60'000;  // bytes

std::string RenderMarkdown(std::span<const StoredResult> results);

// A table; cells are text, not Markdown. The first column is aligned left, the others right.
std::string MarkdownTable(const std::vector<std::vector<std::string>>& rows);

// Text that Markdown prints as it stands, in a table cell too.
std::string MarkdownText(std::string_view text);

// Cut at a line's end, with a line that says so, where it is longer than kMostMarkdown.
std::string BoundedMarkdown(std::string text);

}  // namespace squall
