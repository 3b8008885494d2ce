// What a scenario says about its providers: models, latency, capacity, faults and climate. Plain
// structs with their defaults; Describe names every field once (engine/base/fields.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "mock_providers/hint_form.h"

namespace squall {

struct ModelConfig {
  std::string name;
  double base_error = 0;       // share of requests that this model answers wrongly on its own, 0..1
  double usd_per_mtok_in = 0;  // US dollars per million prompt tokens
  double usd_per_mtok_out = 0;  // per million generated tokens
  double judge_error = 0.05;    // share of answers that it judges wrongly, either way, 0..1
  // What it turns down for what the request says, with the vendor's own error (model_limits.h).
  int64_t context_tokens = 0;        // its window, 0 = no limit
  int64_t max_output_tokens = 0;     // largest bound of an answer that it takes, 0 = no limit
  std::vector<std::string> rejects;  // parameters it does not take, as the dialect spells them
  bool streaming = true;             // whether it answers in a stream
  bool json = true;                  // whether its answers can be held to JSON
};

// Time to first token plus one step per generated token, both lognormal.
struct LatencyConfig {
  Duration ttft_median = 400ms;
  double ttft_sigma = 0.4;  // standard deviation of the logarithm, >= 0
  Duration per_token_median = 12ms;
  double per_token_sigma = 0.2;  // one draw per reply, not per token
};

enum class ServiceKind : uint8_t { kLatency, kExponential, kDeterministic, kLogNormal };

// How long one request keeps a server: what `latency` says, or a law of queueing theory in its
// place, by its mean. Each attempt draws anew, keyed.
struct ServiceConfig {
  ServiceKind kind = ServiceKind::kLatency;
  Duration mean = 1s;  // of the other kinds
  double sigma = 1;    // lognormal: standard deviation of the logarithm, >= 0
};

// FIFO queue before `servers` workers: load makes it slow. Work of clients that left is still done.
struct CapacityConfig {
  int64_t servers = 0;    // 0 = no limit, no queue
  bool queue = true;      // without one, who finds no free server gets 503
  int64_t queue_max = 0;  // waiting requests beyond which arrivals get 503, 0 = no bound
  ServiceConfig service;
};

// One fault kind at its base rate. The rate splits into three parts that add up to it:
// `request_bound` follows the request to every provider and every attempt; `common_cause` hits the
// first arrival at every provider alike; the rest is drawn by each provider for itself. The exact
// rule is at the head of fault_draw.h.
struct FaultConfig {
  double rate = 0;           // share of attempts, 0..1; all kinds together at most 1
  double request_bound = 0;  // share of the rate, 0..1
  double common_cause = 0;   // share of the rate, 0..1; with request_bound at most 1
  double reach = 1;          // chance that a common cause gets to this provider at all, 0..1
  double pinned = 0;         // share of own and common faults that no retry here clears, 0..1
  double persists = 0;       // otherwise: chance that the next retry here meets it again, 0..1
  // Another model of the provider: whether asking it counts as a retry (else it meets whatever the
  // attempt before it met), and the share of request-bound faults that it does not have, 0..1.
  bool model_clears = true;
  double model_heals = 0;
  std::map<std::string, double> variants;  // weights of the kind's variants; empty = its defaults
  Duration retry_after = 1s;               // hint of a 429 or 503 that carries one
  double retry_after_present = 0.5;        // share of 429s and 503s with a hint, 0..1
  HintForm hint = HintForm::kUsual;        // of those that carry one, and of 529s if not kUsual
  int64_t after_events = 0;                // events of a stream before the fault, 0 = drawn
  double reask_heals = 0;  // schema_drift: share of re-asks that cure it whatever was drawn, 0..1
  double slowdown = 8;     // factor on the latency of `slow`, >= 1
};

enum class ClimateKind : uint8_t { kOutage, kRamp, kGilbertElliott };
enum class Sticky : uint8_t { kAttempt, kRequest, kSession };

// A correlated cause: while it is active it hits a share of what arrives at each of its providers.
struct ClimateConfig {
  std::string name;
  ClimateKind kind = ClimateKind::kOutage;
  std::vector<std::string> providers;  // those it hits together; empty = all
  std::vector<std::string> models;     // of theirs, those it hits; empty = all
  std::string fault = "server_error";  // kind of the fault it causes
  std::map<std::string, double> variants;
  Sticky sticky = Sticky::kAttempt;  // what the share is drawn over
  Duration from = 0s;                // outage and ramp: active in [from, to)
  Duration to = 0s;
  double share = 1;          // outage: share hit; ramp: share at `from`, 0..1
  double share_end = 1;      // ramp: share at `to`
  Duration mean_up = 10min;  // Gilbert-Elliott: mean stay in each state, > 0
  Duration mean_degraded = 1min;
  Duration mean_down = 30s;
  double degraded_share = 0.3;  // share hit while degraded; while down it is `share`
};

enum class DailyReset : uint8_t { kContinuous, kMidnight };

// What a provider grants a client. 0 = no limit. Token limits count the prompt and the answer's
// bound, since they decide before there is an answer.
struct QuotaConfig {
  int64_t requests_per_min = 0;
  int64_t tokens_per_min = 0;
  int64_t input_tokens_per_min = 0;
  int64_t output_tokens_per_min = 0;
  int64_t requests_per_day = 0;
  int64_t concurrency = 0;  // requests that run at once
  double spend_cap_usd = 0;
  DailyReset daily_reset = DailyReset::kContinuous;
  Duration request_window = 1min;  // requests_per_min is enforced over this long, 1 s..1 min
  bool charge_rejected = true;     // refused requests count as requests
  HintForm hint = HintForm::kUsual;
  std::string region;  // providers of one region share the two caps below
  int64_t region_requests_per_min = 0;
  int64_t region_tokens_per_min = 0;
};

struct ProviderConfig {
  std::string name;
  std::string dialect = "openai";
  std::vector<ModelConfig> models;  // best first
  LatencyConfig latency;
  CapacityConfig capacity;
  QuotaConfig quota;
  std::map<std::string, FaultConfig> faults;  // by fault kind; over the scenario's defaults
};

void Describe(Fields& f, ModelConfig& c);
void Describe(Fields& f, LatencyConfig& c);
void Describe(Fields& f, ServiceConfig& c);
void Describe(Fields& f, CapacityConfig& c);
void Describe(Fields& f, FaultConfig& c);
void Describe(Fields& f, ClimateConfig& c);
void Describe(Fields& f, QuotaConfig& c);
void Describe(Fields& f, ProviderConfig& c);

}  // namespace squall
