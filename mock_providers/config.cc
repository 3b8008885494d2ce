#include "mock_providers/config.h"

namespace squall {
namespace {

constexpr std::string_view kClimateKinds[] = {"outage", "ramp", "gilbert_elliott"};
constexpr std::string_view kDailyResets[] = {"continuous", "midnight"};
constexpr std::string_view kHints[] = {
    "usual", "none",     "seconds",        "fraction", "milliseconds", "http_date", "body",
    "reset", "disagree", "ninety_seconds", "zero",     "negative",     "past_date", "remaining"};
constexpr std::string_view kServiceKinds[] = {"latency", "exponential", "deterministic",
                                              "lognormal"};
constexpr std::string_view kStickies[] = {"attempt", "request", "session"};

// Shares written as decimals need not sum to 1 exactly.
constexpr double kRounding = 1e-9;

}  // namespace

void Describe(Fields& f, ModelConfig& c) {
  f.Text("name", c.name, "Name that requests ask for.");
  f.Number("base_error", c.base_error, kRateRange,
           "Share of requests that this model answers wrongly on its own, without any fault.");
  f.Number("usd_per_mtok_in", c.usd_per_mtok_in, kNotNegative,
           "Price of a million prompt tokens, US dollars.");
  f.Number("usd_per_mtok_out", c.usd_per_mtok_out, kNotNegative,
           "Price of a million generated tokens, US dollars.");
  f.Number("judge_error", c.judge_error, kRateRange,
           "Share of answers that this model judges wrongly when it is asked whether they are "
           "right: right ones called wrong and wrong ones called right alike.");
  f.Int("context_tokens", c.context_tokens, {0, 1'000'000'000},
        "Tokens that fit its window, with the bound of the answer where the vendor counts it; a "
        "longer request is turned down; 0 = no limit.");
  f.Int("max_output_tokens", c.max_output_tokens, {0, 1'000'000'000},
        "Largest bound of an answer that it takes; a larger one is turned down; 0 = no limit.");
  f.TextList("rejects", c.rejects,
             "Parameters that it turns down, as the dialect spells them in the request's body (in "
             "Gemini's generationConfig).");
  f.Bool("streaming", c.streaming,
         "Whether it answers in a stream; a request for one is turned down where not.");
  f.Bool("json", c.json,
         "Whether its answers can be held to JSON; a request that does so is turned down where "
         "not.");
}

void Describe(Fields& f, LatencyConfig& c) {
  constexpr SpanRange kStep{0s, 24h};
  constexpr NumberRange kSigma{0, 5};
  f.Span("ttft_median", c.ttft_median, kStep, "Median time to the first token.");
  f.Number("ttft_sigma", c.ttft_sigma, kSigma,
           "Standard deviation of the logarithm of the time to the first token.");
  f.Span("per_token_median", c.per_token_median, kStep, "Median time per generated token.");
  f.Number("per_token_sigma", c.per_token_sigma, kSigma,
           "Standard deviation of the logarithm of the time per token, drawn once per reply.");
}

void Describe(Fields& f, ServiceConfig& c) {
  f.Enum("kind", c.kind, kServiceKinds,
         "latency: what \"latency\" says, by the tokens of the answer; else a law that takes its "
         "place: exponential, deterministic or lognormal.");
  f.Span("mean", c.mean, {1ns, 24h}, "Mean service time of a law; 1/mean is the service rate mu.");
  f.Number("sigma", c.sigma, {0, 5},
           "Standard deviation of the logarithm of a lognormal service time.");
}

void Describe(Fields& f, CapacityConfig& c) {
  f.Int("servers", c.servers, {0, 1'000'000},
        "Requests that are worked on at once, first come first served; 0 = no limit and no queue.");
  f.Bool("queue", c.queue,
         "Whether requests wait while all servers are busy; without, they get a 503 at once.");
  f.Int("queue_max", c.queue_max, {0, 10'000'000},
        "Waiting requests beyond which arrivals get a 503; 0 = no bound.");
  f.Struct("service", c.service, "How long one request keeps a server busy.");
}

void Describe(Fields& f, FaultConfig& c) {
  f.Number("rate", c.rate, kRateRange, "Share of first attempts that meet this fault.");
  f.Number("request_bound", c.request_bound, kRateRange,
           "Share of the rate that follows the request to every provider and every attempt.");
  f.Number("common_cause", c.common_cause, kRateRange,
           "Share of the rate that hits the first arrival at every provider alike.");
  f.Number("reach", c.reach, kRateRange,
           "Chance that a common cause gets to this provider at all; below 1 it meets the fault "
           "less often than the rate says.");
  f.Number("pinned", c.pinned, kRateRange,
           "Share of the other faults that no retry at the same provider clears.");
  f.Number(
      "persists", c.persists, kRateRange,
      "Chance that the next retry at the same provider meets a fault again that is not pinned.");
  f.Bool("model_clears", c.model_clears,
         "Whether an attempt at another model of the same provider counts as a retry; if not, it "
         "meets what the attempt before it met.");
  f.Number("model_heals", c.model_heals, kRateRange,
           "Share of request-bound faults that another model of the same provider does not have.");
  f.NumberMap("variants", c.variants, kNotNegative,
              "Relative weights of the ways in which this fault shows; empty = its defaults.");
  f.Span("retry_after", c.retry_after, {1ms, 24h}, "Wait that a 429 or 503 with a hint asks for.");
  f.Number("retry_after_present", c.retry_after_present, kRateRange,
           "Share of 429s and 503s that carry a hint.");
  f.Enum("hint", c.hint, kHints,
         "Form of the hint, wrong ones too; where the wire format has no place for it, there is "
         "none.");
  f.Int("after_events", c.after_events, {0, 1'000'000},
        "Events of a stream that come before it is cut, stalls or fails; 0 = somewhere in its "
        "text.");
  f.Number("reask_heals", c.reask_heals, kRateRange,
           "schema_drift: share of requests with the earlier answer and words on it that are "
           "answered in good form, whatever was drawn for them.");
  f.Number("slowdown", c.slowdown, {1, 10'000}, "Factor on the latency of a slow reply.");
  f.Require(c.request_bound + c.common_cause <= 1 + kRounding,
            "request_bound and common_cause must sum to at most 1");
}

void Describe(Fields& f, ClimateConfig& c) {
  constexpr SpanRange kStay{1ms, 24h * 365};
  f.Text("name", c.name, "Name in reports; draws are keyed by it.");
  f.Enum(
      "kind", c.kind, kClimateKinds,
      "How the share changes over time: outage (constant in a window), ramp (linear in a window) "
      "or gilbert_elliott (up, degraded, down, degraded, up, ...).");
  f.TextList("providers", c.providers, "Providers that are hit together; empty = all.");
  f.TextList(
      "models", c.models,
      "Models of theirs that are hit, by name; empty = all. One that is retired, or one that "
      "goes wrong while its siblings do not.");
  f.Text("fault", c.fault, "Kind of the fault it causes.");
  f.NumberMap("variants", c.variants, kNotNegative,
              "Relative weights of the ways in which the fault shows; empty = its defaults.");
  f.Enum("sticky", c.sticky, kStickies,
         "What the share is drawn over: each attempt, each request or each session.");
  f.Span("from", c.from, {}, "Start of an outage or ramp, from the start of the run.");
  f.Span("to", c.to, {}, "End of an outage or ramp, itself outside.");
  f.Number("share", c.share, kRateRange,
           "Share that is hit: in an outage, at the start of a ramp, while down.");
  f.Number("share_end", c.share_end, kRateRange, "Share that is hit at the end of a ramp.");
  f.Span("mean_up", c.mean_up, kStay, "Mean stay in up (gilbert_elliott), exponential.");
  f.Span("mean_degraded", c.mean_degraded, kStay, "Mean stay in degraded, exponential.");
  f.Span("mean_down", c.mean_down, kStay, "Mean stay in down, exponential.");
  f.Number("degraded_share", c.degraded_share, kRateRange, "Share that is hit while degraded.");
  f.Require(c.kind == ClimateKind::kGilbertElliott || c.to > c.from,
            "\"to\" must be later than \"from\"");
}

void Describe(Fields& f, QuotaConfig& c) {
  constexpr IntRange kLimit{0, 1'000'000'000'000};
  f.Int("requests_per_min", c.requests_per_min, kLimit, "Requests per minute; 0 = no limit.");
  f.Int("tokens_per_min", c.tokens_per_min, kLimit,
        "Tokens per minute, prompts and bounds of answers; 0 = no limit.");
  f.Int("input_tokens_per_min", c.input_tokens_per_min, kLimit,
        "Prompt tokens per minute; 0 = no limit.");
  f.Int("output_tokens_per_min", c.output_tokens_per_min, kLimit,
        "Tokens per minute of the bounds of answers; 0 = no limit.");
  f.Int("requests_per_day", c.requests_per_day, kLimit, "Requests per day; 0 = no limit.");
  f.Int("concurrency", c.concurrency, kLimit, "Requests that may run at once; 0 = no limit.");
  f.Number("spend_cap_usd", c.spend_cap_usd, kNotNegative,
           "US dollars after which nothing is answered any more; 0 = no cap.");
  f.Enum("daily_reset", c.daily_reset, kDailyResets,
         "How the daily quota comes back: all the time, or at midnight, Pacific time.");
  f.Span("request_window", c.request_window, {1s, 1min},
         "Time over which requests_per_min is enforced: 1s spreads it evenly.");
  f.Bool("charge_rejected", c.charge_rejected, "Requests that are turned down count as requests.");
  f.Enum("hint", c.hint, kHints, "Form of the hint that a refusal carries, wrong ones too.");
  f.Text("region", c.region, "Name of a region whose providers share the caps below.");
  f.Int("region_requests_per_min", c.region_requests_per_min, kLimit,
        "Requests per minute of the whole region; 0 = no limit.");
  f.Int("region_tokens_per_min", c.region_tokens_per_min, kLimit,
        "Tokens per minute of the whole region; 0 = no limit.");
}

void Describe(Fields& f, ProviderConfig& c) {
  f.Text("name", c.name, "Name in reports; draws are keyed by it.");
  f.Text("dialect", c.dialect, "Wire format that it speaks.");
  f.List("models", c.models, "Models that it serves, the best first.");
  f.Struct("latency", c.latency, "How long its replies take.");
  f.Struct("capacity", c.capacity, "How much it can do at once.");
  f.Struct("quota", c.quota, "What it grants its client; beyond it come 429s.");
  f.Map("faults", c.faults, "Faults by kind; the keys given here override the scenario's own.");
}

}  // namespace squall
