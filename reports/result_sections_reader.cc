#include "reports/result_sections_reader.h"

#include <nlohmann/json.hpp>

#include "reports/result_fields.h"

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMs = 1e6;

PhaseSummary PhaseOf(const Json& json) {
  return {.requests = IntAt(json, "requests"),
          .strict = IntAt(At(json, "success"), "count"),
          .lenient = IntAt(At(json, "lenient"), "count"),
          .attempts = IntAt(json, "attempts"),
          .cost_usd = DoubleAt(At(json, "cost"), "usd"),
          .latency = QuantilesAt(json, "latency_ms", kMs)};
}

ExposureSummary ExposureOf(const Json& json) {
  return {.struck = IntAt(json, "struck_attempts"),
          .requests_struck = IntAt(json, "struck_requests"),
          .trips = IntAt(json, "trips"),
          .trip_s = MaybeAt(json, "trip_s"),
          .failed_before_trip = IntAt(json, "failed_before_trip"),
          .hanging = IntAt(json, "hanging"),
          .probes = IntAt(json, "probes"),
          .hung = QuantilesAt(json, "hung_ms", kMs),
          .fast_fail = QuantilesAt(json, "fast_fail_ms", kMs),
          .fallback = QuantilesAt(json, "fallback_ms", kMs)};
}

EpisodeSummary EpisodeOf(const std::string& name, const Json& json) {
  EpisodeSummary episode;
  episode.name = name;
  episode.from_s = DoubleAt(json, "onset_s");
  episode.hits = IntAt(json, "hits");
  episode.undetected = IntAt(At(json, "undetected"), "count");
  episode.passed_on = IntAt(At(json, "passed_on"), "count");
  for (const auto& [rule, row] : At(json, "detectors").items()) {
    episode.detectors.push_back({.rule = rule,
                                 .detections = IntAt(row, "detections"),
                                 .replications = IntAt(row, "replications"),
                                 .first_s = MaybeAt(row, "first_s"),
                                 .tenth_s = MaybeAt(row, "tenth_s"),
                                 .hits_before = MaybeAt(row, "hits_before_first")});
  }
  return episode;
}

TargetFacts TargetOf(const Json& json) {
  TargetFacts target;
  target.url = TextAt(json, "url");
  target.command = TextAt(json, "command");
  target.model = TextAt(json, "model");
  target.headers = TextsAt(json, "headers");
  for (const Json& upstream : At(json, "upstreams")) {
    target.upstreams.push_back({TextAt(upstream, "provider"), IntAt(upstream, "attempts"),
                                IntAt(upstream, "executed"), IntAt(upstream, "faulted")});
  }
  target.strays = IntAt(json, "stray_attempts");
  target.ended = TextAt(json, "ended");
  target.cpu_s = MaybeAt(json, "cpu_s");
  return target;
}

}  // namespace

LossTable LossesOf(const Json& json) {
  LossTable losses;
  for (const auto& [reason, row] : json.items()) {
    losses.Add(reason, IntAt(row, "count"), static_cast<uint64_t>(IntAt(row, "example")));
  }
  return losses;
}

void ReadSections(const Json& json, RunResult* result) {
  Summary& s = result->summary;
  s.losses = LossesOf(At(json, "why_not_recovered"));
  const Json& visible = At(json, "visible_faults");
  s.visible = {.n = IntAt(visible, "n"),
               .wrong = IntAt(At(visible, "wrong_passed"), "count"),
               .missed = IntAt(At(visible, "missed"), "count")};
  if (const Json& phases = At(json, "by_phase"); phases.is_object()) {
    s.phases_of_trigger = {PhaseOf(At(phases, "before")), PhaseOf(At(phases, "during")),
                           PhaseOf(At(phases, "after"))};
  }
  if (const Json& exposure = At(json, "exposure"); exposure.is_object()) {
    s.exposure = ExposureOf(exposure);
  }
  const Json& detection = At(json, "time_to_detect");
  s.detection.healthy = IntAt(detection, "healthy_attempts");
  for (const auto& [name, episode] : At(detection, "episodes").items()) {
    s.detection.episodes.push_back(EpisodeOf(name, episode));
  }
  for (const auto& [rule, alarms] : At(detection, "false_alarms").items()) {
    s.detection.false_alarms.emplace_back(rule, IntAt(alarms, "count"));
  }
  const Json& duplicates = At(json, "duplicates");
  s.duplicates = {.submissions = IntAt(duplicates, "submissions"),
                  .results = IntAt(duplicates, "results"),
                  .executions = IntAt(duplicates, "upstream_executions"),
                  .requests = IntAt(At(duplicates, "requests_executed_again"), "count")};
  if (const Json& target = At(json, "target"); target.is_object()) {
    result->target = TargetOf(target);
    s.added = QuantilesAt(json, "added_latency_ms", kMs);
  }
  for (const Json& layer : At(json, "layers")) {
    result->layers.push_back(
        {TextAt(layer, "name"), IntAt(layer, "calls"), IntAt(layer, "attempts")});
  }
}

}  // namespace squall
