#include "scenarios/workload.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>

#include "engine/base/random.h"

namespace squall {
namespace {

constexpr StreamId kGap = Stream("workload/gap");
constexpr StreamId kKind = Stream("workload/kind");
constexpr StreamId kPrompt = Stream("workload/prompt_tokens");
constexpr StreamId kAnswer = Stream("workload/answer_tokens");
constexpr StreamId kSession = Stream("workload/session");
constexpr StreamId kStreamed = Stream("workload/stream");
constexpr StreamId kResubmit = Stream("workload/resubmit");

int64_t Size(double u, int64_t median, double sigma) {
  if (median == 0) return 0;
  return static_cast<int64_t>(std::lround(LogNormal(u, static_cast<double>(median), sigma)));
}

}  // namespace

Workload::Workload(const Scenario& scenario, uint64_t seed)
    : scenario_(scenario), seed_(seed), kind_weights_(kTaskKindCount, 0.0) {
  double sum = 0;
  for (const auto& [name, weight] : scenario.workload.tasks) sum += weight;
  for (const auto& [name, weight] : scenario.workload.tasks) {
    kind_weights_[static_cast<size_t>(*FindTaskKind(name))] = weight / sum;
  }
}

// The gap before it is an exponential of mean 1 (uniform: 1) of expected arrivals, which phases of
// different rates use up at their own pace (time change of a Poisson process).
Time Workload::ArrivalOf(uint64_t number) {
  const ArrivalConfig& arrivals = scenario_.workload.arrivals;
  const bool uniform = arrivals.kind == ArrivalKind::kUniform;
  double gap = uniform ? 1.0 : Exponential(Draw(seed_, kGap, number), 1.0);
  Time from = last_;
  for (; phase_ < arrivals.phases.size(); ++phase_) {
    const ArrivalPhase& phase = arrivals.phases[phase_];
    const Time end = SaturatingAdd(phase_begin_, phase.length);
    const double expected = phase.rate_per_s * Seconds(end - from);
    if (gap < expected) return from + FromSeconds(gap / phase.rate_per_s);
    gap -= expected;
    from = phase_begin_ = end;
  }
  return from + FromSeconds(gap * (1.0 / arrivals.rate_per_s));
}

// All but its arrival.
WorkItem Workload::MakeItem(uint64_t index, uint64_t turn) const {
  const WorkloadConfig& config = scenario_.workload;
  const ConversationConfig& conversation = config.conversation;
  WorkItem item;
  item.index = index;
  item.task.number = index;
  const int kind = PickWeighted(Draw(seed_, kKind, index), kind_weights_);
  item.task.kind = static_cast<TaskKind>(std::max(kind, 0));  // -1 only where rounding ate the end
  item.session = conversation.turns > 1 ? index / static_cast<uint64_t>(conversation.turns)
                                        : PickBelow(DrawBits(seed_, kSession, index),
                                                    static_cast<uint64_t>(config.sessions));
  item.stream = config.stream > 0 && Draw(seed_, kStreamed, index) < config.stream;
  const ResubmitConfig& resubmit = config.resubmit;
  item.resubmitted = resubmit.share > 0 && Draw(seed_, kResubmit, index) < resubmit.share;
  const auto question = [&](uint64_t i) {
    return Size(Draw(seed_, kPrompt, i), config.prompt_tokens, config.prompt_sigma);
  };
  const auto answer = [&](uint64_t i) {
    return Size(Draw(seed_, kAnswer, i), config.answer_tokens, config.answer_sigma);
  };
  item.prompt_tokens = question(index);
  item.task.answer_tokens = answer(index);
  const uint64_t history = std::min(turn, static_cast<uint64_t>(conversation.history_turns));
  for (uint64_t back = 1; back <= history; ++back) {
    item.prompt_tokens += question(index - back) + answer(index - back);
  }
  return item;
}

std::optional<WorkItem> Workload::Next() {
  const WorkloadConfig& config = scenario_.workload;
  const uint64_t number = next_;
  const uint64_t index = number * static_cast<uint64_t>(config.conversation.turns);
  if (index >= static_cast<uint64_t>(config.requests)) return std::nullopt;
  ++next_;
  WorkItem item = MakeItem(index, 0);
  if (config.arrivals.kind == ArrivalKind::kTrace) {
    const TraceRow& row = scenario_.trace[index];
    item.at = kStart + row.at;
    item.prompt_tokens = row.context_tokens;
    item.task.answer_tokens = row.generated_tokens;
    return item;
  }
  item.at = ArrivalOf(number);
  last_ = item.at;
  return item;
}

std::optional<WorkItem> Workload::NextTurn(const WorkItem& item, Time at) const {
  const WorkloadConfig& config = scenario_.workload;
  const uint64_t index = item.index + 1;
  const uint64_t turn = index % static_cast<uint64_t>(config.conversation.turns);
  if (turn == 0 || index >= static_cast<uint64_t>(config.requests)) return std::nullopt;
  WorkItem next = MakeItem(index, turn);
  next.at = at;
  return next;
}

std::string Workload::SessionName(uint64_t session) const { return absl::StrCat("user-", session); }

ChatRequest Workload::MakeRequest(const WorkItem& item) const {
  // Room for the longest right answer to a short question, so that the limit cuts none of them.
  constexpr int64_t kLeastLimit = 256;
  ChatRequest request;
  request.id = TaskId(item.task);
  request.user = SessionName(item.session);
  request.stream = item.stream;
  request.max_tokens = std::max(kLeastLimit, 2 * item.task.answer_tokens);
  request.messages.emplace_back(Role::kUser, TaskPrompt(seed_, item.task, item.prompt_tokens));
  return request;
}

}  // namespace squall
