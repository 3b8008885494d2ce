// Edits of a reply that is a stream, in any dialect: its chunks are its events. All need a plan
// whose chunks are not empty and keep chunks and body in step. Pure; any thread.
#pragma once

#include <string_view>

#include "mock_providers/reply_plan.h"

namespace squall {

// An event that carries text, neither the first nor the last where there are so many. `u` in
// [0, 1).
size_t MiddleEvent(double u, const ReplyPlan& plan);

// First byte of an event.
size_t EventStart(size_t event, const ReplyPlan& plan);

void KeepFirstEvents(size_t count, ReplyPlan* plan);
void RepeatEvent(size_t event, ReplyPlan* plan);

// Takes one closing brace away, so that the event's JSON is none.
void BreakEvent(size_t event, ReplyPlan* plan);

// What has been appended to the body becomes its last event.
void AddEvent(Duration after, ReplyPlan* plan);

// Multiplies the time between events, not the time to the first.
void SlowDown(double factor, ReplyPlan* plan);

// A body of comments alone that nobody's idle timer notices, then silence.
void OnlyKeepAlives(ReplyPlan* plan);

}  // namespace squall
