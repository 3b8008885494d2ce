#include "scenarios/episodes.h"

#include <algorithm>
#include <cmath>

#include "mock_providers/climate.h"

namespace squall {
namespace {

// Of a run, to the microsecond: 60, and not 60.00000000000001.
double RoundSeconds(Duration at) { return std::round(1e6 * Seconds(at)) / 1e6; }

void AddSpan(const ClimateConfig& row, Episode episode, std::vector<Episode>* episodes) {
  episode.kind = row.kind == ClimateKind::kRamp ? "ramp" : "outage";
  episode.from_s = RoundSeconds(row.from);
  episode.to_s = RoundSeconds(row.to);
  episode.share = row.kind == ClimateKind::kRamp ? std::max(row.share, row.share_end) : row.share;
  episodes->push_back(std::move(episode));
}

// A row's path is a function of the seed and its name alone, so a climate of this row only has it.
void AddWeather(const ClimateConfig& row, const Episode& base, uint64_t seed, Time end,
                std::vector<Episode>* episodes) {
  ClimateConfig everywhere = row;
  everywhere.providers.clear();
  const Climate climate({everywhere}, {}, seed);
  size_t added = 0;
  for (Time at = kStart; at < end && added < kMostEpisodes; at = climate.NextChange(at)) {
    const double share = climate.ShareAt(0, at);
    if (share <= 0) continue;
    Episode episode = base;
    episode.kind = "weather";
    episode.from_s = RoundSeconds(at - kStart);
    episode.to_s = RoundSeconds(std::min(climate.NextChange(at), end) - kStart);
    episode.share = share;
    episode.first_run_only = true;
    episodes->push_back(std::move(episode));
    ++added;
  }
}

void AddPhases(const ArrivalConfig& arrivals, std::vector<Episode>* episodes) {
  Duration from = 0s;
  for (const ArrivalPhase& phase : arrivals.phases) {
    const Duration to = from + phase.length;
    if (phase.rate_per_s != arrivals.rate_per_s) {
      Episode episode;
      episode.name = "load";
      episode.kind = "load";
      episode.from_s = RoundSeconds(from);
      episode.to_s = RoundSeconds(to);
      episode.share = phase.rate_per_s / arrivals.rate_per_s;
      episodes->push_back(std::move(episode));
    }
    from = to;
  }
}

}  // namespace

std::vector<Episode> EpisodesOf(const Scenario& scenario, Duration end) {
  std::vector<Episode> episodes;
  for (const ClimateConfig& row : scenario.climate) {
    Episode base;
    base.name = row.name;
    base.fault = row.fault;
    base.providers = row.providers;
    if (row.kind == ClimateKind::kGilbertElliott) {
      AddWeather(row, base, static_cast<uint64_t>(scenario.seed), kStart + end, &episodes);
    } else {
      AddSpan(row, std::move(base), &episodes);
    }
  }
  AddPhases(scenario.workload.arrivals, &episodes);
  std::erase_if(episodes, [&](const Episode& e) { return e.from_s >= Seconds(end); });
  std::stable_sort(episodes.begin(), episodes.end(),
                   [](const Episode& a, const Episode& b) { return a.from_s < b.from_s; });
  return episodes;
}

}  // namespace squall
