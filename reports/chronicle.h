// Chronicle: what a report tells of a run besides its sums: time lines, flows and sampled stories.
// Kept only where somebody will read it (RunHooks::chronicle), since it costs a few percent of a
// virtual run; bounded as timeline.h and story.h say. One recorder per replication and thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reports/story.h"
#include "reports/timeline.h"

namespace squall {

struct Chronicle {
  TimeSeries time;
  std::vector<FlowRow> flows;
  std::vector<Story> stories;
  bool empty() const { return time.empty() && stories.empty(); }
  bool operator==(const Chronicle&) const = default;
};

class ChronicleRecorder {
 public:
  ChronicleRecorder(StoryNames names, uint64_t seed)
      : providers_(names.providers),
        timeline_(providers_.size()),
        stories_(std::move(names), seed) {}

  void OnRequest(const Outcome& outcome, const CallResult& result, double budget_left) {
    timeline_.OnRequest(outcome.started, outcome.ended);
    timeline_.OnBudget(outcome.ended, budget_left);
    stories_.OnRequest(outcome, result);
  }
  // What its caller saw of a request, where nobody knows what was thought on the way.
  void OnCaller(const Outcome& outcome) { timeline_.OnRequest(outcome.started, outcome.ended); }
  void OnBreaker(size_t provider, BreakerState from, BreakerState to, Time now) {
    timeline_.OnBreaker(provider, from, to, now);
  }

  // The replication is over.
  void Settle() { timeline_.Settle(); }

  // Both settled.
  void Merge(const ChronicleRecorder& later) {
    timeline_.Merge(later.timeline_);
    stories_.Merge(later.stories_);
  }

  // Settled; without episodes.
  Chronicle Take() const {
    return {timeline_.Summarize(providers_), stories_.Flows(), stories_.Stories()};
  }

 private:
  std::vector<std::string> providers_;
  TimelineRecorder timeline_;
  StoryRecorder stories_;
};

// In a result: "timeline" as a member of its document, and "flows" and "stories", with a row a
// line, as text that goes on after its last member: ",\n  \"flows\": [...". What has its usual
// value is left out of a row. Times are in whole microseconds but where the key says otherwise.
nlohmann::ordered_json TimelineJson(const Chronicle& chronicle);
std::string ChronicleRows(const Chronicle& chronicle);

// Of a parsed result; without these members it is empty. Wrong types and unequal lengths are an
// error, "/pointer: got ..., expected ..."; "" if all is well.
std::string ReadChronicle(const nlohmann::ordered_json& result, Chronicle* chronicle);

}  // namespace squall
