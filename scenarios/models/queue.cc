#include "scenarios/models/queue.h"

#include <array>
#include <cmath>
#include <vector>

#include "mock_providers/service_queue.h"
#include "scenarios/models/draws.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 4> kServiceNames = {"exponential", "constant", "lognormal",
                                                           "hyperexponential"};

// What one batch of customers met, by when they came first.
struct Batch {
  Moments wait;
  Moments sojourn;
  std::vector<double> waits;
  std::vector<double> sojourns;
  int64_t customers = 0;
  int64_t blocked = 0;  // at their first try
  int64_t waited = 0;
  int64_t late = 0;
  double orbit_s = 0;  // integral of the number in orbit
  double work_s = 0;
};

class Simulation {
 public:
  Simulation(const QueueModel& m, uint64_t seed)
      : m_(m),
        draws_(seed, Stream("model/queue")),
        queue_(m.servers, m.places < 0 ? ServiceQueue::kNoBound : m.places) {}

  void Run(ModelOutputs* out) {
    const int64_t total = m_.warmup + m_.customers;
    const int64_t length = m_.customers / m_.batches;
    Batch batch;
    Time begin = kStart;
    for (int64_t i = 0; i < total; ++i) {
      const double u = draws_(static_cast<uint64_t>(i), 0, kGap);
      Time at = arrived_ + ExponentialSpan(u, FromSeconds(1 / m_.arrivals_per_s));
      while (!orbit_.empty() && orbit_.next() <= at) Return(&batch);
      Pass(at, &batch);
      arrived_ = at;
      const int64_t counted = i - m_.warmup;
      if (counted >= 0 && counted % length == 0) {
        if (counted > 0) Close(batch, now_ - begin, out);
        batch = Batch();
        begin = now_;
      }
      Customer(i, at, 0, at, &batch);
    }
    Close(batch, now_ - begin, out);
  }

 private:
  enum : uint64_t { kGap, kWork, kMore, kReturn };
  struct Waiting {
    int64_t customer;
    int64_t tries;
    Time came;
  };

  void Pass(Time at, Batch* batch) {
    batch->orbit_s += in_orbit_ * Seconds(at - now_);
    now_ = at;
  }

  void Return(Batch* batch) {
    const auto event = orbit_.Pop();
    Pass(event.at, batch);
    in_orbit_ -= 1;
    Customer(event.what.customer, event.at, event.what.tries, event.what.came, batch);
  }

  Duration Work(int64_t customer) const {
    const auto key = static_cast<uint64_t>(customer);
    const double u = draws_(key, 0, kWork);
    switch (m_.service) {
      case QueueService::kExponential: return ExponentialSpan(u, m_.service_mean);
      case QueueService::kConstant: return m_.service_mean;
      case QueueService::kLogNormal: {
        const double median = Seconds(m_.service_mean) * std::exp(-m_.sigma * m_.sigma / 2);
        return FromSeconds(LogNormal(u, median, m_.sigma));
      }
      case QueueService::kHyperexponential: {
        const bool slow = draws_(key, 0, kMore) < m_.slow_share;
        return ExponentialSpan(u, slow ? m_.slow_mean : m_.fast_mean);
      }
    }
    return m_.service_mean;
  }

  void Customer(int64_t customer, Time at, int64_t tries, Time came, Batch* batch) {
    const Duration work = Work(customer);
    const std::optional<Time> start = queue_.Enter(at, work);
    if (tries == 0) ++batch->customers;
    if (!start) {
      if (tries == 0) ++batch->blocked;
      if (m_.retry_mean <= 0s) return;
      const double u =
          draws_(static_cast<uint64_t>(customer), static_cast<uint64_t>(tries), kReturn);
      orbit_.Push(at + ExponentialSpan(u, m_.retry_mean), {customer, tries + 1, came});
      in_orbit_ += 1;
      return;
    }
    const double wait_s = Seconds(*start - came);
    const double sojourn_s = wait_s + Seconds(work);
    batch->wait.Add(wait_s);
    batch->sojourn.Add(sojourn_s);
    batch->waits.push_back(wait_s);
    batch->sojourns.push_back(sojourn_s);
    batch->waited += *start > came ? 1 : 0;
    batch->late += sojourn_s > Seconds(m_.sojourn_limit) ? 1 : 0;
    batch->work_s += Seconds(work);
  }

  void Close(Batch& batch, Duration length, ModelOutputs* out) const {
    const auto customers = static_cast<double>(batch.customers);
    const auto served = static_cast<double>(batch.wait.n());
    if (customers == 0 || served == 0 || length <= 0s) return;
    out->Add("wait_mean_s", batch.wait.mean());
    out->Add("wait_p99_s", QuantileOf(&batch.waits, 0.99));
    out->Add("p_wait", static_cast<double>(batch.waited) / served);
    out->Add("blocked", static_cast<double>(batch.blocked) / customers);
    out->Add("sojourn_mean_s", batch.sojourn.mean());
    out->Add("sojourn_p99_s", QuantileOf(&batch.sojourns, 0.99));
    out->Add("sojourn_over_limit", static_cast<double>(batch.late) / served);
    out->Add("utilisation", batch.work_s / Seconds(length) / static_cast<double>(m_.servers));
    if (m_.retry_mean > 0s) out->Add("orbit_mean", batch.orbit_s / Seconds(length));
  }

  const QueueModel& m_;
  Draws draws_;
  ServiceQueue queue_;
  EventHeap<Waiting> orbit_;
  double in_orbit_ = 0;
  Time arrived_ = kStart;  // the last new customer
  Time now_ = kStart;
};

}  // namespace

void Describe(Fields& f, QueueModel& m) {
  constexpr SpanRange kTime{1us, 24h};
  f.Number("arrivals_per_s", m.arrivals_per_s, {1e-6, 1e6}, "Customers a second: lambda.");
  f.Enum("service", m.service, kServiceNames, "Distribution of service times.");
  f.Span("service_mean", m.service_mean, kTime, "Mean service time; not of hyperexponential.");
  f.Number("sigma", m.sigma, {0, 5}, "Lognormal: standard deviation of the logarithm.");
  f.Number("slow_share", m.slow_share, kRateRange, "Hyperexponential: share of slow customers.");
  f.Span("slow_mean", m.slow_mean, kTime, "Hyperexponential: their mean service time.");
  f.Span("fast_mean", m.fast_mean, kTime, "Hyperexponential: that of the others.");
  f.Int("servers", m.servers, {1, 100'000}, "Servers: c.");
  f.Int("places", m.places, {-1, 1'000'000'000}, "Customers that may wait; -1: any number.");
  f.Span("retry_mean", m.retry_mean, {0s, 24h},
         "Mean time after which a blocked customer returns; 0: it is lost.");
  f.Span("sojourn_limit", m.sojourn_limit, {0s, 24h},
         "Time in the system that is counted as late.");
  f.Int("warmup", m.warmup, {0, 1'000'000'000}, "Customers before counting begins.");
  f.Int("customers", m.customers, {1, 1'000'000'000}, "Customers counted in one replication.");
  f.Int("batches", m.batches, {1, 10'000}, "Batches of customers, each one observation.");
  f.Require(m.customers >= m.batches, "customers must be at least batches");
}

void RunModel(const QueueModel& m, uint64_t seed, ModelOutputs* out) {
  Simulation(m, seed).Run(out);
}

}  // namespace squall
