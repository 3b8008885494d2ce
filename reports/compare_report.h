// A comparison as people and CI servers read it: a terminal table, Markdown for a job summary,
// GitHub annotations, JUnit and JSON. Verdicts come first and are the same words everywhere.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "reports/compare_rules.h"
#include "reports/junit.h"
#include "reports/text.h"

namespace squall {

struct JudgedComparison {
  CompareResult compared;
  std::vector<RuleVerdict> verdicts;  // worst first
  double noise = 0;
  double confidence = 0.95;
};

std::string RenderComparisonText(const JudgedComparison& judged, const TextStyle& style);
std::string RenderComparisonMarkdown(const JudgedComparison& judged);
std::string RenderComparisonJson(const JudgedComparison& judged);
std::vector<JunitSuite> JunitOf(const JudgedComparison& judged, bool allow_inconclusive);

// Workflow commands. GitHub drops all but 10 of a kind without a word, so there are at most
// kMostAnnotations, worst first, and then one that says how many more there are.
inline constexpr size_t kMostAnnotations = 9;
std::string RenderAnnotations(const JudgedComparison& judged);
// Escaped as a message; as a property ':' and ',' are escaped too.
std::string AnnotationText(std::string_view text, bool property);

}  // namespace squall
