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

size_t TextEnd(const ReplyPlan& plan) {
  return plan.text_end > 0 ? plan.text_end : plan.chunks.size() - 1;
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

void KeepLastEvent(ReplyPlan* plan) {
  plan->body.erase(0, EventStart(plan->chunks.size() - 1, *plan));
  // An array that grows puts its commas before its elements.
  if (plan->body.starts_with(',')) plan->body.front() = '[';
  plan->chunks = {{Duration::zero(), plan->body.size()}};
  plan->text_begin = plan->text_end = 0;
}

void SwapWithNext(size_t event, ReplyPlan* plan) {
  const size_t from = EventStart(event, *plan);
  Chunk& first = plan->chunks[event];
  const size_t to = plan->chunks[event + 1].end;
  const auto begin = plan->body.begin();
  std::rotate(begin + static_cast<std::ptrdiff_t>(from),
              begin + static_cast<std::ptrdiff_t>(first.end),
              begin + static_cast<std::ptrdiff_t>(to));
  first.end = from + to - first.end;
}

void SplitAt(size_t at, Duration gap, ReplyPlan* plan) {
  auto piece = plan->chunks.begin();
  while (piece->end <= at) ++piece;
  const Chunk rest{gap, piece->end};
  piece->end = at;
  plan->chunks.insert(piece + 1, rest);
}

void RewriteEvents(ReplyPlan* plan, absl::FunctionRef<std::string(std::string_view)> rewrite) {
  std::string body;
  size_t from = 0;
  for (Chunk& chunk : plan->chunks) {
    body.append(rewrite(std::string_view(plan->body).substr(from, chunk.end - from)));
    from = chunk.end;
    chunk.end = body.size();
  }
  plan->body = std::move(body);
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
