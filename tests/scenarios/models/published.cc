#include "tests/scenarios/models/published.h"

#include <absl/strings/str_split.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "tests/catch.h"
#include "tests/paths.h"

namespace squall {
namespace {

// Half-width of rounding as a standard deviation. Figures of one or two digits are exact ones.
double RoundingError(const std::string& published) {
  const size_t point = published.find('.');
  if (point == std::string::npos) return 0;
  const auto digits = static_cast<double>(published.size() - point - 1);
  return digits < 3 ? 0 : std::pow(10, -digits) / std::sqrt(12.0);
}

double Score1(double difference, double error) {
  if (error > 0) return difference / error;
  return std::abs(difference) < 1e-12 ? 0 : std::numeric_limits<double>::infinity();
}

Score ScoreProportion(const PublishedRow& row, const ModelOutput& output) {
  const auto n = static_cast<double>(output.n);
  const double ours = static_cast<double>(output.count) / n;
  const double published = std::stod(row.published);
  double variance = 0;
  if (row.n > 0) {
    const auto other = static_cast<double>(row.n);
    const double pooled = (ours * n + published * other) / (n + other);
    variance = pooled * (1 - pooled) * (1 / n + 1 / other);
  } else {
    variance = published * (1 - published) / n;
  }
  return {ours,
          Score1(ours - published, std::hypot(std::sqrt(variance), RoundingError(row.published)))};
}

}  // namespace

std::vector<PublishedRow> PublishedRows() {
  std::ifstream file(SourceDir() + "/tests/scenarios/models/data/published.tsv");
  std::vector<PublishedRow> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line.starts_with("group\t")) continue;
    const std::vector<std::string> cells = absl::StrSplit(line, '\t');
    INFO(line);
    REQUIRE(cells.size() == 10);
    PublishedRow row;
    row.group = cells[0];
    row.what = cells[1];
    row.scenario = cells[2];
    row.sets = absl::StrSplit(cells[3], ' ', absl::SkipEmpty());
    row.replications = std::stoll(cells[4]);
    row.output = cells[6];
    row.published = cells[7];
    row.se = cells[8];
    row.n = cells[9].empty() ? 0 : std::stoll(cells[9]);
    rows.push_back(std::move(row));
  }
  return rows;
}

ModelOutputs RunRow(const PublishedRow& row) {
  ScenarioOptions options;
  options.sets = row.sets;
  const absl::StatusOr<Scenario> scenario = LoadScenario(row.scenario, options);
  INFO(row.what << ": " << scenario.status().ToString());
  REQUIRE(scenario.ok());
  REQUIRE(scenario->model.has_value());
  return RunModelReplications(*scenario->model, static_cast<uint64_t>(scenario->seed),
                              row.replications, 2)
      .outputs;
}

Score ScoreOf(const PublishedRow& row, const ModelOutputs& outputs) {
  const bool deviation = row.output.ends_with(".sd");
  const std::string name = row.output.substr(0, row.output.size() - (deviation ? 3 : 0));
  const ModelOutput* output = outputs.Find(name);
  INFO(row.what << ": no output " << name);
  REQUIRE(output != nullptr);
  if (output->proportion) return ScoreProportion(row, *output);
  const Moments& m = output->moments;
  const double ours = deviation ? m.sd() : m.mean();
  double error = m.n() > 1 ? m.se() : 0;
  // Of a sum of a few uniform draws, whose kurtosis is near that of a normal variable.
  if (deviation) error = m.sd() / std::sqrt(2.0 * static_cast<double>(m.n()));
  const double published_error = row.se.empty() ? error : std::stod(row.se);
  const double all = std::hypot(error, published_error, RoundingError(row.published));
  return {ours, Score1(ours - std::stod(row.published), all)};
}

}  // namespace squall
