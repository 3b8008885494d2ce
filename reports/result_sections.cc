#include "reports/result_sections.h"

#include <nlohmann/json.hpp>

namespace squall {
namespace {

constexpr double kNsPerMs = 1e6;

Json PhaseJson(const PhaseSummary& phase) {
  const double requests = static_cast<double>(phase.requests);
  const Json mean = phase.requests == 0 ? Json(nullptr) : Number(phase.cost_usd / requests);
  return {{"requests", phase.requests},
          {"success", Share(phase.strict, phase.requests)},
          {"lenient", Share(phase.lenient, phase.requests)},
          {"attempts", phase.attempts},
          {"amplification", Rate(phase.attempts, phase.requests)},
          {"cost", {{"usd", Number(phase.cost_usd)}, {"usd_per_request", mean}}},
          {"latency_ms", QuantilesJson(phase.latency, kNsPerMs)}};
}

Json DetectorJson(const DetectorSummary& detector) {
  return {{"detections", detector.detections},
          {"replications", detector.replications},
          {"first_s", Number(detector.first_s)},
          {"tenth_s", Number(detector.tenth_s)},
          {"hits_before_first", Number(detector.hits_before)}};
}

}  // namespace

Json ByPhase(const Summary& s) {
  if (!s.phases_of_trigger) return nullptr;
  static constexpr const char* kNames[kTriggerPhaseCount] = {"before", "during", "after"};
  Json out = Json::object();
  for (size_t i = 0; i < kTriggerPhaseCount; ++i) {
    out[kNames[i]] = PhaseJson((*s.phases_of_trigger)[i]);
  }
  return out;
}

Json ExposureJson(const Summary& s) {
  if (!s.exposure) return nullptr;
  const ExposureSummary& e = *s.exposure;
  return {{"struck_attempts", e.struck},
          {"struck_requests", e.requests_struck},
          {"trips", e.trips},
          {"trip_s", Number(e.trip_s)},
          {"failed_before_trip", e.failed_before_trip},
          {"hanging", e.hanging},
          {"probes", e.probes},
          {"hung", e.hung.n},
          {"hung_ms", QuantilesJson(e.hung, kNsPerMs)},
          {"failed_fast", e.fast_fail.n},
          {"fast_fail_ms", QuantilesJson(e.fast_fail, kNsPerMs)},
          {"fallback", e.fallback.n},
          {"fallback_ms", QuantilesJson(e.fallback, kNsPerMs)}};
}

Json TimeToDetect(const Summary& s) {
  Json episodes = Json::object();
  for (const EpisodeSummary& episode : s.detection.episodes) {
    Json detectors = Json::object();
    for (const DetectorSummary& detector : episode.detectors) {
      detectors[detector.rule] = DetectorJson(detector);
    }
    episodes[episode.name] = {{"onset_s", Number(episode.from_s)},
                              {"hits", episode.hits},
                              {"undetected", Share(episode.undetected, episode.hits)},
                              {"passed_on", Share(episode.passed_on, episode.hits)},
                              {"detectors", std::move(detectors)}};
  }
  Json alarms = Json::object();
  for (const auto& [rule, count] : s.detection.false_alarms) {
    alarms[rule] = Share(count, s.detection.healthy);
  }
  return {{"episodes", std::move(episodes)},
          {"healthy_attempts", s.detection.healthy},
          {"false_alarms", std::move(alarms)}};
}

Json DuplicatesJson(const Summary& s) {
  return {{"submissions", s.duplicates.submissions},
          {"results", s.duplicates.results},
          {"upstream_executions", s.duplicates.executions},
          {"requests_executed_again", Share(s.duplicates.requests, s.requests)}};
}

Json LayersJson(const std::vector<LayerLoad>& layers) {
  Json out = Json::array();
  for (const LayerLoad& layer : layers) {
    out.push_back({{"name", layer.name},
                   {"calls", layer.calls},
                   {"attempts", layer.attempts},
                   {"amplification", Rate(layer.attempts, layer.calls)}});
  }
  return out;
}

Json TargetJson(const TargetFacts& target) {
  Json upstreams = Json::array();
  for (const TargetUpstream& upstream : target.upstreams) {
    upstreams.push_back({{"provider", upstream.provider},
                         {"attempts", upstream.attempts},
                         {"executed", upstream.executed},
                         {"faulted", upstream.faulted}});
  }
  return {{"url", target.url},
          {"command", target.command},
          {"model", target.model},
          {"headers", target.headers},
          {"upstreams", std::move(upstreams)},
          {"stray_attempts", target.strays},
          {"ended", target.ended.empty() ? Json(nullptr) : Json(target.ended)},
          {"cpu_s", Number(target.cpu_s)}};
}

}  // namespace squall
