#include "bench/reproduce_page.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/reproduce_estimate.h"
#include "reports/bootstrap.h"
#include "reports/paired.h"

namespace squall {
namespace {

using nlohmann::json;

constexpr int64_t kPageReplications = 2;  // of each world: half a point either way
constexpr int kEngineWidth = 20;
constexpr int kNameWidth = 26;
constexpr int kHalfBarWidth = 20;  // on either side of the reference

std::string Format(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string Percent(double share) { return Format("%.1f %%", 100 * share); }

std::string Bounds(const Interval& interval) {
  return "[" + Format("%.1f", 100 * interval.low) + ", " + Format("%.1f", 100 * interval.high) +
         "]";
}

int64_t Count(const json& tally, const char* key) { return tally[key]["count"].get<int64_t>(); }

std::string Heading(const std::string& title, const std::string& note, const TextStyle& style) {
  return "\n" + Paint(title, Ink::kBold, style) + (note.empty() ? "" : "  " + note) + "\n";
}

std::string Text(std::string_view label, const std::string& text, const TextStyle& style) {
  std::vector<std::string> words;
  const std::string safe = Printable(text, style);
  for (size_t from = 0; from < safe.size();) {
    const size_t space = std::min(safe.find(' ', from), safe.size());
    if (space > from) words.push_back(safe.substr(from, space - from));
    from = space + 1;
  }
  return Flow(words, " ", label, static_cast<int>(label.size()));
}

std::string EngineRow(const std::string& name, const json& result) {
  const int64_t n = result["faulted"].get<int64_t>();
  const json& recovered = result["recovered"];
  const auto cell = [&](const char* key) {
    return PadLeft(PercentDigits(Count(recovered, key), n), 9);
  };
  return "  " + PadRight(name, kEngineWidth) +
         PadLeft(PercentDigits(Count(recovered, "strict"), n), 6) + "  " +
         PadRight(IntervalText(Count(recovered, "strict"), n), 13) + cell("lenient") +
         cell("false_recovery") + cell("abstained") +
         PadLeft(Format("%.2f", result["amplification"]["mean"].get<double>()), 9) + "\n";
}

// The claim's own world: one row per engine, all of them on the same faults.
std::string Engines(const Claim& claim, const ClaimOutputs& outputs, const TextStyle& style) {
  const ClaimRun& own = RunOf(claim, claim.statistic.of[0]);
  const json& result = *outputs.at(ClaimRunKey(own))->pooled;
  const std::string note = "scenario " + own.scenario + ", " +
                           CountText(result["requests"].get<int64_t>()) + " calls, " +
                           CountText(result["faulted"].get<int64_t>()) + " faulted";
  std::string text = Heading("IN THE ARTICLE'S OWN MIX", note, style);
  text += "  " + PadRight("engine, in %", kEngineWidth) + "strict  95 % CI        lenient" +
          "    false  abstain attempts\n";
  for (const ClaimRun& run : claim.runs) {
    const json& one = *outputs.at(ClaimRunKey(run))->pooled;
    text += EngineRow(one["engine"].get<std::string>(), one);
  }
  text += "  " + PadRight("ceiling, clairvoyant", kEngineWidth) +
          PadLeft(Format("%.1f", 100 * result["ceiling"].get<double>()), 6) + "\n";
  return text;
}

// How sure, where requests of one seed may be alike; and against the other engines, in pairs.
std::string Sureness(const Claim& claim, const ClaimOutputs& outputs, const TextStyle& style) {
  const ClaimRun& own = RunOf(claim, claim.statistic.of[0]);
  const ClaimOutput& output = *outputs.at(ClaimRunKey(own));
  std::string text;
  if (output.recovered.size() >= static_cast<size_t>(kMinClusters)) {
    const Interval drawn = BlockBootstrap(output.recovered, BootstrapOptions());
    const Interval between = ClusteredInterval(output.recovered).value_or(drawn);
    text += Text("  ",
                 "Interval over " + std::to_string(output.recovered.size()) +
                     " seeds instead of requests: " + Bounds(between) + ", by block bootstrap " +
                     Bounds(drawn) + ".",
                 style);
  }
  const std::string name = (*output.pooled)["engine"].get<std::string>();
  for (const ClaimRun& run : claim.runs) {
    const ClaimOutput& other = *outputs.at(ClaimRunKey(run));
    if (&other == &output) continue;
    const PairedShare pairs = ComparePairs(other.marks, output.marks).recovered;
    const double p = McNemarP(pairs.first_only, pairs.second_only);
    text += Text("  ",
                 name + " less " + (*other.pooled)["engine"].get<std::string>() +
                     ", on the same requests: " + Format("%+.1f", 100 * pairs.difference) +
                     " points " + Bounds(pairs.ci95) + ", McNemar p " +
                     (p < 1e-4 ? "< 0.0001" : "= " + Format("%.4f", p)) + ".",
                 style);
  }
  return text;
}

std::string Classes(const Claim& claim, const ClaimOutputs& outputs, const TextStyle& style) {
  const ClaimRun& own = RunOf(claim, claim.statistic.of[0]);
  const json& result = *outputs.at(ClaimRunKey(own))->pooled;
  std::string text =
      Heading("BY CLASS OF FAULT", "engine " + result["engine"].get<std::string>(), style);
  text += "  " + PadRight("", kEngineWidth) + "strict  95 % CI        lenient  ceiling        n\n";
  for (const auto& [name, row] : result["by_fault"].items()) {
    const int64_t n = row["n"].get<int64_t>();
    text += "  " + PadRight(name, kEngineWidth) +
            PadLeft(PercentDigits(Count(row, "strict"), n), 6) + "  " +
            PadRight(IntervalText(Count(row, "strict"), n), 13) +
            PadLeft(PercentDigits(Count(row, "lenient"), n), 9) +
            PadLeft(Format("%.1f", 100 * row["ceiling"].get<double>()), 9) +
            PadLeft(CountText(n), 9) + "\n";
  }
  return text +
         Text("  ",
              "The ceiling counts further attempts only, and a model's own errors; an answer "
              "that is mended in its place may beat it.",
              style);
}

struct Bar {
  const ClaimWorld* world;
  double measured;
};

// From the reference to the left or to the right, full width for the largest change.
std::string Drawn(double change, double largest, const TextStyle& style) {
  const int cells = static_cast<int>(std::lround(std::abs(change) / largest * kHalfBarWidth));
  const std::string bar = Repeat(style.utf8 ? "█" : "#", cells);
  const std::string middle = style.utf8 ? "│" : "|";
  if (change < 0) return PadLeft(bar, kHalfBarWidth) + middle;
  return PadRight("", kHalfBarWidth) + middle + bar;
}

std::string Tornado(const Claim& worlds, const ClaimOutputs& outputs, bool engine, double reference,
                    const TextStyle& style) {
  std::vector<Bar> bars;
  double largest = 0.01;
  for (const ClaimWorld& world : worlds.worlds) {
    const ClaimRun run = WorldRun(worlds, world, kPageReplications);
    const json& result = *outputs.at(ClaimRunKey(run))->pooled;
    const double share = result["recovered"]["strict"]["rate"].get<double>();
    largest = std::max(largest, std::abs(share - reference));
    if (world.engine == engine && !world.sets.empty()) bars.push_back({&world, share});
  }
  std::stable_sort(bars.begin(), bars.end(), [&](const Bar& a, const Bar& b) {
    return std::abs(a.measured - reference) > std::abs(b.measured - reference);
  });
  std::string text;
  for (const Bar& bar : bars) {
    text += "  " + PadRight(Clip(bar.world->name, kNameWidth - 2, style), kNameWidth - 1) +
            PadLeft(Format("%.1f", 100 * bar.measured), 5) +
            PadLeft(Format("%.1f", 100 * bar.world->expected), 6) + " " +
            Drawn(bar.measured - reference, largest, style) + "\n";
  }
  return TrimLineEnds(text);
}

struct Range {
  double low = 1;
  double high = 0;
};

Range RangeOf(const Claim& worlds, const ClaimOutputs& outputs) {
  Range range;
  for (const ClaimWorld& world : worlds.worlds) {
    const ClaimRun run = WorldRun(worlds, world, kPageReplications);
    const json& result = *outputs.at(ClaimRunKey(run))->pooled;
    const double share = result["recovered"]["strict"]["rate"].get<double>();
    range.low = std::min(range.low, share);
    range.high = std::max(range.high, share);
  }
  return range;
}

std::string Worlds(const Claim& worlds, const ClaimOutputs& outputs, const TextStyle& style) {
  const ClaimRun run = WorldRun(worlds, ClaimWorld(), kPageReplications);
  const json& result = *outputs.at(ClaimRunKey(run))->pooled;
  const double reference = result["recovered"]["strict"]["rate"].get<double>();
  const auto n = result["faulted"].get<int64_t>();
  std::string text =
      Heading("ONE ASSUMPTION CHANGED AT A TIME",
              "scenario " + run.scenario + ", " + CountText(n) + " faulted each", style);
  const Interval interval = Wilson(Count(result["recovered"], "strict"), n);
  text += Text("  ",
               "Reference " + Percent(reference) + " " + Bounds(interval) +
                   ": its assumptions were chosen so that the figure comes out, so it bears out "
                   "nothing but the arithmetic. Below: % recovered by the engine, % by the closed "
                   "form, and the change.",
               style);
  const Range range = RangeOf(worlds, outputs);
  text += Text("  ",
               "Over these worlds the one figure goes from " + Percent(range.low) + " to " +
                   Percent(range.high) + ".",
               style);
  text += "\n  The world is another, the engine the same:\n";
  text += Tornado(worlds, outputs, false, reference, style);
  text += "\n  The engine is another, too:\n";
  text += Tornado(worlds, outputs, true, reference, style);
  return text;
}

}  // namespace

std::vector<ClaimRun> PageRuns(const Claim& worlds) {
  std::vector<ClaimRun> runs = {WorldRun(worlds, ClaimWorld(), kPageReplications)};
  for (const ClaimWorld& world : worlds.worlds) {
    runs.push_back(WorldRun(worlds, world, kPageReplications));
  }
  return runs;
}

std::string RenderPage(const Judgement& judgement, const Claim& worlds, const ClaimOutputs& outputs,
                       const TextStyle& style) {
  const Claim& claim = *judgement.claim;
  const ClaimRun& own = RunOf(claim, claim.statistic.of[0]);
  std::string text = RenderClaim(judgement, style);
  text += Engines(claim, outputs, style);
  text += Sureness(claim, outputs, style);
  text += Classes(claim, outputs, style);
  text += Worlds(worlds, outputs, style);
  text += "\n" + Text("  ",
                      "What a world changes is listed by: squall show " + own.scenario +
                          ", squall show " + worlds.runs.front().scenario +
                          "; all worlds at full size: squall reproduce " + worlds.id + ".",
                      style);
  return text;
}

}  // namespace squall
