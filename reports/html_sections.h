// The sections of the HTML report, each from one result or from all of them side by side. Each
// returns HTML that stands alone under a heading of its own; nothing where there is nothing to
// show.
#pragma once

#include <span>
#include <string>

#include "reports/chronicle.h"
#include "reports/result_reader.h"

namespace squall {

struct ShownResult {
  const RunResult* run = nullptr;
  const Chronicle* chronicle = nullptr;  // empty where the result has none, never null
  std::string label;                     // text: what tells it from the others
  std::string id;                        // "r1": begins the ids of its elements
  std::string ink;                       // class of its lines
  size_t stories = 0;                    // at most so many of its stories are told
};
using ShownResults = std::span<const ShownResult>;

// What holds for all results of a page, so that they can be compared by eye.
struct SharedScales {
  double seconds = 1;     // of the time axis
  double load_per_s = 1;  // largest
  double amplification = 1;
  double budget = 1;
  double slowest_us = 1;
  double fastest_us = 1;
};
SharedScales ScalesOf(ShownResults results);

// A heading with an anchor, and what one has to know to read what follows (HTML).
std::string SectionHead(std::string_view id, std::string_view title, std::string_view lead);

// A block for each result, under its label unless there is only one.
std::string OneByOne(ShownResults results, std::string (*block)(const ShownResult&));

std::string VerdictBanner(ShownResults results);  // "" without thresholds
std::string HeadlineTiles(ShownResults results);
std::string EndingsChart(ShownResults results);
std::string ComparisonTable(ShownResults results);  // "" of one result
std::string FaultTables(ShownResults results);

std::string FlowBlock(const ShownResult& result);
std::string WhyNotBlock(const ShownResult& result);
std::string TimeBlock(const ShownResult& result, const SharedScales& scales);

// What was done to the runs, once where it was the same.
std::string EpisodeTables(ShownResults results);

std::string LatencyFigure(ShownResults results);
std::string ConfusionBlock(const ShownResult& result);
std::string DiagnosisTimeFigure(ShownResults results);
std::string CostTables(ShownResults results);

// "#4711"; "#3:4711" in a later replication. Its element's id is "<result id>-3-4711".
std::string StoryName(const Story& story);

// With the parts that let a reader search them.
std::string StoriesBlock(const ShownResult& result);

std::string ModelSection(std::span<const StoredResult> models);  // "" of none

std::string EnvironmentTable(ShownResults results);
std::string MethodNotes();

}  // namespace squall
