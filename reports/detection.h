// Detection: which check noticed an episode of the scenario's climate, and how long that took. An
// episode's onset is the start of its row; a hit is an attempt at an answer that it struck, by
// truth; a detection is a hit whose diagnosis is a failure, under the name of the rule that said so
// ("status.503", "guard.language.script", "judge.wrong", "opinions.differ"). One detection can be
// chance where a rule also turns down healthy answers, so the tenth stands beside the first, and
// the false alarms of each rule beside both. Times run from the onset to the end of the attempt, of
// opinions to the end of the request.
//
// Keeps, per replication, episode and rule, the ten earliest detections.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/outcome.h"
#include "reports/summary.h"

namespace squall {

class Detection {
 public:
  // One per row of the climate, in its order; the same in every replication.
  struct Episode {
    std::string name;
    Time from{};
  };
  void Begin(std::vector<Episode> episodes);

  void Add(const Outcome& outcome);
  void Merge(const Detection& other);  // a later replication
  DetectionSummary Summarize() const;

 private:
  static constexpr size_t kEvidence = 10;
  static constexpr size_t kMostRules = 64;  // of one episode; the engine's rules are fewer

  // What one rule saw of one episode in one replication.
  struct Run {
    std::vector<Time> earliest;  // ascending, at most kEvidence
    int64_t hits_before = 0;     // hits of requests that ended before that of the first detection
  };
  struct Rule {
    std::string name;
    int64_t detections = 0;
    Run running;
    std::vector<double> first_s;  // of the replications that are over
    std::vector<double> tenth_s;
    std::vector<double> hits_before;
  };
  struct Row {
    Episode episode;
    int64_t hits = 0;
    int64_t hits_running = 0;
    int64_t undetected = 0;
    int64_t passed_on = 0;
    std::vector<Rule> rules;
  };

  static Rule* FindRule(std::string_view name, Row* row);
  static void EndRun(Row* row);
  void AddHit(const AttemptOutcome& attempt, const Outcome& outcome, Row* row);
  void AddAlarm(std::string_view rule, int64_t count);

  std::vector<Row> rows_;
  int64_t healthy_ = 0;
  std::vector<std::pair<std::string, int64_t>> false_alarms_;  // by rule, in order of appearance
};

}  // namespace squall
