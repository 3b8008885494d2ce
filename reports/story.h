// Stories: what happened to single requests, attempt by attempt, beside what was really done to
// them and why the engine did what it did; and flows, the same for all faulted requests, as counts
// of fault -> first diagnosis -> last action -> ending.
//
// Of all requests a sample is kept: a few of every group, a group being what was done to the
// request, how it ended and what the engine did last. Within a group those with the smallest keyed
// hash of their index are taken (bottom-k), which is a fair sample whatever their order and number,
// the same for every thread count, and makes samples of replications mergeable. Memory is bounded
// by the constants below. One thread per recorder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/events.h"
#include "reports/outcome.h"
#include "reports/summary.h"

namespace squall {

// How a request ended; the four add up (summary.h). `kLate`: after its deadline, or without a body.
enum class Ending : uint8_t { kStrict, kFalseRecovery, kAbstained, kLate };
inline constexpr int kEndingCount = 4;
Ending EndingOf(const Outcome& outcome);
std::string_view EndingName(Ending ending);  // stable: "strict", "false_recovery", ...

// The names behind the numbers of outcomes and attempts.
struct StoryNames {
  std::vector<std::string> faults;
  std::vector<std::string> episodes;
  std::vector<std::string> providers;
  std::vector<std::vector<std::string>> models;  // by provider
};

struct StoryAttempt {
  std::string provider;
  std::string model;
  std::string why;                 // row of the plan that asked for it
  std::string purpose = "answer";  // or "second_opinion", "judgement"
  bool sent = true;                // false: refused by a limit of our own, named by `rule`
  int64_t started_us = 0;          // from the request's intended arrival
  int64_t ended_us = 0;
  int64_t status = 0;     // of HTTP, 0 where there was none
  std::string transport;  // what failed below HTTP; "" where nothing did
  std::string fault;      // what was really done to it; "" nothing
  std::string variant;
  std::string episode;          // of the climate that did it; "" of none
  std::string truth;            // what a perfect diagnosis says
  std::string diagnosed;        // what the engine said
  std::string rule;             // by which rule
  std::string retry;            // what it concluded about sending it again
  int64_t retry_after_us = -1;  // wait that the provider asked for; -1: none
  int64_t tokens = 0;           // billed, of prompt and answer
  bool operator==(const StoryAttempt&) const = default;
};

struct Story {
  int64_t replication = 0;
  int64_t index = 0;  // of the request in its replication
  std::string kind;   // RequestKindName
  std::string fault;  // of its first attempt; "" none
  std::string ending;
  std::string reason;       // why it was not recovered (losses.h); "" where it was
  std::string stop_reason;  // why the engine made no further attempt
  std::string answered_by;  // plan row whose answer the caller holds; "" none
  int64_t arrived_us = 0;   // from the start of the run
  int64_t took_us = 0;
  int64_t could_recover = -1;  // 1: a clairvoyant engine recovers it, 0: not even that; -1 unknown
  double cost_usd = 0;
  std::vector<StoryAttempt> attempts;
  bool operator==(const Story&) const = default;
};

struct FlowRow {
  std::string fault;      // of the first attempt
  std::string diagnosed;  // what the engine took that for
  std::string action;     // row of the plan that brought the answer, or "stop: " and the reason
  std::string ending;
  std::string reason;  // why it was not recovered (losses.h); "" where it was
  int64_t count = 0;
  bool operator==(const FlowRow&) const = default;
};

class StoryRecorder {
 public:
  static constexpr size_t kMostPerGroup = 6;
  static constexpr size_t kMostGroups = 256;
  static constexpr size_t kMostStories = 200;
  static constexpr size_t kMostFlows = 4096;

  // `names` outlives the recorder's use of it: it is copied.
  StoryRecorder(StoryNames names, uint64_t seed);

  // `outcome.attempts` are those of `result` that were sent. Where they are others (those of
  // several layers or submissions, put together) they are told as far as the outcome knows them.
  void OnRequest(const Outcome& outcome, const CallResult& result);

  // Appends a later replication.
  void Merge(const StoryRecorder& later);

  // At most kMostStories: the first of every group, then the second, and so on; faulted requests
  // that were not recovered come first.
  std::vector<Story> Stories() const;

  // Most frequent first.
  std::vector<FlowRow> Flows() const;

 private:
  struct Group {
    RequestKind kind = RequestKind::kHealthy;
    int fault = -1;
    Ending ending = Ending::kStrict;
    std::string_view action;  // static: answered_by, or why it stopped
    std::string_view reason;  // static
    auto operator<=>(const Group&) const = default;
  };
  struct Kept {
    uint64_t rank = 0;
    Story story;
  };
  struct Flow {
    int fault = -1;
    FailureClass diagnosed = FailureClass::kOk;
    bool answered = false;
    std::string_view action;
    Ending ending = Ending::kStrict;
    std::string_view reason;
    auto operator<=>(const Flow&) const = default;
  };

  static bool Precedes(const Group& a, const Group& b);
  Story Tell(const Outcome& outcome, const CallResult& result, Ending ending) const;
  StoryAttempt Tell(const AttemptRecord& attempt, const AttemptOutcome* truth, Time arrived) const;
  StoryAttempt Tell(const AttemptOutcome& attempt, Time arrived) const;
  void AddTruth(const AttemptOutcome& truth, StoryAttempt* told) const;
  std::string FaultName(int fault) const;

  StoryNames names_;
  uint64_t seed_;
  int64_t replications_ = 1;
  std::map<Group, std::vector<Kept>> groups_;  // each by rank
  std::map<Flow, int64_t> flows_;
};

}  // namespace squall
