// Edits of a reply that is a stream, in any dialect: its chunks are its events. All need a plan
// whose chunks are not empty and keep chunks and body in step. Pure; any thread.
#pragma once

#include <absl/functional/function_ref.h>

#include <string>
#include <string_view>

#include "mock_providers/reply_plan.h"

namespace squall {

// An event that carries text, neither the first nor the last where there are so many. `u` in
// [0, 1).
size_t MiddleEvent(double u, const ReplyPlan& plan);

// One past the last event that carries text; without text, the last event.
size_t TextEnd(const ReplyPlan& plan);

// First byte of an event.
size_t EventStart(size_t event, const ReplyPlan& plan);

void KeepFirstEvents(size_t count, ReplyPlan* plan);
void KeepLastEvent(ReplyPlan* plan);
void RepeatEvent(size_t event, ReplyPlan* plan);

// Exchanges an event and the one after it, which must exist. Their times stay.
void SwapWithNext(size_t event, ReplyPlan* plan);

// Splits the piece of the body that holds byte `at`, so that it is the first of another write that
// comes `gap` later. Not for the first byte of a piece.
void SplitAt(size_t at, Duration gap, ReplyPlan* plan);

// Replaces the bytes of every event.
void RewriteEvents(ReplyPlan* plan, absl::FunctionRef<std::string(std::string_view)> rewrite);

// Takes one closing brace away, so that the event's JSON is none.
void BreakEvent(size_t event, ReplyPlan* plan);

// What has been appended to the body becomes its last event.
void AddEvent(Duration after, ReplyPlan* plan);

// Multiplies the time between events, not the time to the first.
void SlowDown(double factor, ReplyPlan* plan);

// A body of comments alone that nobody's idle timer notices, then silence.
void OnlyKeepAlives(ReplyPlan* plan);

}  // namespace squall
