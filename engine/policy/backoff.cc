#include "engine/policy/backoff.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace squall {
namespace {

// All arithmetic is on nanoseconds as doubles, which hold every span below 104 days exactly. A
// window without a cap ends here, far beyond int64 and still finite, since infinity times no jitter
// is not a number.
constexpr double kNoCap = 1e30;

double Nanos(Duration d) { return static_cast<double>(d.count()); }

Duration FromNanos(double nanos) {
  if (!(nanos > 0)) return Duration::zero();
  return nanos < 0x1p63 ? Duration(static_cast<int64_t>(nanos)) : Duration::max();
}

struct Draws {
  const BackoffConfig& config;
  const BackoffPast& past;
  double u;
  double cap;  // of the window; kNoCap where the cap cuts the wait only

  double previous() const {
    return past.retry > 0 ? std::max(Nanos(past.previous), Nanos(config.base)) : Nanos(config.base);
  }
};

double Window(const BackoffConfig& config, int retry, double cap) {
  return std::min(cap, Nanos(config.base) * std::pow(config.multiplier, retry));
}

double Spread(const Draws& d, double wait) {
  const double width = wait * d.config.jitter;
  switch (d.config.side) {
    case JitterSide::kDown: return wait - width * d.u;
    case JitterSide::kBoth: return wait - width + 2 * width * d.u;
    case JitterSide::kUp: return wait + width * d.u;
  }
  return wait;
}

double Between(double low, double high, double u) { return low + std::max(0.0, high - low) * u; }

double None(const Draws&) { return 0; }

double Constant(const Draws& d) { return Spread(d, std::min(d.cap, Nanos(d.config.base))); }

double Linear(const Draws& d) {
  return Spread(d, std::min(d.cap, Nanos(d.config.base) * (1.0 + d.past.retry)));
}

double ExponentialWait(const Draws& d) { return Spread(d, Window(d.config, d.past.retry, d.cap)); }

double Full(const Draws& d) { return Window(d.config, d.past.retry, d.cap) * d.u; }

double Equal(const Draws& d) {
  const double window = Window(d.config, d.past.retry, d.cap);
  return Between(window / 2, window, d.u);
}

double Decorrelated(const Draws& d) {
  return Between(Nanos(d.config.base), std::min(d.cap, d.previous() * d.config.multiplier), d.u);
}

// A range that starts at the cap has no width left, so it starts at most one step below.
double Rising(const Draws& d) {
  const double low = std::min(d.previous(), d.cap / d.config.multiplier);
  return Between(low, std::min(d.cap, d.previous() * d.config.multiplier), d.u);
}

double Smooth(const Draws& d) {
  // Past this the shape only doubles in size, and the cap has cut it long before.
  constexpr int kLastShape = 60;
  const int retry = std::min(d.past.retry, kLastShape);
  const auto level = [](double t) { return std::exp2(t) * std::tanh(std::sqrt(4 * t)); };
  const double before = retry > 0 ? level(retry - 1 + d.past.previous_u) : 0;
  const double unit = Nanos(d.config.base) / 1.4;
  const double widest = unit * (level(retry + 1) - before);
  // Squeezed into the cap as a whole, as the other kinds clamp their windows.
  const double squeeze = widest > d.cap ? d.cap / widest : 1;
  return unit * squeeze * (level(retry + d.u) - before);
}

struct KindRow {
  std::string_view name;
  double (*wait)(const Draws&);
};

constexpr std::array<KindRow, 9> kBackoffKinds = {{
    {"none", &None},
    {"constant", &Constant},
    {"linear", &Linear},
    {"exponential", &ExponentialWait},
    {"full", &Full},
    {"equal", &Equal},
    {"decorrelated", &Decorrelated},
    {"rising", &Rising},
    {"smooth", &Smooth},
}};
constexpr auto kKindNames = [] {
  std::array<std::string_view, kBackoffKinds.size()> names;
  for (size_t i = 0; i < names.size(); ++i) names[i] = kBackoffKinds[i].name;
  return names;
}();
static_assert(kBackoffKinds.size() == static_cast<size_t>(BackoffKind::kSmooth) + 1);

}  // namespace

std::span<const std::string_view> BackoffKindNames() { return kKindNames; }

Duration BackoffWindow(const BackoffConfig& config, int retry) {
  return FromNanos(Window(config, retry, Nanos(config.cap)));
}

Duration BackoffDelay(const BackoffConfig& config, const BackoffPast& past, double u) {
  const double cap = Nanos(config.cap);
  const bool cuts_window = config.cap_rule != CapRule::kDelay;
  const Draws draws{config, past, u, cuts_window ? cap : kNoCap};
  double wait = kBackoffKinds[static_cast<size_t>(config.kind)].wait(draws);
  // The draw is the same, so the two kinds of jitter move together; no product has both.
  wait += Nanos(config.extra) * u;
  if (config.cap_rule != CapRule::kWindow) wait = std::min(wait, cap);
  return FromNanos(wait);
}

Duration HintWithJitter(Duration hint, double spread, Duration floor_spread, double u) {
  const auto width = static_cast<double>(hint.count()) * spread;
  const double extra = std::max(width, static_cast<double>(floor_spread.count())) * u;
  const auto cap = static_cast<double>((Duration::max() - hint).count());
  return hint + Duration(static_cast<int64_t>(std::min(extra, cap * 0.5)));
}

}  // namespace squall
