#include "reports/compare.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "reports/compare_bootstrap.h"
#include "reports/paired.h"

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

// Figures that are the same by another name, or say nothing when compared.
bool Skipped(std::string_view name) {
  return name.starts_with("amplification.p100") || name == "ceiling";
}

// Shares whose pairs are the requests faulted under either engine, and the one over all requests.
struct PairedMetric {
  std::string_view metric;
  bool of_all;
  bool (*holds)(const RequestRow&);
};
constexpr PairedMetric kPairedMetrics[] = {
    {"recovery.strict", false, [](const RequestRow& r) { return r.strict(); }},
    {"recovery.lenient", false, [](const RequestRow& r) { return r.lenient(); }},
    {"false_recovery", false, [](const RequestRow& r) { return r.lenient() && !r.strict(); }},
    {"silent_escape", false, [](const RequestRow& r) { return r.faulted() && r.escaped(); }},
    {"abstained", false, [](const RequestRow& r) { return r.abstained(); }},
    {"late", false, [](const RequestRow& r) { return !r.lenient() && !r.abstained(); }},
    {"success", true, [](const RequestRow& r) { return r.strict(); }},
};

// Two-sided exact test that of n discordant pairs as many went either way.
double McNemar(int64_t first_only, int64_t second_only) {
  const int64_t n = first_only + second_only;
  if (n == 0) return 1;
  const boost::math::binomial_distribution<double> fair(static_cast<double>(n), 0.5);
  const double tail =
      boost::math::cdf(fair, static_cast<double>(std::min(first_only, second_only)));
  return std::min(1.0, 2 * tail);
}

PairedShare PairsOf(const PairedMetric& metric, const RequestsTable& base,
                    const RequestsTable& next, double confidence) {
  PairedShare share;
  for (size_t i = 0; i < base.rows().size(); ++i) {
    const RequestRow& a = base.rows()[i];
    const RequestRow& b = next.rows()[i];
    if (!a.ended() || !b.ended()) continue;
    if (metric.of_all || a.faulted() || b.faulted()) share.Add(metric.holds(a), metric.holds(b));
  }
  if (share.n == 0) return share;
  share.Settle();
  share.ci95 =
      PairedDifference(share.both, share.second_only, share.first_only, share.n, confidence);
  return share;
}

void AddPairs(const RequestsTable& base, const RequestsTable& next, const CompareOptions& options,
              CompareResult* out) {
  const BlockIntervals blocks = DrawBlocks(base, next, options);
  const auto settle = [&](std::string_view metric, const std::optional<Interval>& interval,
                          std::optional<double> change = std::nullopt) {
    for (Difference& one : out->differences) {
      if (one.metric != metric || !one.change || !interval) continue;
      if (change) one.change = change;
      one.interval = interval;
      one.method = "bootstrap_blocks";
      one.pairs = static_cast<int64_t>(base.rows().size());
    }
  };
  settle("amplification.mean", blocks.attempts);
  settle("cost.usd_per_request", blocks.cost_usd);
  settle("diagnosis.class_accuracy", blocks.class_accuracy);
  settle("diagnosis.retry_accuracy", blocks.retry_accuracy);
  settle("latency.p50", blocks.latency_ms[0], blocks.latency_change_ms[0]);
  settle("latency.p90", blocks.latency_ms[1], blocks.latency_change_ms[1]);
  settle("latency.p99", blocks.latency_ms[2], blocks.latency_change_ms[2]);
  for (const PairedMetric& metric : kPairedMetrics) {
    const PairedShare share = PairsOf(metric, base, next, options.confidence);
    for (Difference& one : out->differences) {
      if (one.metric != metric.metric || share.n == 0) continue;
      one.change = share.difference;
      one.interval = share.ci95;
      one.method = "newcombe_paired";
      one.pairs = share.n;
      one.p_value = McNemar(share.first_only, share.second_only);
    }
  }
}

// Intervals of two independent samples, from that of each: the square-and-add of Newcombe's method,
// which for proportions with Wilson intervals is his method 10.
void AddIndependent(const Json& base, const Json& next, CompareResult* out) {
  for (Difference& one : out->differences) {
    if (!one.change) continue;
    const MetricFigure a = FigureOf(one.metric, base);
    const MetricFigure b = FigureOf(one.metric, next);
    if (!a.ci95 || !b.ci95 || a.too_few || b.too_few) continue;
    const double down = std::hypot(*b.value - b.ci95->low, a.ci95->high - *a.value);
    const double up = std::hypot(b.ci95->high - *b.value, *a.value - a.ci95->low);
    one.interval = Interval{*one.change - down, *one.change + up};
    one.method = "independent";
  }
}

std::string WhyNotPaired(const RunResult& base, const RunResult& next) {
  if (base.draws_hash.empty() || base.draws_hash != next.draws_hash) {
    return "the scenarios differ in more than the engine";
  }
  if (base.seed != next.seed) return absl::StrCat("seeds ", base.seed, " and ", next.seed);
  if (base.replications != next.replications) {
    return absl::StrCat(base.replications, " and ", next.replications, " replications");
  }
  if (base.mode != next.mode) return base.mode + " and " + next.mode + " world";
  if (base.requests == nullptr || next.requests == nullptr) return "a file without per_request";
  if (base.requests->replications() != next.requests->replications()) {
    return "an interrupted run";
  }
  return "";
}

std::vector<std::string> FigureNames(const Json& base, const Json& next) {
  std::vector<std::string> names = MetricNames();
  for (const Json* json : {&base, &next}) {
    if (!json->contains("model")) continue;
    for (const auto& [output, unused] : (*json)["model"]["outputs"].items()) {
      std::string name = std::string(kModelPrefix) + output;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::erase_if(names, [](const std::string& name) { return Skipped(name); });
  return names;
}

// Leaves that differ, "/engine/budget/enabled: true -> false".
void DiffValues(const Json& base, const Json& next, const std::string& at, CompareResult* out) {
  if (base == next) return;
  if (base.is_object() && next.is_object()) {
    for (const auto& [key, value] : base.items()) {
      const auto found = next.find(key);
      DiffValues(value, found == next.end() ? Json() : *found, at + "/" + key, out);
    }
    for (const auto& [key, value] : next.items()) {
      if (!base.contains(key)) DiffValues(Json(), value, at + "/" + key, out);
    }
    return;
  }
  if (out->settings.size() >= CompareResult::kMostSettings) {
    ++out->more_settings;
    return;
  }
  const auto shown = [](const Json& value) {
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 57) + "..." : text;
  };
  out->settings.push_back(at + ": " + shown(base) + " -> " + shown(next));
}

void NoteTiming(const RunResult& base, const RunResult& next, CompareResult* out) {
  const auto rate = [](const RunResult& r) {
    return r.timing.wall_s > 0 ? static_cast<double>(r.summary.requests) / r.timing.wall_s : 0;
  };
  if (rate(base) <= 0 || rate(next) <= 0) return;
  out->timing.push_back(absl::StrFormat("calls per second %.0f and %.0f: single runs, not compared",
                                        rate(base), rate(next)));
  if (base.timing.machine.cpu != next.timing.machine.cpu) {
    out->timing.push_back("machines differ: " + base.timing.machine.cpu + " and " +
                          next.timing.machine.cpu);
  }
  if (base.compiler != next.compiler || base.build != next.build) {
    out->timing.push_back("builds differ: " + base.compiler + " " + base.build + " and " +
                          next.compiler + " " + next.build);
  }
}

void NoteIdentity(CompareResult* out) {
  for (Difference& one : out->differences) {
    if (!one.base || !one.next || *one.base != *one.next) continue;
    one.change = 0;
    one.interval = Interval{0, 0};
    one.method = "identical";
  }
}

}  // namespace

const Difference* CompareResult::Find(std::string_view metric) const {
  for (const Difference& one : differences) {
    if (one.metric == metric) return &one;
  }
  return nullptr;
}

CompareResult Compare(const StoredResult& base, const StoredResult& next,
                      const CompareOptions& options) {
  CompareResult out;
  out.base_name = base.name;
  out.next_name = next.name;
  for (const std::string& name : FigureNames(*base.json, *next.json)) {
    const MetricFigure a = FigureOf(name, *base.json);
    const MetricFigure b = FigureOf(name, *next.json);
    if (!a.value && !b.value) continue;
    const MetricRow* row = FindMetric(name);
    Difference one;
    one.metric = name;
    one.unit = a.value ? a.unit : b.unit;
    one.more_is_better = row == nullptr || row->more_is_better;
    one.base = a.value;
    one.next = b.value;
    if (a.value && b.value) one.change = *b.value - *a.value;
    out.differences.push_back(std::move(one));
  }
  const RunResult& before = base.result;
  const RunResult& after = next.result;
  out.why_not_paired = WhyNotPaired(before, after);
  out.paired = out.why_not_paired.empty();
  const bool ran = before.summary.requests > 0 && after.summary.requests > 0;
  out.identical = ran && before.summary.fingerprint == after.summary.fingerprint;
  const Json a = Json::parse(before.effective, nullptr, false);
  const Json b = Json::parse(after.effective, nullptr, false);
  if (a.is_object() && b.is_object()) DiffValues(a, b, "", &out);
  NoteTiming(before, after, &out);
  AddIndependent(*base.json, *next.json, &out);
  if (out.paired) {  // which knows better, of what rows tell
    out.divergence = FirstDivergence(*before.requests, *after.requests);
    AddPairs(*before.requests, *after.requests, options, &out);
  }
  if (out.identical) NoteIdentity(&out);  // prices may differ all the same
  return out;
}

}  // namespace squall
