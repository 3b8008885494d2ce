// squall compare: two results, and whether the second is worse.
#include <charconv>
#include <cstdio>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "bench/gates.h"
#include "reports/compare_report.h"
#include "reports/compare_timing.h"
#include "scenarios/text_file.h"

namespace squall {
namespace {

constexpr size_t kMaxRulesBytes = 1 << 20;

// "1 %", "1%", "0.01".
std::optional<double> ParseNoise(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !(value >= 0)) return std::nullopt;
  std::string unit(end, text.data() + text.size());
  std::erase(unit, ' ');
  if (unit == "%") return value / 100;
  if (unit.empty() && value < 1) return value;
  return std::nullopt;
}

int ReadRules(const CompareCommand& options, std::vector<CompareRule>* rules) {
  for (const std::string& text : options.fail_on) {
    absl::StatusOr<CompareRule> rule = ParseRule(text);
    if (!rule.ok()) {
      std::fprintf(stderr, "squall: --fail-on '%s': %s\n", text.c_str(),
                   std::string(rule.status().message()).c_str());
      return kExitUsage;
    }
    rules->push_back(*std::move(rule));
  }
  if (!options.rules_file.empty()) {
    const auto text = ReadTextFile(options.rules_file, kMaxRulesBytes);
    if (!text.ok()) return ReportLoadError(text.status());
    const auto read = ParseRules(*text, options.rules_file);
    if (!read.ok()) return ReportLoadError(read.status());
    rules->insert(rules->end(), read->begin(), read->end());
  }
  if (rules->empty()) *rules = DefaultRules();
  return kExitOk;
}

int ExitCodeOf(const JudgedComparison& judged, bool allow_inconclusive) {
  int code = kExitOk;
  for (const RuleVerdict& one : judged.verdicts) {
    switch (one.verdict) {
      case GateVerdict::kPass: break;
      case GateVerdict::kFail:
        code = WorseExitCode(code, one.rule.to_base ? kExitRegression : kExitThreshold);
        break;
      case GateVerdict::kInconclusive:
        if (!allow_inconclusive) code = WorseExitCode(code, kExitInconclusive);
        break;
      case GateVerdict::kEmpty:
        std::fprintf(stderr, "squall: rule '%s': %s\n", one.rule.text.c_str(), one.why.c_str());
        code = WorseExitCode(code, kExitUsage);
        break;
    }
  }
  return code;
}

std::string Render(const CompareCommand& options, const JudgedComparison& judged) {
  if (options.format == "md") return RenderComparisonMarkdown(judged);
  if (options.format == "json" || options.output.json) return RenderComparisonJson(judged);
  if (options.format == "github") return RenderAnnotations(judged);
  if (options.format == "junit") return RenderJunit(JunitOf(judged, options.allow_inconclusive));
  const bool to_file = !options.output.out_file.empty();
  return RenderComparisonText(judged,
                              TextStyle{options.output.color && !to_file, options.output.utf8,
                                        to_file ? kTextWidth : options.output.width});
}

}  // namespace

int CompareResults(const CompareCommand& options) {
  const std::optional<double> noise = ParseNoise(options.noise);
  if (!noise) {
    std::fprintf(stderr, "squall: --noise: got \"%s\", expected a share as in 1%%\n",
                 options.noise.c_str());
    return kExitUsage;
  }
  std::vector<CompareRule> rules;
  if (const int code = ReadRules(options, &rules); code != kExitOk) return code;
  const auto base_runs = LoadResults(options.base);
  if (!base_runs.ok()) return ReportReadError(base_runs.status());
  const auto next_runs = LoadResults(options.next);
  if (!next_runs.ok()) return ReportReadError(next_runs.status());
  const StoredResult& base = base_runs->front();
  const StoredResult& next = next_runs->front();
  const auto timed = CompareTimes(*base_runs, *next_runs);
  if (!timed && base_runs->size() + next_runs->size() > 2) {
    std::fprintf(stderr,
                 "squall: got %zu and %zu runs, expected one each, or %zu or more interleaved "
                 "pairs\n",
                 base_runs->size(), next_runs->size(), kFewestTimedPairs);
    return kExitUsage;
  }
  JudgedComparison judged;
  judged.noise = *noise;
  judged.confidence = options.confidence;
  judged.compared = Compare(base, next, CompareOptions{options.confidence, options.resamples});
  if (timed) judged.compared.timing = {TimedPairsText(*timed)};
  judged.verdicts = JudgeRules(rules, judged.compared, *noise);
  const int code = ExitCodeOf(judged, options.allow_inconclusive);
  const int written = WriteOut(options.output.out_file, Render(options, judged));
  if (written != kExitOk) return written;
  const bool open = base.result.partial || next.result.partial;
  if (open && code == kExitOk && !options.allow_inconclusive) {
    std::fprintf(stderr, "squall: one of the runs was interrupted: nothing is conclusive\n");
    return kExitInconclusive;
  }
  return code;
}

}  // namespace squall
