#include "reports/story.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/random.h"
#include "reports/losses.h"

namespace squall {
namespace {

constexpr StreamId kStoryRank = Stream("reports/story");

constexpr std::string_view kUnknown = "unknown";    // below a chain, where each layer has its own
constexpr std::string_view kOtherAction = "other";  // of flows beyond kMostFlows

std::string_view PurposeName(Purpose purpose) {
  switch (purpose) {
    case Purpose::kAnswer: return "answer";
    case Purpose::kSecondOpinion: return "second_opinion";
    case Purpose::kJudgement: return "judgement";
  }
  return "?";
}

int64_t Micros(Duration d) { return d.count() / 1000; }

}  // namespace

Ending EndingOf(const Outcome& outcome) {
  const bool answered = outcome.in_time && outcome.ok && outcome.body;
  if (answered) return outcome.right ? Ending::kStrict : Ending::kFalseRecovery;
  return outcome.in_time && !outcome.ok ? Ending::kAbstained : Ending::kLate;
}

std::string_view EndingName(Ending ending) {
  switch (ending) {
    case Ending::kStrict: return "strict";
    case Ending::kFalseRecovery: return "false_recovery";
    case Ending::kAbstained: return "abstained";
    case Ending::kLate: return "late";
  }
  return "?";
}

StoryRecorder::StoryRecorder(StoryNames names, uint64_t seed)
    : names_(std::move(names)), seed_(seed) {}

std::string StoryRecorder::FaultName(int fault) const {
  if (fault < 0) return "";
  SQUALL_CHECK(static_cast<size_t>(fault) < names_.faults.size());
  return names_.faults[static_cast<size_t>(fault)];
}

void StoryRecorder::OnRequest(const Outcome& outcome, const CallResult& result) {
  const Ending ending = EndingOf(outcome);
  const std::string_view stop = result.stop_reason.empty() ? kUnknown : result.stop_reason;
  const std::string_view action = result.ok ? result.answered_by : stop;
  const int fault = outcome.attempts.empty() ? -1 : outcome.attempts[0].fault;
  const std::string_view reason = ending == Ending::kStrict ? "" : ReasonOf(outcome);
  if (outcome.faulted()) {
    Flow flow{fault, outcome.attempts[0].diagnosed, result.ok, action, ending, reason};
    if (flows_.size() >= kMostFlows && !flows_.contains(flow)) flow.action = kOtherAction;
    ++flows_[flow];
  }
  const Group group{KindOf(outcome), fault, ending, action, reason};
  auto found = groups_.find(group);
  if (found == groups_.end()) {
    if (groups_.size() >= kMostGroups) return;
    found = groups_.try_emplace(group).first;
  }
  std::vector<Kept>& kept = found->second;
  const uint64_t rank = DrawBits(seed_, kStoryRank, outcome.index);
  if (kept.size() == kMostPerGroup && kept.back().rank <= rank) return;
  if (kept.size() == kMostPerGroup) kept.pop_back();
  const auto at = std::upper_bound(kept.begin(), kept.end(), rank,
                                   [](uint64_t r, const Kept& k) { return r < k.rank; });
  kept.insert(at, Kept{rank, Tell(outcome, result, ending)});
}

Story StoryRecorder::Tell(const Outcome& outcome, const CallResult& result, Ending ending) const {
  Story story;
  story.index = static_cast<int64_t>(outcome.index);
  story.kind = RequestKindName(KindOf(outcome));
  if (!outcome.attempts.empty()) story.fault = FaultName(outcome.attempts[0].fault);
  story.ending = EndingName(ending);
  if (ending != Ending::kStrict) story.reason = ReasonOf(outcome);
  story.stop_reason = result.stop_reason;
  story.answered_by = result.answered_by;
  story.arrived_us = Micros(outcome.started - kStart);
  story.took_us = Micros(outcome.ended - outcome.started);
  story.could_recover = outcome.ceiling;
  story.cost_usd = outcome.cost_usd;
  const auto sent =
      static_cast<size_t>(std::count_if(result.attempts.begin(), result.attempts.end(),
                                        [](const AttemptRecord& attempt) { return attempt.sent; }));
  if (sent != outcome.attempts.size()) {
    for (const AttemptOutcome& attempt : outcome.attempts) {
      story.attempts.push_back(Tell(attempt, outcome.started));
    }
    return story;
  }
  size_t next = 0;
  for (const AttemptRecord& attempt : result.attempts) {
    const AttemptOutcome* truth = attempt.sent ? &outcome.attempts[next++] : nullptr;
    story.attempts.push_back(Tell(attempt, truth, outcome.started));
  }
  return story;
}

StoryAttempt StoryRecorder::Tell(const AttemptRecord& attempt, const AttemptOutcome* truth,
                                 Time arrived) const {
  StoryAttempt told;
  SQUALL_CHECK(attempt.provider < names_.providers.size());
  told.provider = names_.providers[attempt.provider];
  const auto& models = names_.models[attempt.provider];
  if (attempt.model < models.size()) told.model = models[attempt.model];
  told.why = attempt.strategy;
  told.purpose = PurposeName(attempt.purpose);
  told.sent = attempt.sent;
  told.started_us = Micros(attempt.started - arrived);
  told.ended_us = Micros(attempt.ended - arrived);
  told.status = attempt.status;
  if (attempt.error != TransportError::kNone) told.transport = TransportErrorName(attempt.error);
  told.diagnosed = FailureClassName(attempt.diagnosis.failure);
  told.rule = attempt.diagnosis.rule;
  told.retry = RetryDecisionName(attempt.diagnosis.retry);
  if (attempt.diagnosis.retry_after) told.retry_after_us = Micros(*attempt.diagnosis.retry_after);
  told.tokens = attempt.usage.prompt_tokens + attempt.usage.completion_tokens;
  if (truth != nullptr) AddTruth(*truth, &told);
  return told;
}

StoryAttempt StoryRecorder::Tell(const AttemptOutcome& attempt, Time arrived) const {
  StoryAttempt told;
  SQUALL_CHECK(attempt.provider < names_.providers.size());
  told.provider = names_.providers[attempt.provider];
  told.why = attempt.strategy;
  told.started_us = Micros(attempt.started - arrived);
  told.ended_us = Micros(attempt.ended - arrived);
  told.diagnosed = FailureClassName(attempt.diagnosed);
  told.rule = attempt.rule;
  told.retry = RetryDecisionName(attempt.diagnosed_retry);
  AddTruth(attempt, &told);
  return told;
}

void StoryRecorder::AddTruth(const AttemptOutcome& truth, StoryAttempt* told) const {
  told->fault = FaultName(truth.fault);
  told->variant = truth.variant;
  if (truth.episode >= 0 && static_cast<size_t>(truth.episode) < names_.episodes.size()) {
    told->episode = names_.episodes[static_cast<size_t>(truth.episode)];
  }
  told->truth = FailureClassName(truth.truth);
}

void StoryRecorder::Merge(const StoryRecorder& later) {
  for (const auto& [flow, count] : later.flows_) {
    Flow to = flow;
    if (flows_.size() >= kMostFlows && !flows_.contains(to)) to.action = kOtherAction;
    flows_[to] += count;
  }
  for (const auto& [group, kept] : later.groups_) {
    if (groups_.size() >= kMostGroups && !groups_.contains(group)) continue;
    std::vector<Kept>& all = groups_[group];
    for (Kept one : kept) {
      one.story.replication += replications_;
      all.push_back(std::move(one));
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Kept& a, const Kept& b) { return a.rank < b.rank; });
    if (all.size() > kMostPerGroup) all.resize(kMostPerGroup);
  }
  replications_ += later.replications_;
}

bool StoryRecorder::Precedes(const Group& a, const Group& b) {
  const auto order = [](const Group& group) {
    const bool faulted = group.kind == RequestKind::kFaulted;
    const bool good = group.ending == Ending::kStrict;
    return good ? (faulted ? 2 : 3) : (faulted ? 0 : 1);
  };
  if (order(a) != order(b)) return order(a) < order(b);
  if (a.fault != b.fault) return a.fault < b.fault;
  if (a.ending != b.ending) return a.ending < b.ending;
  return a < b;
}

std::vector<Story> StoryRecorder::Stories() const {
  using Row = std::pair<const Group*, const std::vector<Kept>*>;
  std::vector<Row> rows;
  for (const auto& [group, kept] : groups_) rows.emplace_back(&group, &kept);
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return Precedes(*a.first, *b.first); });
  std::vector<size_t> taken(rows.size(), 0);
  size_t total = 0;
  for (size_t turn = 0; turn < kMostPerGroup; ++turn) {
    for (size_t i = 0; i < rows.size() && total < kMostStories; ++i) {
      if (rows[i].second->size() <= turn) continue;
      ++taken[i];
      ++total;
    }
  }
  std::vector<Story> stories;
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t k = 0; k < taken[i]; ++k) stories.push_back((*rows[i].second)[k].story);
  }
  return stories;
}

std::vector<FlowRow> StoryRecorder::Flows() const {
  std::vector<FlowRow> rows;
  for (const auto& [flow, count] : flows_) {
    FlowRow row;
    row.fault = FaultName(flow.fault);
    row.diagnosed = FailureClassName(flow.diagnosed);
    row.action = std::string(flow.answered ? "" : "stop: ") + std::string(flow.action);
    row.ending = EndingName(flow.ending);
    row.reason = flow.reason;
    row.count = count;
    rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const FlowRow& a, const FlowRow& b) { return a.count > b.count; });
  return rows;
}

}  // namespace squall
