// What a target is given as, and where it may stand in a scenario.
#include "scenarios/target.h"

#include "tests/catch.h"

namespace squall::target_test {
namespace {

TEST_CASE("target: a URL is read as clients give their base URLs") {
  struct Row {
    const char* text;
    const char* host;
    int port;
    const char* path;
    bool loopback;
  };
  const Row rows[] = {{"http://127.0.0.1:8787", "127.0.0.1", 8787, "", true},
                      {"http://127.0.0.1:8787/", "127.0.0.1", 8787, "", true},
                      {"http://127.0.0.1:8787/v1", "127.0.0.1", 8787, "", true},
                      {"http://localhost/openai/v1/", "localhost", 80, "/openai", true},
                      {"http://[::1]:9/x", "::1", 9, "/x", true},
                      {"http://127.9.9.9:1", "127.9.9.9", 1, "", true},
                      {"http://localhost.example.com", "localhost.example.com", 80, "", false},
                      {"http://10.0.0.1:80", "10.0.0.1", 80, "", false}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto url = ParseTargetUrl(row.text);
    REQUIRE(url.ok());
    CHECK(url->host == row.host);
    CHECK(url->port == row.port);
    CHECK(url->path == row.path);
    CHECK(url->loopback == row.loopback);
    CHECK(ParseTargetUrl(url->Text())->Text() == url->Text());
  }
}

TEST_CASE("target: what is no URL that it could have is said") {
  for (const char* text :
       {"", "127.0.0.1:80", "https://127.0.0.1", "http://", "http://:80", "http://a:b",
        "http://a:70000", "http://a:1x", "http://u:p@a/", "http://a/?q", "http://a b",
        "http://[::1", "http://[::1]9", "http://a/\r\nx", "http://a#f"}) {
    CAPTURE(text);
    const auto url = ParseTargetUrl(text);
    REQUIRE_FALSE(url.ok());
    CHECK(std::string(url.status().message()).find("expected http://HOST") != std::string::npos);
  }
}

TEST_CASE("target: a header is a name and a value") {
  const auto header = ParseTargetHeader("x-config:  {\"a\": 1}");
  REQUIRE(header.ok());
  CHECK(header->first == "x-config");
  CHECK(header->second == "{\"a\": 1}");
  CHECK(ParseTargetHeader("x-empty:")->second.empty());
  for (const char* text : {"", "x", ": x", "a b: c", "a: b\r\nc: d", "a: b\nc"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseTargetHeader(text).ok());
  }
}

TEST_CASE("target: a scenario names one in place of an engine, and faults stay what they are") {
  ScenarioOptions options;
  const auto engine = LoadScenario("gateways", options);
  options.target = "http://127.0.0.1:8787";
  const auto target = LoadScenario("gateways", options);
  REQUIRE(engine.ok());
  REQUIRE(target.ok());
  CHECK(engine->target.empty());
  CHECK(target->target == options.target);
  CHECK(target->draws_hash == engine->draws_hash);
  CHECK(target->hash != engine->hash);
  const auto again = LoadScenarioText(DumpScenario(*target), "again", {});
  REQUIRE(again.ok());
  CHECK(again->target == options.target);
  CHECK(again->hash == target->hash);
}

TEST_CASE("target: what cannot stand beside one is said with its place") {
  struct Row {
    std::vector<std::string> sets;
    const char* scenario;
    const char* says;
  };
  const Row rows[] = {
      {{"/engine={\"target\": \"ftp://x\"}"}, "gateways", "/engine/target: got \"ftp://x\""},
      {{"/engine={\"target\": 7}"}, "gateways", "/engine/target: got 7"},
      {{"/engine={\"target\": \"\"}"}, "gateways", "/engine/target"},
      {{"/engine/target=\"http://127.0.0.1:1\""}, "gateways", "/engine/preset"},
      {{"/engine={\"target\": \"http://127.0.0.1:1\"}"}, "retry-chain", "/chain: got layers"}};
  for (const Row& row : rows) {
    CAPTURE(row.sets[0]);
    ScenarioOptions options;
    options.sets = row.sets;
    const auto scenario = LoadScenario(row.scenario, options);
    REQUIRE_FALSE(scenario.ok());
    const std::string message(scenario.status().message());
    CAPTURE(message);
    CHECK(message.find(row.says) != std::string::npos);
  }
}

}  // namespace
}  // namespace squall::target_test
