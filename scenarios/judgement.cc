// What Session makes of a request that has ended: its outcome, by the ground truth and the oracle.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "mock_providers/faults.h"
#include "mock_providers/tasks.h"
#include "scenarios/session.h"

namespace squall {
namespace {

// A failure reported at the deadline is reported in time; timers of a real machine fire a little
// after it.
constexpr Duration kFailureGrace = 500ms;

// What an attempt is called that nobody has named.
constexpr std::string_view kOnlyAttempt = "first";

AttemptOutcome MakeAttempt(const AttemptRecord& attempt, const Arrival* arrival) {
  AttemptOutcome out;
  out.provider = attempt.provider;
  out.strategy = attempt.strategy;
  out.rule = attempt.diagnosis.rule;
  out.judges = attempt.purpose == Purpose::kJudgement;
  out.started = attempt.started;
  out.ended = attempt.ended;
  out.diagnosed = attempt.diagnosis.failure;
  out.diagnosed_retry = attempt.diagnosis.retry;
  if (arrival == nullptr) return out;
  out.model_erred = arrival->model_erred;
  if (!arrival->fault.present()) {
    // An error of the model that somebody has noticed is no false alarm.
    const bool noticed = attempt.diagnosis.failure == FailureClass::kSemantic;
    if (noticed && arrival->wrong_by_model) out.truth = FailureClass::kSemantic;
    return out;
  }
  const FaultTruth& fault = arrival->fault;
  out.fault = fault.kind;
  out.episode = fault.episode;
  out.variant = fault.variant;
  out.impairment = FaultTable()[static_cast<size_t>(fault.kind)].impairment;
  out.by_load = fault.by_load;
  out.hidden = fault.hidden;
  out.truth = FailureClassByName(fault.failure_class);
  out.truth_retry = RetryDecisionByName(fault.retry_decision);
  return out;
}

// An answer of the first instance that was not handed out because of what others said.
bool Doubted(const AttemptRecord& attempt, std::span<const AttemptRecord> attempts,
             const CallResult& result) {
  if (attempt.diagnosis.rule == "judge.wrong") return true;
  if (attempt.purpose != Purpose::kAnswer || !attempt.diagnosis.ok()) return false;
  if (result.ok && result.answered_by == attempt.strategy) return false;
  return std::any_of(attempts.begin(), attempts.end(), [](const AttemptRecord& other) {
    return other.sent && other.purpose == Purpose::kSecondOpinion;
  });
}

bool StartedBefore(const AttemptRecord& a, const AttemptRecord& b) { return a.started < b.started; }

}  // namespace

std::string SecondId(std::string_view id) { return std::string(id) + "-again"; }

// The attempts below a call chain, in the order in which they were sent.
Session::Attempts Session::Gathered(std::string_view id) {
  const auto found = gathered_.find(std::string(id));
  if (found == gathered_.end()) return {};
  Attempts attempts = std::move(found->second);
  gathered_.erase(found);
  std::stable_sort(attempts.begin(), attempts.end(), StartedBefore);
  return attempts;
}

void Session::Judge(const WorkItem& item, std::string_view id, const CallResult& result,
                    Outcome outcome) {
  if (target_ != nullptr) {
    KeepUnsettled({item, std::string(id), result, std::move(outcome)});
    return;
  }
  if (scenario_.chain.empty()) {
    AddAttempts(id, result.attempts, result, &outcome);
    Conclude(item, id, result, &outcome);
    return;
  }
  const Attempts attempts = Gathered(id);
  AddAttempts(id, attempts, result, &outcome);
  CallResult whole;
  whole.ok = result.ok;
  whole.status = result.status;
  whole.has_body = result.has_body;
  whole.content = result.content;
  whole.ended = result.ended;
  // By the attempt that was the first of all, or by what any layer did about that one's failure.
  const bool first = attempts.size() == 1;
  whole.answered_by = first ? attempts[0].strategy : std::string_view("chain");
  Conclude(item, id, whole, &outcome);
}

void Session::JudgeRepeated(const Pending& pending, std::string_view id, bool* answered) {
  std::vector<const CallResult*> results;
  for (const CallResult& result : pending.ended) results.push_back(&result);
  for (const CallResult& result : pending.apart) results.push_back(&result);
  SQUALL_CHECK(!results.empty());
  // What the caller holds is the first answer; without any, the last thing it was told.
  const auto sooner = [](const CallResult* a, const CallResult* b) {
    return a->ok != b->ok ? a->ok : a->ok ? a->ended < b->ended : a->ended > b->ended;
  };
  CallResult kept = **std::min_element(results.begin(), results.end(), sooner);
  const bool lost = !kept.ok && kept.stop_reason == "cancelled";
  if (lost) kept.ended = pending.item.at + scenario_.workload.deadline + 2 * kFailureGrace;
  Outcome outcome;
  outcome.submissions = pending.submissions;
  for (const CallResult* result : results) outcome.results += result->ok;
  if (answered != nullptr) *answered = kept.ok;
  if (target_ != nullptr) {
    KeepUnsettled({pending.item, std::string(id), kept, std::move(outcome)});
    return;
  }
  const auto all = [this](std::string_view key, const std::vector<CallResult>& from) {
    if (!scenario_.chain.empty()) return Gathered(key);
    Attempts attempts;
    for (const CallResult& result : from) {
      attempts.insert(attempts.end(), result.attempts.begin(), result.attempts.end());
    }
    std::stable_sort(attempts.begin(), attempts.end(), StartedBefore);
    return attempts;
  };
  AddAttempts(id, all(id, pending.ended), kept, &outcome);
  if (!pending.apart.empty()) {
    const std::string second = SecondId(id);
    AddAttempts(second, all(second, pending.apart), kept, &outcome);
  }
  Conclude(pending.item, id, kept, &outcome);
}

// Joins the attempts under one key with what the providers know of it.
void Session::AddAttempts(std::string_view id, std::span<const AttemptRecord> attempts,
                          const CallResult& result, Outcome* outcome) {
  const uint64_t key = RequestKey(id);
  const Arrivals arrivals = truth_.Take(key);
  const Arrivals judged = truth_.Take(JudgeKey(key));
  const bool first = outcome->attempts.empty();
  JoinAttempts(attempts, result, arrivals, judged, outcome);
  AddCost(arrivals, outcome);
  AddCost(judged, outcome);
  for (const Arrival& arrival : arrivals) outcome->executions += arrival.executed;
  if (first && !arrivals.empty()) {
    outcome->wrong_by_model = !arrivals[0].fault.present() && arrivals[0].wrong_by_model;
  }
}

void Session::Conclude(const WorkItem& item, std::string_view id, const CallResult& result,
                       Outcome* outcome) {
  const Time deadline = item.at + scenario_.workload.deadline;
  outcome->index = item.index;
  outcome->started = item.at;
  outcome->ended = result.ended;
  outcome->ok = result.ok;
  outcome->in_time = result.ended <= (result.ok ? deadline : deadline + kFailureGrace);
  // A caller that gave up waiting was told nothing.
  if (outcome->target && result.stop_reason == "no_answer") outcome->in_time = false;
  outcome->body = result.ok && result.status == 200 && result.has_body;
  outcome->right = result.ok && OracleAccepts(seed_, item.task, result.content);
  outcome->stop = result.stop_reason;
  outcome->answered_by = result.answered_by;
  if (!repeats_) outcome->results = result.ok;
  if (outcome->faulted()) {
    const bool saved =
        clairvoyance_.Recoverable(item, RequestKey(id), outcome->attempts[0].provider);
    outcome->ceiling = saved ? 1 : 0;
  }
  result_.metrics.Add(*outcome);
  if (hooks_.keep_requests) result_.requests.Add(*outcome);
  if (result_.chronicle != nullptr && target_ != nullptr) {
    result_.chronicle->OnCaller(*outcome);
  } else if (result_.chronicle != nullptr) {
    const RecoveryBudget& budget = ClientOf(item).engine().admission().budget();
    result_.chronicle->OnRequest(*outcome, result, budget.overall().Left(env_.Now()));
  }
  const bool counts = target_ == nullptr;  // else it has been counted when its call ended
  if (counts && hooks_.done != nullptr) hooks_.done->fetch_add(1, std::memory_order_relaxed);
  if (hooks_.on_outcome) hooks_.on_outcome(*outcome, result);
}

// The k-th attempt that the engine sent to a provider is the k-th arrival there; attempts that
// never connected did not arrive. Calls of a judge arrive under a key of their own
// (mock_providers/judge.h).
void Session::JoinAttempts(std::span<const AttemptRecord> attempts, const CallResult& result,
                           const Arrivals& arrivals, const Arrivals& judged,
                           Outcome* outcome) const {
  using Places = absl::InlinedVector<size_t, 8>;
  Places next_answer(scenario_.providers.size(), 0);
  Places next_judgement(scenario_.providers.size(), 0);
  for (const AttemptRecord& attempt : attempts) {
    if (!attempt.sent) continue;
    const bool judges = attempt.purpose == Purpose::kJudgement;
    const Arrivals& among = judges ? judged : arrivals;
    const Arrival* found = nullptr;
    size_t& from = (judges ? next_judgement : next_answer)[attempt.provider];
    const bool arrived = attempt.error != TransportError::kConnect;
    for (; arrived && from < among.size(); ++from) {
      if (among[from].provider != attempt.provider) continue;
      found = &among[from++];
      break;
    }
    outcome->attempts.push_back(MakeAttempt(attempt, found));
    if (!Doubted(attempt, attempts, result)) continue;
    outcome->attempts.back().doubted = true;
    if (attempt.diagnosis.ok()) outcome->attempts.back().rule = "opinions.differ";
  }
}

// The last thing that a caller sees of a call is not the last that a target sends upstream for it.
void Session::KeepUnsettled(Unsettled call) {
  if (hooks_.done != nullptr) hooks_.done->fetch_add(1, std::memory_order_relaxed);
  unsettled_.push_back(std::move(call));
  JudgeSettled(env_.Now() - target_->settle());
}

void Session::JudgeSettled(Time before) {
  while (!unsettled_.empty() && unsettled_.front().result.ended < before) {
    JudgeAtTarget(&unsettled_.front());
    unsettled_.pop_front();
  }
}

// Its attempts are what arrived upstream.
void Session::JudgeAtTarget(Unsettled* call) {
  const uint64_t key = RequestKey(call->id);
  const Arrivals arrivals = truth_.Take(key);
  Outcome& outcome = call->outcome;
  outcome.target = true;
  AddArrivals(arrivals, false, call);
  AddArrivals(truth_.Take(JudgeKey(key)), true, call);
  for (const Arrival& arrival : arrivals) outcome.executions += arrival.executed;
  // Which of several brought the answer is not known; of one it is.
  const bool first = outcome.attempts.size() == 1;
  if (call->result.ok) call->result.answered_by = first ? kOnlyAttempt : "target";
  if (first && !arrivals.empty() && call->result.ok && !outcome.streamed) {
    const Arrival& only = arrivals[0];
    if (!only.fault.present()) {
      outcome.added = (call->result.ended - call->result.started) - (only.replied - only.arrived);
    }
  }
  outcome.wrong_by_model =
      !arrivals.empty() && !arrivals[0].fault.present() && arrivals[0].wrong_by_model;
  Conclude(call->item, call->id, call->result, &outcome);
}

void Session::AddArrivals(const Arrivals& arrivals, bool judges, Unsettled* call) {
  for (const Arrival& arrival : arrivals) {
    AttemptRecord attempt;
    attempt.provider = arrival.provider;
    attempt.strategy = kOnlyAttempt;
    attempt.purpose = judges ? Purpose::kJudgement : Purpose::kAnswer;
    attempt.started = arrival.arrived;
    attempt.ended = std::min(arrival.replied, std::max(arrival.arrived, call->result.ended));
    call->outcome.attempts.push_back(MakeAttempt(attempt, &arrival));
    UpstreamCount& count = result_.target->upstreams[arrival.provider];
    ++count.attempts;
    count.executed += arrival.executed;
    count.faulted += arrival.fault.present();
  }
  AddCost(arrivals, &call->outcome);
}

// What was refused by a key, a quota or a queue is not billed.
void Session::AddCost(const Arrivals& arrivals, Outcome* outcome) const {
  for (const Arrival& arrival : arrivals) {
    if (!arrival.executed) continue;
    const ModelConfig& model = scenario_.providers[arrival.provider].models[arrival.model];
    outcome->prompt_tokens += arrival.prompt_tokens;
    outcome->completion_tokens += arrival.completion_tokens;
    outcome->cost_usd +=
        1e-6 * (static_cast<double>(arrival.prompt_tokens) * model.usd_per_mtok_in +
                static_cast<double>(arrival.completion_tokens) * model.usd_per_mtok_out);
  }
}

}  // namespace squall
