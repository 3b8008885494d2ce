#include <absl/strings/str_format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "reports/terminal.h"

namespace squall {
namespace {

constexpr int kFigureWidth = 20;
constexpr int kColumnWidth = 15;
int Columns(const TextStyle& style) { return (style.width() - kFigureWidth) / kColumnWidth; }

struct FigureRow {
  const char* label;
  Ink ink;
  std::function<std::string(const RunResult&)> cell;
};

std::function<std::string(const RunResult&)> Share(int64_t (*count)(const Tally&)) {
  return [count](const RunResult& r) {
    const Tally& t = r.summary.faulted();
    return PercentText(count(t), t.n);
  };
}

std::string StrictBar(const RunResult& r, const TextStyle& style) {
  const Tally& t = r.summary.faulted();
  const std::vector<int> cells = BarCells({t.strict, t.n - t.strict}, kColumnWidth - 2);
  return Paint(Repeat(style.utf8 ? "█" : "#", cells[0]), Ink::kGood, style) +
         Paint(Repeat(style.utf8 ? "░" : ".", cells[1]), Ink::kDim, style);
}

std::vector<FigureRow> RecoveryRows(const TextStyle& style) {
  return {{"faulted requests", Ink::kPlain,
           [](const RunResult& r) { return CompactText(r.summary.faulted().n, 13); }},
          {"strict", Ink::kGood, Share([](const Tally& t) { return t.strict; })},
          {"  95 % interval", Ink::kDim,
           [](const RunResult& r) {
             const Tally& t = r.summary.faulted();
             return IntervalText(t.strict, t.n);
           }},
          {"", Ink::kPlain, [style](const RunResult& r) { return StrictBar(r, style); }},
          {"lenient", Ink::kPlain, Share([](const Tally& t) { return t.lenient; })},
          {"false recovery", Ink::kBad, Share([](const Tally& t) { return t.false_recovery(); })},
          {"abstained", Ink::kWarn, Share([](const Tally& t) { return t.abstained; })},
          {"late or empty", Ink::kPlain, Share([](const Tally& t) { return t.late; })},
          {"silent escape", Ink::kBad, Share([](const Tally& t) { return t.silent_escape; })},
          {"efficiency", Ink::kPlain, [](const RunResult& r) {
             const auto efficiency = r.summary.faulted().efficiency();
             return efficiency ? absl::StrFormat("%.1f %%", 100 * *efficiency) : "n/a";
           }}};
}

std::vector<FigureRow> PriceRows(const TextStyle& style) {
  const auto ratio = [style](std::optional<double> value) {
    return value ? RatioText(*value, style) : std::string("n/a");
  };
  return {{"all requests right", Ink::kPlain,
           [](const RunResult& r) { return PercentText(r.summary.all.strict, r.summary.all.n); }},
          {"amplification", Ink::kPlain,
           [ratio](const RunResult& r) { return ratio(r.summary.amplification.mean); }},
          {"  worst 10 s", Ink::kDim,
           [ratio](const RunResult& r) { return ratio(r.summary.amplification.worst_10s); }},
          {"latency p50", Ink::kPlain,
           [style](const RunResult& r) {
             return QuantileText(r.summary.latency, 0.5, r.summary.latency.p50, style);
           }},
          {"latency p99", Ink::kPlain,
           [style](const RunResult& r) {
             return QuantileText(r.summary.latency, 0.99, r.summary.latency.p99, style);
           }},
          {"tokens", Ink::kPlain,
           [](const RunResult& r) {
             return CompactText(r.summary.prompt_tokens + r.summary.completion_tokens, 9);
           }},
          {"cost", Ink::kPlain, [](const RunResult& r) { return MoneyText(r.summary.cost_usd); }},
          {"  per right answer", Ink::kDim,
           [](const RunResult& r) {
             const Summary& s = r.summary;
             return s.all.strict == 0 ? std::string("n/a")
                                      : MoneyText(s.cost_usd / static_cast<double>(s.all.strict));
           }},
          {"diagnosis right", Ink::kPlain, [](const RunResult& r) {
             const DiagnosisScore& d = r.summary.diagnosis;
             return PercentText(d.class_right, d.attempts);
           }}};
}

// One row, and only where some provider asked some engine to wait.
std::vector<FigureRow> HintRows(std::span<const RunResult> results) {
  const bool any = std::any_of(results.begin(), results.end(), [](const RunResult& r) {
    return r.summary.obedience.hints_given > 0;
  });
  if (!any) return {};
  return {{"ignored hints", Ink::kPlain, [](const RunResult& r) {
             const Obedience& o = r.summary.obedience;
             return o.hints_given == 0 ? "n/a" : CompactText(o.early_same_request, 13);
           }}};
}

// One row, and only where something was done to the run that ended.
std::vector<FigureRow> RecoveryTimeRow(std::span<const RunResult> results, const TextStyle& style) {
  const bool any = std::any_of(results.begin(), results.end(), [](const RunResult& r) {
    return r.summary.recovery && r.summary.recovery->n > 0;
  });
  if (!any) return {};
  return {{"back after trigger", Ink::kPlain, [style](const RunResult& r) {
             const auto& recovery = r.summary.recovery;
             if (!recovery || recovery->n == 0) return std::string("n/a");
             if (!recovery->median_s) return std::string("stays down");
             if (*recovery->median_s == 0) return std::string("at once");
             return DurationText(1e9 * *recovery->median_s, style);
           }}};
}

// Names longer than a column take two lines, broken after the last "_", "-" or "/" that fits.
std::string NameLines(std::span<const RunResult> block, const TextStyle& style) {
  constexpr size_t kFits = kColumnWidth - 2;
  std::string upper = Repeat(" ", kFigureWidth);
  std::string lower = upper;
  bool two_lines = false;
  for (const RunResult& result : block) {
    std::string name = Printable(result.engine, style);
    std::string head;
    if (DisplayWidth(name) > static_cast<int>(kFits)) {
      const size_t cut = name.find_last_of("_-/", kFits - 1);
      if (cut != std::string::npos) {
        head = name.substr(0, cut + 1);
        name = name.substr(cut + 1);
      }
    }
    two_lines |= !head.empty();
    upper += PadLeft(head, kColumnWidth);
    lower += PadLeft(Clip(name, kFits, style), kColumnWidth);
  }
  return (two_lines ? Paint(upper, Ink::kBold, style) + "\n" : "") +
         Paint(lower, Ink::kBold, style) + "\n";
}

std::string FigureRows(const std::vector<FigureRow>& rows, std::span<const RunResult> block,
                       const TextStyle& style) {
  std::string text;
  for (const FigureRow& row : rows) {
    text += Paint(PadRight(row.label, kFigureWidth), row.ink, style);
    for (const RunResult& result : block) text += PadLeft(row.cell(result), kColumnWidth);
    text += '\n';
  }
  return text;
}

}  // namespace

std::string RenderComparison(std::span<const RunResult> results,
                             std::optional<double> share_differing, const TextStyle& style) {
  if (results.empty()) return "";
  const RunResult& first = results.front();
  std::string text = Banner(first.scenario, first.mode, first.seed, style);
  text += Flow({CountText(first.summary.requests) + " requests to each engine",
                "rates are shares of the faulted requests"},
               Dot(style), "", 0);

  // Blocks of nearly equal width: five engines make three and two, not four and one.
  const auto most = static_cast<size_t>(Columns(style));
  const size_t blocks = (results.size() + most - 1) / most;
  const size_t columns = (results.size() + blocks - 1) / blocks;
  for (size_t i = 0; i < results.size(); i += columns) {
    const auto block = results.subspan(i, std::min(columns, results.size() - i));
    text += "\n" + NameLines(block, style) + FigureRows(RecoveryRows(style), block, style);
    text += "\n" + FigureRows(PriceRows(style), block, style);
    text += FigureRows(RecoveryTimeRow(results, style), block, style);
    text += FigureRows(HintRows(results), block, style);
  }
  text += "\nfirst attempts that differ between engines: ";
  if (!share_differing) return TrimLineEnds(text + "not known\n");
  text += absl::StrFormat("%.4g %%", 100 * *share_differing);
  if (*share_differing == 0) text += " (all met the same faults)";
  return TrimLineEnds(text + "\n");
}

}  // namespace squall
