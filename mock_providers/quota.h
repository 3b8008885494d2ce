// Quotas of a provider: requests and tokens per minute, requests per day, requests at once, money,
// and caps that several deployments of a region share. What they turn down depends on the engine's
// own load, so its truth is by_load.
//
// A bucket refills all the time rather than once per window (GCRA), as the printed waits of real
// 429s show: wait = (used + requested - limit) / limit * window holds to the printed digit for 11
// of 14 public OpenAI and Groq messages; the other three are edited strings of unit tests.
//
// Time is an argument and never goes back. One thread, but for QuotaRegions, which all may share.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "mock_providers/config.h"

namespace squall {

// Until `requested` fits beside `used`; zero if it does now. `limit` > 0.
Duration QuotaWait(double used, double requested, double limit, Duration window);

// One limit as headers tell it. limit 0 = there is none.
struct QuotaLine {
  int64_t limit = 0;
  int64_t remaining = 0;
  Duration reset{};  // until nothing is used any more
};

struct QuotaView {
  QuotaLine requests;
  QuotaLine tokens;
  QuotaLine input_tokens;
  QuotaLine output_tokens;
};

enum class QuotaLimit : uint8_t {
  kNone,
  kRequests,      // per minute
  kTokens,        // per minute
  kInputTokens,   // per minute
  kOutputTokens,  // per minute
  kDay,           // requests per day
  kConcurrency,
  kSpend,
  kTooLarge,  // one request beyond a whole token limit: it never fits
};
std::string_view QuotaLimitName(QuotaLimit limit);

struct QuotaVerdict {
  QuotaLimit hit = QuotaLimit::kNone;
  bool regional = false;      // the region's limit, not the provider's own
  bool daily_window = false;  // kDay: gone until midnight, whatever the hint says
  int64_t limit = 0;          // of what was hit; with `used` and `requested` it gives `wait`
  int64_t used = 0;
  int64_t requested = 0;
  Duration window{};
  std::optional<Duration> wait;  // none where waiting is no use or nobody knows
  HintForm hint = HintForm::kUsual;
  QuotaView view;
  bool admitted() const { return hit == QuotaLimit::kNone; }
};

// One limit over a window that slides.
class QuotaBucket {
 public:
  QuotaBucket(int64_t limit, Duration window);  // limit 0 = everything fits

  bool limited() const { return limit_ > 0; }
  int64_t limit() const { return limit_; }
  Duration window() const { return window_; }
  int64_t Used(Time now) const;  // rounded up; may pass the limit by what refills in a millisecond
  // What would fit within a millisecond fits: hints are printed in whole ones.
  bool Fits(int64_t requested, Time now) const;
  Duration Wait(int64_t requested, Time now) const;
  // What fitted; may pass the limit by that millisecond, so that it is paid back.
  void Charge(int64_t amount, Time now);
  void ChargeRefused(int64_t amount, Time now);  // never beyond the limit
  QuotaLine Line(Time now) const;

 private:
  double UsedAt(Time now) const;

  int64_t limit_;
  Duration window_;
  double used_ = 0;  // at last_
  Time last_{};
};

// Buckets that the deployments of a region share. Made by the first that names the region; its
// figures count.
class QuotaRegions {
 public:
  struct Region {
    std::mutex mutex;
    QuotaBucket requests;
    QuotaBucket tokens;
    explicit Region(const QuotaConfig& config);
  };
  Region* Find(const QuotaConfig& config);  // never nullptr; lives as long as the registry

 private:
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Region>, std::less<>> regions_;
};

// What a request costs before anybody knows the length of its answer.
struct QuotaCost {
  int64_t tokens = 0;  // counted by limits on all tokens
  int64_t input = 0;
  int64_t output = 0;
};
QuotaCost CostOf(int64_t prompt_tokens, int64_t max_tokens);

class Quota {
 public:
  // `regions` may be null: then a region is the provider's own.
  Quota(const QuotaConfig& config, QuotaRegions* regions);

  // Whether `config` limits anything at all.
  static bool Limits(const QuotaConfig& config);

  // Decides about one request and charges it.
  QuotaVerdict Admit(const QuotaCost& cost, Time now);

  // An admitted request runs until `ends`, whether or not its client waits for it.
  void Began(Time ends);
  void Spent(double usd) { spent_usd_ += usd; }

 private:
  void FindHit(const QuotaCost& cost, Time now, QuotaVerdict* verdict);
  void HitBuckets(const QuotaCost& cost, Time now, QuotaVerdict* verdict);
  bool HitMidnightQuota(Time now, QuotaVerdict* verdict);
  void Charge(const QuotaCost& cost, Time now, const QuotaVerdict& verdict);
  QuotaView View(Time now) const;

  QuotaConfig config_;
  QuotaBucket requests_;
  QuotaBucket tokens_;
  QuotaBucket input_;
  QuotaBucket output_;
  QuotaBucket day_;
  int64_t day_number_ = -1;  // of a quota that is renewed at midnight
  int64_t day_used_ = 0;
  double spent_usd_ = 0;
  std::vector<Time> running_;  // min-heap of ends
  std::unique_ptr<QuotaRegions> own_regions_;
  QuotaRegions::Region* region_ = nullptr;
};

}  // namespace squall
