// What a search has found, as one JSON document, for a terminal and as Markdown. A function of the
// space, the seeds and the build alone: the same bytes whoever ran the points.
#pragma once

#include <string>

#include "bench/tune/answer.h"
#include "reports/text.h"

namespace squall {

inline constexpr int kTuneFormatVersion = 1;

// `build` as in SweepPoint; `preset` the text of PresetOf, "" where there is none.
std::string TuneJson(const Study& study, const TuneAnswer& answer, const std::string& build,
                     const std::string& preset);

// At most 80 columns.
std::string RenderTune(const Study& study, const TuneAnswer& answer, const TextStyle& style);

// The front as a table, for a README or reports/tuned.
std::string TuneMarkdown(const Study& study, const TuneAnswer& answer);

// "window=12s, open_for=4s" of what a candidate sets; "as it is" of nothing.
std::string SettingsText(const Candidate& candidate);

// "83.1 % [82.9, 83.3]", of one figure or a difference.
std::string EstimateText(const std::string& metric, const MeanEstimate& estimate, bool difference);

// Another point of the front and what it would bring.
struct Alternative {
  size_t candidate = 0;
  std::vector<MeanEstimate> change;  // by objective, less the recommended one, on fresh seeds
};
std::vector<Alternative> AlternativesOf(const Study& study, const TuneAnswer& answer);

// What the recommended settings bring, by objective: they less the unchanged ones, paired by seed.
std::vector<MeanEstimate> GainOf(const Study& study, const TuneAnswer& answer, Trials trials);

}  // namespace squall
