#include "reports/junit.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <set>

#include "reports/fingerprint.h"
#include "reports/text.h"

namespace squall {
namespace {

using State = JunitCase::State;

// The first of "name", "name (2)", "name (3)", ... that is not taken.
std::string Unique(const std::string& name, std::set<std::string>* taken) {
  std::string one = name;
  for (int i = 2; !taken->insert(one).second; ++i) one = absl::StrCat(name, " (", i, ")");
  return one;
}

int64_t CountOf(const JunitSuite& suite, State outcome) {
  return std::count_if(suite.cases.begin(), suite.cases.end(),
                       [outcome](const JunitCase& one) { return one.outcome == outcome; });
}

std::string RenderCase(const JunitSuite& suite, const JunitCase& one) {
  std::string text = absl::StrCat("    <testcase classname=\"", XmlText(suite.name), "\" name=\"",
                                  XmlText(one.name), "\" time=\"0\">\n");
  const char* element = one.outcome == State::kFailed    ? "failure"
                        : one.outcome == State::kError   ? "error"
                        : one.outcome == State::kSkipped ? "skipped"
                                                         : "";
  if (*element != '\0') {
    absl::StrAppend(&text, "      <", element, " message=\"", XmlText(one.message), "\">",
                    XmlText(one.details), "</", element, ">\n");
  } else if (!one.details.empty()) {
    absl::StrAppend(&text, "      <system-out>", XmlText(one.details), "</system-out>\n");
  }
  return text + "    </testcase>\n";
}

JunitCase CaseOf(const ThresholdVerdict& one, const std::string& repeat, bool allow_inconclusive) {
  JunitCase out;
  out.name = one.threshold.text;
  const std::string figure = FigureText(one.figure);
  out.message = absl::StrCat(std::string(GateVerdictText(one.verdict)), ": ", one.threshold.metric,
                             " is ", figure, one.why.empty() ? "" : "; " + one.why);
  out.details =
      absl::StrCat("threshold: ", one.threshold.text, "\nvalue: ", figure, "\nrepeat: ", repeat);
  switch (one.verdict) {
    case GateVerdict::kPass: out.outcome = State::kPassed; break;
    case GateVerdict::kFail: out.outcome = State::kFailed; break;
    case GateVerdict::kInconclusive:
      out.outcome = allow_inconclusive ? State::kSkipped : State::kError;
      break;
    case GateVerdict::kEmpty: out.outcome = State::kError; break;
  }
  return out;
}

JunitCase InjectionCase(const RunResult& result) {
  JunitCase out;
  out.name = "faults injected as scheduled";
  std::string wrong;
  int64_t injected = 0;
  for (const FaultLine& fault : result.faults) {
    injected += fault.injected;
    if (fault.as_scheduled()) continue;
    absl::StrAppend(&wrong, wrong.empty() ? "" : ", ", fault.name, " ", fault.injected, " of ",
                    fault.scheduled);
  }
  out.details = absl::StrCat(injected, " injected, fingerprint ",
                             FingerprintText(result.summary.fingerprint));
  if (wrong.empty()) return out;
  out.outcome = State::kFailed;
  out.message = wrong;
  return out;
}

}  // namespace

std::string XmlText(std::string_view text) {
  std::string out;
  // Printable replaces what is no UTF-8, and control characters, line ends included.
  size_t from = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != '\n') continue;
    const std::string line = Printable(text.substr(from, i - from), TextStyle{});
    for (const char c : line) {
      switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        default: out += c;
      }
    }
    if (i < text.size()) out += "&#10;";
    from = i + 1;
  }
  return out;
}

std::string RenderJunit(std::vector<JunitSuite> suites) {
  std::set<std::string> names;
  int64_t cases = 0;
  int64_t failures = 0;
  int64_t errors = 0;
  for (JunitSuite& suite : suites) {
    suite.name = Unique(suite.name, &names);
    std::set<std::string> taken;
    for (JunitCase& one : suite.cases) one.name = Unique(one.name, &taken);
    cases += static_cast<int64_t>(suite.cases.size());
    failures += CountOf(suite, State::kFailed);
    errors += CountOf(suite, State::kError);
  }
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  absl::StrAppend(&text, "<testsuites name=\"squall\" tests=\"", cases, "\" failures=\"", failures,
                  "\" errors=\"", errors, "\">\n");
  for (const JunitSuite& suite : suites) {
    absl::StrAppend(&text, "  <testsuite name=\"", XmlText(suite.name), "\" tests=\"",
                    suite.cases.size(), "\" failures=\"", CountOf(suite, State::kFailed),
                    "\" errors=\"", CountOf(suite, State::kError), "\" skipped=\"",
                    CountOf(suite, State::kSkipped), "\" time=\"",
                    absl::StrFormat("%.3f", suite.time_s), "\">\n");
    if (!suite.properties.empty()) text += "    <properties>\n";
    for (const auto& [key, value] : suite.properties) {
      absl::StrAppend(&text, "      <property name=\"", XmlText(key), "\" value=\"", XmlText(value),
                      "\"/>\n");
    }
    if (!suite.properties.empty()) text += "    </properties>\n";
    for (const JunitCase& one : suite.cases) text += RenderCase(suite, one);
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

std::vector<JunitSuite> JunitOf(std::span<const StoredResult> results, bool allow_inconclusive) {
  std::vector<JunitSuite> suites;
  for (const StoredResult& stored : results) {
    const RunResult& result = stored.result;
    JunitSuite suite;
    suite.name = result.scenario;
    if (!result.engine.empty()) suite.name += "." + result.engine;
    suite.time_s = result.timing.wall_s;
    suite.properties = {{"seed", absl::StrCat(result.seed)},
                        {"replications", absl::StrCat(result.replications)},
                        {"scenario_hash", result.scenario_hash},
                        {"mode", result.mode},
                        {"repeat", result.repeat}};
    JunitCase complete;
    complete.name = "the run was not interrupted";
    if (result.partial) {
      complete.outcome = State::kError;
      complete.message = "partial: covers what had ended by then";
    }
    suite.cases.push_back(std::move(complete));
    if (!result.faults.empty()) suite.cases.push_back(InjectionCase(result));
    for (const ThresholdVerdict& one : result.thresholds) {
      suite.cases.push_back(CaseOf(one, result.repeat, allow_inconclusive));
    }
    suites.push_back(std::move(suite));
  }
  return suites;
}

}  // namespace squall
