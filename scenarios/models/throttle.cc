#include "scenarios/models/throttle.h"

#include <algorithm>
#include <vector>

#include "scenarios/models/draws.h"

namespace squall {
namespace {

// Requests and accepts over the window, which slides in small steps.
class Window {
 public:
  explicit Window(Duration length) : step_(length / kSteps), steps_(kSteps) {}

  void Advance(Time now) {
    const int64_t epoch = (now - kStart) / step_;
    // After a whole window of silence nothing is left to subtract one by one.
    if (epoch - epoch_ > kSteps) {
      steps_.assign(kSteps, {});
      requests_ = accepts_ = 0;
    } else {
      for (int64_t e = epoch_ + 1; e <= epoch; ++e) {
        Step& oldest = At(e);
        requests_ -= oldest.requests;
        accepts_ -= oldest.accepts;
        oldest = {};
      }
    }
    epoch_ = epoch;
  }
  void Request() {
    ++At(epoch_).requests;
    ++requests_;
  }
  void Accept() {
    ++At(epoch_).accepts;
    ++accepts_;
  }
  double RejectProbability(double k) const {
    const auto requests = static_cast<double>(requests_);
    return std::max(0.0, (requests - k * static_cast<double>(accepts_)) / (requests + 1));
  }

 private:
  static constexpr int64_t kSteps = 240;
  struct Step {
    int64_t requests = 0;
    int64_t accepts = 0;
  };
  Step& At(int64_t epoch) { return steps_[static_cast<size_t>(epoch % kSteps)]; }

  Duration step_;
  std::vector<Step> steps_;
  int64_t epoch_ = 0;
  int64_t requests_ = 0;
  int64_t accepts_ = 0;
};

struct Batch {
  int64_t offered = 0;
  int64_t sent = 0;
  int64_t accepted = 0;
};

}  // namespace

void Describe(Fields& f, Throttle& m) {
  f.Number("k", m.k, {1, 1000}, "Requests that may be sent for each that was accepted.");
  f.Span("window", m.window, {1ms, 24h}, "Time over which both are counted.");
  f.Number("requests_per_s", m.requests_per_s, {1e-3, 1e6}, "Requests offered a second, Poisson.");
  f.Number("capacity_per_s", m.capacity_per_s, {0, 1e6}, "Requests a second the back-end accepts.");
  f.Number("burst", m.burst, {1, 1e9}, "Requests it can accept at once after a pause.");
  f.Span("warmup", m.warmup, {0s, 24h * 30}, "Time that is not counted.");
  f.Span("run_for", m.run_for, {1s, 24h * 365}, "Time counted after it.");
  f.Int("batches", m.batches, {1, 10'000}, "Batches of time, each one observation.");
}

void RunModel(const Throttle& m, uint64_t seed, ModelOutputs* out) {
  const Draws draws(seed, Stream("model/throttle"));
  const Duration gap = FromSeconds(1 / m.requests_per_s);
  const Time begin = kStart + m.warmup;
  const Time end = begin + m.run_for;
  std::vector<Batch> batches(static_cast<size_t>(m.batches));
  Window window(m.window);
  double tokens = 1;  // nothing has been saved up
  Time now = kStart;
  for (uint64_t i = 0;; ++i) {
    const Duration step = ExponentialSpan(draws(i, 0), gap);
    now += step;
    if (now >= end) break;
    tokens = std::min(m.burst, tokens + m.capacity_per_s * Seconds(step));
    window.Advance(now);
    const bool sent = draws(i, 1) >= window.RejectProbability(m.k);
    window.Request();
    const bool accepted = sent && tokens >= 1;
    if (accepted) {
      tokens -= 1;
      window.Accept();
    }
    if (now < begin) continue;
    Batch& batch = batches[static_cast<size_t>((now - begin) / ((end - begin) / m.batches + 1ns))];
    ++batch.offered;
    batch.sent += sent ? 1 : 0;
    batch.accepted += accepted ? 1 : 0;
  }
  const double length_s = Seconds(m.run_for) / static_cast<double>(m.batches);
  for (const Batch& batch : batches) {
    out->Add("sent_per_s", static_cast<double>(batch.sent) / length_s);
    out->Add("accepted_per_s", static_cast<double>(batch.accepted) / length_s);
    if (batch.offered == 0) continue;
    out->Add("sent_share", static_cast<double>(batch.sent) / static_cast<double>(batch.offered));
  }
}

}  // namespace squall
