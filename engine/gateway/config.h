// GatewayConfig: everything that a gateway's configuration file says. Strict JSON, comments
// allowed; defaults are the values here; `squall schema gateway` describes each field by the same
// Describe(). Secrets are never in the file: it names an environment variable or a file that holds
// one.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/time.h"
#include "engine/config.h"
#include "engine/gateway/record_config.h"

namespace squall {

// Where a secret stands: one of the two, or neither for none.
struct SecretConfig {
  std::string env;   // a variable of the environment
  std::string file;  // its first line
  bool given() const { return !env.empty() || !file.empty(); }
};

struct ListenConfig {
  std::string address = "127.0.0.1";  // numeric; anything but loopback needs client keys
  int64_t port = 8787;                // 0 takes any free one
  int64_t max_connections = 8192;
  int64_t header_bytes = 16 << 10;     // of one request
  int64_t body_bytes = 8 << 20;        // of one request
  int64_t buffered_bytes = 512 << 20;  // of all requests and answers under way
  Duration header_timeout = 10s;       // from the first byte of a request to the end of its head
  Duration body_timeout = 30s;         // from there to its last byte
  Duration write_timeout = 30s;        // without any progress
  Duration idle_timeout = 75s;         // between requests
};

struct UpstreamModelConfig {
  std::string name;
  double usd_per_mtok_in = 0;
  double usd_per_mtok_out = 0;
  int64_t context_tokens = 0;     // 0 = not known
  int64_t max_output_tokens = 0;  // 0 = not known
  bool json = true;               // can be held to a contract
};

struct UpstreamConfig {
  std::string name;
  std::string dialect = "openai";
  std::string url;  // "https://api.openai.com"
  SecretConfig api_key;
  std::string region;
  std::string ca_file;
  Duration connect_timeout = 5s;
  std::vector<UpstreamModelConfig> models;
};

struct RouteConfig {
  std::string model;                 // as clients call it
  std::vector<std::string> targets;  // "upstream/model", in order of preference
};

// 0 is no limit, of each.
struct ClientLimitsConfig {
  int64_t requests_per_min = 0;
  int64_t tokens_per_min = 0;
  double usd_per_day = 0;
  int64_t turns_per_conversation = 0;
  int64_t tokens_per_conversation = 0;
  double usd_per_conversation = 0;
  int64_t max_conversations = 10'000;  // remembered
};

struct ClientKeyConfig {
  std::string name;  // in logs and metrics
  SecretConfig secret;
  std::string sha256;  // in place of the secret: 64 hexadecimal digits
  ClientLimitsConfig limits;
};

struct StreamingConfig {
  bool stream_through = false;  // pass pieces on before the whole answer has been checked
  Duration keep_alive = 10s;    // a sign of life to a client that waits for a stream
  int64_t piece_bytes = 48;     // of a checked answer, per event
};

struct AsyncConfig {
  bool enabled = false;  // a durable record of requests
  RecordConfig record;
  int64_t workers = 8;        // requests executed side by side that nobody waits for
  Duration poll = 250ms;      // for work, while there is none
  Duration wait = 60s;        // how long `wait: true` waits before it is told the id
  int64_t max_tries = 5;      // executions of one request, each of them a whole engine call
  Duration retry_after = 5s;  // between executions; doubles, up to retry_after_max
  Duration retry_after_max = 5min;
  Duration deadline = 10min;  // of one execution
};

struct GatewayConfig {
  ListenConfig listen;
  std::vector<UpstreamConfig> upstreams;
  std::vector<RouteConfig> routes;
  std::vector<ClientKeyConfig> keys;
  ClientLimitsConfig limits;  // of a client without a key, and of keys that say nothing
  std::string preset = "custom";
  EngineConfig engine;
  StreamingConfig streaming;
  AsyncConfig async;
  std::string access_log = "-";       // a file; "-" standard output, "" none
  Duration deadline = 2min;           // of a request, at most
  Duration drain = 30s;               // from SIGTERM until what is left is cut off
  Duration drain_delay = 0s;          // readyz says no for so long before the door closes
  int64_t default_max_tokens = 4096;  // where the client says nothing and the provider must know
  int64_t seed = 1;                   // of the draws of jitter
};

void Describe(Fields& f, SecretConfig& c);
void Describe(Fields& f, ListenConfig& c);
void Describe(Fields& f, UpstreamModelConfig& c);
void Describe(Fields& f, UpstreamConfig& c);
void Describe(Fields& f, RouteConfig& c);
void Describe(Fields& f, ClientLimitsConfig& c);
void Describe(Fields& f, ClientKeyConfig& c);
void Describe(Fields& f, StreamingConfig& c);
void Describe(Fields& f, AsyncConfig& c);
void Describe(Fields& f, GatewayConfig& c);

// Puts the settings of the preset of that name into *engine, which `beside`, the path of the
// configuration, may help to find. Returns what is wrong with the name, "" for nothing.
using PresetReader = std::function<absl::StatusOr<std::string>(
    const std::string& preset, const std::string& beside, EngineConfig* engine)>;

// Reads a configuration. `name` stands in messages: one line per problem, each with line, column
// and JSON pointer. `sets` are changes as "/pointer=value". Errors: InvalidArgument.
absl::StatusOr<GatewayConfig> ReadGatewayConfig(std::string_view text, const std::string& name,
                                                const PresetReader& presets,
                                                const std::vector<std::string>& sets = {});

std::string GatewaySchema();

// Where an upstream is, from its URL: http or https, no user, no query. InvalidArgument.
struct UpstreamPlace {
  bool tls = true;
  std::string host;
  uint16_t port = 443;
  std::string path;  // "" or "/prefix"
};
absl::StatusOr<UpstreamPlace> PlaceOf(const UpstreamConfig& upstream);

// Is a numeric address one of this machine's own?
bool IsLoopbackAddress(const std::string& address);

}  // namespace squall
