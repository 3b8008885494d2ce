// The rows of data/published.tsv, and how far a run of a model is from them in standard errors of
// both sides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reports/model_result.h"
#include "scenarios/scenario.h"

namespace squall {

struct PublishedRow {
  std::string group;
  std::string what;
  std::string scenario;
  std::vector<std::string> sets;
  int64_t replications = 1;
  std::string output;     // a figure's mean or a proportion's rate; ".sd" for a deviation
  std::string published;  // as printed: its digits say how it was rounded
  std::string se;         // "" = not stated
  int64_t n = 0;          // trials of a published proportion
};

std::vector<PublishedRow> PublishedRows();

// Runs the row's scenario with its replications on two threads.
ModelOutputs RunRow(const PublishedRow& row);

struct Score {
  double ours = 0;
  double z = 0;  // infinite where both sides are exact and differ
};
Score ScoreOf(const PublishedRow& row, const ModelOutputs& outputs);

}  // namespace squall
