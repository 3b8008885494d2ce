#include "reports/losses.h"

#include <algorithm>
#include <array>

namespace squall {
namespace {

struct ReasonText {
  std::string_view reason;
  std::string_view words;
};

constexpr std::array kReasonTexts = {
    ReasonText{"model_error", "the model erred by itself"},
    ReasonText{"hidden_fault", "wrong in perfect form"},
    ReasonText{"missed_fault", "the guard missed it"},
    ReasonText{"wrong_answer", "wrong, passed on"},
    ReasonText{"http_error", "the target gave an error"},
    ReasonText{"broken_reply", "the target broke off"},
    ReasonText{"no_answer", "the target did not answer"},
    ReasonText{"target_down", "no connection to the target"},
    ReasonText{"late", "right, but late"},
    ReasonText{"empty", "a success without a body"},
    ReasonText{"budget", "retry budget used up"},
    ReasonText{"provider_budget", "a provider's budget used up"},
    ReasonText{"circuit_open", "circuits open"},
    ReasonText{"all_open", "all circuits open"},
    ReasonText{"no_time", "too little time for another"},
    ReasonText{"asked_to_wait", "asked to wait too long"},
    ReasonText{"deadline", "deadline reached"},
    ReasonText{"attempts", "attempts used up"},
    ReasonText{"refused", "our own limits full"},
    ReasonText{"committed", "the caller held a piece"},
    ReasonText{"final", "taken for incurable"},
    ReasonText{"no_plan", "nowhere left to ask"},
    ReasonText{"unverified", "nobody left to confirm"},
    ReasonText{"disagreement", "models disagreed"},
};

// The attempt whose answer the caller was given.
const AttemptOutcome* Given(const Outcome& outcome) {
  const AttemptOutcome* given = nullptr;
  for (const AttemptOutcome& attempt : outcome.attempts) {
    const bool answers = attempt.diagnosed == FailureClass::kOk;
    if (answers && attempt.strategy == outcome.answered_by) given = &attempt;
  }
  // What was mended was no success as it came.
  return given != nullptr || outcome.attempts.empty() ? given : &outcome.attempts.back();
}

bool WrongPassed(const Outcome& outcome) {
  return outcome.in_time && outcome.ok && outcome.body && !outcome.right;
}

std::string_view ReasonOfWrong(const Outcome& outcome) {
  if (outcome.target) return "wrong_answer";  // which attempt brought it, nobody knows
  const AttemptOutcome* const given = Given(outcome);
  if (given == nullptr || given->fault < 0 || given->impairment) return "model_error";
  // Mended in form, and it was wrong in content before.
  if (given->diagnosed != FailureClass::kOk && given->model_erred) return "model_error";
  return given->hidden ? "hidden_fault" : "missed_fault";
}

}  // namespace

std::string_view ReasonOf(const Outcome& outcome) {
  if (WrongPassed(outcome)) return ReasonOfWrong(outcome);
  if (!outcome.ok) return outcome.stop.empty() ? "unknown" : outcome.stop;
  return outcome.body ? "late" : "empty";
}

std::string_view ReasonWords(std::string_view reason) {
  for (const ReasonText& row : kReasonTexts) {
    if (row.reason == reason) return row.words;
  }
  return reason;
}

void LossTable::Add(std::string_view reason, int64_t count, uint64_t example) {
  for (Row& row : rows_) {
    if (row.reason != reason) continue;
    row.count += count;
    return;
  }
  rows_.push_back(Row{std::string(reason), count, example});
}

void LossTable::Merge(const LossTable& other) {
  for (const Row& row : other.rows_) Add(row.reason, row.count, row.example);
}

int64_t LossTable::total() const {
  int64_t sum = 0;
  for (const Row& row : rows_) sum += row.count;
  return sum;
}

int64_t LossTable::count(std::string_view reason) const {
  for (const Row& row : rows_) {
    if (row.reason == reason) return row.count;
  }
  return 0;
}

std::vector<LossTable::Row> LossTable::MostFirst() const {
  std::vector<Row> rows = rows_;
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return a.count != b.count ? a.count > b.count : a.reason < b.reason;
  });
  return rows;
}

void VisibleFaults::Add(const Outcome& outcome) {
  if (!outcome.faulted() || outcome.attempts[0].hidden) return;
  ++n;
  if (!WrongPassed(outcome)) return;
  ++wrong;
  missed += ReasonOfWrong(outcome) == "missed_fault" ? 1 : 0;
}

void VisibleFaults::Merge(const VisibleFaults& other) {
  n += other.n;
  wrong += other.wrong;
  missed += other.missed;
}

}  // namespace squall
