#include "reports/compare_rules.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>

namespace squall {
namespace {

struct DefaultRule {
  const char* metric;
  Comparison worse;
};
constexpr DefaultRule kDefaultRules[] = {{"recovery.strict", Comparison::kBelow},
                                         {"success", Comparison::kBelow},
                                         {"silent_escape", Comparison::kAbove},
                                         {"false_recovery", Comparison::kAbove},
                                         {"diagnosis.class_accuracy", Comparison::kBelow},
                                         {"diagnosis.retry_accuracy", Comparison::kBelow},
                                         {"amplification.mean", Comparison::kAbove},
                                         {"latency.p50", Comparison::kAbove},
                                         {"latency.p99", Comparison::kAbove},
                                         {"cost.usd_per_request", Comparison::kAbove},
                                         {"hints.early", Comparison::kAbove}};

std::string_view Trim(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return "";
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

bool Downwards(Comparison op) { return op == Comparison::kAtMost || op == Comparison::kBelow; }

// The change beyond which the rule is broken.
double LimitOfChange(const CompareRule& rule, const Difference& difference, double noise) {
  const double base = std::fabs(difference.base.value_or(0));
  const double band = difference.unit == MetricUnit::kShare ? noise : noise * base;
  const double amount = rule.amount.of_base ? rule.amount.value * base : rule.amount.value;
  return Downwards(rule.op) ? std::min(amount, -band) : std::max(amount, band);
}

RuleVerdict JudgeOne(const CompareRule& rule, const CompareResult& compared, double noise) {
  RuleVerdict out;
  out.rule = rule;
  const Difference* found = compared.Find(rule.metric);
  if (found == nullptr || !found->next || (rule.to_base && !found->change)) {
    out.why = "there is no such figure in " +
              (found != nullptr && found->next ? compared.base_name : compared.next_name);
    if (rule.by_default) out.verdict = GateVerdict::kPass;
    return out;
  }
  out.difference = *found;
  double value = rule.to_base ? *found->change : *found->next;
  out.limit = rule.to_base ? LimitOfChange(rule, *found, noise) : rule.amount.value;
  std::optional<Interval> interval = found->interval;
  if (!rule.to_base && interval && found->change) {
    // The new value's own uncertainty is at most that of the difference around it.
    interval =
        Interval{value + interval->low - *found->change, value + interval->high - *found->change};
  }
  const bool low = Holds(interval ? interval->low : value, rule.op, out.limit);
  const bool high = Holds(interval ? interval->high : value, rule.op, out.limit);
  if (low && high && (interval || !rule.by_default)) {
    out.verdict = GateVerdict::kFail;
    const double half = interval ? (interval->high - interval->low) / 2 : 0;
    out.excess = std::fabs(value - out.limit) / std::max({half, std::fabs(out.limit), 1e-12});
    if (!interval) out.why = "of these draws, without an interval";
  } else if (low || high) {
    out.verdict = rule.by_default ? GateVerdict::kPass : GateVerdict::kInconclusive;
    out.why = "the interval straddles the limit";
  } else {
    out.verdict = GateVerdict::kPass;
  }
  return out;
}

}  // namespace

absl::StatusOr<CompareRule> ParseRule(std::string_view text) {
  CompareRule rule;
  rule.text = std::string(Trim(text));
  std::string_view rest = text;
  rule.metric = TakeMetricName(&rest);
  const absl::Status known = CheckMetricName(rule.metric);
  if (!known.ok()) return known;
  const absl::StatusOr<Comparison> op = TakeComparison(&rest);
  if (!op.ok()) return op.status();
  rule.op = *op;
  const MetricRow* row = FindMetric(rule.metric);
  const MetricUnit unit = row == nullptr ? MetricUnit::kNumber : row->unit;
  rule.to_base = rest.starts_with("base");
  if (!rule.to_base) {
    const absl::StatusOr<Amount> limit = ParseAmount(rest, unit, false);
    if (!limit.ok()) return limit.status();
    rule.amount = *limit;
    return rule;
  }
  rest = Trim(rest.substr(4));
  if (rest.empty()) return rule;
  const char sign = rest.front();
  if (sign != '+' && sign != '-') {
    return absl::InvalidArgumentError("got \"" + std::string(rest) +
                                      "\" after base, expected + or - and an amount, or nothing");
  }
  const absl::StatusOr<Amount> amount = ParseAmount(rest.substr(1), unit, true);
  if (!amount.ok()) return amount.status();
  rule.amount = *amount;
  if (sign == '-') rule.amount.value = -rule.amount.value;
  if (Downwards(rule.op) ? rule.amount.value > 0 : rule.amount.value < 0) {
    return absl::InvalidArgumentError(
        "got a rule that an unchanged figure breaks, expected base - AMOUNT after < and base + "
        "AMOUNT after >");
  }
  return rule;
}

absl::StatusOr<std::vector<CompareRule>> ParseRules(std::string_view text,
                                                    const std::string& name) {
  std::vector<CompareRule> rules;
  int line = 0;
  while (!text.empty()) {
    ++line;
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, std::min(end, text.find('#')));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (Trim(row).empty()) continue;
    absl::StatusOr<CompareRule> rule = ParseRule(row);
    if (!rule.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ":", line, ": ", rule.status().message()));
    }
    rules.push_back(*std::move(rule));
  }
  if (rules.empty()) return absl::InvalidArgumentError(name + ": got no rule, expected one a line");
  return rules;
}

std::vector<CompareRule> DefaultRules() {
  std::vector<CompareRule> rules;
  for (const DefaultRule& row : kDefaultRules) {
    CompareRule rule;
    rule.metric = row.metric;
    rule.op = row.worse;
    rule.to_base = true;
    rule.by_default = true;
    rule.text = absl::StrCat(row.metric, " ", std::string(ComparisonText(row.worse)), " base");
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::vector<RuleVerdict> JudgeRules(std::span<const CompareRule> rules,
                                    const CompareResult& compared, double noise) {
  std::vector<RuleVerdict> verdicts;
  for (const CompareRule& rule : rules) verdicts.push_back(JudgeOne(rule, compared, noise));
  const auto rank = [](GateVerdict verdict) {
    switch (verdict) {
      case GateVerdict::kFail: return 0;
      case GateVerdict::kEmpty: return 1;
      case GateVerdict::kInconclusive: return 2;
      case GateVerdict::kPass: return 3;
    }
    return 3;
  };
  std::stable_sort(verdicts.begin(), verdicts.end(), [&](const auto& a, const auto& b) {
    if (rank(a.verdict) != rank(b.verdict)) return rank(a.verdict) < rank(b.verdict);
    return a.excess > b.excess;
  });
  return verdicts;
}

std::string ChangeText(const Difference& difference) {
  if (!difference.change) return "n/a";
  std::string text = DifferenceText(difference.unit, *difference.change);
  if (!difference.interval) return text;
  return absl::StrCat(text, " [", DifferenceText(difference.unit, difference.interval->low), ", ",
                      DifferenceText(difference.unit, difference.interval->high), "]");
}

std::string RuleText(const RuleVerdict& verdict) {
  const Difference& d = verdict.difference;
  std::string text = verdict.rule.metric;
  if (d.base && d.next) {
    absl::StrAppend(&text, " ", FigureText(d.unit, *d.base), " -> ", FigureText(d.unit, *d.next),
                    ": ", ChangeText(d));
  }
  if (!verdict.why.empty()) absl::StrAppend(&text, "; ", verdict.why);
  return absl::StrCat(text, "; rule: fail if ", verdict.rule.text);
}

}  // namespace squall
