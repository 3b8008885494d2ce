#include "reports/result_schema.h"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "reports/result.h"

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

Json WithDescription(Json schema, const char* description) {
  if (*description != '\0') schema["description"] = description;
  return schema;
}

Json Count(const char* description = "") {
  return WithDescription({{"type", "integer"}, {"minimum", 0}}, description);
}
Json Integer(const char* description = "") {
  return WithDescription({{"type", "integer"}}, description);
}
Json TextField(const char* description = "") {
  return WithDescription({{"type", "string"}}, description);
}
Json TextOrNull(const char* description) {
  return WithDescription({{"type", {"string", "null"}}}, description);
}
Json Flag(const char* description) { return WithDescription({{"type", "boolean"}}, description); }
Json Texts(const char* description) {
  return WithDescription({{"type", "array"}, {"items", {{"type", "string"}}}}, description);
}
Json Counts(const char* description) {
  return WithDescription({{"type", "array"}, {"items", Count()}}, description);
}
Json Positive(const char* description = "") {
  return WithDescription({{"type", {"number", "null"}}, {"minimum", 0}}, description);
}
Json RateOrNull(const char* description = "") {
  return WithDescription({{"type", {"number", "null"}}, {"minimum", 0}, {"maximum", 1}},
                         description);
}
Json Bounds(const char* description = "") {
  return WithDescription({{"type", {"array", "null"}},
                          {"items", {{"type", "number"}}},
                          {"minItems", 2},
                          {"maxItems", 2}},
                         description);
}

using Members = std::initializer_list<std::pair<const char*, Json>>;

Json Object(const char* description, Members members) {
  Json schema = WithDescription({{"type", "object"}}, description);
  for (const auto& [key, member] : members) {
    schema["properties"][key] = member;
    schema["required"].push_back(key);
  }
  return schema;
}

Json Optional(Json object, Members members) {
  for (const auto& [key, member] : members) object["properties"][key] = member;
  return object;
}

Json OrNull(Json object) {
  object["type"] = {object["type"], "null"};
  return object;
}

Json Map(Json value, const char* description) {
  return WithDescription({{"type", "object"}, {"additionalProperties", std::move(value)}},
                         description);
}

Json ShareField(const char* description) {
  return Object(description, {{"count", Count()},
                              {"rate", RateOrNull("count of n; null of nothing.")},
                              {"ci95", Bounds("95 % Wilson interval of the rate.")}});
}

Json Endings(const char* description) {
  return Object(
      description,
      {{"strict",
        ShareField("In time, the caller holds an answer that the hidden oracle accepts.")},
       {"lenient", ShareField("In time, the caller holds any 200 with a body.")},
       {"false_recovery", ShareField("lenient - strict: wrong answers passed on as right.")},
       {"silent_escape", ShareField("Success by the first attempt: its reply was passed on.")},
       {"abstained", ShareField("In time, the caller was told that it failed.")},
       {"late", ShareField("The rest: after the deadline, or a success without a body.")}});
}

Json Losses(const char* description) {
  return Map(Object("", {{"count", Count()}, {"example", Count("Index of such a request.")}}),
             description);
}

Json WithN(Json endings) {
  endings["properties"]["n"] = Count("Requests.");
  endings["required"].push_back("n");
  return endings;
}

Json Spectrum() {
  std::string at = "At the percentiles";
  for (const double q : kSpectrumQuantiles) at += " " + Json(100 * q).dump();
  at += ", as far as ten samples lie beyond.";
  return {{"type", "array"},
          {"items", {{"type", "number"}}},
          {"maxItems", kSpectrumQuantiles.size()},
          {"description", at}};
}

Json QuantilesField(const char* description) {
  return Optional(
      Object(description, {{"p50", Positive()},
                           {"p90", Positive()},
                           {"p99", Positive()},
                           {"p999", Positive()},
                           {"max", Positive()},
                           {"mean", Positive()},
                           {"n", Count("Samples.")},
                           {"ci95", Map(Bounds(),
                                        "95 % intervals of the percentiles, for independent "
                                        "requests.")},
                           {"too_few_samples_for", Texts("Percentiles that fewer than 10 samples "
                                                         "lie beyond.")}}),
      {{"spectrum", Spectrum()}});
}

Json Thresholds() {
  return WithDescription(
      {{"type", "array"},
       {"items",
        Object("",
               {{"threshold", TextField("As it was given.")},
                {"metric", TextField()},
                {"op", {{"enum", {">=", "<=", ">", "<"}}}},
                {"limit", {{"type", "number"}, {"description", "In the unit of the metric."}}},
                {"value", {{"type", {"number", "null"}}}},
                {"ci95", Bounds("Null: the value is that of these draws, without an interval.")},
                {"n", {{"type", {"integer", "null"}}}},
                {"verdict", {{"enum", {"pass", "fail", "inconclusive", "empty"}}}},
                {"why", TextField()}})}},
      "Gates of the scenario and of the command line, with their verdicts.");
}

Json Model() {
  return Object("", {{"kind", TextField()},
                     {"outputs", Map(Object("", {{"n", Count()}, {"ci95", Bounds()}}),
                                     "By name: mean, or rate for a proportion; samples; "
                                     "interval.")}});
}

// Of runs and of models.
Json Identity() {
  return Object(
      "", {{"format_version",
            {{"const", kResultFormatVersion},
             {"description", "Raised when a key changes its meaning or goes."}}},
           {"scenario", TextField("Its name.")},
           {"scenario_hash", TextField("Of the effective values but the seed: what was run.")},
           {"mode",
            {{"enum", {"virtual", "wire", "model"}},
             {"description", "Simulated time and network, real sockets, or a model."}}},
           {"seed", Integer("Of every draw, that of the first replication.")},
           {"replications", Count("Runs with seeds of their own, added up.")},
           {"overrides", Texts("As given to --set.")},
           {"partial", Flag("Interrupted: covers what had ended by then.")},
           {"repeat", TextField("The command that does it again.")},
           {"version", TextField("Of squall.")},
           {"compiler", TextField()}});
}

Json RunIdentity() {
  return Object(
      "", {{"draws_hash",
            TextField("Of what faults depend on. Two results that agree in it, in seed and in "
                      "replications met the same faults, whichever engine each was of.")},
           {"time_scale", Positive("Wire: real seconds for each of the scenario. Virtual: null.")},
           {"engine", TextField("Preset, \"clairvoyant\", or an external target.")},
           {"fingerprint",
            TextField("16 hex digits over everything that happened: equal results did the "
                      "same things in the same order.")},
           {"revision", TextOrNull("Of its sources; \"-dirty\" where files differed from it.")},
           {"build", TextField("optimized or debug, and sanitized.")},
           {"effective_scenario",
            OrNull(WithDescription(
                {{"type", "object"}},
                "The scenario with every value spelled out and the seed of this run: a "
                "scenario file."))}});
}

Json Outcomes() {
  Json strict = ShareField("In time, the caller holds an answer that the hidden oracle accepts.");
  strict = Optional(strict, {{"ci95_between_replications",
                              Bounds("By the spread of five or more replications.")}});
  Json recovered = Endings("Requests whose first attempt was faulted, by how they ended.");
  recovered["properties"]["strict"] = std::move(strict);
  recovered = Optional(recovered,
                       {{"by_replication", Object("", {{"strict", Counts("Of each replication.")},
                                                       {"faulted", Counts("Likewise.")}})}});
  return Object(
      "",
      {{"requests", Count("Offered.")},
       {"faulted", Count("Of those, first attempt faulted by the draw: the unit of recovery.")},
       {"recovered", std::move(recovered)},
       {"ceiling", RateOrNull("Strict recovery of a clairvoyant engine on the same draws.")},
       {"efficiency", Positive("strict / ceiling.")},
       {"ceiling_counts", Object("", {{"recovered", Count()}, {"known", Count()}})},
       {"success", ShareField("Right answers in time, of all requests.")},
       {"goodput_per_s", Positive("Right answers in time per second of the run.")},
       {"span_s", Positive("From the first arrival to the last end, replications added up.")},
       {"why_not_recovered", Losses("What a clairvoyant engine recovers and this one did not, by "
                                    "the reason that decided it.")},
       {"visible_faults",
        Object("Requests whose first attempt met a fault that can be seen.",
               {{"n", Count()},
                {"wrong_passed", ShareField("Wrong answers passed on, whatever made them wrong.")},
                {"missed", OrNull(ShareField(
                               "Of these, by a fault that can be seen. Of a target: null."))}})},
       {"by_fault", Map(WithN(Endings("")), "The same by the kind of fault.")},
       {"other_requests", Map(WithN(Endings("")), "Requests that are not in `faulted`, by kind.")},
       {"recovered_by",
        OrNull(
            Map(Count(), "Strict recoveries by the plan row that answered. Of a target: null."))},
       {"attempts_per_request", Map(Count(), "Requests by their number of attempts.")},
       {"faults",
        Map(Object("", {{"scheduled", Count()}, {"injected", Count()}, {"left", Count()}}),
            "Attempts for which the draw said so, those really edited, and those that were "
            "given up before their reply was due.")},
       {"breaker_transitions", OrNull(Count("Of a target: null."))},
       {"obedience", Object("Waits that providers asked for.",
                            {{"hints_given", Count()},
                             {"early_same_request", Count()},
                             {"early_same_user", Count()},
                             {"early_rate", RateOrNull("early_same_request of hints_given.")},
                             {"ci95", Bounds()}})}});
}

Json Load() {
  return Object(
      "",
      {{"amplification", Object("Upstream attempts per request offered.",
                                {{"mean", Positive()},
                                 {"ci95", Bounds("Of the mean over requests, normal.")},
                                 {"worst_1s", Positive("Of any second; the worst replication's.")},
                                 {"worst_10s", Positive("Of any ten seconds.")},
                                 {"attempts", Count()}})},
       {"goodput", Object("Sums over replications, one entry a window, from the start.",
                          {{"window_s", Count()},
                           {"offered", Counts("By intended arrival.")},
                           {"attempts", Counts("By when they were sent.")},
                           {"good", Counts("Right answers in time, by when they came.")}})},
       {"recovery_time_s", Positive("From the end of the trigger until goodput is back, median of "
                                    "the replications; null: it stayed down, or no trigger.")},
       {"after_trigger", OrNull(Object("", {{"trigger_end_s", Positive()},
                                            {"observed_s", Positive()},
                                            {"replications", Count()},
                                            {"worst_s", Positive()},
                                            {"stayed_down", ShareField("")}}))},
       {"latency_ms", QuantilesField("All requests, from their intended arrival.")},
       {"latency_success_ms", QuantilesField("Those with a right answer in time.")},
       {"latency_recovered_ms", QuantilesField("Faulted ones with a right answer in time.")},
       {"streams",
        Object("Requests that asked for a stream.", {{"requests", Count()},
                                                     {"first_piece_ms", QuantilesField("")},
                                                     {"broken", Count()},
                                                     {"restarted", Count()}})},
       {"diagnosis",
        OrNull(Object("Faulted attempts, and whether the engine saw what they were. Of "
                      "a target: null.",
                      {{"class_accuracy", RateOrNull()},
                       {"retry_accuracy", RateOrNull()},
                       {"confusion", Map(Map(Count(), ""),
                                         "Attempts by their true class, then by the "
                                         "class that the engine took them for.")},
                       {"faulted_attempts", Count()},
                       {"class_right", Count()},
                       {"class_ci95", Bounds()},
                       {"retry_right", Count()},
                       {"retry_ci95", Bounds()},
                       {"healthy_attempts", Count()},
                       {"false_alarms", Count()},
                       {"by_fault", Map(Object("", {{"attempts", Count()},
                                                    {"class_right", Count()},
                                                    {"retry_right", Count()}}),
                                        "")}}))},
       {"tokens", Object("Discarded attempts included.",
                         {{"prompt", Count()}, {"completion", Count()}, {"total", Count()}})},
       {"cost", Object("Discarded attempts included.", {{"usd", Positive()},
                                                        {"usd_per_request", Positive()},
                                                        {"ci95", Bounds("Of that, normal.")},
                                                        {"usd_per_success", Positive()}})}});
}

Json Phase() {
  return Object("", {{"requests", Count()},
                     {"success", ShareField("")},
                     {"lenient", ShareField("")},
                     {"attempts", Count()},
                     {"amplification", Positive()},
                     {"cost", Object("", {{"usd", Positive()}, {"usd_per_request", Positive()}})},
                     {"latency_ms", QuantilesField("")}});
}

Json Detectors() {
  return Map(Object("", {{"detections", Count()},
                         {"replications", Count("In which it detected anything.")},
                         {"first_s", Positive("From the onset, median of the replications.")},
                         {"tenth_s", Positive("Likewise, the tenth.")},
                         {"hits_before_first", Positive("Attempts struck before that.")}}),
             "By the rule that noticed.");
}

// Of episodes, triggers and call chains.
Json Sections() {
  return Object(
      "",
      {{"by_phase",
        OrNull(Object("Requests by their arrival: before, during and after the trigger.",
                      {{"before", Phase()}, {"during", Phase()}, {"after", Phase()}}))},
       {"exposure", OrNull(Object("What an outage did before and after a circuit opened.",
                                  {{"struck_attempts", Count()},
                                   {"struck_requests", Count()},
                                   {"trips", Count("Replications in which a circuit opened.")},
                                   {"trip_s", Positive("From the onset, median over them.")},
                                   {"failed_before_trip", Count()},
                                   {"hanging", Count()},
                                   {"probes", Count()},
                                   {"hung_ms", QuantilesField("")},
                                   {"fast_fail_ms", QuantilesField("")},
                                   {"fallback_ms", QuantilesField("")}}))},
       {"time_to_detect",
        OrNull(Object(
            "Who noticed an episode of the climate, and when. Of a target: null.",
            {{"episodes", Map(Object("", {{"onset_s", Positive()},
                                          {"hits", Count("Attempts it struck.")},
                                          {"undetected", ShareField("")},
                                          {"passed_on", ShareField("Undetected, and returned.")},
                                          {"detectors", Detectors()}}),
                              "By name.")},
             {"healthy_attempts", Count()},
             {"false_alarms", Map(ShareField(""), "By rule, of the healthy attempts.")}}))},
       {"duplicates", Object("Work done more than once for one idempotency key.",
                             {{"submissions", Count()},
                              {"results", Count()},
                              {"upstream_executions", Count()},
                              {"requests_executed_again", ShareField("")}})},
       {"layers", WithDescription({{"type", "array"},
                                   {"items", Object("", {{"name", TextField()},
                                                         {"calls", Count()},
                                                         {"attempts", Count()},
                                                         {"amplification", Positive()}})}},
                                  "Of a call chain, the outermost first; empty without one.")}});
}

Json Target() {
  const Json upstream = Object("", {{"provider", TextField()},
                                    {"attempts", Count()},
                                    {"executed", Count("Put a model to work.")},
                                    {"faulted", Count()}});
  return Object(
      "Somebody else's gateway that was asked in place of an engine. What it took replies for, "
      "nobody knows; its attempts were counted at the mock servers.",
      {{"url", TextField()},
       {"command", TextField("That it was started with; empty: it ran already.")},
       {"model", TextField("That callers asked it for.")},
       {"headers", Texts("Of each request; secrets are left out.")},
       {"upstreams", WithDescription({{"type", "array"}, {"items", upstream}}, "By provider.")},
       {"stray_attempts", Count("Came upstream and belong to no request of the run.")},
       {"ended", TextOrNull("How it ended by itself during the run; null: it did not.")},
       {"cpu_s", Positive("Of a target that squall started.")}});
}

Json Timing() {
  return Object(
      "Wall-clock figures: the only part that may differ between two runs of one seed.",
      {{"calls_per_second", Positive()},
       {"wall_s", Positive()},
       {"cpu_s", Positive()},
       {"diagnosis_ns",
        OrNull(Object("CPU time of parts of the engine, in real nanoseconds. Of a "
                      "target: null.",
                      {{"classify", QuantilesField("")},
                       {"classify_parse", QuantilesField("")},
                       {"validate", QuantilesField("")},
                       {"decide", QuantilesField("")},
                       {"timer_overhead", Count("Of reading the clock, part of each.")}}))},
       {"machine",
        Object("", {{"cpu", TextField()}, {"cores", Count()}, {"kernel", TextField()}})}});
}

Json PerRequest() {
  const Json letters = {{"type", "string"}};
  const Json numbers = {{"type", "array"}};
  return Object(
      "What befell each request, a column each; replications follow one another. Texts have one "
      "character a request, which `legend` explains; lists have one integer a request, -1 where it "
      "did not end.",
      {{"n", Count("Requests.")},
       {"replications", Counts("Requests of each replication.")},
       {"legend", Map(Map(TextField(), ""), "Column, character, meaning.")},
       {"kind", WithDescription(letters, "What its first attempt met.")},
       {"ending",
        WithDescription(letters, "How it ended; capitals: with the first attempt's reply.")},
       {"fault", WithDescription(letters, "Drawn for its first attempt.")},
       {"diagnosis", WithDescription(letters, "What the engine took the first attempt for.")},
       {"truth", WithDescription(letters, "What that was.")},
       {"action", WithDescription(letters, "The plan row that sent the second attempt.")},
       {"ceiling", WithDescription(letters, "Whether a clairvoyant engine recovers it.")},
       {"attempts", WithDescription(letters, "That reached a provider, base 36; z: 35 or more.")},
       {"faulted_attempts", WithDescription(letters, "Base 36, of those.")},
       {"class_right", WithDescription(letters, "Base 36, of the faulted: class diagnosed right.")},
       {"retry_right", WithDescription(letters, "Base 36, of the faulted: retry decision right.")},
       {"arrival_ms", WithDescription(numbers, "Intended, from the start of its replication.")},
       {"latency_us", WithDescription(numbers, "From the intended arrival.")},
       {"cost_nusd", WithDescription(numbers, "1e-9 USD, discarded attempts included.")},
       {"digest", WithDescription(letters,
                                  "6 hex digits a request, over all that the fingerprint covers "
                                  "of it.")}});
}

void Merge(Json part, Json* into) {
  for (auto& [key, schema] : part["properties"].items()) {
    (*into)["properties"][key] = std::move(schema);
  }
  for (Json& key : part["required"]) (*into)["required"].push_back(std::move(key));
}

}  // namespace

std::string ResultSchema() {
  Json schema;
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = "squall result";
  schema["description"] =
      "One run of one scenario. Rates stand beside the counts they come from and their 95 % "
      "intervals; units are in the names of the keys; what is unknown is null.";
  schema["type"] = "object";
  Merge(Identity(), &schema);
  schema = Optional(schema, {{"thresholds", Thresholds()}});
  Json run = Object("A run of requests.", {{"timing", Timing()}});
  Merge(RunIdentity(), &run);
  Merge(Outcomes(), &run);
  Merge(Load(), &run);
  Merge(Sections(), &run);
  run = Optional(
      run,
      {{"ci_method", TextField("Of every ci95 that does not name another.")},
       {"ablation",
        WithDescription({{"type", "object"}},
                        "Of an engine that lacks a mechanism: this run less that of the whole "
                        "engine.")},
       {"target", Target()},
       {"added_latency_ms",
        QuantilesField("Of a target: to its only attempt, where that was healthy.")},
       {"timeline",
        WithDescription({{"type", "object"}},
                        "Per window of window_s from the start: latency of what arrived in it, "
                        "retry budget left at the ends of requests (-1: none known), share of "
                        "the window in which circuits were open; and episodes, what was done "
                        "to the run for a while.")},
       {"flows",
        WithDescription({{"type", "array"}},
                        "Faulted requests, counted by fault, first diagnosis, last action and "
                        "ending.")},
       {"stories",
        WithDescription({{"type", "array"}},
                        "Single requests, attempt by attempt: of each kind of fault, ending and "
                        "last action those with the smallest keyed hash. Times in microseconds; "
                        "absent keys have their usual value.")},
       {"trace",
        WithDescription({{"type", "object"}}, "Rows of the trace that requests came from.")},
       {"knowledge", WithDescription({{"type", "object"}}, "Rules that the engine began with.")},
       {"per_request", PerRequest()}});
  schema["if"] = {{"properties", {{"mode", {{"const", "model"}}}}}, {"required", {"mode"}}};
  schema["then"] =
      Object("A run of a model, which knows no single requests.", {{"model", Model()}});
  schema["else"] = std::move(run);
  return schema.dump(2) + "\n";
}

}  // namespace squall
