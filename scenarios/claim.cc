#include "scenarios/claim.h"

#include <absl/status/status.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/json_document.h"
#include "engine/base/json_fields.h"
#include "scenarios/embedded.h"

namespace squall {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kClaimFolder = "scenarios/claims/";
constexpr std::array<std::string_view, 4> kStatisticKinds = {"value", "ratio", "difference",
                                                             "worst_z"};
constexpr std::array<std::string_view, 4> kRules = {"equivalence", "at_least", "at_most", "range"};

struct TopicRow {
  std::string_view name;
  std::string_view title;
};
constexpr std::array<TopicRow, 10> kTopics = {{
    {"recovery", "Recovery of faults"},
    {"rates", "How often calls fail"},
    {"retries", "Retries, backoff and budgets"},
    {"outages", "Outages and circuit breakers"},
    {"limits", "Rate limits"},
    {"failover", "Failover and hedging"},
    {"quality", "Silent degradation"},
    {"agents", "Agents and money"},
    {"durability", "Requests that must not be lost"},
    {"vendor", "The vendor's later figures"},
}};
constexpr auto kTopicNames = [] {
  std::array<std::string_view, kTopics.size()> names;
  for (size_t i = 0; i < names.size(); ++i) names[i] = kTopics[i].name;
  return names;
}();

const ClaimRun* FindRun(const Claim& claim, const std::string& name) {
  if (name.empty()) return claim.runs.empty() ? nullptr : &claim.runs.front();
  for (const ClaimRun& run : claim.runs) {
    if (run.name == name) return &run;
  }
  return nullptr;
}

void CheckNeeded(std::string_view key, const std::string& text, Problems* problems) {
  if (text.empty()) problems->Add(PointerTo("", key), "got none, expected a text");
}

void CheckRuns(const Claim& claim, Problems* problems) {
  std::set<std::string> names;
  for (size_t i = 0; i < claim.runs.size(); ++i) {
    const std::string here = PointerTo("/runs", std::to_string(i));
    const ClaimRun& run = claim.runs[i];
    if (run.scenario.empty()) problems->Add(here + "/scenario", "got none, expected a scenario");
    if (claim.runs.size() > 1 && !names.insert(run.name).second) {
      problems->Add(here + "/name",
                    "got " + ShowText(run.name) + " a second time, expected a name of its own");
    }
  }
}

void CheckStatistic(const Claim& claim, Problems* problems) {
  const ClaimStatistic& statistic = claim.statistic;
  const bool of_worlds = statistic.kind == StatisticKind::kWorstZ;
  const size_t expected = of_worlds ? 0 : statistic.kind == StatisticKind::kValue ? 1 : 2;
  if (of_worlds && claim.worlds.empty()) {
    problems->Add("/worlds", "got none with statistic worst_z, expected some");
  }
  if (statistic.of.size() != expected) {
    problems->Add("/statistic/of", "got " + std::to_string(statistic.of.size()) +
                                       " values, expected " + std::to_string(expected));
  }
  for (size_t i = 0; i < statistic.of.size(); ++i) {
    const std::string here = PointerTo("/statistic/of", std::to_string(i));
    const ClaimValue& value = statistic.of[i];
    if (!value.at.starts_with('/') || value.at.find('~') != std::string::npos) {
      problems->Add(here + "/at",
                    "got " + ShowText(value.at) + ", expected a JSON pointer without ~");
    }
    if (FindRun(claim, value.run) == nullptr) {
      std::vector<std::string> names;
      for (const ClaimRun& run : claim.runs) names.push_back(run.name);
      problems->Add(here + "/run", "got unknown run " + ShowText(value.run) + ", " +
                                       ExpectedOneOf(value.run, names));
    }
  }
}

void CheckClaim(const Claim& claim, const std::string& name, Problems* problems) {
  const std::string stem = std::filesystem::path(name).stem().string();
  if (claim.id != stem) {
    problems->Add("/id", "got " + ShowText(claim.id) + ", expected " + ShowText(stem) +
                             " as the file is called");
  }
  CheckNeeded("statement", claim.statement, problems);
  CheckNeeded("published", claim.published, problems);
  if (claim.source.title.empty()) problems->Add("/source/title", "got none, expected a text");
  if (!claim.not_testable.empty()) {
    if (!claim.runs.empty()) {
      problems->Add("/runs", "got runs beside not_testable, expected one or the other");
    }
    return;
  }
  if (claim.runs.empty()) {
    problems->Add("/runs", "got none, expected a run, or not_testable with the reason");
    return;
  }
  CheckRuns(claim, problems);
  CheckStatistic(claim, problems);
  if (claim.rule == ClaimRule::kRange && claim.high <= claim.low) {
    problems->Add("/high", "got a range that is empty, expected high above low");
  }
}

// "$schema" is for editors only.
void TakeSchemaKey(json* root) {
  if (root->is_object()) root->erase("$schema");
}

}  // namespace

std::string_view ClaimTopicTitle(ClaimTopic topic) {
  return kTopics[static_cast<size_t>(topic)].title;
}

Claimed Claim::claimed() const {
  Claimed out;
  out.margin = margin;
  switch (rule) {
    case ClaimRule::kEquivalence:
      out.low = value;
      out.high = value;
      break;
    case ClaimRule::kAtLeast: out.low = value; break;
    case ClaimRule::kAtMost: out.high = value; break;
    case ClaimRule::kRange:
      out.low = low;
      out.high = high;
      break;
  }
  return out;
}

void Describe(Fields& f, ClaimSource& c) {
  f.Text("author", c.author, "Who said it.");
  f.Text("title", c.title, "Where.");
  f.Text("date", c.date, "When, as far as it is known.");
  f.Text("url", c.url, "Address, where one is known.");
}

void Describe(Fields& f, ClaimRun& c) {
  f.Text("name", c.name, "By which values call it.");
  f.Text("scenario", c.scenario, "Name of a bundled scenario.");
  f.Text("engine", c.engine, "Preset in place of the scenario's own.");
  f.TextList("sets", c.sets, "Overrides, as --set takes them.");
  f.Int("seed", c.seed, IntRange{}, "Seed of every draw; 0 = the scenario's own.");
  f.Int("replications", c.replications, {0, 100'000},
        "Runs, each with a seed of its own; 0 = a model's own number, 1 of everything else.");
}

void Describe(Fields& f, ClaimValue& c) {
  f.Text("run", c.run, "Name of the run; the first by default.");
  f.Text("at", c.at, "JSON pointer into the run's result.");
}

void Describe(Fields& f, ClaimStatistic& c) {
  f.Enum("kind", c.kind, kStatisticKinds,
         "The value; of two the first by the second, or less it; or the worst z of all worlds.");
  f.List("of", c.of, "One value, or two.");
  f.Number("scale", c.scale, NumberRange{}, "Factor to the claim's unit.");
}

void Describe(Fields& f, ClaimWorld& c) {
  f.Text("name", c.name, "What is different.");
  f.Bool("engine", c.engine, "Whether the engine is another, not only the world.");
  f.TextList("sets", c.sets, "Overrides besides those of the first run.");
  f.Number("expected", c.expected, kRateRange, "Share recovered by the closed form.");
}

void Describe(Fields& f, Claim& c) {
  f.Text("id", c.id, "Name of the claim, and of its file.");
  f.Enum("topic", c.topic, kTopicNames, "What it is about.");
  f.Text("statement", c.statement, "What is claimed, in one sentence.");
  f.Struct("source", c.source, "Who claims it.");
  f.Text("published", c.published, "The figure as published.");
  f.Text("unit", c.unit, "Of all figures here.");
  f.Enum("rule", c.rule, kRules,
         "When it is reproduced: within the margin of value, at least or at most value, or in the "
         "range from low to high.");
  f.Number("value", c.value, NumberRange{}, "The published figure.");
  f.Number("low", c.low, NumberRange{}, "Lower end of a range.");
  f.Number("high", c.high, NumberRange{}, "Upper end of a range.");
  f.Number("margin", c.margin, kNotNegative, "Difference that counts as none.");
  f.List("runs", c.runs, "What is run.");
  f.Struct("statistic", c.statistic, "Which figure of the results answers the claim.");
  f.Bool("timing", c.timing,
         "Whether the figure is of the wall clock, and so differs from time to time.");
  f.TextList("caveats", c.caveats, "What the comparison leaves open, one statement each.");
  f.Text("not_testable", c.not_testable, "Why it cannot be tested.");
  f.List("worlds", c.worlds, "The first run under other assumptions.");
  f.Text("worlds_of", c.worlds_of, "Claim whose worlds stand on this one's page.");
}

absl::StatusOr<Claim> LoadClaimText(std::string_view text, const std::string& name) {
  auto document = JsonDocument::Parse(text, name);
  if (!document.ok()) return document.status();
  TakeSchemaKey(&document->root());
  Claim claim;
  Problems problems;
  ReadFields(
      document->root(), [&claim](Fields& f) { Describe(f, claim); }, &problems);
  if (problems.empty()) CheckClaim(claim, name, &problems);
  if (!problems.empty()) return document->Report(problems);
  return claim;
}

absl::StatusOr<std::vector<Claim>> BundledClaims() {
  std::vector<Claim> claims;
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    if (!file.path.starts_with(kClaimFolder)) continue;
    absl::StatusOr<Claim> claim = LoadClaimText(file.text, std::string(file.path));
    if (!claim.ok()) return claim.status();
    claims.push_back(std::move(*claim));
  }
  std::stable_sort(claims.begin(), claims.end(),
                   [](const Claim& a, const Claim& b) { return a.topic < b.topic; });
  return claims;
}

std::string ClaimSchema() {
  Claim scratch;
  ordered_json schema;
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = "squall claim";
  schema["description"] = "One published figure, what to run for it, and how it is judged.";
  schema.update(SchemaOfFields([&scratch](Fields& f) { Describe(f, scratch); }));
  schema["properties"]["$schema"] = {{"type", "string"},
                                     {"description", "Path of this schema, for editors."}};
  schema["required"] = {"id", "statement", "source", "published"};
  return schema.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace squall
