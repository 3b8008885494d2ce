// Configurations: what is wrong with them, and where.
#include "engine/gateway/config.h"

#include <nlohmann/json.hpp>

#include "engine/base/json_document.h"
#include "scenarios/embedded.h"
#include "scenarios/preset.h"
#include "tests/catch.h"

namespace squall::gateway_config_test {
namespace {

using nlohmann::json;

json Good() {
  return {{"upstreams",
           {{{"name", "a"}, {"url", "http://127.0.0.1:1"}, {"models", {{{"name", "x"}}}}}}},
          {"routes", {{{"model", "m"}, {"targets", {"a/x"}}}}}};
}

std::string WrongWith(const json& config) {
  const auto read = ReadGatewayConfig(config.dump(2), "c.json", &LoadPreset);
  return read.ok() ? "" : std::string(read.status().message());
}

json With(const std::string& pointer, const json& value) {
  json config = Good();
  config[json::json_pointer(pointer)] = value;
  return config;
}

TEST_CASE("gateway config: a good one is read, with its preset", "[gateway]") {
  json config = With("/engine", {{"preset", "openai-sdk"}, {"retry", {{"max_attempts", 7}}}});
  const auto read = ReadGatewayConfig(config.dump(), "c.json", &LoadPreset);
  INFO(read.status());
  REQUIRE(read.ok());
  EngineConfig preset;
  REQUIRE(LoadPreset("openai-sdk", "", &preset)->empty());
  CHECK(read->engine.retry.max_attempts == 7);
  CHECK(read->engine.ladder == preset.ladder);
  CHECK(read->listen.address == "127.0.0.1");
}

TEST_CASE("gateway config: what is wrong is named with its place", "[gateway]") {
  struct Row {
    std::string pointer;
    json value;
    std::string told;
  };
  const Row rows[] = {
      {"/lisen", 1, "/lisen: "},
      {"/listen/port", 65536, "/listen/port: "},
      {"/listen/address", "localhost", "/listen/address: got \"localhost\""},
      {"/listen/address", "0.0.0.0", "without keys"},
      {"/upstreams", json::array(), "/upstreams: got no upstreams"},
      {"/upstreams/0/dialect", "opnai", "did you mean \"openai\"?"},
      {"/upstreams/0/url", "ftp://x", "/upstreams/0/url: "},
      {"/upstreams/0/url", "http://user:pass@x", "without user"},
      {"/upstreams/0/url", "http://x:99999", "a port from 1 to 65535"},
      {"/upstreams/0/url", "http://", "a host"},
      {"/upstreams/0/models", json::array(), "/upstreams/0/models: got no models"},
      {"/upstreams/0/name", "a b", "/upstreams/0/name: "},
      {"/upstreams/0/api_key", {{"env", "A"}, {"file", "b"}}, "/upstreams/0/api_key: "},
      {"/upstreams/0/api_key", "sk-123", "/upstreams/0/api_key: "},
      {"/routes/0/targets/0", "a/y", "did you mean \"a/x\"?"},
      {"/routes/0/targets", {"a/x", "a/x"}, "/routes/0/targets/1: got \"a/x\" a second time"},
      {"/routes/1", {{"model", "m"}, {"targets", {"a/x"}}}, "/routes/1/model: got \"m\""},
      {"/keys", {{{"name", "k"}}}, "/keys/0: got both or neither"},
      {"/keys", {{{"name", "k"}, {"sha256", "12"}}}, "/keys/0/sha256: "},
      {"/engine/ladder", {"failver"}, "did you mean \"failover\"?"},
      {"/engine/preset", "opnai-sdk", "/engine/preset: got unknown preset"},
      {"/deadline", "2x", "/deadline: "},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pointer, row.value.dump());
    const std::string wrong = WrongWith(With(row.pointer, row.value));
    CAPTURE(wrong);
    CHECK(wrong.find(row.told) != std::string::npos);
    CHECK(wrong.starts_with("c.json:"));
  }
}

TEST_CASE("gateway config: several mistakes are told at once", "[gateway]") {
  json config = With("/listen/port", -1);
  config["drain"] = 5;
  const std::string wrong = WrongWith(config);
  CHECK(wrong.find("/listen/port") != std::string::npos);
  CHECK(wrong.find("/drain") != std::string::npos);
}

TEST_CASE("gateway config: places of upstreams", "[gateway]") {
  struct Row {
    std::string url, dialect, host;
    uint16_t port;
    std::string path;
    bool tls;
  };
  const Row rows[] = {
      {"https://api.openai.com", "openai", "api.openai.com", 443, "", true},
      {"https://api.openai.com/v1/", "openai", "api.openai.com", 443, "", true},
      {"http://h:8080/openai/v1", "openai", "h", 8080, "/openai", false},
      {"http://h/v1", "deepseek", "h", 80, "/v1", false},
      {"http://[::1]:81/x", "gemini", "::1", 81, "/x", false},
      {"https://[::1]", "gemini", "::1", 443, "", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.url);
    UpstreamConfig upstream;
    upstream.url = row.url;
    upstream.dialect = row.dialect;
    const auto place = PlaceOf(upstream);
    REQUIRE(place.ok());
    CHECK(place->host == row.host);
    CHECK(place->port == row.port);
    CHECK(place->path == row.path);
    CHECK(place->tls == row.tls);
  }
}

TEST_CASE("gateway config: the example is good, and the schema names what it says", "[gateway]") {
  std::string_view text;
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    if (file.path == "scenarios/gateway/example.json") text = file.text;
  }
  REQUIRE_FALSE(text.empty());
  const auto read = ReadGatewayConfig(text, "example.json", &LoadPreset);
  INFO(read.status());
  CHECK(read.ok());
  const json schema = json::parse(GatewaySchema());
  auto document = JsonDocument::Parse(text, "example.json");
  REQUIRE(document.ok());
  for (const auto& [key, unused] : document->root().items()) {
    CAPTURE(key);
    CHECK(schema["properties"].contains(key));
  }
  CHECK(schema["required"] == json::array({"upstreams", "routes"}));
}

}  // namespace
}  // namespace squall::gateway_config_test
