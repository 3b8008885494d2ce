// What a model scenario (scenarios/models) found: named figures, each over independent
// observations, with mean, standard deviation, standard error and interval; and its JSON and its
// table. Observations are the replications, or batches and independent calls within them, as each
// model says; the models add them in the order of the replications, so that the sums are the same
// bytes whatever the number of threads.
//
// Sums of squares are merged as in Chan, Golub, LeVeque, "Algorithms for Computing the Sample
// Variance", The American Statistician 37 (1983). Intervals of means are Student's t over the
// observations, of proportions Wilson's. Values; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"
#include "reports/text.h"

namespace squall {

// Number, mean and squared deviations of a series of values.
class Moments {
 public:
  void Add(double value);
  void Merge(const Moments& other);

  int64_t n() const { return n_; }
  double mean() const { return mean_; }
  double sd() const;  // of one value; NaN of fewer than two
  double se() const;  // of the mean; NaN of fewer than two

 private:
  int64_t n_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

struct ModelOutput {
  std::string name;
  bool proportion = false;
  int64_t count = 0;           // of a proportion: how many of `n`
  int64_t n = 0;               // observations
  Moments moments;             // of a figure
  std::vector<double> values;  // of a figure whose quantiles are given: every observation
};

class ModelOutputs {
 public:
  // One observation of a figure; its quantiles are given too.
  void Add(std::string_view name, double value);
  // Many observations of a figure at once; no quantiles.
  void Add(std::string_view name, const Moments& moments);
  // `count` of `n` independent trials, 0 <= count <= n.
  void Count(std::string_view name, int64_t count, int64_t n);

  // Appends the observations of `other`.
  void Merge(const ModelOutputs& other);

  // In the order in which they were first named.
  const std::vector<ModelOutput>& list() const { return list_; }
  const ModelOutput* Find(std::string_view name) const;

 private:
  ModelOutput& At(std::string_view name);

  std::vector<ModelOutput> list_;
};

// The value at quantile q in [0, 1] of some values, of which there is at least one: the smallest
// that at least that share of them does not exceed. Reorders them.
double QuantileOf(std::vector<double>* values, double q);

struct ModelResult {
  std::string scenario;
  std::string scenario_hash;
  std::string doc;  // what the scenario models, and what a reader should see
  int64_t seed = 0;
  int64_t replications = 1;
  std::vector<std::string> overrides;
  bool partial = false;
  std::string kind;
  std::string parameters;  // a JSON object
  ModelOutputs outputs;
  std::vector<ThresholdVerdict> thresholds;
  RunTiming timing;
  std::string repeat;
};

// One JSON document like that of RunResult, with "model": {kind, parameters, outputs}; "engine" is
// null. Outputs are {mean, se, sd, n, ci95, p50, p95} or {count, n, rate, ci95}.
std::string ToJson(const ModelResult& result);
std::string ToJsonWithoutTiming(const ModelResult& result);

// The same as a document, which thresholds are judged on.
nlohmann::ordered_json ResultDocument(const ModelResult& result);

// At most 80 columns; ends with the command that does it again.
std::string RenderModel(const ModelResult& result, const TextStyle& style);

}  // namespace squall
