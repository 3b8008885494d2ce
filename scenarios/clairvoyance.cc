#include "scenarios/clairvoyance.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/wire/dialect.h"
#include "mock_providers/faults.h"
#include "scenarios/session.h"
#include "scenarios/world.h"

namespace squall {
namespace {

// Changes of the weather that are looked at within one deadline.
constexpr int kMostChanges = 32;

}  // namespace

Clairvoyance::Clairvoyance(const Scenario& scenario, uint64_t seed, const Workload& workload,
                           const MockSide& mocks)
    : scenario_(scenario), seed_(seed), workload_(workload), mocks_(mocks) {
  for (const ProviderConfig& provider : scenario.providers) {
    for (const ModelConfig& model : provider.models) {
      limited_ = limited_ || model.context_tokens > 0 || model.max_output_tokens > 0 ||
                 !model.rejects.empty() || !model.streaming || !model.json;
    }
  }
}

void Clairvoyance::Begin(uint64_t call_key, uint64_t request_key, const WorkItem& item) {
  calls_.insert_or_assign(call_key, Known{item, request_key});
}

bool Clairvoyance::Good(const Known& known, const Provider& provider, uint32_t arrival,
                        size_t model, Time at) const {
  const std::string session = workload_.SessionName(known.item.session);
  const Outlook seen =
      provider.Peek(known.request_key, session, arrival, model, known.item.task.answer_tokens, at);
  const bool healthy = seen.fault < 0 || FaultTable()[static_cast<size_t>(seen.fault)].impairment;
  return healthy && seen.right && at + seen.latency <= known.item.at + scenario_.workload.deadline;
}

bool Clairvoyance::TakesUnchanged(const Known& known, Provider* provider, size_t model) const {
  if (!limited_) return true;
  const Dialect* dialect = FindDialect(provider->config().dialect);
  SQUALL_CHECK(dialect != nullptr);
  const ChatRequest request = workload_.MakeRequest(known.item);
  HttpRequest bytes;
  dialect->encode(request, provider->config().models[model].name, request.max_tokens, "squall",
                  &bytes);
  return !provider->TurnsDown(bytes);
}

bool Clairvoyance::TakesAdapted(const Known& known, const Provider& provider, size_t model) const {
  if (!limited_) return true;
  if (known.item.stream && !provider.config().models[model].streaming) return false;
  const TaskSpec& task = known.item.task;
  std::string answer;
  AppendAnswer(seed_, task, AnswerKind::kRight, &answer);
  const int64_t prompt_tokens = CountTokens(TaskPrompt(seed_, task, 0).size());
  return provider.Fits(model, prompt_tokens, CountTokens(answer.size()));
}

bool Clairvoyance::Recoverable(const WorkItem& item, uint64_t request_key, ProviderId first) const {
  const Known known{item, request_key};
  const Time deadline = item.at + scenario_.workload.deadline;
  Time at = item.at;
  for (int change = 0; change < kMostChanges && at < deadline; ++change) {
    for (const auto& provider : mocks_.providers) {
      const uint32_t start = provider->id() == first ? 1 : 0;
      const auto arrivals = static_cast<uint32_t>(kCeilingAttempts - 1);
      for (uint32_t arrival = start; arrival < start + arrivals; ++arrival) {
        for (size_t model = 0; model < provider->config().models.size(); ++model) {
          if (!TakesAdapted(known, *provider, model)) continue;
          if (Good(known, *provider, arrival, model, at)) return true;
        }
      }
    }
    at = mocks_.climate.NextChange(at);
  }
  return false;
}

std::optional<Foresight::Move> Clairvoyance::Next(const CallState& call, Time now) const {
  const auto found = calls_.find(call.key);
  SQUALL_CHECK(found != calls_.end());
  const Known& known = found->second;
  std::optional<Move> best;
  // Attempts on the way that are known to fail; less than those that are left.
  auto fewest = static_cast<uint32_t>(std::max(kCeilingAttempts - call.sent(), 0));
  Time at = now;
  for (int change = 0; change < kMostChanges && at < call.deadline && fewest > 0; ++change) {
    for (const auto& provider : mocks_.providers) {
      uint32_t arrived = 0;
      for (const AttemptRecord& attempt : call.result.attempts) {
        arrived += attempt.sent && attempt.provider == provider->id() &&
                   attempt.error != TransportError::kConnect;
      }
      for (uint32_t wasted = 0; wasted < fewest; ++wasted) {
        for (size_t model = 0; model < provider->config().models.size(); ++model) {
          if (wasted >= fewest || !Good(known, *provider, arrived + wasted, model, at)) continue;
          if (!TakesUnchanged(known, provider.get(), model)) continue;
          fewest = wasted;
          best = Move{Target{provider->id(), static_cast<uint16_t>(model)}, at};
        }
      }
    }
    at = mocks_.climate.NextChange(at);
  }
  return best;
}

bool Clairvoyance::Right(const CallState& call, std::string_view content) const {
  const auto found = calls_.find(call.key);
  SQUALL_CHECK(found != calls_.end());
  return OracleAccepts(seed_, found->second.item.task, content);
}

}  // namespace squall
