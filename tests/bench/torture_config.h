// The configuration of gateways under torture: two providers, short waits, and a record.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/base/cat.h"
#include "tests/bench/torture_upstream.h"

namespace squall {

inline nlohmann::json TortureConfig(const TortureUpstream& upstream, const nlohmann::json& record) {
  nlohmann::json config = {
      {"listen", {{"port", 0}}},
      {"access_log", ""},
      {"engine",
       {{"retry", {{"max_attempts", 3}, {"backoff", {{"base", "2ms"}, {"cap", "9ms"}}}}},
        {"breaker", {{"open_for", "50ms"}}},
        {"deadline", {{"per_try", "250ms"}}}}},
      {"routes", {{{"model", "m"}, {"targets", {"a/x", "b/x"}}}}},
      {"async",
       {{"enabled", true},
        {"poll", "5ms"},
        {"retry_after", "20ms"},
        {"retry_after_max", "100ms"},
        {"deadline", "5s"},
        {"record", record}}}};
  for (const size_t i : {0, 1}) {
    config["upstreams"].push_back({{"name", i == 0 ? "a" : "b"},
                                   {"url", Cat("http://127.0.0.1:", upstream.port(i))},
                                   {"models", {{{"name", "x"}}}}});
  }
  return config;
}

}  // namespace squall
