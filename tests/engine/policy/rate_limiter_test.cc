#include "engine/policy/rate_limiter.h"

#include <algorithm>
#include <map>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::rate_limiter_test {
namespace {

Time At(Duration d) { return kStart + d; }

RateLimiterConfig PerMinute(int64_t requests, int64_t tokens, Duration burst = 10s) {
  RateLimiterConfig config;
  config.enabled = true;
  config.requests_per_min = requests;
  config.tokens_per_min = tokens;
  config.request_burst = burst;
  config.token_burst = burst;
  return config;
}

// Requests that went, with what they used in the end.
struct Sent {
  Time at;
  uint64_t id;
  double used;
};

// Plays random traffic: arrivals, waiters that ask again when told to and whenever others give
// back, requests that are given up before or after they may go, and settlements some time after
// they went.
class Traffic {
 public:
  Traffic(const RateLimiterConfig& config, uint64_t seed, Duration gap, double largest)
      : limiter_(config), seed_(seed), gap_(gap), largest_(largest) {}

  std::vector<Sent> Run(uint64_t arrivals) {
    for (uint64_t i = 0; i < arrivals; ++i) {
      events_.emplace(kStart +
                          FromSeconds(Exponential(Draw(seed_, kWhen, i), 1) * Seconds(gap_) * 0.5) +
                          gap_ * static_cast<int64_t>(i),
                      Event{i, Event::kArrive});
    }
    while (!events_.empty()) {
      const auto [now, event] = *events_.begin();
      events_.erase(events_.begin());
      Handle(now, event);
    }
    return sent_;
  }

  int64_t refused() const { return refused_; }

  // Headers of all kinds and refusals come in between.
  void Disturb() { disturbed_ = true; }

 private:
  static constexpr StreamId kWhen = Stream("when");
  static constexpr StreamId kWhat = Stream("what");
  struct Event {
    uint64_t request;
    enum { kArrive, kWake, kSettle, kGiveUp } kind;
  };

  double U(uint64_t request, uint64_t index) const { return Draw(seed_, kWhat, request, 0, index); }

  void Disturbance(Time now) {
    const uint64_t n = ++disturbances_;
    const auto dimension = static_cast<RateDimension>(n / 20 % 2);
    const double full = n / 20 % 2 == 0 ? 600 : 60'000;
    const auto u = [&](uint64_t index) { return Draw(seed_, kWhat, n, 1, index); };
    if (n % 200 == 0) limiter_.On429({{1, 3'000, 0, 0}}, FromSeconds(3 * u(0) - 1), now);
    const RateHeaders headers{full * (1.2 * u(1) - 0.1), full * (u(2) - 0.05),
                              FromSeconds(30 * u(3) - 1)};
    if (n % 20 == 0) limiter_.OnHeaders(dimension, headers, now);
    if (n % 20 == 5) limiter_.OnHeaders(dimension, {full, full, 1ms}, now);
  }

  void Handle(Time now, const Event& event) {
    const uint64_t r = event.request;
    if (disturbed_ && event.kind != Event::kWake) Disturbance(now);
    if (event.kind == Event::kArrive) {
      const double tokens = std::ceil(largest_ * (0.05 + 0.95 * U(r, 0)));
      const auto ticket = limiter_.ReserveAt({{1, tokens, 0, 0}}, now, now + 30s);
      if (!ticket) {
        ++refused_;
        return;
      }
      tickets_[r] = *ticket;
      if (U(r, 1) < 0.1) events_.emplace(now + FromSeconds(10 * U(r, 2)), Event{r, Event::kGiveUp});
      events_.emplace(ticket->at, Event{r, Event::kWake});
    }
    const auto it = tickets_.find(r);
    if (event.kind == Event::kArrive || it == tickets_.end()) return;
    RateTicket& ticket = it->second;
    if (event.kind == Event::kWake) {
      if (ticket.taken != 0) return;
      const Time at = limiter_.Claim(&ticket, now);
      if (at == kNever) {
        tickets_.erase(it);
      } else if (at > now) {
        events_.emplace(at, Event{r, Event::kWake});
      } else {
        const double used = std::ceil(ticket.amounts.of[1] * U(r, 3));
        sent_.push_back({now, ticket.id, used});
        events_.emplace(now + FromSeconds(20 * U(r, 4)), Event{r, Event::kSettle});
      }
      return;
    }
    if (event.kind == Event::kGiveUp) {
      if (ticket.taken != 0) return;  // on its way
      limiter_.Cancel(ticket, now);
    } else {
      limiter_.Settle(ticket, {{1, sent_[Index(ticket.id)].used, 0, 0}}, now);
    }
    tickets_.erase(it);
    for (const auto& [other, waits] : tickets_) {
      if (waits.taken == 0) events_.emplace(now, Event{other, Event::kWake});
    }
  }

  size_t Index(uint64_t id) const {
    size_t i = sent_.size();
    while (sent_[i - 1].id != id) --i;
    return i - 1;
  }

  RateLimiter limiter_;
  uint64_t seed_;
  Duration gap_;
  double largest_;
  std::multimap<Time, Event> events_;
  std::map<uint64_t, RateTicket> tickets_;
  std::vector<Sent> sent_;
  int64_t refused_ = 0;
  bool disturbed_ = false;
  uint64_t disturbances_ = 0;
};

// The most that any span of time admits beyond its share of the limit per minute.
double WorstExcess(const std::vector<Sent>& sent, double per_min, bool tokens) {
  double worst = 0;
  double best_start = 1e300;  // least of (sum before i) - limit * t_i
  double sum = 0;
  for (const Sent& s : sent) {
    const double refilled = per_min * Seconds(s.at.time_since_epoch()) / 60;
    best_start = std::min(best_start, sum - refilled);
    sum += tokens ? s.used : 1;
    worst = std::max(worst, sum - refilled - best_start);
  }
  return worst;
}

TEST_CASE("rate limiter: no span of time admits more than its share, a burst and one request",
          "[policy]") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const double largest = seed % 2 == 0 ? 2'000 : 12'000;  // within the burst, and above it
    Traffic traffic(PerMinute(600, 60'000), seed, seed % 3 == 0 ? 20ms : 300ms, largest);
    if (seed > 10) traffic.Disturb();
    const std::vector<Sent> sent = traffic.Run(1'500);
    CAPTURE(seed, sent.size());
    CHECK(sent.size() >= 10);
    CHECK(WorstExcess(sent, 600, false) <= 100 + 1e-3);
    CHECK(WorstExcess(sent, 60'000, true) <= std::max(10'000.0, largest) + 1e-3);
  }
}

TEST_CASE("rate limiter: who waits goes in the order of arrival", "[policy]") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Traffic traffic(PerMinute(600, 60'000), seed, 50ms, 9'000);
    const std::vector<Sent> sent = traffic.Run(500);
    CHECK(traffic.refused() > 0);  // there was a queue
    for (size_t i = 1; i < sent.size(); ++i) {
      CHECK(sent[i - 1].at <= sent[i].at);
      if (sent[i - 1].at < sent[i].at) CHECK(sent[i - 1].id < sent[i].id);
    }
  }
}

TEST_CASE("rate limiter: a burst goes at once and the rest at the rate of the limit", "[policy]") {
  RateLimiter limiter(PerMinute(60, 0));
  for (int i = 0; i < 10; ++i) CHECK(limiter.ReserveAt({}, At(0s), kNever)->at == At(0s));
  for (int i = 1; i <= 5; ++i) {
    const Time at = limiter.ReserveAt({}, At(0s), kNever)->at;
    CHECK(Seconds(at - At(0s)) == Approx(i).margin(1e-6));
  }
  CHECK(limiter.waiting() == 5);
}

TEST_CASE("rate limiter: a reservation beyond the latest time takes nothing", "[policy]") {
  RateLimiter tried(PerMinute(60, 6'000));
  RateLimiter twin(PerMinute(60, 6'000));
  for (RateLimiter* limiter : {&tried, &twin}) {
    (void)limiter->ReserveAt(RateAmounts::Of(900, 0), At(0s), kNever);
  }
  for (int i = 0; i < 50; ++i) {
    CHECK_FALSE(tried.ReserveAt(RateAmounts::Of(900, 0), At(1s), At(2s)));
  }
  for (int i = 0; i < 20; ++i) {
    const Time at = tried.ReserveAt(RateAmounts::Of(300, 0), At(1s), kNever)->at;
    CHECK(at == twin.ReserveAt(RateAmounts::Of(300, 0), At(1s), kNever)->at);
  }
}

TEST_CASE("rate limiter: cancelled reservations leave no trace, whatever their order", "[policy]") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    RateLimiter limiter(PerMinute(600, 60'000));
    RateLimiter twin(PerMinute(600, 60'000));
    std::vector<RateTicket> tickets;
    for (uint64_t i = 0; i < 40; ++i) {
      const auto tokens = static_cast<int64_t>(DrawBits(seed, 1, i) % 4'000);
      tickets.push_back(*limiter.ReserveAt(RateAmounts::Of(tokens, 0), At(i * 10ms), kNever));
    }
    const Time later = At(1s + seed * 200ms);  // some may go by then
    for (RateTicket& ticket : tickets) {
      if (ticket.at <= later && DrawBits(seed, 2, ticket.id) % 2 == 0)
        limiter.Claim(&ticket, later);
    }
    std::sort(tickets.begin(), tickets.end(), [&](const RateTicket& a, const RateTicket& b) {
      return DrawBits(seed, 3, a.id) < DrawBits(seed, 3, b.id);
    });
    for (const RateTicket& ticket : tickets) limiter.Cancel(ticket, later);
    CHECK(limiter.waiting() == 0);
    for (int i = 0; i < 30; ++i) {
      const Time at = limiter.ReserveAt(RateAmounts::Of(1'000, 0), later, kNever)->at;
      const Time twin_at = twin.ReserveAt(RateAmounts::Of(1'000, 0), later, kNever)->at;
      CHECK(Seconds(at - twin_at) == Approx(0).margin(1e-6));
    }
  }
}

TEST_CASE("rate limiter: what comes back late does not exceed the bucket", "[policy]") {
  // Taken and then refilled: to give it back again would make two bursts of one.
  RateLimiter limiter(PerMinute(0, 60'000));
  const auto ticket = limiter.ReserveAt(RateAmounts::Of(10'000, 0), At(0s), kNever);
  CHECK(limiter.ReserveAt(RateAmounts::Of(10'000, 0), At(10s), At(10s)));
  limiter.Cancel(*ticket, At(10s));
  CHECK_FALSE(limiter.ReserveAt(RateAmounts::Of(1'000, 0), At(10s), At(10s)));
}

TEST_CASE("rate limiter: settling keeps the limit busy although estimates are ten times too high",
          "[policy]") {
  // 60 callers, each reserves 4,000 tokens, uses 400 and takes two seconds.
  RateLimiter limiter(PerMinute(0, 60'000, 60s));
  std::multimap<Time, std::pair<RateTicket, bool>> events;
  double used = 0;
  const auto arrive = [&](Time now) {
    const auto ticket = limiter.ReserveAt(RateAmounts::Of(4'000, 0), now, kNever);
    REQUIRE(ticket);
    events.emplace(ticket->at, std::pair(*ticket, false));
  };
  for (int i = 0; i < 60; ++i) arrive(At(0s));
  Time now{};
  while (now < At(300s)) {
    auto [ticket, done] = events.begin()->second;
    now = events.begin()->first;
    events.erase(events.begin());
    if (done) {
      limiter.Settle(ticket, RateAmounts::Of(400, 0), now);
      // Others may go earlier now: their callers are woken.
      std::vector<RateTicket> waiting;
      for (auto it = events.begin(); it != events.end();) {
        if (!it->second.second) waiting.push_back(it->second.first);
        it = it->second.second ? std::next(it) : events.erase(it);
      }
      for (const RateTicket& w : waiting) events.emplace(now, std::pair(w, false));
      arrive(now);
      continue;
    }
    const Time at = limiter.Claim(&ticket, now);
    if (at <= now) used += 400;
    events.emplace(at <= now ? now + 2s : at, std::pair(ticket, at <= now));
  }
  CHECK(used <= 60'000 * 5 + 60'000);
  CHECK(used >= 0.95 * (60'000 * 5 + 60'000) - 20'000);  // ten in flight hold their reservations
}

TEST_CASE("rate limiter: what was used beyond the reservation is paid off first", "[policy]") {
  RateLimiter limiter(PerMinute(0, 60'000));
  const auto ticket = limiter.ReserveAt(RateAmounts::Of(1'000, 0), At(0s), kNever);
  limiter.Settle(*ticket, RateAmounts::Of(15'000, 0), At(0s));
  const auto next = limiter.ReserveAt(RateAmounts::Of(1'000, 0), At(0s), kNever);
  CHECK(Seconds(next->at - At(0s)) == Approx(6).margin(1e-6));
}

TEST_CASE("rate limiter: a request above a limit per minute never fits", "[policy]") {
  RateLimiter limiter(PerMinute(0, 30'000));
  CHECK_FALSE(limiter.Fits(RateAmounts::Of(30'000, 1)));
  CHECK_FALSE(limiter.ReserveAt(RateAmounts::Of(30'000, 1), At(0s), kNever));
  CHECK(limiter.ReserveAt(RateAmounts::Of(29'999, 1), At(0s), kNever)->at == At(0s));
}

TEST_CASE("rate limiter: each of the limits holds by itself", "[policy]") {
  RateLimiterConfig config;
  config.enabled = true;
  config.input_tokens_per_min = 60'000;
  config.output_tokens_per_min = 6'000;
  config.token_burst = 10s;
  RateLimiter limiter(config);
  CHECK(limiter.ReserveAt(RateAmounts::Of(5'000, 1'000), At(0s), kNever)->at == At(0s));
  const auto second = limiter.ReserveAt(RateAmounts::Of(5'000, 100), At(0s), kNever);
  CHECK(Seconds(second->at - At(0s)) == Approx(1).margin(1e-6));  // the output limit
}

TEST_CASE("rate limiter: the queue is bounded and a stale waiter leaves it", "[policy]") {
  RateLimiterConfig config = PerMinute(60, 0);
  config.max_waiting = 3;
  RateLimiter limiter(config);
  for (int i = 0; i < 13; ++i) CHECK(limiter.ReserveAt({}, At(0s), At(5s)));
  CHECK_FALSE(limiter.ReserveAt({}, At(0s), At(5s)));
  CHECK(limiter.waiting() == 3);
  CHECK(limiter.ReserveAt({}, At(6s), At(6s)));  // nobody came for theirs
  CHECK(limiter.waiting() == 0);
}

// ---- what providers say -----------------------------------------------------------------------

// How many requests go within `span`, each as early as it may.
int GoWithin(RateLimiter* limiter, Time from, Duration span) {
  int gone = 0;
  for (Time now = from; now < from + span; ++gone) {
    auto ticket = limiter->ReserveAt({}, now, from + span - 1ns);
    if (!ticket) break;
    now = ticket->at;
    if (ticket->taken == 0) CHECK(limiter->Claim(&*ticket, now) == now);
  }
  return gone;
}

TEST_CASE("rate limiter: spreads what remains of a fixed window over the time to its end",
          "[policy]") {
  RateLimiter limiter(PerMinute(600, 0));
  limiter.OnHeaders(RateDimension::kRequests, {600, 20, 40s}, At(0s));
  const int first = GoWithin(&limiter, At(0s), 20s);
  const int second = GoWithin(&limiter, At(20s), 20s);
  CAPTURE(first, second);
  CHECK(first + second <= 20);
  CHECK(first + second >= 18);
  CHECK(std::abs(first - second) <= 6);           // evenly, but for what may go at once
  CHECK(GoWithin(&limiter, At(40s), 10s) >= 99);  // and then as configured
}

TEST_CASE("rate limiter: an exhausted window lets nothing go before its end", "[policy]") {
  RateLimiter limiter(PerMinute(600, 0));
  limiter.OnHeaders(RateDimension::kRequests, {600, 0, 20s}, At(0s));
  CHECK(GoWithin(&limiter, At(0s), 20s) == 0);
  CHECK(GoWithin(&limiter, At(20s), 1s) >= 9);
}

TEST_CASE("rate limiter: a bucket's headers say what is in it and keep the rate", "[policy]") {
  // OpenAI: the reset is the time until the bucket is full again, here 40 s for 400 of 600.
  RateLimiter limiter(PerMinute(600, 0, 60s));
  limiter.OnHeaders(RateDimension::kRequests, {600, 200, 40s}, At(0s));
  const int gone = GoWithin(&limiter, At(0s), 10s);
  CHECK(gone >= 299);
  CHECK(gone <= 301);
}

TEST_CASE("rate limiter: headers never allow more than is configured", "[policy]") {
  for (const RateHeaders& headers :
       {RateHeaders{1e9, 1e9, 1ms}, RateHeaders{-1, -1, 0s}, RateHeaders{1e9, 5e8, 60s},
        RateHeaders{-1, 1e9, 1s}, RateHeaders{0, 1e9, -1ns}}) {
    RateLimiter told(PerMinute(600, 0));
    RateLimiter untold(PerMinute(600, 0));
    for (int i = 0; i < 100; ++i) {
      told.OnHeaders(RateDimension::kRequests, headers, At(0s));
      const Time at = told.ReserveAt({}, At(0s), kNever)->at;
      CHECK(at >= untold.ReserveAt({}, At(0s), kNever)->at);
    }
  }
}

TEST_CASE("rate limiter: a limit lower than configured, or not configured, is learned",
          "[policy]") {
  for (const int64_t configured : {0, 600}) {
    RateLimiter limiter(PerMinute(configured, 0));
    limiter.OnHeaders(RateDimension::kRequests, {60, 60, 0s}, At(0s));
    const int gone = GoWithin(&limiter, At(0s), 60s);
    CAPTURE(configured);
    CHECK(gone >= 69);  // a burst of 10 and one a second
    CHECK(gone <= 71);
  }
}

TEST_CASE("rate limiter: nothing goes before a 429's hint has passed, those who wait included",
          "[policy]") {
  RateLimiter limiter(PerMinute(60, 0));
  for (int i = 0; i < 10; ++i) (void)limiter.ReserveAt({}, At(0s), kNever);
  RateTicket waits = *limiter.ReserveAt({}, At(0s), kNever);
  RateTicket hasty = *limiter.ReserveAt({}, At(0s), At(5s));
  limiter.On429({}, 20s, At(500ms));
  limiter.On429({}, 1s, At(600ms));  // a shorter hint does not shorten the wait
  CHECK(limiter.Claim(&waits, waits.at) == At(20s + 500ms));
  CHECK(limiter.Claim(&hasty, At(1s)) == kNever);  // it would come too late
  CHECK(limiter.Claim(&waits, At(20s + 500ms)) == At(20s + 500ms));
  const Time next = limiter.ReserveAt({}, At(20s + 500ms), kNever)->at;
  CHECK(Seconds(next - At(20s + 500ms)) == Approx(1).margin(1e-6));
}

TEST_CASE("rate limiter: switched off, it lets everything go", "[policy]") {
  RateLimiterConfig config = PerMinute(1, 1);
  config.enabled = false;
  RateLimiter limiter(config);
  limiter.On429({}, 1h, At(0s));
  for (int i = 0; i < 1'000; ++i) {
    auto ticket = limiter.ReserveAt(RateAmounts::Of(1'000, 1'000), At(0s), At(0s));
    REQUIRE(ticket);
    CHECK(limiter.Claim(&*ticket, At(0s)) == At(0s));
    limiter.Settle(*ticket, RateAmounts::Of(1, 1), At(0s));
  }
}

TEST_CASE("rate limiter: a limit told for a window is one by the minute", "[policy]") {
  struct Row {
    Duration window;
    Duration reset;
    double per_min;  // that 60 in the window are
  };
  const Row rows[] = {{1min, -1ns, 60},
                      {10s, -1ns, 360},
                      {10s, 10s, 360},
                      {1s, -1ns, 3600},
                      {10s, 11s, 60}};  // it cannot be ten seconds
  for (const Row& row : rows) {
    RateLimiterConfig config;
    config.enabled = true;
    RateLimiter limiter(config);
    RateHeaders headers;
    headers.limit = 60;
    headers.reset = row.reset;
    headers.window = row.window;
    limiter.OnHeaders(RateDimension::kRequests, headers, kStart);
    RateAmounts amounts;
    amounts.of = {row.per_min, 0, 0, 0};
    CAPTURE(row.per_min, row.window / 1s);
    CHECK(limiter.Fits(amounts));
    amounts.of[0] += 1;
    CHECK_FALSE(limiter.Fits(amounts));
  }
}

TEST_CASE("rate limiter: seconds that were rounded up are still those of a bucket", "[policy]") {
  RateLimiterConfig config;
  config.enabled = true;
  RateLimiter limiter(config);
  RateHeaders headers;  // 13 of 60 in ten seconds are used, which takes 2.2 s to refill
  headers.limit = 60;
  headers.remaining = 47;
  headers.reset = 3s;
  headers.window = 10s;
  limiter.OnHeaders(RateDimension::kRequests, headers, kStart);
  RateAmounts amounts;
  amounts.of = {47, 0, 0, 0};
  const auto rest = limiter.ReserveAt(amounts, kStart, kNever);
  REQUIRE(rest.has_value());
  CHECK(rest->at == kStart);
  amounts.of[0] = 5;  // of the six that a second brings, and not only once the 3 s are over
  const auto next = limiter.ReserveAt(amounts, kStart + 1s, kNever);
  REQUIRE(next.has_value());
  CHECK(next->at == kStart + 1s);
}

}  // namespace
}  // namespace squall::rate_limiter_test
