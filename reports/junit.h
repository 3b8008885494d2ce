// JUnit XML, which every CI server reads: one suite per result or comparison, one case per gate.
// GitLab counts only the first of two cases with the same class and name, so names are made unique;
// characters that XML 1.0 does not allow are replaced. Format: the de-facto schema of the Jenkins
// plugin (testsuites, testsuite, testcase with failure, error or skipped, system-out).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/result_reader.h"

namespace squall {

struct JunitCase {
  enum class State { kPassed, kFailed, kError, kSkipped };
  std::string name;
  State outcome = State::kPassed;
  std::string message;  // one line
  std::string details;  // shown below it, also of a case that passed
};

struct JunitSuite {
  std::string name;  // also the class of its cases
  double time_s = 0;
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<JunitCase> cases;
};

std::string RenderJunit(std::vector<JunitSuite> suites);

// Text made safe inside an element or an attribute in double quotes.
std::string XmlText(std::string_view text);

// The gates of results: each threshold, that every fault was injected as scheduled, and that the
// run was not interrupted. An inconclusive gate is an error, or skipped where that is allowed.
std::vector<JunitSuite> JunitOf(std::span<const StoredResult> results, bool allow_inconclusive);

}  // namespace squall
