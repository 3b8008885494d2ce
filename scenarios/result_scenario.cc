#include "scenarios/result_scenario.h"

#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>

#include "scenarios/knowledge_file.h"

namespace squall {
namespace {

using nlohmann::json;

// Columns: a list of lists would take a line for each row.
std::string TraceText(const std::vector<TraceRow>& rows) {
  json at = json::array();
  json context = json::array();
  json generated = json::array();
  for (const TraceRow& row : rows) {
    at.push_back(row.at.count());
    context.push_back(row.context_tokens);
    generated.push_back(row.generated_tokens);
  }
  return json{{"at_ns", at}, {"context_tokens", context}, {"generated_tokens", generated}}.dump();
}

absl::StatusOr<std::vector<TraceRow>> ReadTraceText(const std::string& text,
                                                    const std::string& name) {
  std::vector<TraceRow> rows;
  if (text.empty()) return rows;
  const json columns = json::parse(text, nullptr, false);
  const char* const kNames[] = {"at_ns", "context_tokens", "generated_tokens"};
  for (const char* column : kNames) {
    const bool list = columns.is_object() && columns.contains(column) &&
                      columns[column].is_array() &&
                      columns[column].size() == columns.value("at_ns", json::array()).size();
    if (!list) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ": /trace/", column, ": got no list as long as at_ns, expected a value a row"));
    }
    for (const json& value : columns[column]) {
      if (value.is_number_integer()) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": /trace/", column, ": got ", value.dump(), ", expected an integer"));
    }
  }
  for (size_t i = 0; i < columns["at_ns"].size(); ++i) {
    TraceRow row;
    row.at = Duration(columns["at_ns"][i].get<int64_t>());
    row.context_tokens = columns["context_tokens"][i].get<int64_t>();
    row.generated_tokens = columns["generated_tokens"][i].get<int64_t>();
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

void DescribeScenario(const Scenario& scenario, RunResult* result) {
  result->scenario = scenario.name;
  result->scenario_hash = scenario.hash;
  result->draws_hash = scenario.draws_hash;
  result->seed = scenario.seed;
  result->engine = scenario.preset;
  result->effective = DumpScenario(scenario);
  const auto most = static_cast<size_t>(kMostRequestsKept);
  if (!scenario.trace.empty() && scenario.trace.size() <= most) {
    result->trace = TraceText(scenario.trace);
  }
}

absl::StatusOr<ResultScenario> ScenarioOfResult(const RunResult& result, const std::string& name) {
  if (result.effective.empty()) {
    return absl::InvalidArgumentError(name +
                                      ": /effective_scenario: got null, expected the values "
                                      "that the run went by");
  }
  auto rows = ReadTraceText(result.trace, name);
  if (!rows.ok()) return rows.status();
  ScenarioOptions options;
  options.trace_rows = *std::move(rows);
  auto scenario = LoadScenarioText(result.effective, name + ": /effective_scenario", options);
  if (!scenario.ok()) return scenario.status();
  if (scenario->hash != result.scenario_hash) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": /scenario_hash: got ",
                                                   result.scenario_hash, ", expected ",
                                                   scenario->hash, " of /effective_scenario"));
  }
  scenario->seed = result.seed;
  ResultScenario out;
  if (!result.knowledge.empty()) {
    const auto rules = ReadKnowledge(result.knowledge, name + ": /knowledge", &*scenario);
    if (!rules.ok()) return rules.status();
    out.rules = ResolveRules(rules->rules, *scenario);
  }
  out.scenario = *std::move(scenario);
  return out;
}

}  // namespace squall
