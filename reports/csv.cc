#include "reports/csv.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <nlohmann/json.hpp>

#include "reports/metric_table.h"

namespace squall {
namespace {

std::string Field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// The fewest digits that read back as the same value.
std::string NumberText(double value) { return nlohmann::json(value).dump(); }

void AddFigure(const StoredResult& stored, const std::string& name, std::string* text) {
  const MetricFigure figure = FigureOf(name, *stored.json);
  if (!figure.value) return;
  const RunResult& r = stored.result;
  absl::StrAppend(text, Field(stored.name), ",", Field(r.scenario), ",", Field(r.engine), ",",
                  r.seed, ",", r.replications, ",", Field(name), ",", NumberText(*figure.value),
                  ",", figure.ci95 ? NumberText(figure.ci95->low) : "", ",",
                  figure.ci95 ? NumberText(figure.ci95->high) : "", ",",
                  figure.n ? absl::StrCat(*figure.n) : "", "\r\n");
}

}  // namespace

std::string RenderCsv(std::span<const StoredResult> results) {
  std::string text = "file,scenario,engine,seed,replications,metric,value,ci95_low,ci95_high,n\r\n";
  for (const StoredResult& stored : results) {
    for (const std::string& name : MetricNames()) AddFigure(stored, name, &text);
    if (!stored.json->contains("model")) continue;
    for (const auto& [output, unused] : (*stored.json)["model"]["outputs"].items()) {
      AddFigure(stored, std::string(kModelPrefix) + output, &text);
    }
  }
  return text;
}

}  // namespace squall
