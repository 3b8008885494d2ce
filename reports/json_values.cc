#include "reports/json_values.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/histogram.h"
#include "reports/intervals.h"

namespace squall {

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json Number(std::optional<double> value) { return value ? Number(*value) : Json(nullptr); }

Json Rate(int64_t count, int64_t n) {
  return n == 0 ? Json(nullptr) : Number(static_cast<double>(count) / static_cast<double>(n));
}

Json Ci95(int64_t count, int64_t n) {
  if (n == 0) return nullptr;
  const Interval interval = Wilson(count, n);
  return Json::array({interval.low, interval.high});
}

Json Bounds(const Interval& interval) { return Json::array({interval.low, interval.high}); }

Json BoundsOrNull(const std::optional<Interval>& interval) {
  return interval ? Bounds(*interval) : Json(nullptr);
}

Json Share(int64_t count, int64_t n) {
  return {{"count", count}, {"rate", Rate(count, n)}, {"ci95", Ci95(count, n)}};
}

Json QuantilesJson(const Quantiles& q, double unit_ns) {
  struct Row {
    const char* name;
    double q;
    int64_t value;
  };
  const Row rows[] = {
      {"p50", 0.5, q.p50}, {"p90", 0.9, q.p90}, {"p99", 0.99, q.p99}, {"p999", 0.999, q.p999}};
  const auto scaled = [&](double ns) { return q.n == 0 ? Json(nullptr) : Number(ns / unit_ns); };
  Json json = Json::object();
  Json too_few = Json::array();
  for (const Row& row : rows) {
    json[row.name] = scaled(static_cast<double>(row.value));
    if (!EnoughForQuantile(q.n, row.q)) too_few.push_back(row.name);
  }
  json["max"] = scaled(static_cast<double>(q.max));
  json["mean"] = scaled(q.mean);
  json["n"] = q.n;
  if (!q.spectrum.empty()) {
    Json spectrum = Json::array();
    for (const int64_t value : q.spectrum) spectrum.push_back(scaled(static_cast<double>(value)));
    json["spectrum"] = std::move(spectrum);
  }
  json["ci95"] = Json::object();
  for (size_t i = 0; i < q.ci95.size(); ++i) {
    const auto [low, high] = q.ci95[i];
    json["ci95"][rows[i].name] =
        q.n == 0
            ? Json(nullptr)
            : Json::array({scaled(static_cast<double>(low)), scaled(static_cast<double>(high))});
  }
  json["too_few_samples_for"] = std::move(too_few);
  return json;
}

}  // namespace squall
