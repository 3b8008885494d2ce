#include "reports/request_steps.h"

#include <absl/strings/str_cat.h>

#include "reports/summary.h"

namespace squall {
namespace {

// Classes that the guard finds in an answer that came, rather than diagnosis in a reply that
// failed.
bool FoundByGuard(FailureClass failure) {
  switch (failure) {
    case FailureClass::kEmptyResponse:
    case FailureClass::kTruncated:
    case FailureClass::kSchemaViolation:
    case FailureClass::kSemantic: return true;
    default: return false;
  }
}

class Steps {
 public:
  Steps(const Outcome& outcome, const StepNames& names, const TextStyle& style)
      : outcome_(outcome), names_(names), style_(style) {}

  void Line(Time at, std::string_view step, const std::string& what) {
    const double ns = static_cast<double>((at - outcome_.started).count());
    text_ += PadLeft("+" + DurationText(ns, style_), 10) + "  " +
             Paint(PadRight(step, 9), Ink::kBold, style_) + " " + Printable(what, style_) + "\n";
  }

  std::string Target(const AttemptRecord& attempt) const {
    std::string target = names_.providers.at(attempt.provider);
    const auto& models = names_.models.at(attempt.provider);
    if (attempt.model < models.size()) target += "/" + models[attempt.model];
    return target;
  }

  void Attempt(const AttemptRecord& attempt, const AttemptOutcome* truth) {
    Line(attempt.started, "plan", std::string(attempt.strategy) + " -> " + Target(attempt));
    const Diagnosis& d = attempt.diagnosis;
    if (!attempt.sent) {
      Line(attempt.started, "act", absl::StrCat("refused locally, rule ", std::string(d.rule)));
      return;
    }
    Line(attempt.ended, "act", Reply(attempt, truth));
    if (d.ok()) {
      Line(attempt.ended, "diagnose", "ok");
      Line(attempt.ended, "validate", "accepted" + Truth(truth));
      return;
    }
    const bool guard = FoundByGuard(d.failure);
    if (guard) Line(attempt.ended, "diagnose", "ok");
    std::string said =
        absl::StrCat(std::string(FailureClassName(d.failure)), ", rule ", std::string(d.rule),
                     ", retry ", std::string(RetryDecisionName(d.retry)));
    if (d.retry_after) {
      said += " after " + DurationText(static_cast<double>(d.retry_after->count()), style_);
    }
    Line(attempt.ended, guard ? "validate" : "diagnose", said + Truth(truth));
  }

  std::string Take() { return std::move(text_); }

 private:
  std::string Reply(const AttemptRecord& attempt, const AttemptOutcome* truth) const {
    std::string text = attempt.error != TransportError::kNone
                           ? std::string(TransportErrorName(attempt.error))
                           : absl::StrCat("HTTP ", attempt.status);
    if (attempt.purpose == Purpose::kJudgement) text = "judge: " + text;
    if (attempt.purpose == Purpose::kSecondOpinion) text = "second opinion: " + text;
    const bool drawn = truth != nullptr && truth->fault >= 0;
    return text + " (" + (drawn ? "injected " + Fault(truth->fault) : "nothing injected") + ")";
  }

  std::string Fault(int fault) const {
    const auto row = static_cast<size_t>(fault);
    return row < names_.faults.size() ? names_.faults[row] : "load";
  }

  std::string Truth(const AttemptOutcome* truth) const {
    if (truth == nullptr) return "";
    const bool right = truth->diagnosed == truth->truth;
    return right ? ""
                 : absl::StrCat(" (in truth ", std::string(FailureClassName(truth->truth)), ")");
  }

  const Outcome& outcome_;
  const StepNames& names_;
  const TextStyle& style_;
  std::string text_;
};

std::string StepEnding(const Outcome& outcome) {
  Tally one;
  one.Add(outcome);
  if (one.strict > 0) return "right answer in time";
  if (one.lenient > 0) return "wrong answer in time, passed as right";
  return one.abstained > 0 ? "told of its failure in time" : "late or empty";
}

}  // namespace

std::string RenderSteps(const Outcome& outcome, const CallResult& result, const StepNames& names,
                        const TextStyle& style) {
  Steps steps(outcome, names, style);
  steps.Line(
      outcome.started, "arrive",
      absl::StrCat(
          "request ", outcome.index, ", ",
          DurationText(static_cast<double>(outcome.started.time_since_epoch().count()), style),
          " into the run"));
  size_t sent = 0;
  for (const AttemptRecord& attempt : result.attempts) {
    const bool known = attempt.sent && sent < outcome.attempts.size();
    steps.Attempt(attempt, known ? &outcome.attempts[sent] : nullptr);
    sent += attempt.sent ? 1 : 0;
  }
  std::string end =
      absl::StrCat(StepEnding(outcome), ", stopped: ", std::string(result.stop_reason));
  if (outcome.ceiling >= 0) {
    end += outcome.ceiling > 0 ? "; a clairvoyant engine recovers it"
                               : "; not even a clairvoyant engine recovers it";
  }
  steps.Line(outcome.ended, "end", end);
  return steps.Take();
}

}  // namespace squall
