#include "scenarios/models/hedging.h"

#include <algorithm>
#include <array>
#include <vector>

#include "scenarios/models/draws.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 2> kLatencyNames = {"exponential", "lognormal"};
constexpr std::array<std::string_view, 3> kDelayNames = {"never", "quantile", "fixed"};
constexpr std::array<std::string_view, 2> kFanOutNames = {"all", "first"};

double LatencyAt(const Hedging& m, double u) {
  const double scale = Seconds(m.scale);
  return m.latency == HedgeLatency::kExponential ? Exponential(u, scale)
                                                 : LogNormal(u, scale, m.sigma);
}

struct Quantile {
  const char* name;
  double q;
};
constexpr Quantile kQuantiles[] = {{"latency_p50_s", 0.5},
                                   {"latency_p95_s", 0.95},
                                   {"latency_p99_s", 0.99},
                                   {"latency_p999_s", 0.999}};
// Of one part without hedging; how many requests take longer than that.
constexpr Quantile kTails[] = {{"over_p99", 0.99}, {"over_p999", 0.999}, {"over_p9999", 0.9999}};

class Simulation {
 public:
  Simulation(const Hedging& m, uint64_t seed) : m_(m), draws_(seed, Stream("model/hedging")) {
    delay_s_ = m.hedge == HedgeDelay::kQuantile ? LatencyAt(m, m.quantile) : Seconds(m.delay);
    for (size_t i = 0; i < std::size(kTails); ++i) tails_[i] = LatencyAt(m, kTails[i].q);
  }

  void Run(ModelOutputs* out) {
    const int64_t size = m_.requests / m_.batches;
    for (int64_t b = 0; b < m_.batches; ++b) RunBatch(b * size, size, out);
  }

 private:
  // Seconds that one part takes.
  double Part(uint64_t request, uint64_t part) {
    const double first = LatencyAt(m_, draws_(request, part, 0));
    plain_s_ += first;
    ++parts_;
    if (m_.hedge == HedgeDelay::kNoCopy || first <= delay_s_) {
      work_s_ += first;
      return first;
    }
    ++copies_;
    const double second = delay_s_ + LatencyAt(m_, draws_(request, part, 1));
    const double end = std::min(first, second);
    work_s_ += end + (end - delay_s_);
    return end;
  }

  double Request(uint64_t request) {
    double slowest = Part(request, 0);
    double fastest = slowest;
    for (int64_t part = 1; part < m_.parts; ++part) {
      const double s = Part(request, static_cast<uint64_t>(part));
      slowest = std::max(slowest, s);
      fastest = std::min(fastest, s);
    }
    return m_.wait_for == FanOut::kAll ? slowest : fastest;
  }

  void RunBatch(int64_t from, int64_t size, ModelOutputs* out) {
    Moments latency;
    std::vector<double> values;
    values.reserve(static_cast<size_t>(size));
    std::array<int64_t, std::size(kTails)> over{};
    plain_s_ = work_s_ = 0;
    parts_ = copies_ = 0;
    for (int64_t i = from; i < from + size; ++i) {
      const double s = Request(static_cast<uint64_t>(i));
      latency.Add(s);
      values.push_back(s);
      for (size_t t = 0; t < over.size(); ++t) over[t] += s > tails_[t] ? 1 : 0;
    }
    out->Add("latency_mean_s", latency);
    for (const Quantile& q : kQuantiles) out->Add(q.name, QuantileOf(&values, q.q));
    out->Count("extra_load", copies_, parts_);
    for (size_t t = 0; t < over.size(); ++t) out->Count(kTails[t].name, over[t], size);
    out->Add("cost_factor", 1 + static_cast<double>(copies_) / static_cast<double>(parts_));
    if (plain_s_ > 0) out->Add("work_factor", work_s_ / plain_s_);
  }

  const Hedging& m_;
  Draws draws_;
  double delay_s_ = 0;
  std::array<double, std::size(kTails)> tails_{};
  double plain_s_ = 0;
  double work_s_ = 0;
  int64_t parts_ = 0;
  int64_t copies_ = 0;
};

}  // namespace

void Describe(Fields& f, Hedging& m) {
  f.Enum("latency", m.latency, kLatencyNames, "Distribution of one copy's latency.");
  f.Span("scale", m.scale, {1us, 24h}, "Mean of an exponential latency, median of a lognormal.");
  f.Number("sigma", m.sigma, {0, 5}, "Lognormal: standard deviation of the logarithm.");
  f.Enum("hedge", m.hedge, kDelayNames, "When the second copy is sent, if no answer has come.");
  f.Number("quantile", m.quantile, {0, 0.999999}, "Quantile: of the latency of one copy.");
  f.Span("delay", m.delay, {0s, 24h}, "Fixed: time after the first copy.");
  f.Int("parts", m.parts, {1, 1'000'000}, "Parts that a request fans out to.");
  f.Enum("wait_for", m.wait_for, kFanOutNames, "Which of the parts a request waits for.");
  f.Int("requests", m.requests, {1, 1'000'000'000}, "Requests in one replication.");
  f.Int("batches", m.batches, {1, 10'000}, "Batches of requests, each one observation.");
  f.Require(m.requests >= m.batches, "requests must be at least batches");
}

void RunModel(const Hedging& m, uint64_t seed, ModelOutputs* out) { Simulation(m, seed).Run(out); }

}  // namespace squall
