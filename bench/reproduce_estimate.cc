#include "bench/reproduce_estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "engine/base/check.h"
#include "reports/batch_means.h"

namespace squall {
namespace {

using nlohmann::json;

// Where the number that a share is of stands, for shares without one of their own.
struct Denominator {
  std::string_view under;
  const char* at;
};
constexpr Denominator kDenominators[] = {{"/recovered/", "/faulted"},
                                         {"/success", "/requests"},
                                         {"/duplicates/", "/requests"},
                                         {"/after_trigger/", "/after_trigger/replications"}};

const json* Find(const json& document, const std::string& pointer) {
  if (!pointer.starts_with('/')) return nullptr;
  const json::json_pointer place(pointer);
  return document.contains(place) ? &document[place] : nullptr;
}

absl::Status Wrong(const Claim& claim, const ClaimValue& value, const std::string& got) {
  return absl::InvalidArgumentError("claim " + claim.id + ": " + value.at + ": got " + got +
                                    ", expected a share, a mean, a number or a list of numbers");
}

std::optional<int64_t> CountOf(const json& document, const std::string& pointer,
                               const json& share) {
  if (share.contains("n")) return share["n"].get<int64_t>();
  const json* parent = Find(document, pointer.substr(0, pointer.rfind('/')));
  for (const char* key : {"n", "hits"}) {
    if (parent == nullptr || !parent->is_object() || !parent->contains(key)) continue;
    return (*parent)[key].get<int64_t>();
  }
  for (const Denominator& row : kDenominators) {
    const json* n = pointer.starts_with(row.under) ? Find(document, row.at) : nullptr;
    if (n != nullptr) return n->get<int64_t>();
  }
  return std::nullopt;
}

// One figure of one document: that of a share is its rate, of a mean the mean.
std::optional<double> Figure(const json& document, const std::string& pointer) {
  const json* found = Find(document, pointer);
  if (found == nullptr) return std::nullopt;
  if (found->is_number()) return found->get<double>();
  if (!found->is_object()) return std::nullopt;
  for (const char* key : {"rate", "mean"}) {
    if (found->contains(key) && (*found)[key].is_number()) return (*found)[key].get<double>();
  }
  return std::nullopt;
}

Estimate OfMean(const MeanEstimate& mean, std::string_view method) {
  Estimate estimate;
  estimate.value = mean.mean;
  estimate.ci90 = MeanInterval(mean, 0.90);
  estimate.ci95 = MeanInterval(mean, 0.95);
  estimate.n = mean.n;
  estimate.method = method;
  return estimate;
}

Estimate OfShare(int64_t count, int64_t n) {
  Estimate estimate;
  estimate.value = n > 0 ? static_cast<double>(count) / static_cast<double>(n) : 0;
  estimate.ci90 = Wilson(count, n, 0.90);
  estimate.ci95 = Wilson(count, n, 0.95);
  estimate.n = n;
  estimate.method = "wilson";
  return estimate;
}

bool IsModelMean(const json& value) {
  return value.is_object() && value.contains("mean") && value.contains("se") && value.contains("n");
}

MeanEstimate ModelMean(const json& value) {
  MeanEstimate mean;
  mean.mean = value["mean"].get<double>();
  // Unknown of a single observation, which therefore says nothing of the spread.
  const bool known = value["se"].is_number();
  mean.standard_error = known ? value["se"].get<double>() : 0;
  mean.n = known ? value["n"].get<int64_t>() : 1;
  return mean;
}

absl::StatusOr<Estimate> OfValue(const Claim& claim, const ClaimValue& value,
                                 const ClaimOutput& output) {
  const json* found = Find(*output.pooled, value.at);
  if (found == nullptr) return Wrong(claim, value, "nothing");
  if (IsModelMean(*found)) return OfMean(ModelMean(*found), "t over replications");
  if (found->is_object() && found->contains("count")) {
    const std::optional<int64_t> n = CountOf(*output.pooled, value.at, *found);
    if (!n.has_value()) return Wrong(claim, value, "a count of nobody knows how many");
    return OfShare((*found)["count"].get<int64_t>(), *n);
  }
  if (found->is_array()) {
    std::vector<double> series;
    for (const json& item : *found) {
      if (item.is_number()) series.push_back(item.get<double>());
    }
    if (static_cast<int64_t>(series.size()) < kLeastSeries) {
      return Wrong(claim, value, "a series of " + std::to_string(series.size()));
    }
    return OfMean(MeanOfSeries(series).estimate, "batch means");
  }
  std::vector<double> figures;
  for (const json& one : output.replications) {
    const std::optional<double> figure = Figure(one, value.at);
    if (!figure.has_value()) return Wrong(claim, value, "no number in some replication");
    figures.push_back(*figure);
  }
  return OfMean(Mean(figures), "t over replications");
}

// Of two independent means: a - b, or a / b by the delta method.
Estimate OfMeans(const MeanEstimate& a, const MeanEstimate& b, StatisticKind kind) {
  MeanEstimate both;
  both.n = std::min(a.n, b.n);
  if (kind == StatisticKind::kDifference) {
    both.mean = a.mean - b.mean;
    both.standard_error = std::hypot(a.standard_error, b.standard_error);
  } else {
    both.mean = a.mean / b.mean;
    both.standard_error = std::hypot(a.standard_error, both.mean * b.standard_error) / b.mean;
  }
  return OfMean(both, "delta method");
}

absl::StatusOr<Estimate> OfTwo(const Claim& claim, const ClaimOutput& one, const ClaimOutput& two) {
  const ClaimValue& a = claim.statistic.of[0];
  const ClaimValue& b = claim.statistic.of[1];
  const json* first = Find(*one.pooled, a.at);
  const json* second = Find(*two.pooled, b.at);
  if (first == nullptr) return Wrong(claim, a, "nothing");
  if (second == nullptr) return Wrong(claim, b, "nothing");
  if (IsModelMean(*first) && IsModelMean(*second)) {
    return OfMeans(ModelMean(*first), ModelMean(*second), claim.statistic.kind);
  }
  if (one.replications.size() != two.replications.size()) {
    return Wrong(claim, b, "another number of replications than the first value has");
  }
  std::vector<double> figures;
  for (size_t i = 0; i < one.replications.size(); ++i) {
    const std::optional<double> left = Figure(one.replications[i], a.at);
    const std::optional<double> right = Figure(two.replications[i], b.at);
    if (!left.has_value()) return Wrong(claim, a, "no number in some replication");
    if (!right.has_value()) return Wrong(claim, b, "no number in some replication");
    const bool ratio = claim.statistic.kind == StatisticKind::kRatio;
    if (ratio && *right == 0) return Wrong(claim, b, "0 to divide by");
    figures.push_back(ratio ? *left / *right : *left - *right);
  }
  return OfMean(Mean(figures), "t over paired replications");
}

Estimate OfWorlds(const Claim& claim, const ClaimOutputs& outputs) {
  Estimate estimate;
  estimate.method = "largest of all worlds";
  for (const ClaimWorld& world : claim.worlds) {
    const ClaimOutput& output = *outputs.at(ClaimRunKey(WorldRun(claim, world, 0)));
    estimate.value = std::max(estimate.value, std::abs(WorldZ(world, output)));
    estimate.n += (*output.pooled)["faulted"].get<int64_t>();
  }
  estimate.ci90 = Interval{.low = estimate.value, .high = estimate.value};
  estimate.ci95 = estimate.ci90;
  return estimate;
}

void Scale(double factor, Interval* interval) {
  *interval = Interval{.low = interval->low * factor, .high = interval->high * factor};
}

}  // namespace

const ClaimRun& RunOf(const Claim& claim, const ClaimValue& value) {
  for (const ClaimRun& run : claim.runs) {
    if (run.name == value.run) return run;
  }
  SQUALL_CHECK(value.run.empty() && !claim.runs.empty());  // else the loader has said so
  return claim.runs.front();
}

ClaimRun WorldRun(const Claim& claim, const ClaimWorld& world, int64_t replications) {
  ClaimRun run = claim.runs.front();
  run.sets.insert(run.sets.end(), world.sets.begin(), world.sets.end());
  if (replications > 0) run.replications = replications;
  return run;
}

double WorldZ(const ClaimWorld& world, const ClaimOutput& output) {
  const json& strict = (*output.pooled)["recovered"]["strict"];
  const auto n = (*output.pooled)["faulted"].get<double>();
  const double off = strict["count"].get<double>() - n * world.expected;
  const double variance = n * world.expected * (1 - world.expected);
  if (variance > 0) return off / std::sqrt(variance);
  return off == 0 ? 0 : std::numeric_limits<double>::infinity();
}

absl::StatusOr<Estimate> EstimateOf(const Claim& claim, const ClaimOutputs& outputs) {
  const auto output = [&](const ClaimValue& value) -> const ClaimOutput& {
    return *outputs.at(ClaimRunKey(RunOf(claim, value)));
  };
  const std::vector<ClaimValue>& of = claim.statistic.of;
  if (claim.statistic.kind == StatisticKind::kWorstZ) return OfWorlds(claim, outputs);
  absl::StatusOr<Estimate> estimate = claim.statistic.kind == StatisticKind::kValue
                                          ? OfValue(claim, of[0], output(of[0]))
                                          : OfTwo(claim, output(of[0]), output(of[1]));
  if (!estimate.ok()) return estimate;
  const double factor = claim.statistic.scale;
  estimate->value *= factor;
  Scale(factor, &estimate->ci90);
  Scale(factor, &estimate->ci95);
  return estimate;
}

}  // namespace squall
