#include "scenarios/check_scenario.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "engine/strategies.h"
#include "engine/wire/dialect.h"
#include "mock_providers/dialect_server.h"
#include "mock_providers/faults.h"
#include "mock_providers/tasks.h"
#include "scenarios/target.h"
#include "scenarios/thresholds.h"

namespace squall {
namespace {

constexpr double kRounding = 1e-9;  // sums of decimal fractions miss 1 by this much at most

std::string Show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Adds a problem where `got` is not one of `known`.
void CheckKnown(const std::string& pointer, std::string_view what, const std::string& got,
                const std::vector<std::string>& known, Problems* problems) {
  if (Contains(known, got)) return;
  problems->Add(pointer, "got unknown " + std::string(what) + " " + ShowText(got) + ", " +
                             ExpectedOneOf(got, known));
}

void CheckWeights(const std::string& pointer, const std::map<std::string, double>& weights,
                  Problems* problems) {
  double sum = 0;
  for (const auto& [unused, weight] : weights) sum += weight;
  if (weights.empty() || sum > 0) return;
  problems->Add(pointer, "got weights that are all 0, expected one above 0");
}

void CheckVariants(const std::string& pointer, const std::string& fault,
                   const std::map<std::string, double>& variants, Problems* problems) {
  const int row = FindFault(fault);
  if (row < 0) return;  // said already
  std::vector<std::string> known;
  for (const FaultVariant& variant : FaultTable()[static_cast<size_t>(row)].variants) {
    known.emplace_back(variant.name);
  }
  for (const auto& [name, unused] : variants) {
    CheckKnown(PointerTo(pointer, name), "variant", name, known, problems);
  }
  CheckWeights(pointer, variants, problems);
}

void CheckFaults(const std::string& pointer, const std::map<std::string, FaultConfig>& faults,
                 Problems* problems) {
  const std::vector<std::string> known = KnownFaults();
  for (const auto& [name, fault] : faults) {
    const std::string here = PointerTo(pointer, name);
    CheckKnown(here, "fault", name, known, problems);
    CheckVariants(PointerTo(here, "variants"), name, fault.variants, problems);
  }
}

// Only what a provider's own table changes: the rest was checked as the scenario's defaults.
std::map<std::string, FaultConfig> OwnFaults(const Scenario& s, const ProviderConfig& provider) {
  std::map<std::string, FaultConfig> own;
  for (const auto& [name, fault] : provider.faults) {
    const auto base = s.faults.find(name);
    if (base == s.faults.end() || base->second.variants != fault.variants) own[name] = fault;
  }
  return own;
}

// `of` and `with` say in the message whose rates they are.
void CheckRates(const std::string& pointer, const std::map<std::string, FaultConfig>& faults,
                const std::string& of, const std::string& with, Problems* problems) {
  double sum = 0;
  for (const auto& [unused, fault] : faults) sum += fault.rate;
  if (sum <= 1 + kRounding) return;
  problems->Add(pointer, "got fault rates" + of + " that sum to " + Show(sum) + with +
                             ", expected at most 1");
}

void CheckUnique(const std::string& pointer, const std::string& name, std::set<std::string>* seen,
                 Problems* problems) {
  if (name.empty()) {
    problems->Add(pointer, "got no name, expected one");
  } else if (!seen->insert(name).second) {
    problems->Add(pointer, "got " + ShowText(name) + " a second time, expected a name of its own");
  }
}

void CheckProviders(const Scenario& s, Problems* problems) {
  if (s.providers.empty() || s.providers.size() > kMaxProviders) {
    problems->Add("/providers", "got " + std::to_string(s.providers.size()) +
                                    " providers, expected 1 to " + std::to_string(kMaxProviders));
  }
  std::set<std::string> names;
  for (size_t i = 0; i < s.providers.size(); ++i) {
    const ProviderConfig& provider = s.providers[i];
    const std::string here = PointerTo("/providers", std::to_string(i));
    CheckUnique(here + "/name", provider.name, &names, problems);
    CheckKnown(here + "/dialect", "dialect", provider.dialect, KnownDialects(), problems);
    if (provider.models.empty()) {
      problems->Add(here + "/models", "got no models, expected at least one");
    }
    std::set<std::string> models;
    for (size_t m = 0; m < provider.models.size(); ++m) {
      CheckUnique(here + "/models/" + std::to_string(m) + "/name", provider.models[m].name, &models,
                  problems);
    }
    CheckFaults(here + "/faults", OwnFaults(s, provider), problems);
    CheckRates(here + "/faults", provider.faults, " of provider " + ShowText(provider.name),
               ", the scenario's defaults included", problems);
  }
}

// Regional caps have no place of their own: each deployment states them, so they may disagree.
void CheckRegions(const Scenario& s, Problems* problems) {
  std::map<std::string, const ProviderConfig*> first;
  for (size_t i = 0; i < s.providers.size(); ++i) {
    const ProviderConfig& provider = s.providers[i];
    const QuotaConfig& quota = provider.quota;
    const std::string here = PointerTo("/providers", std::to_string(i)) + "/quota/";
    if (quota.region.empty()) {
      const bool capped = quota.region_requests_per_min > 0 || quota.region_tokens_per_min > 0;
      if (capped) problems->Add(here + "region", "got none beside a cap of a region, expected one");
      continue;
    }
    const auto [it, added] = first.try_emplace(quota.region, &provider);
    if (added) continue;
    const ProviderConfig& leader = *it->second;
    const QuotaConfig& other = leader.quota;
    const auto same = [&](const char* field, int64_t got, int64_t expected) {
      if (got == expected) return;
      problems->Add(here + field, "got " + std::to_string(got) + " for region " +
                                      ShowText(quota.region) + ", expected " +
                                      std::to_string(expected) + " as provider " +
                                      ShowText(leader.name) + " states");
    };
    same("region_requests_per_min", quota.region_requests_per_min, other.region_requests_per_min);
    same("region_tokens_per_min", quota.region_tokens_per_min, other.region_tokens_per_min);
    if (quota.region_requests_per_min > 0 && quota.request_window != other.request_window) {
      problems->Add(here + "request_window", "got another one than provider " +
                                                 ShowText(leader.name) + " of region " +
                                                 ShowText(quota.region) + ", expected the same");
    }
  }
}

void CheckClimate(const Scenario& s, Problems* problems) {
  std::vector<std::string> names;
  for (const ProviderConfig& provider : s.providers) names.push_back(provider.name);
  std::set<std::string> own_names;  // draws are keyed by them
  std::vector<std::string> models;
  for (const ProviderConfig& provider : s.providers) {
    for (const ModelConfig& model : provider.models) models.push_back(model.name);
  }
  for (size_t i = 0; i < s.climate.size(); ++i) {
    const ClimateConfig& row = s.climate[i];
    const std::string here = PointerTo("/climate", std::to_string(i));
    CheckUnique(here + "/name", row.name, &own_names, problems);
    for (size_t p = 0; p < row.providers.size(); ++p) {
      CheckKnown(here + "/providers/" + std::to_string(p), "provider", row.providers[p], names,
                 problems);
    }
    for (size_t m = 0; m < row.models.size(); ++m) {
      CheckKnown(here + "/models/" + std::to_string(m), "model", row.models[m], models, problems);
    }
    CheckKnown(here + "/fault", "fault", row.fault, KnownFaults(), problems);
    CheckVariants(here + "/variants", row.fault, row.variants, problems);
  }
}

void CheckRouting(const Scenario& s, Problems* problems) {
  std::vector<std::string> names;
  for (const ProviderConfig& provider : s.providers) names.push_back(provider.name);
  const auto check = [&](const std::string& pointer, const std::map<std::string, double>& by_name) {
    for (const auto& [name, unused] : by_name) {
      CheckKnown(PointerTo(pointer, name), "provider", name, names, problems);
    }
  };
  check("/engine/routing/tiers", s.engine.routing.tiers);
  check("/engine/routing/weights", s.engine.routing.weights);
}

void CheckWorkload(const WorkloadConfig& workload, Problems* problems) {
  const std::vector<std::string> tasks = KnownTasks();
  if (workload.tasks.empty()) {
    problems->Add("/workload/tasks", "got no tasks, expected at least one");
  }
  for (const auto& [name, unused] : workload.tasks) {
    CheckKnown(PointerTo("/workload/tasks", name), "task", name, tasks, problems);
  }
  CheckWeights("/workload/tasks", workload.tasks, problems);
  const ArrivalConfig& arrivals = workload.arrivals;
  const bool traced = arrivals.kind == ArrivalKind::kTrace;
  if (traced && !arrivals.phases.empty()) {
    problems->Add("/workload/arrivals/phases",
                  "got phases with kind \"trace\", expected none: the trace says when");
  }
  if (traced && arrivals.trace.empty()) {
    problems->Add("/workload/arrivals/trace", "got none with kind \"trace\", expected a CSV file");
  } else if (!traced && !arrivals.trace.empty()) {
    problems->Add("/workload/arrivals/trace",
                  "got " + ShowText(arrivals.trace) +
                      " with another kind of arrivals, expected none or kind \"trace\"");
  }
}

void CheckConversation(const WorkloadConfig& workload, Problems* problems) {
  const bool traced = workload.arrivals.kind == ArrivalKind::kTrace;
  if (traced && workload.conversation.turns > 1) {
    problems->Add("/workload/conversation/turns",
                  "got " + std::to_string(workload.conversation.turns) +
                      " with kind \"trace\", expected 1: the trace says what comes when");
  }
  const bool again = workload.resubmit.share > 0 || !workload.restarts.empty();
  if (again && workload.stream > 0) {
    problems->Add("/workload/stream", "got " + Show(workload.stream) +
                                          " with requests that are submitted again, expected 0");
  }
  for (size_t i = 1; i < workload.restarts.size(); ++i) {
    const RestartConfig& before = workload.restarts[i - 1];
    if (workload.restarts[i].at >= before.at + before.down) continue;
    problems->Add("/workload/restarts/" + std::to_string(i) + "/at",
                  "got a time before the restart before it is over, expected a later one");
  }
}

void CheckChain(const Scenario& s, Problems* problems) {
  if (s.chain.empty()) return;
  if (s.chain.size() > kMaxLayers) {
    problems->Add("/chain", "got " + std::to_string(s.chain.size()) + " layers, expected at most " +
                                std::to_string(kMaxLayers));
  }
  std::set<std::string> names;
  int64_t attempts = s.engine.retry.max_attempts;
  for (size_t i = 0; i < s.chain.size(); ++i) {
    CheckUnique("/chain/" + std::to_string(i) + "/name", s.chain[i].name, &names, problems);
    attempts *= std::min(s.chain[i].engine.retry.max_attempts, kMaxChainAttempts);
    attempts = std::min(attempts, kMaxChainAttempts + 1);
  }
  if (attempts > kMaxChainAttempts) {
    problems->Add("/chain", "got layers whose attempts at one request multiply to more than " +
                                std::to_string(kMaxChainAttempts) + ", expected fewer");
  }
  if (s.workload.stream > 0) {
    problems->Add("/workload/stream",
                  "got " + Show(s.workload.stream) + " with a chain, expected 0");
  }
}

void CheckTarget(const Scenario& scenario, Problems* problems) {
  if (scenario.target.empty()) return;
  const auto url = ParseTargetUrl(scenario.target);
  if (!url.ok()) problems->Add("/engine/target", std::string(url.status().message()));
  if (!scenario.chain.empty()) {
    problems->Add("/chain", "got layers above a target, expected none");
  }
}

}  // namespace

std::vector<std::string> KnownFaults() {
  std::vector<std::string> names;
  for (const FaultRow& row : FaultTable()) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> KnownTasks() {
  std::vector<std::string> names;
  for (int i = 0; i < kTaskKindCount; ++i)
    names.emplace_back(TaskKindName(static_cast<TaskKind>(i)));
  return names;
}

std::vector<std::string> KnownStrategies() {
  const auto names = StrategyNames();
  return std::vector<std::string>(names.begin(), names.end());
}

std::vector<std::string> KnownDialects() {
  // A dialect has two sides, written apart; a scenario needs both.
  std::vector<std::string> names;
  for (const std::string_view name : DialectServerNames()) {
    if (FindDialect(name) != nullptr) names.emplace_back(name);
  }
  return names;
}

void CheckFaultTable(const std::string& pointer, const std::map<std::string, FaultConfig>& faults,
                     Problems* problems) {
  CheckFaults(pointer, faults, problems);
  CheckRates(pointer, faults, "", "", problems);
}

void CheckScenario(const Scenario& scenario, Problems* problems) {
  CheckThresholds(scenario, problems);
  CheckWorkload(scenario.workload, problems);
  CheckFaults("/faults", scenario.faults, problems);
  CheckProviders(scenario, problems);
  CheckRegions(scenario, problems);
  CheckClimate(scenario, problems);
  CheckRouting(scenario, problems);
  CheckConversation(scenario.workload, problems);
  CheckChain(scenario, problems);
  CheckTarget(scenario, problems);
  const std::vector<std::string>& ladder = scenario.engine.ladder;
  for (size_t i = 0; i < ladder.size(); ++i) {
    const std::string here = PointerTo("/engine/ladder", std::to_string(i));
    CheckKnown(here, "strategy", ladder[i], KnownStrategies(), problems);
    if (std::count(ladder.begin(), ladder.begin() + static_cast<std::ptrdiff_t>(i), ladder[i]) >
        0) {
      problems->Add(here, "got " + ShowText(ladder[i]) + " a second time, expected it once");
    }
  }
}

}  // namespace squall
