// squall explain: looks a name up in every table there is, and prints each entry that it finds.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/command_text.h"
#include "bench/exit_codes.h"
#include "bench/explain.h"
#include "bench/help_text.h"
#include "bench/reproduce_run.h"
#include "engine/base/nearest.h"
#include "engine/diagnose_rules.h"
#include "engine/diagnose_transport.h"
#include "mock_providers/faults.h"
#include "reports/metric_table.h"
#include "reports/text.h"
#include "scenarios/claim.h"

namespace squall {
namespace {

using nlohmann::json;

constexpr std::string_view kExitCodesTopic = "exit-codes";

std::string Joined(const std::vector<std::string_view>& items, int width) {
  std::string text;
  for (const std::string_view item : items) text.append(text.empty() ? "" : ", ").append(item);
  return text.empty() ? "  none\n" : "  " + Wrapped(text, 2, width) + "\n";
}

bool FaultIn(const std::map<std::string, FaultConfig>& faults, const std::string& name) {
  const auto found = faults.find(name);
  return found != faults.end() && found->second.rate > 0;
}

bool Uses(const Scenario& scenario, const std::string& fault) {
  if (scenario.model.has_value()) return false;
  bool uses = FaultIn(scenario.faults, fault);
  for (const ProviderConfig& provider : scenario.providers) {
    uses = uses || FaultIn(provider.faults, fault);
  }
  for (const ClimateConfig& climate : scenario.climate) uses = uses || climate.fault == fault;
  return uses;
}

// ---- one function for each kind of topic: all that can be explained, and one of them ----

std::vector<BundledItem> FaultTopics() {
  std::vector<BundledItem> items;
  for (const FaultRow& row : FaultTable()) {
    items.push_back({std::string(row.name), std::string(row.doc)});
  }
  return items;
}

std::string FaultTopic(const std::string& name, int width) {
  std::string text = ExplainFault(FindFault(name), width) + "\nScenarios that use it:\n";
  std::string users;
  for (const BundledItem& item : BundledScenarios()) {
    const auto scenario = LoadScenario(item.name, ScenarioOptions());
    if (!scenario.ok() || !Uses(*scenario, name)) continue;
    users += (users.empty() ? "" : ", ") + item.name;
  }
  return text + "  " + Wrapped(users.empty() ? "none" : users, 2, width) + "\n";
}

std::vector<BundledItem> ClassTopics() {
  std::vector<BundledItem> items;
  for (int i = 0; i < kFailureClassCount; ++i) {
    const auto failure = static_cast<FailureClass>(i);
    items.push_back(
        {std::string(FailureClassName(failure)), std::string(FailureClassSummary(failure))});
  }
  return items;
}

std::string ClassTopic(const std::string& name, int width) {
  const FailureClass failure = FailureClassByName(name);
  const Diagnosis usual = OfClass(failure, "");
  std::string text = std::string(FailureClassSummary(failure)) + "\n";
  text += "\nUsually:\n";
  text += TwoColumns("retry", std::string(RetryDecisionName(usual.retry)), 6, width);
  text += TwoColumns("origin", std::string(OriginName(usual.origin)), 6, width);
  text += TwoColumns("safety", std::string(SafetyName(usual.safety)), 6, width);
  std::vector<std::string_view> rules = RulesOf(failure);
  for (const std::string_view rule : TransportRulesOf(failure)) rules.push_back(rule);
  if (!rules.empty()) text += "\nRules that give it:\n" + Joined(rules, width);
  std::vector<std::string_view> faults;
  for (const FaultRow& row : FaultTable()) {
    const bool shows =
        std::any_of(row.variants.begin(), row.variants.end(),
                    [&](const FaultVariant& variant) { return variant.failure_class == name; });
    if (shows) faults.push_back(row.name);
  }
  return text + "\nFaults whose ground truth it is:\n" + Joined(faults, width);
}

// "max_attempts 3" and so on, of one object of the engine's settings; objects inside it by name.
void Flatten(const json& object, const std::string& prefix, std::vector<std::string>* out) {
  if (object.contains("enabled") && object["enabled"] == false) {
    out->push_back(prefix + "off");
    return;
  }
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      Flatten(value, prefix + key + " ", out);
    } else {
      out->push_back(prefix + key + " " +
                     (value.is_string() ? value.get<std::string>() : value.dump()));
    }
  }
}

std::string PresetTopic(const std::string& name, int width) {
  const json preset = json::parse(PresetText(name), nullptr, false, true);
  std::string text = Wrapped(preset.value("doc", ""), 0, width) + "\n";
  if (preset.contains("sources")) text += "\nSources:\n";
  for (const json& source : preset.value("sources", json::array())) {
    text += "  " + Wrapped(source.get<std::string>(), 2, width) + "\n";
  }
  ScenarioOptions options;
  options.preset = name;
  const auto scenario = LoadScenario("parity", options);
  if (!scenario.ok()) return text;
  const json engine = json::parse(DumpScenario(*scenario))["engine"];
  text += "\nAttempts, waits and when it stops (squall show " + name + " has what it sets):\n";
  text += TwoColumns("ladder", engine.value("ladder", json::array()).dump(), 8, width);
  for (const char* part : {"retry", "deadline", "breaker", "budget", "guard"}) {
    if (!engine.contains(part)) continue;
    std::vector<std::string> values;
    Flatten(engine[part], "", &values);
    std::string line;
    for (const std::string& value : values) line += (line.empty() ? "" : ", ") + value;
    text += TwoColumns(part, line, 8, width);
  }
  return text;
}

std::string_view UnitName(MetricUnit unit) {
  switch (unit) {
    case MetricUnit::kShare: return "share, 0 to 1 in JSON, written in %";
    case MetricUnit::kRatio: return "ratio";
    case MetricUnit::kMilliseconds: return "milliseconds";
    case MetricUnit::kSeconds: return "seconds";
    case MetricUnit::kUsd: return "US dollars";
    case MetricUnit::kPerSecond: return "per second";
    case MetricUnit::kCount: return "count";
    case MetricUnit::kNumber: return "number";
  }
  return "";
}

std::string_view NeedsText(MetricNeeds needs) {
  switch (needs) {
    case MetricNeeds::kNothing: return "";
    case MetricNeeds::kFaults: return "a scenario with faults";
    case MetricNeeds::kTrigger: return "a scenario with a trigger: an outage, a ramp, a spike";
    case MetricNeeds::kStreams: return "a scenario with streams";
  }
  return "";
}

std::string MetricTopic(const std::string& name, int width) {
  const MetricRow& row = *FindMetric(name);
  std::string text = Wrapped(std::string(row.doc), 0, width) + "\n\n";
  const std::pair<const char*, std::string_view> facts[] = {
      {"unit", UnitName(row.unit)},
      {"better", row.more_is_better ? "more" : "less"},
      {"value", row.value},
      {"interval", *row.interval == '\0' ? "none: the figure of these draws" : row.interval},
      {"of", row.n},
      {"needs", NeedsText(row.needs)}};
  for (const auto& [fact, value] : facts) {
    if (!value.empty()) text += TwoColumns(fact, std::string(value), 8, width);
  }
  return text + "\nPlaces are JSON pointers into a result (squall run --json).\n";
}

std::string ClaimTopic(const std::string& name, int width) {
  const auto claims = BundledClaims();
  if (!claims.ok()) return "";
  std::string text;
  for (const Claim& claim : *claims) {
    if (claim.id != name) continue;
    text = Wrapped(claim.statement, 0, width) + "\n\n";
    text += TwoColumns("published", claim.published, 9, width);
    text += TwoColumns("source",
                       claim.source.author + ", " + claim.source.title + ", " + claim.source.date,
                       9, width);
    if (!claim.source.url.empty()) text += TwoColumns("", claim.source.url, 9, width);
    if (!claim.not_testable.empty()) text += TwoColumns("untested", claim.not_testable, 9, width);
    for (const ClaimRun& run : claim.runs) {
      text += WrapCommand(ClaimRunCommand(run), "  run        ", 13);
    }
    for (const std::string& caveat : claim.caveats) text += TwoColumns("caveat", caveat, 9, width);
    text += "\nsquall reproduce " + ShellWord(name) + " judges it.\n";
  }
  return text;
}

std::vector<BundledItem> ExitCodeTopics() {
  return {{std::string(kExitCodesTopic), "What each exit code means."}};
}

std::string ExitCodeTopic(const std::string& /*name*/, int width) {
  std::string text;
  for (const ExitCodeRow& row : ExitCodeTable()) {
    text += TwoColumns(std::to_string(row.code), std::string(row.doc), 3, width);
  }
  return text;
}

std::string ScenarioTopic(const std::string& name, int width) {
  const auto scenario = LoadScenario(name, ScenarioOptions());
  if (!scenario.ok()) return "";
  std::string text = Wrapped(scenario->doc, 0, width) + "\n";
  for (const auto& [title, lines] :
       {std::pair("Sources", &scenario->sources), std::pair("Assumptions", &scenario->assumptions),
        std::pair("What to expect", &scenario->expect)}) {
    if (!lines->empty()) text += std::string("\n") + title + ":\n";
    for (const std::string& line : *lines) text += "  " + Wrapped(line, 2, width) + "\n";
  }
  return text;
}

struct TopicKind {
  std::string_view title;  // of the list
  std::string_view noun;
  std::vector<BundledItem> (*all)();
  std::string (*text)(const std::string& name, int width);
};
constexpr TopicKind kTopicKinds[] = {
    {"Faults", "fault", &FaultTopics, &FaultTopic},
    {"Diagnosis classes", "class", &ClassTopics, &ClassTopic},
    {"Engine presets", "preset", &BundledPresets, &PresetTopic},
    {"Metrics", "metric", &MetricTopics, &MetricTopic},
    {"Claims", "claim", &ClaimTopics, &ClaimTopic},
    {"Scenarios", "scenario", &BundledScenarios, &ScenarioTopic},
    {"Other", "list", &ExitCodeTopics, &ExitCodeTopic},
};

void PrintTopics(int width) {
  for (const TopicKind& kind : kTopicKinds) {
    std::string names;
    for (const BundledItem& item : kind.all()) names += (names.empty() ? "" : ", ") + item.name;
    std::printf("%s\n  %s\n", std::string(kind.title).c_str(), Wrapped(names, 2, width).c_str());
  }
}

bool PrintTopic(const std::string& topic, int width, bool first) {
  bool found = false;
  for (const TopicKind& kind : kTopicKinds) {
    const std::vector<BundledItem> all = kind.all();
    const bool here = std::any_of(all.begin(), all.end(),
                                  [&](const BundledItem& item) { return item.name == topic; });
    if (!here) continue;
    std::printf("%s%s (%s)\n%s", first && !found ? "" : "\n", topic.c_str(),
                std::string(kind.noun).c_str(), kind.text(topic, width).c_str());
    found = true;
  }
  return found;
}

}  // namespace

std::vector<BundledItem> MetricTopics() {
  std::vector<BundledItem> items;
  for (const MetricRow& row : MetricTable()) {
    items.push_back({std::string(row.name), std::string(row.doc)});
  }
  return items;
}

std::vector<BundledItem> ClaimTopics() {
  std::vector<BundledItem> items;
  const auto claims = BundledClaims();
  if (!claims.ok()) return items;
  for (const Claim& claim : *claims) items.push_back({claim.id, claim.statement});
  return items;
}

std::vector<BundledItem> ExplainTopics() {
  std::vector<BundledItem> topics;
  for (const TopicKind& kind : kTopicKinds) {
    for (BundledItem& item : kind.all()) topics.push_back(std::move(item));
  }
  return topics;
}

int Explain(const std::vector<std::string>& topics, int width) {
  if (topics.empty()) PrintTopics(width);
  std::vector<std::string> known;
  for (const BundledItem& item : ExplainTopics()) known.push_back(item.name);
  for (const std::string& topic : topics) {
    if (PrintTopic(topic, width, &topic == &topics.front())) continue;
    const std::string near = Nearest(topic, known);
    const std::string hint = near.empty() ? "see squall explain" : "did you mean \"" + near + "\"?";
    std::fprintf(stderr, "squall explain: got unknown topic \"%s\"; %s\n", topic.c_str(),
                 hint.c_str());
    return kExitUsage;
  }
  return kExitOk;
}

}  // namespace squall
