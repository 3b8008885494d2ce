#include "mock_providers/hints.h"

#include <algorithm>

#include "mock_providers/task_facts.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

constexpr int kDisagreement = 4;
constexpr Duration kGoneBy = 1h;

Duration Rounded(Duration wait) { return std::chrono::seconds(CeilSeconds(wait)); }

void AddMilliseconds(Duration wait, Headers* headers) {
  AddInt("retry-after-ms", std::chrono::ceil<std::chrono::milliseconds>(wait) / 1ms, headers);
}

// "1.146"
std::string Fraction(Duration wait) {
  const auto ms = static_cast<uint64_t>(
      std::max<int64_t>(std::chrono::ceil<std::chrono::milliseconds>(wait) / 1ms, 0));
  std::string out;
  AppendNumber(ms / 1000, &out);
  out += '.';
  AppendPadded(ms % 1000, 3, &out);
  return out;
}

// A date says nothing to whoever does not know what time the server thinks it is.
void AddClock(const ReplyPlan& plan, Headers* headers) {
  if (!headers->Find("date")) headers->Add("date", HttpDate(plan.at));
}

// Resets are about limits: they say nothing of a server without capacity, nor of a request that
// never fits.
bool ResetsCount(const ApiError& error) {
  const bool never_fits = error.quota != nullptr && error.quota->hit == QuotaLimit::kTooLarge;
  return error.kind == ApiErrorKind::kRateLimit && !never_fits;
}

Duration AddUsual(Duration wait, const HintPlaces& places, Headers* headers) {
  using Exact = HintPlaces::Exact;
  AddInt("retry-after", CeilSeconds(wait), headers);
  const bool rounded = Rounded(wait) != wait;
  const bool exact =
      places.exact == Exact::kAlways || (places.exact == Exact::kIfRounded && rounded);
  if (exact) AddMilliseconds(wait, headers);
  return exact || places.words ? wait : Rounded(wait);
}

// The headers about waiting, and the wait that they ask for.
std::optional<Duration> AddHeaders(const ApiError& error, const HintPlaces& places,
                                   ReplyPlan* plan) {
  const Duration wait = *error.retry_after;
  Headers* headers = &plan->headers;
  switch (error.hint) {
    case HintForm::kUsual:
    case HintForm::kNinety:
    case HintForm::kDisagree: return AddUsual(wait, places, headers);
    case HintForm::kSeconds:
      AddInt("retry-after", CeilSeconds(wait), headers);
      return Rounded(wait);
    case HintForm::kFraction: headers->Add("retry-after", Fraction(wait)); return wait;
    case HintForm::kMilliseconds: AddMilliseconds(wait, headers); return wait;
    case HintForm::kHttpDate: {
      const Time moment = kStart + Rounded(SaturatingAdd(plan->at, wait).time_since_epoch());
      AddClock(*plan, headers);
      headers->Add("retry-after", HttpDate(moment));
      return moment - plan->at;
    }
    case HintForm::kPastDate:
      AddClock(*plan, headers);
      headers->Add("retry-after", HttpDate(plan->at - kGoneBy));
      return std::nullopt;
    case HintForm::kZero: headers->Add("retry-after", "0"); return std::nullopt;
    case HintForm::kNegative: headers->Add("retry-after", "-1"); return std::nullopt;
    case HintForm::kResetOnly: AddClock(*plan, headers); return std::nullopt;
    case HintForm::kNone:
    case HintForm::kBodyOnly:
    case HintForm::kRemaining: break;
  }
  return std::nullopt;
}

// Of the limits that are used up, the one that takes longest.
std::optional<Duration> LongestReset(const QuotaView& told) {
  std::optional<Duration> longest;
  for (const QuotaLine* line :
       {&told.requests, &told.tokens, &told.input_tokens, &told.output_tokens}) {
    if (line->limit > 0 && line->remaining == 0)
      longest = std::max<std::optional<Duration>>(longest, line->reset);
  }
  return longest;
}

}  // namespace

std::optional<Duration> WaitInWords(const ApiError& error) {
  if (!error.retry_after) return std::nullopt;
  switch (error.hint) {
    case HintForm::kUsual:
    case HintForm::kNinety:
    case HintForm::kBodyOnly: return error.retry_after;
    case HintForm::kDisagree: return *error.retry_after * kDisagreement;
    default: return std::nullopt;
  }
}

QuotaView HintView(const ApiError& error) {
  QuotaView view;
  if (error.quota != nullptr) view = error.quota->view;
  const bool made_up = error.quota == nullptr && error.retry_after && ResetsCount(error);
  if (made_up && error.hint == HintForm::kResetOnly) {
    view.requests = {60, 0, *error.retry_after};
    view.tokens = view.input_tokens = {200'000, 150'000, 15s};
  }
  if (error.hint != HintForm::kRemaining) return view;
  if (made_up) {
    view.requests = {60, 57, 3s};
    view.tokens = view.input_tokens = {200'000, 150'000, 15s};
  }
  for (QuotaLine* line : {&view.requests, &view.tokens, &view.input_tokens, &view.output_tokens}) {
    line->remaining = std::max(line->remaining, (line->limit + 1) / 2);
  }
  return view;
}

void StateHint(const ApiError& error, const HintPlaces& places, const QuotaView& told,
               ReplyPlan* plan) {
  std::optional<Duration> wait;
  if (places.words) wait = WaitInWords(error);
  const bool alone = error.hint == HintForm::kBodyOnly || error.hint == HintForm::kDisagree;
  if (wait && places.whole_seconds && alone) wait = Rounded(*wait);
  if (places.header && error.retry_after) wait = std::max(wait, AddHeaders(error, places, plan));
  // "Now" is an answer to when; the other wrong ones are none, and then the limits are asked.
  const bool said = wait || (error.retry_after && error.hint == HintForm::kZero);
  if (!said && ResetsCount(error)) wait = LongestReset(told);
  const bool asks = wait > Duration::zero();
  plan->retry_not_before = asks ? SaturatingAdd(plan->at, *wait) : kStart;
}

}  // namespace squall
