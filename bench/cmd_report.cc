// squall report: renders result files again, in any format, without running anything.
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "bench/gates.h"
#include "reports/atomic_file.h"
#include "reports/csv.h"
#include "reports/html.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/result_reader.h"
#include "reports/terminal.h"
#include "reports/threshold_table.h"

namespace squall {
namespace {

// A model's outputs as the file has them.
std::string ModelFigures(const StoredResult& stored, const TextStyle& style) {
  const RunResult& result = stored.result;
  std::string text = Banner(result.scenario, "virtual", result.seed, style);
  text += RenderThresholds(result.thresholds, style) + "\n";
  for (const auto& [output, unused] : (*stored.json)["model"]["outputs"].items()) {
    const MetricFigure figure = FigureOf(std::string(kModelPrefix) + output, *stored.json);
    text += "  " + PadRight(Clip(Printable(output, style), 32, style), 32) + "  " +
            FigureText(figure) + "\n";
  }
  return text + "\n" + WrapCommand(Printable(result.repeat, style), "again  ", 7);
}

std::string Terminal(const std::vector<StoredResult>& results, const TextStyle& style) {
  std::string text;
  for (const StoredResult& stored : results) {
    if (!text.empty()) text += "\n";
    if (results.size() > 1) text += Paint(Printable(stored.name, style), Ink::kDim, style) + "\n";
    text += stored.result.mode == "model" ? ModelFigures(stored, style)
                                          : RenderReport(stored.result, style);
  }
  return text;
}

std::string Render(const ReportOptions& options, const std::vector<StoredResult>& results) {
  if (options.format == "md") return RenderMarkdown(results);
  if (options.format == "csv") return RenderCsv(results);
  if (options.format == "html") return RenderHtml(results);
  if (options.format == "junit") return RenderJunit(JunitOf(results, options.allow_inconclusive));
  const bool to_file = !options.output.out_file.empty();
  return Terminal(results, TextStyle{options.output.color && !to_file, options.output.utf8,
                                     to_file ? kTextWidth : options.output.width});
}

}  // namespace

int ReportReadError(const absl::Status& status) {
  std::fprintf(stderr, "squall: %s\n", std::string(status.message()).c_str());
  return kExitCorrupt;
}

int WriteOut(const std::string& path, const std::string& text) {
  if (path.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return std::fflush(stdout) == 0 ? kExitOk : kExitInternal;
  }
  const absl::Status written = WriteFileAtomically(path, text);
  if (written.ok()) return kExitOk;
  std::fprintf(stderr, "squall: %s\n", std::string(written.message()).c_str());
  return kExitUsage;
}

int Report(const ReportOptions& options) {
  std::vector<Threshold> thresholds;
  if (const int code = ReadThresholds(options.thresholds, &thresholds); code != kExitOk) {
    return code;
  }
  std::vector<StoredResult> results;
  for (const std::string& path : options.results) {
    auto read = LoadResults(path);
    if (!read.ok()) return ReportReadError(read.status());
    for (StoredResult& one : *read) results.push_back(std::move(one));
  }
  int code = kExitOk;
  for (StoredResult& one : results) {
    for (const Threshold& threshold : thresholds) {
      one.result.thresholds.push_back(Judge(threshold, *one.json));
    }
    code = WorseExitCode(
        code, GateExitCode(one.result.thresholds, options.thresholds, options.allow_inconclusive));
  }
  if (!options.html.empty()) {
    const int page = WriteOut(options.html, RenderHtml(results));
    if (page != kExitOk) return page;
  }
  const int written = WriteOut(options.output.out_file, Render(options, results));
  return written == kExitOk ? code : written;
}

}  // namespace squall
