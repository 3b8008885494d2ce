#include "engine/gateway/config.h"

namespace squall {
namespace {

constexpr IntRange kCounts{0, 1'000'000'000};
constexpr NumberRange kMoney{0, 1e9};
constexpr SpanRange kWaits{1ms, 24h};

}  // namespace

void Describe(Fields& f, SecretConfig& c) {
  f.Text("env", c.env, "Variable of the environment that holds it.");
  f.Text("file", c.file, "File whose first line it is.");
  f.Require(c.env.empty() || c.file.empty(), "got both env and file, expected one of them");
}

void Describe(Fields& f, ListenConfig& c) {
  f.Text("address", c.address,
         "Numeric address to listen on. Beyond loopback, \"keys\" must not be empty.");
  f.Int("port", c.port, {0, 65535}, "TCP port; 0 takes any free one.");
  f.Int("max_connections", c.max_connections, {1, 1'000'000},
        "Connections at a time; more are closed as they come.");
  f.Int("header_bytes", c.header_bytes, {256, 1 << 20}, "Of one request's head; past it 431.");
  f.Int("body_bytes", c.body_bytes, {64, 1 << 30}, "Of one request's body; past it 413.");
  f.Int("buffered_bytes", c.buffered_bytes, {1 << 16, int64_t{1} << 40},
        "Of all requests and answers under way; past it 503.");
  f.Span("header_timeout", c.header_timeout, kWaits,
         "From the first byte of a request to the end of its head; past it 408.");
  f.Span("body_timeout", c.body_timeout, kWaits, "From there to its last byte; past it 408.");
  f.Span("write_timeout", c.write_timeout, kWaits, "That a client may let a reply stand.");
  f.Span("idle_timeout", c.idle_timeout, kWaits, "That a connection may stand between requests.");
}

void Describe(Fields& f, UpstreamModelConfig& c) {
  f.Text("name", c.name, "As the provider calls it; of Azure, the deployment.");
  f.Number("usd_per_mtok_in", c.usd_per_mtok_in, kMoney, "US dollars per million prompt tokens.");
  f.Number("usd_per_mtok_out", c.usd_per_mtok_out, kMoney,
           "US dollars per million generated tokens.");
  f.Int("context_tokens", c.context_tokens, kCounts,
        "Of prompt and answer together; 0 = not known.");
  f.Int("max_output_tokens", c.max_output_tokens, kCounts, "Of one answer; 0 = not known.");
  f.Bool("json", c.json, "Whether it can be held to JSON.");
}

void Describe(Fields& f, UpstreamConfig& c) {
  f.Text("name", c.name, "Name in routes, logs and metrics.");
  f.Text("dialect", c.dialect, "How it speaks.");
  f.Text("url", c.url,
         "Where it is, without the path of the API: \"https://api.openai.com\". A \"/v1\" at the "
         "end is taken off where the dialect brings its own.");
  f.Struct("api_key", c.api_key, "Where its key stands; none where it needs none.");
  f.Text("region", c.region, "Upstreams of one region fail together; \"\" = its own.");
  f.Text("ca_file", c.ca_file, "PEM file of whom TLS trusts; \"\" = the system's trust store.");
  f.Span("connect_timeout", c.connect_timeout, {1ms, 10min}, "For TCP and TLS together.");
  f.List("models", c.models, "Its models, in any order.");
}

void Describe(Fields& f, RouteConfig& c) {
  f.Text("model", c.model, "What clients write as \"model\".");
  f.TextList("targets", c.targets,
             "Who may answer, as \"upstream/model\", the preferred first. Several models of one "
             "upstream: the best first, for the strategy \"degrade\".");
}

void Describe(Fields& f, ClientLimitsConfig& c) {
  f.Int("requests_per_min", c.requests_per_min, kCounts, "0 = no limit.");
  f.Int("tokens_per_min", c.tokens_per_min, kCounts,
        "Prompt and answer, estimated before and settled after; 0 = no limit.");
  f.Number("usd_per_day", c.usd_per_day, kMoney,
           "US dollars by the models' prices: a bucket of that size that refills over 24 h, full "
           "at the start; 0 = no limit.");
  f.Int("turns_per_conversation", c.turns_per_conversation, kCounts,
        "Requests of one conversation: what stops an agent in a loop; 0 = no limit.");
  f.Int("tokens_per_conversation", c.tokens_per_conversation, {0, int64_t{1} << 50},
        "0 = no limit.");
  f.Number("usd_per_conversation", c.usd_per_conversation, kMoney, "0 = no limit.");
  f.Int("max_conversations", c.max_conversations, {1, 1'000'000},
        "Remembered; the one used last longest ago is forgotten first.");
}

void Describe(Fields& f, ClientKeyConfig& c) {
  f.Text("name", c.name, "Whose it is, in logs and metrics.");
  f.Struct("secret", c.secret, "Where the key stands.");
  f.Text("sha256", c.sha256, "Its SHA-256 in place of that, 64 hexadecimal digits.");
  f.Struct("limits", c.limits, "Its own, in place of the gateway's \"limits\".");
}

void Describe(Fields& f, StreamingConfig& c) {
  f.Bool("stream_through", c.stream_through,
         "Pass pieces of an answer on as they come: sooner, but what fails after the first piece "
         "can only be reported, not recovered. Otherwise an answer is streamed once it has been "
         "checked.");
  f.Span("keep_alive", c.keep_alive, {10ms, 1h},
         "How long a client that asked for a stream waits for a sign of life. With the first one "
         "the status 200 is out, and a later failure becomes an error event.");
  f.Int("piece_bytes", c.piece_bytes, {1, 1 << 20}, "Of a checked answer per event.");
}

void Describe(Fields& f, AsyncConfig& c) {
  f.Bool("enabled", c.enabled,
         "Keep a record of requests: idempotency keys, \"wait\": false, GET /v1/requests/{id}.");
  f.Struct("record", c.record, "Where it is kept.");
  f.Int("workers", c.workers, {1, 1024}, "Requests executed side by side that nobody waits for.");
  f.Span("poll", c.poll, {1ms, 1min}, "Between looks for work while there is none.");
  f.Span("wait", c.wait, {1ms, 1h},
         "How long \"wait\": true waits for a result before it is given the request's id.");
  f.Int("max_tries", c.max_tries, {1, 1000},
        "Executions of a request that fails for a reason that may pass, each with the engine's own "
        "attempts.");
  f.Span("retry_after", c.retry_after, {1ms, 1h}, "Before the second one; doubles each time.");
  f.Span("retry_after_max", c.retry_after_max, {1ms, 24h}, "Longest wait between two.");
  f.Span("deadline", c.deadline, {1ms, 24h}, "Of one execution.");
}

void Describe(Fields& f, GatewayConfig& c) {
  f.Struct("listen", c.listen, "The front door and its limits.");
  f.List("upstreams", c.upstreams, "Providers. Nothing in a request selects any other host.");
  f.List("routes", c.routes, "Models that clients may ask for.");
  f.Struct("limits", c.limits, "Of each client that has none of its own.");
  const ClientLimitsConfig limits = c.limits;
  f.ObjectList(
      "keys", c.keys.size(),
      [&c, &limits](size_t n) {
        ClientKeyConfig key;
        key.limits = limits;
        c.keys.assign(n, key);
      },
      [&c](Fields& item, size_t i) {
        if (c.keys.size() <= i) c.keys.resize(i + 1);
        Describe(item, c.keys[i]);
      },
      "Bearer keys of clients; none: whoever reaches the gateway may use it.");
  f.Object(
      "engine",
      [&c](Fields& engine) {
        engine.Text("preset", c.preset,
                    "Bundled preset, a .json file relative to this one, or \"custom\" for the "
                    "defaults given here; the other keys override it.");
        Describe(engine, c.engine);
      },
      "The recovery engine. Each route has one of its own: breakers, budgets and what was learned "
      "are per route.");
  f.Struct("streaming", c.streaming, "Answers as server-sent events.");
  f.Struct("async", c.async, "Requests that outlive their connection.");
  f.Text("access_log", c.access_log, "File of JSON lines; \"-\" = standard output, \"\" = none.");
  f.Span("deadline", c.deadline, {1ms, 24h}, "Of a request, from its last byte to its answer.");
  f.Span("drain", c.drain, {0ms, 24h}, "From SIGTERM until what is left is cut off.");
  f.Span("drain_delay", c.drain_delay, {0ms, 1h},
         "Of that, how long new connections are still taken while /readyz says 503.");
  f.Int("default_max_tokens", c.default_max_tokens, {1, 10'000'000},
        "Limit on an answer where the client names none and the provider must be told one.");
  f.Int("seed", c.seed, IntRange{}, "Of the draws of jitter.");
}

}  // namespace squall
