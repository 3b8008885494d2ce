#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>

#include <cmath>

#include "reports/histogram.h"
#include "reports/terminal.h"

namespace squall {
namespace {

// The columns; together they are as wide as a line may be.
struct Cells {
  std::string name, strict, interval, amplification, p99, cost, verdict;
};
constexpr int kName = 18, kStrict = 8, kInterval = 17, kAmplification = 10, kP99 = 10, kCost = 9,
              kVerdict = 8;
static_assert(kName + kStrict + kInterval + kAmplification + kP99 + kCost + kVerdict == kTextWidth);

std::string Line(const Cells& c, Ink ink, const TextStyle& style) {
  const auto cell = [&style](const std::string& text, int width) {
    return PadLeft(Clip(text, width - 1, style), width);
  };
  return PadRight(Clip(c.name, kName - 1, style), kName) +
         Paint(cell(c.strict, kStrict), ink, style) + cell(c.interval, kInterval) +
         cell(c.amplification, kAmplification) + cell(c.p99, kP99) + cell(c.cost, kCost) +
         Paint(cell(c.verdict, kVerdict), ink, style) + "\n";
}

// "-12.3" with the given digits; what rounds to zero has no sign.
std::string Signed(double value, int digits) {
  const std::string text = absl::StrFormat("%+.*f", digits, value);
  return text.find_first_of("123456789") == std::string::npos ? text.substr(1) : text;
}
std::string Points(double share) { return Signed(100 * share, 1); }

std::string SignedDuration(int64_t ns, const TextStyle& style) {
  if (ns == 0) return "0";
  return (ns < 0 ? "-" : "+") + DurationText(std::abs(static_cast<double>(ns)), style);
}

// As a share of what the whole engine spent, where that is anything.
std::string CostChange(double difference, double whole) {
  if (whole <= 0) return "n/a";
  const double percent = 100 * difference / whole;
  return std::abs(percent) < 999.5 ? Signed(percent, 1) + " %"
                                   : absl::StrFormat("%+.0e %%", percent);
}

struct RowVerdict {
  const char* word;
  Ink ink;
};
RowVerdict Judge(const PairedShare& share) {
  if (share.n == 0) return {"", Ink::kDim};
  if (share.ci95.high < 0) return {"worse", Ink::kBad};
  if (share.ci95.low > 0) return {"better", Ink::kGood};
  return {share.first_only + share.second_only == 0 ? "same" : "unclear", Ink::kDim};
}

std::string WholeLine(const RunResult& whole, const Tally& tally, const TextStyle& style) {
  const Summary& s = whole.summary;
  Cells cells;
  cells.name = "whole engine";
  cells.strict = PercentText(tally.strict, tally.n);
  cells.interval = IntervalText(tally.strict, tally.n);
  if (s.amplification.mean) cells.amplification = RatioText(*s.amplification.mean, style);
  cells.p99 = QuantileText(s.latency, 0.99, s.latency.p99, style);
  cells.cost = MoneyText(s.cost_usd);
  return Line(cells, Ink::kBold, style);
}

std::string WithoutLine(const RunResult& whole, const RunResult& without, const PairedShare& share,
                        const TextStyle& style) {
  const Ablation& a = *without.ablation;
  const RowVerdict verdict = Judge(share);
  const bool times = EnoughForQuantile(whole.summary.latency.n, 0.99) &&
                     EnoughForQuantile(without.summary.latency.n, 0.99);
  Cells cells;
  cells.name = "- " + a.removed;
  cells.strict = share.n == 0 ? "n/a" : Points(share.difference);
  if (share.n > 0) {
    cells.interval = "[" + Points(share.ci95.low) + ", " + Points(share.ci95.high) + "]";
  }
  cells.amplification = Signed(a.paired.amplification, 2);
  cells.p99 = times ? SignedDuration(a.p99_ns, style) : "n/a";
  cells.cost = CostChange(a.cost_usd, whole.summary.cost_usd);
  cells.verdict = verdict.word;
  return Line(cells, verdict.ink, style);
}

constexpr const char* kOfFaulted =
    "strict: right answers in time, as points of the requests whose first attempt was faulted "
    "with the mechanism or without it;";
constexpr const char* kOfAll = "right: right answers in time, as points of all requests;";
constexpr const char* kRest =
    "its 95 % interval is of the difference within pairs of equal requests (Newcombe 1998, method "
    "10), and the last column says whether it leaves out 0. amplif.: attempts per request. p99: "
    "latency of all requests.";

std::string Dim(const std::string& text, const TextStyle& style) {
  std::vector<std::string> words = absl::StrSplit(text, ' ');
  for (std::string& word : words) word = Paint(word, Ink::kDim, style);
  return Flow(words, " ", "", 0);
}

}  // namespace

std::string RenderAblation(std::span<const RunResult> results, const TextStyle& style) {
  if (results.empty()) return "";
  const RunResult& whole = results.front();
  std::string text = Banner(whole.scenario, whole.mode, whole.seed, style);
  std::vector<std::string> facts = {CountText(whole.summary.requests) + " requests to each engine",
                                    "engine " + Clip(Printable(whole.engine, style), 40, style)};
  text += Flow(facts, Dot(style), "", 0) + "\n";
  // Where no draw faulted anything, load and models alone decide, and all requests are compared.
  const bool all = whole.summary.faulted().n == 0;
  const Cells head = {
      "WITHOUT", all ? "right" : "strict", "95 % interval", "amplif.", "p99", "cost", ""};
  text += Paint(TrimLineEnds(Line(head, Ink::kPlain, TextStyle{})), Ink::kBold, style);
  text += WholeLine(whole, all ? whole.summary.all : whole.summary.faulted(), style);
  for (const RunResult& result : results.subspan(1)) {
    if (!result.ablation) continue;
    const Paired& paired = result.ablation->paired;
    text += WithoutLine(whole, result, all ? paired.right : paired.recovered, style);
  }
  text += "\n";
  if (results.size() == 1) return TrimLineEnds(text + "There is no mechanism to take away.\n");
  text += Dim("Differences from the whole engine, on the same draws.", style);
  return TrimLineEnds(text + Dim(absl::StrCat(all ? kOfAll : kOfFaulted, " ", kRest), style));
}

}  // namespace squall
