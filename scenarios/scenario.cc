#include "scenarios/scenario.h"

#include <array>
#include <nlohmann/json.hpp>

#include "engine/base/json_fields.h"
#include "scenarios/check_scenario.h"
#include "scenarios/preset.h"

namespace squall {
namespace {

using nlohmann::ordered_json;

constexpr std::array<std::string_view, 3> kArrivalNames = {"poisson", "uniform", "trace"};
constexpr IntRange kTokens{0, 10'000'000};
constexpr NumberRange kSigma{0, 5};
constexpr IntRange kReplications{1, 1'000'000};
constexpr const char* kTargetDoc =
    "URL of a gateway or application to run in place of an engine, whose upstreams are the mock "
    "servers; then nothing else stands here.";

std::string Pretty(const ordered_json& value) {
  return value.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

ordered_json Enum(const std::vector<std::string>& names) { return {{"enum", names}}; }

// A scenario has providers or a model, and a model one of several sets of parameters.
void AddModels(ordered_json* schema) {
  Scenario scratch;
  ordered_json kinds = ordered_json::array();
  for (size_t kind = 0; kind < ModelKindNames().size(); ++kind) {
    scratch.model = DefaultModel(kind);
    ordered_json one = SchemaOfFields([&scratch](Fields& f) { Describe(f, *scratch.model); });
    one["properties"]["kind"]["enum"] = {std::string(ModelKindNames()[kind])};
    one["properties"]["kind"].erase("default");
    one["required"] = {"kind"};
    one["description"] = std::string(ModelKindDoc(kind));
    kinds.push_back(std::move(one));
  }
  ordered_json fields = SchemaOfFields([&scratch](Fields& f) { Describe(f, scratch); });
  ordered_json& properties = (*schema)["properties"];
  properties["replications"] = std::move(fields["properties"]["replications"]);
  properties["model"] = {{"description", fields["properties"]["model"]["description"]},
                         {"anyOf", std::move(kinds)}};
  ordered_json with_model = ordered_json::object();
  ordered_json with_providers = ordered_json::object();
  with_model["required"] = {"model"};
  with_providers["required"] = {"providers"};
  (*schema)["anyOf"] = {std::move(with_providers), std::move(with_model)};
}

// Names that live in tables rather than in the structs: an editor completes and checks them too.
void AddVocabularies(ordered_json* schema) {
  ordered_json& properties = (*schema)["properties"];
  const ordered_json faults = Enum(KnownFaults());
  properties["faults"]["propertyNames"] = faults;
  ordered_json& provider = properties["providers"]["items"]["properties"];
  provider["faults"]["propertyNames"] = faults;
  provider["dialect"].update(Enum(KnownDialects()));
  properties["climate"]["items"]["properties"]["fault"].update(faults);
  properties["workload"]["properties"]["tasks"]["propertyNames"] = Enum(KnownTasks());
}

void AddLadder(ordered_json* engine_properties) {
  (*engine_properties)["ladder"]["items"].update(Enum(KnownStrategies()));
  (*engine_properties)["ladder"]["uniqueItems"] = true;
}

void AddEngine(ordered_json* engine_properties) {
  AddLadder(engine_properties);
  std::vector<std::string> presets = {std::string(kCustomPreset)};
  for (const BundledItem& preset : BundledPresets()) presets.push_back(preset.name);
  ordered_json& preset = (*engine_properties)["preset"];
  preset.erase("type");
  preset["anyOf"] = {Enum(presets), {{"type", "string"}, {"pattern", "[.]json$"}}};
}

ordered_json DocumentSchema(std::string_view title, std::string_view doc, ordered_json fields) {
  ordered_json out;
  out["$schema"] = "http://json-schema.org/draft-07/schema#";
  out["title"] = std::string(title);
  out["description"] = std::string(doc);
  out.update(fields);
  out["properties"]["$schema"] = {{"type", "string"},
                                  {"description", "Path of this schema, for editors."}};
  return out;
}

}  // namespace

void Describe(Fields& f, ArrivalPhase& c) {
  f.Span("for", c.length, {1ms, 24h * 365}, "How long the rate holds.");
  f.Number("rate_per_s", c.rate_per_s, {0, 1e6}, "Requests offered per second; 0 = a pause.");
}

void Describe(Fields& f, ArrivalConfig& c) {
  f.Enum("kind", c.kind, kArrivalNames,
         "Open-loop arrivals: poisson, uniform spacing, or the rows of a trace.");
  f.Number("rate_per_s", c.rate_per_s, {1e-6, 1e6},
           "Requests offered per second, once all phases are over.");
  f.List("phases", c.phases,
         "Other rates that come first, one after the other from the start of the run: a spike is "
         "a phase above rate_per_s. Of poisson and uniform arrivals.");
  f.Text("trace", c.trace,
         "CSV file of TIMESTAMP,ContextTokens,GeneratedTokens, relative to this file.");
}

void Describe(Fields& f, ConversationConfig& c) {
  f.Int("turns", c.turns, {1, 1'000'000},
        "Requests of one conversation, of one user; arrivals then start conversations, and "
        "\"requests\" is the most that all of them together make. 1 = each request stands alone.");
  f.Span("pause", c.pause, {0s, 24h}, "Time from the end of one turn to the next.");
  f.Int("history_turns", c.history_turns, {0, 10'000},
        "Earlier turns whose questions and answers each request carries along.");
  f.Bool("ends_on_failure", c.ends_on_failure,
         "Whether a conversation ends with the first request that gets no answer.");
}

void Describe(Fields& f, ResubmitConfig& c) {
  f.Number("share", c.share, kRateRange,
           "Share of requests that are submitted a second time, answered or not.");
  f.Span("after", c.after, {0s, 24h}, "Time from the first submission to the second.");
  f.Bool("same_key", c.same_key,
         "Whether the second submission carries the idempotency key of the first.");
}

void Describe(Fields& f, RestartConfig& c) {
  f.Span(
      "at", c.at, {0s, 24h * 365},
      "When the worker dies: what is under way is lost. After the last arrival it has no effect.");
  f.Span("down", c.down, {1ms, 24h}, "Until it is back; what arrives meanwhile waits.");
}

void Describe(Fields& f, WorkloadConfig& c) {
  f.Int("requests", c.requests, {1, 1'000'000'000},
        "Requests offered; with a trace its rows by default, and at most those.");
  f.Struct("arrivals", c.arrivals, "When requests arrive, whatever became of earlier ones.");
  f.NumberMap("tasks", c.tasks, kNotNegative,
              "Relative weights of the kinds of task; replaces the default mix.");
  f.Int("prompt_tokens", c.prompt_tokens, kTokens, "Median size of a prompt in tokens.");
  f.Number("prompt_sigma", c.prompt_sigma, kSigma,
           "Standard deviation of the logarithm of the prompt size.");
  f.Int("answer_tokens", c.answer_tokens, kTokens, "Median size of an answer in tokens.");
  f.Number("answer_sigma", c.answer_sigma, kSigma,
           "Standard deviation of the logarithm of the answer size.");
  f.Number("stream", c.stream, kRateRange, "Share of requests that ask for a stream of events.");
  f.Int("sessions", c.sessions, {1, 1'000'000'000}, "Distinct users that requests come from.");
  f.Span("deadline", c.deadline, {1ms, 24h},
         "Time a request has from its intended arrival to its answer.");
  f.Int(
      "clients", c.clients, {1, 1000},
      "Clients that share the providers and nothing else: each has an engine of its own. Sessions "
      "are spread over them.");
  f.Struct("conversation", c.conversation, "Requests that follow from each other.");
  f.Struct("resubmit", c.resubmit, "Requests that come twice.");
  f.List("restarts", c.restarts, "When the worker that holds the requests crashes; in order.");
  f.Bool("resubmit_lost", c.resubmit_lost,
         "Whether what a restart has lost is submitted again once the worker is back.");
}

namespace {

void DescribeEngine(Fields& f, std::string* preset, EngineConfig* engine) {
  f.Text("preset", *preset,
         "Bundled preset, a .json file relative to this one, or \"custom\" for the defaults given "
         "here; the other keys override it.");
  Describe(f, *engine);
}

}  // namespace

void Describe(Fields& f, ChainLayer& c) {
  f.Text("name", c.name, "Name in reports.");
  f.Bool("announces_retries", c.announces_retries,
         "Whether it tells all layers below that it repeats what fails, so that they do not.");
  f.Object(
      "engine", [&c](Fields& engine) { DescribeEngine(engine, &c.preset, &c.engine); },
      "How it repeats: a preset and what to change in it.");
}

void Describe(Fields& f, Scenario& s) {
  f.Text("name", s.name, "Name in reports; the file's name by default.");
  f.Text("doc", s.doc, "What the scenario models, in one paragraph.");
  f.TextList("sources", s.sources, "Where its figures come from.");
  f.TextList("assumptions", s.assumptions,
             "What no source says and this file assumes, one statement each.");
  f.TextList(
      "expect", s.expect,
      "What a reader should see in the result, one statement each, with the command where it "
      "takes another one than `squall run`.");
  f.Int("seed", s.seed, IntRange{}, "Seed of every random draw.");
  f.TextList("thresholds", s.thresholds,
             "Gates on the result, as in \"recovery.strict >= 80 %\": METRIC OP NUMBER UNIT.");
  if (s.model) {
    f.Int("replications", s.replications, kReplications,
          "Independent runs of the model, unless --replications says otherwise.");
    f.Struct("model", *s.model, "A published simulator or queueing model in place of a workload.");
    return;
  }
  f.Struct("workload", s.workload, "Requests offered.");
  f.Map("faults", s.faults, "Faults of every provider, by kind; providers may override them.");
  f.ObjectList(
      "providers", s.providers.size(),
      [&s](size_t n) {
        ProviderConfig provider;
        provider.faults = s.faults;  // read before: the scenario's defaults are each one's base
        s.providers.assign(n, provider);
      },
      [&s](Fields& item, size_t i) { Describe(item, s.providers[i]); },
      "Mock providers, in the order of the engine's preference.");
  f.List("climate", s.climate, "Faults that come in episodes, over one provider or several.");
  f.ObjectList(
      "chain", s.chain.size(), [&s](size_t n) { s.chain.resize(n); },  // their presets are read
      [&s](Fields& item, size_t i) {
        if (s.chain.size() <= i) s.chain.resize(i + 1);
        Describe(item, s.chain[i]);
      },
      "Layers above the engine, the outermost one first, each of which calls the one below.");
  f.Object(
      "engine",
      [&s](Fields& engine) {
        // Which of the two it is, the loader has settled before.
        if (s.target.empty()) {
          DescribeEngine(engine, &s.preset, &s.engine);
        } else {
          engine.Text("target", s.target, kTargetDoc);
        }
      },
      "The recovery engine: a preset and what to change in it.");
}

void Describe(Fields& f, Preset& p) {
  f.Text("doc", p.doc, "What the preset stands for, in one paragraph.");
  f.TextList("sources", p.sources, "Where its figures come from.");
  Describe(f, p.engine);
}

std::string DumpScenario(const Scenario& scenario) {
  Scenario copy = scenario;  // a description takes mutable values, though a printer changes none
  if (IsPresetPath(copy.preset)) copy.preset = kCustomPreset;
  for (ChainLayer& layer : copy.chain) {
    if (IsPresetPath(layer.preset)) layer.preset = kCustomPreset;
  }
  return Pretty(DumpFields([&copy](Fields& f) { Describe(f, copy); }));
}

std::string ScenarioSchema() {
  Scenario scratch;
  ordered_json schema = DocumentSchema(
      "squall scenario", "One experiment: requests, providers, their faults, and the engine.",
      SchemaOfFields([&scratch](Fields& f) { Describe(f, scratch); }));
  AddVocabularies(&schema);
  AddEngine(&schema["properties"]["engine"]["properties"]);
  schema["properties"]["engine"]["properties"]["target"] = {{"type", "string"},
                                                            {"description", kTargetDoc}};
  ordered_json& layer = schema["properties"]["chain"]["items"];
  AddEngine(&layer["properties"]["engine"]["properties"]);
  layer["required"] = {"name"};
  schema["properties"]["providers"]["minItems"] = 1;
  schema["properties"]["providers"]["items"]["required"] = {"name", "models"};
  AddModels(&schema);
  return Pretty(schema);
}

std::string PresetSchema() {
  Preset scratch;
  ordered_json schema =
      DocumentSchema("squall preset", "Settings of the recovery engine; the rest are defaults.",
                     SchemaOfFields([&scratch](Fields& f) { Describe(f, scratch); }));
  AddLadder(&schema["properties"]);
  schema["required"] = {"doc"};
  return Pretty(schema);
}

}  // namespace squall
