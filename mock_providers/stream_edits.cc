#include "mock_providers/stream_edits.h"

#include <algorithm>

namespace squall {
namespace {

constexpr Duration kKeepAliveEvery = 10s;
constexpr int kKeepAlives = 60;

}  // namespace

size_t MiddleEvent(double u, const ReplyPlan& plan) {
  const size_t count = plan.text_end - plan.text_begin;
  if (count == 0) return plan.chunks.size() - 1;  // a reply in one event, as calls of tools can be
  const auto at = static_cast<size_t>((0.25 + 0.7 * u) * static_cast<double>(count));
  return plan.text_begin + std::clamp<size_t>(at, count > 1 ? 1 : 0, count - 1);
}

size_t EventStart(size_t event, const ReplyPlan& plan) {
  return event == 0 ? 0 : plan.chunks[event - 1].end;
}

void KeepFirstEvents(size_t count, ReplyPlan* plan) {
  plan->body.resize(EventStart(count, *plan));
  plan->chunks.resize(count);
  plan->text_end = std::min(plan->text_end, count);
  plan->text_begin = std::min(plan->text_begin, count);
}

void RepeatEvent(size_t event, ReplyPlan* plan) {
  const size_t from = EventStart(event, *plan);
  const Chunk chunk = plan->chunks[event];
  const std::string copy = plan->body.substr(from, chunk.end - from);
  plan->body.insert(chunk.end, copy);
  plan->chunks.insert(plan->chunks.begin() + static_cast<std::ptrdiff_t>(event),
                      {chunk.after, chunk.end});
  plan->chunks[event + 1].after = Duration::zero();
  for (size_t i = event + 1; i < plan->chunks.size(); ++i) plan->chunks[i].end += copy.size();
  ++plan->text_end;
}

void BreakEvent(size_t event, ReplyPlan* plan) {
  const size_t at = plan->body.rfind('}', plan->chunks[event].end - 1);
  if (at == std::string::npos || at < EventStart(event, *plan)) return;
  plan->body.erase(at, 1);
  for (size_t i = event; i < plan->chunks.size(); ++i) --plan->chunks[i].end;
}

void AddEvent(Duration after, ReplyPlan* plan) {
  plan->chunks.push_back({after, plan->body.size()});
}

void SlowDown(double factor, ReplyPlan* plan) {
  for (Chunk& chunk : plan->chunks) chunk.after = FromSeconds(Seconds(chunk.after) * factor);
}

void OnlyKeepAlives(ReplyPlan* plan) {
  KeepFirstEvents(0, plan);
  for (int i = 0; i < kKeepAlives; ++i) {
    plan->body.append(": keep-alive\n\n");
    AddEvent(i == 0 ? Duration::zero() : kKeepAliveEvery, plan);
  }
  plan->end = End::kHang;
  plan->body_sent = plan->body.size();
}

}  // namespace squall
