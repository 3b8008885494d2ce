#include "scenarios/models/collapse.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <cmath>
#include <string>

#include "engine/policy/backoff.h"
#include "scenarios/models/draws.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 2> kLoadNames = {"ramp", "spike"};
constexpr Duration kFirstArrival = 10ms;  // as the program has it

struct Counts {
  int64_t starts = 0;
  int64_t successes = 0;
  int64_t retries = 0;
  int64_t timeouts = 0;
};

class Simulation {
 public:
  Simulation(const Collapse& m, uint64_t seed)
      : m_(m), draws_(seed, Stream("model/collapse")), counts_(m.windows.size()) {
    backoff_.kind = m.backoff > 0s ? BackoffKind::kFull : BackoffKind::kNone;
    backoff_.base = m.backoff * 2;
    backoff_.cap = 24h * 365;
  }

  void Run() {
    events_.Push(kStart + kFirstArrival, {What::kArrive, 0, 0});
    while (!events_.empty() && events_.next() <= kStart + m_.run_for) {
      const auto event = events_.Pop();
      now_ = event.at;
      Handle(event.what);
    }
  }

  const std::vector<Counts>& counts() const { return counts_; }

 private:
  enum class What : uint8_t { kArrive, kServe, kServed, kReply, kTimeout };
  enum : uint64_t { kGap, kThere, kBack, kWait };
  struct Event {
    What what;
    uint32_t request;
    int32_t attempt;
  };

  double U(const Event& e, uint64_t index) const {
    return draws_(e.request, static_cast<uint64_t>(e.attempt), index);
  }
  Duration Network(const Event& e, uint64_t way) const {
    return ExponentialSpan(U(e, way), m_.network_mean);
  }

  void Count(int64_t Counts::*what) {
    for (size_t i = 0; i < counts_.size(); ++i) {
      const CollapseWindow& w = m_.windows[i];
      if (kStart + w.from <= now_ && now_ < kStart + w.to) ++(counts_[i].*what);
    }
  }

  double Rate() const {
    if (m_.load == CollapseLoad::kRamp) {
      return m_.ramp_peak_per_s -
             m_.ramp_slope * std::abs(Seconds(now_ - kStart - m_.ramp_peak_at));
    }
    const Duration t = now_ - kStart;
    const bool base = t < m_.spike_at || t > m_.spike_at + m_.spike_for;
    return base ? m_.spike_base_per_s : m_.spike_per_s;
  }

  void Send(Event e, Duration wait) {
    events_.Push(now_ + wait + m_.timeout, {What::kTimeout, e.request, e.attempt});
    events_.Push(now_ + wait + Network(e, kThere), {What::kServe, e.request, e.attempt});
  }

  void Handle(Event e) {
    switch (e.what) {
      case What::kArrive: {
        e.request = static_cast<uint32_t>(attempt_.size());
        attempt_.push_back(0);
        Count(&Counts::starts);
        Send(e, 0s);
        const double rate = Rate();
        if (rate <= 0) return;
        const Duration gap = ExponentialSpan(U(e, kGap), FromSeconds(1 / rate));
        events_.Push(now_ + gap, {What::kArrive, 0, 0});
        return;
      }
      case What::kServe: {
        ++in_server_;
        const Duration work = m_.service_base + m_.service_slope * in_server_;
        e.what = What::kServed;
        events_.Push(now_ + work, e);
        return;
      }
      case What::kServed:
        --in_server_;
        e.what = What::kReply;
        events_.Push(now_ + Network(e, kBack), e);
        return;
      case What::kReply:
        if (attempt_[e.request] != e.attempt) return;
        Count(&Counts::successes);
        attempt_[e.request] = kOver;
        return;
      case What::kTimeout: Timeout(e); return;
    }
  }

  void Timeout(Event e) {
    if (attempt_[e.request] != e.attempt) return;
    Count(&Counts::timeouts);
    const int32_t retry = e.attempt;
    if (e.attempt + 1 >= m_.attempts) {
      attempt_[e.request] = kOver;
      return;
    }
    attempt_[e.request] = ++e.attempt;
    Count(&Counts::retries);
    Send(e, BackoffDelay(backoff_, {retry, {}, 0}, U(e, kWait)));
  }

  static constexpr int32_t kOver = -1;

  const Collapse& m_;
  Draws draws_;
  BackoffConfig backoff_;
  EventHeap<Event> events_;
  std::vector<int32_t> attempt_;  // that each request waits for
  std::vector<Counts> counts_;
  Time now_ = kStart;
  int64_t in_server_ = 0;
};

}  // namespace

void Describe(Fields& f, CollapseWindow& w) {
  f.Span("from", w.from, {0s, 24h}, "When it begins.");
  f.Span("to", w.to, {0s, 24h}, "When it ends.");
  f.Require(w.from < w.to, "from must be before to");
}

void Describe(Fields& f, Collapse& m) {
  f.Enum("load", m.load, kLoadNames, "Arrivals that ramp up and down, or that spike.");
  f.Number("spike_base_per_s", m.spike_base_per_s, {1e-3, 1e5}, "Arrivals a second outside it.");
  f.Number("spike_per_s", m.spike_per_s, {1e-3, 1e5}, "Arrivals a second in the spike.");
  f.Span("spike_at", m.spike_at, {0s, 24h}, "When the spike begins.");
  f.Span("spike_for", m.spike_for, {0s, 24h}, "How long it lasts.");
  f.Number("ramp_peak_per_s", m.ramp_peak_per_s, {1e-3, 1e5}, "Arrivals a second at the peak.");
  f.Number("ramp_slope", m.ramp_slope, {0, 1e5}, "By how much a second they rise and fall.");
  f.Span("ramp_peak_at", m.ramp_peak_at, {0s, 24h}, "When the peak is.");
  f.Span("service_base", m.service_base, {0s, 1h}, "Time in an empty server.");
  f.Span("service_slope", m.service_slope, {0s, 1h}, "Time more for each request in the server.");
  f.Span("network_mean", m.network_mean, {0s, 1h}, "Mean time of each message, exponential.");
  f.Span("timeout", m.timeout, {1ms, 24h}, "Patience of one attempt.");
  f.Int("attempts", m.attempts, {1, 100}, "Tries of one request, the first included.");
  f.Span("backoff", m.backoff, {0s, 24h},
         "Doubled, the window of the first retry's wait; 0: none.");
  f.Span("run_for", m.run_for, {1ms, 24h}, "When the simulation ends.");
  f.List("windows", m.windows, "Spans over which events are counted.");
}

void RunModel(const Collapse& m, uint64_t seed, ModelOutputs* out) {
  Simulation simulation(m, seed);
  simulation.Run();
  for (size_t i = 0; i < m.windows.size(); ++i) {
    const CollapseWindow& w = m.windows[i];
    const Counts& c = simulation.counts()[i];
    const double length = Seconds(w.to - w.from);
    const std::string name = absl::StrCat("_", Seconds(w.from), "_", Seconds(w.to));
    out->Add(absl::StrCat("starts_per_s", name), static_cast<double>(c.starts) / length);
    out->Add(absl::StrCat("success_per_s", name), static_cast<double>(c.successes) / length);
    out->Add(absl::StrCat("retries_per_s", name), static_cast<double>(c.retries) / length);
    out->Add(absl::StrCat("timeouts_per_s", name), static_cast<double>(c.timeouts) / length);
    out->Count(absl::StrCat("collapsed", name), 2 * c.successes < c.starts ? 1 : 0, 1);
  }
}

}  // namespace squall
