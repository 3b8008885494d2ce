#include "bench/ablation.h"

#include <algorithm>

namespace squall {
namespace {

using Edits = std::vector<std::string>;

Edits If(bool used, Edits edits) { return used ? std::move(edits) : Edits(); }

bool HasRung(const Scenario& s, std::string_view rung) {
  const auto& ladder = s.engine.ladder;
  return std::find(ladder.begin(), ladder.end(), rung) != ladder.end();
}

// The ladder without one of its rungs.
Edits WithoutRung(const Scenario& s, std::string_view rung) {
  if (!HasRung(s, rung)) return {};
  std::string rest;
  for (const std::string& name : s.engine.ladder) {
    if (name == rung) continue;
    rest += (rest.empty() ? "\"" : ",\"") + name + "\"";
  }
  return {"/engine/ladder=[" + rest + "]"};
}

bool Recovers(const Scenario& s) { return !s.engine.ladder.empty(); }
bool Hedges(const Scenario& s) { return s.engine.hedge.kind != HedgeKind::kNone; }

Edits WithoutGuard(const Scenario& s) {
  const GuardConfig& g = s.engine.guard;
  struct Check {
    bool on;
    const char* edit;
  };
  const Check checks[] = {{g.non_empty, "/engine/guard/non_empty=false"},
                          {g.json, "/engine/guard/json=false"},
                          {g.json_schema, "/engine/guard/json_schema=false"},
                          {g.length.min_chars > 0, "/engine/guard/length/min_chars=0"},
                          {g.length.max_chars > 0, "/engine/guard/length/max_chars=0"},
                          {!g.entities.required.empty(), "/engine/guard/entities/required=[]"},
                          {!g.entities.forbidden.empty(), "/engine/guard/entities/forbidden=[]"},
                          {g.repetition.enabled, "/engine/guard/repetition/enabled=false"},
                          {g.garbage.enabled, "/engine/guard/garbage/enabled=false"},
                          {g.language.enabled, "/engine/guard/language/enabled=false"},
                          {g.drift.enabled, "/engine/guard/drift/enabled=false"}};
  Edits edits;
  for (const Check& check : checks) {
    if (check.on) edits.emplace_back(check.edit);
  }
  return edits;
}

Edits WithoutOpinions(const Scenario& s) {
  Edits edits;
  if (s.engine.opinions.judge_share > 0) edits.emplace_back("/engine/opinions/judge_share=0");
  if (s.engine.opinions.equivalence != Equivalence::kNotNeeded) {
    edits.emplace_back("/engine/opinions/equivalence=never");
  }
  return edits;
}

// The window itself is waited for, where it was only the most that a draw could give: without
// jitter, full and decorrelated waits are also longer in the mean.
Edits WithoutJitter(const Scenario& s) {
  if (!Recovers(s)) return {};
  const RetryConfig& retry = s.engine.retry;
  Edits edits;
  switch (retry.backoff.kind) {
    case BackoffKind::kNone:
    case BackoffKind::kConstant:
    case BackoffKind::kLinear:
    case BackoffKind::kExponential: break;
    case BackoffKind::kFull:
    case BackoffKind::kEqual:
    case BackoffKind::kDecorrelated:
    case BackoffKind::kRising:
    case BackoffKind::kSmooth: edits.emplace_back("/engine/retry/backoff/kind=exponential"); break;
  }
  if (retry.backoff.jitter > 0) edits.emplace_back("/engine/retry/backoff/jitter=0");
  if (retry.backoff.extra > 0s) edits.emplace_back("/engine/retry/backoff/extra=0s");
  if (retry.obey_retry_after && retry.retry_after_spread > 0) {
    edits.emplace_back("/engine/retry/retry_after_spread=0");
  }
  if (s.engine.breaker.enabled && s.engine.breaker.open_jitter > 0) {
    edits.emplace_back("/engine/breaker/open_jitter=0");
  }
  return edits;
}

Edits WithoutStreamWatch(const Scenario& s) {
  const StreamWatchConfig& watch = s.engine.stream.watch;
  if (s.workload.stream <= 0) return {};
  Edits edits;
  if (watch.first_piece > 0s) edits.emplace_back("/engine/stream/watch/first_piece=0s");
  if (watch.between > 0s) edits.emplace_back("/engine/stream/watch/between=0s");
  if (watch.min_bytes_per_s > 0) edits.emplace_back("/engine/stream/watch/min_bytes_per_s=0");
  return edits;
}

// Rungs of the ladder first, then what they draw on, then what keeps them in check.
constexpr Mechanism kMechanisms[] = {
    {"diagnosis",
     [](const Scenario& s) { return If(s.engine.diagnose, {"/engine/diagnose=false"}); }},
    {"guard", &WithoutGuard},
    {"failover", [](const Scenario& s) { return WithoutRung(s, "failover"); }},
    {"retry", [](const Scenario& s) { return WithoutRung(s, "retry"); }},
    {"degrade", [](const Scenario& s) { return WithoutRung(s, "degrade"); }},
    {"repair", [](const Scenario& s) { return WithoutRung(s, "repair"); }},
    {"adapt", [](const Scenario& s) { return WithoutRung(s, "adapt"); }},
    {"re-ask", [](const Scenario& s) { return WithoutRung(s, "reask"); }},
    {"learned rules", [](const Scenario& s) { return WithoutRung(s, "learned_rule"); }},
    {"hedging", [](const Scenario& s) { return If(Hedges(s), {"/engine/hedge/kind=none"}); }},
    {"backoff",
     [](const Scenario& s) { return If(Recovers(s), {"/engine/retry/backoff/kind=none"}); }},
    {"jitter", &WithoutJitter},
    {"retry_after",
     [](const Scenario& s) {
       return If(Recovers(s) && s.engine.retry.obey_retry_after,
                 {"/engine/retry/obey_retry_after=false"});
     }},
    {"per-try timeout",
     [](const Scenario& s) {
       return If(s.engine.deadline.per_try < s.workload.deadline, {"/engine/deadline/per_try=24h"});
     }},
    {"latency timeout",
     [](const Scenario& s) {
       return If(s.engine.deadline.adaptive_factor > 0, {"/engine/deadline/adaptive_factor=0"});
     }},
    {"time reserve",
     [](const Scenario& s) {
       return If(Recovers(s) && s.engine.deadline.failover_reserve > 0s,
                 {"/engine/deadline/failover_reserve=0s"});
     }},
    {"stream watch", &WithoutStreamWatch},
    {"breaker",
     [](const Scenario& s) {
       return If(s.engine.breaker.enabled, {"/engine/breaker/enabled=false"});
     }},
    {"breaker ramp",
     [](const Scenario& s) {
       return If(s.engine.breaker.enabled && s.engine.breaker.ramp > 0s,
                 {"/engine/breaker/ramp=0s"});
     }},
    {"breaker hint",
     [](const Scenario& s) {
       return If(s.engine.breaker.enabled && s.engine.breaker.open_on_hint > 0s,
                 {"/engine/breaker/open_on_hint=0s"});
     }},
    {"retry budget",
     [](const Scenario& s) {
       return If((Recovers(s) || Hedges(s)) && s.engine.budget.enabled,
                 {"/engine/budget/enabled=false"});
     }},
    {"provider budget",
     [](const Scenario& s) {
       return If(Recovers(s) && s.engine.provider_budget.enabled,
                 {"/engine/provider_budget/enabled=false"});
     }},
    {"rate limiter",
     [](const Scenario& s) {
       return If(s.engine.limiter.enabled, {"/engine/limiter/enabled=false"});
     }},
    {"concurrency",
     [](const Scenario& s) {
       return If(s.engine.concurrency.kind != ConcurrencyKind::kNone,
                 {"/engine/concurrency/kind=none"});
     }},
    {"quality breaker",
     [](const Scenario& s) {
       return If(s.engine.quality.enabled, {"/engine/quality/enabled=false"});
     }},
    {"second opinions", &WithoutOpinions},
};

}  // namespace

std::span<const Mechanism> Mechanisms() { return kMechanisms; }

absl::StatusOr<std::vector<Removal>> Removals(const std::string& where,
                                              const ScenarioOptions& options) {
  const absl::StatusOr<Scenario> whole = LoadScenario(where, options);
  if (!whole.ok()) return whole.status();
  std::vector<Removal> removals;
  for (const Mechanism& mechanism : kMechanisms) {
    Removal removal{std::string(mechanism.name), mechanism.without(*whole)};
    ScenarioOptions edited = options;
    edited.sets.insert(edited.sets.end(), removal.edits.begin(), removal.edits.end());
    const absl::StatusOr<Scenario> without = LoadScenario(where, edited);
    if (!without.ok()) return without.status();
    if (without->hash != whole->hash) removals.push_back(std::move(removal));
  }
  return removals;
}

}  // namespace squall
