// What the tests of the mock providers share: requests as an engine writes them, configurations in
// one line, and the bounds of statistical claims.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/wire/http.h"
#include "mock_providers/config.h"
#include "mock_providers/tasks.h"

namespace squall {

using nlohmann::json;

inline constexpr uint64_t kTestSeed = 20251121;

// Half the width of the interval that holds a binomial count with probability 99.9 %: 3.29 standard
// deviations, and one for the steps of a small count.
inline double Binomial999(double n, double p) { return 3.29 * std::sqrt(n * p * (1 - p)) + 1; }

// Is `count` of `n` what a share of `p` gives, within the 99.9 % bound?
inline bool SharePlausible(int64_t count, int64_t n, double p) {
  const auto trials = static_cast<double>(n);
  return std::abs(static_cast<double>(count) - trials * p) <= Binomial999(trials, p);
}

// The parsed text, or a discarded value if it is no JSON.
inline json ParseJson(std::string_view text) {
  return json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
}
inline bool IsJson(std::string_view text) { return !ParseJson(text).is_discarded(); }

inline TaskSpec MakeTask(TaskKind kind, uint64_t number, int64_t answer_tokens = 60) {
  TaskSpec task;
  task.kind = kind;
  task.number = number;
  task.answer_tokens = answer_tokens;
  return task;
}

inline json ChatRequestBody(std::string_view prompt, std::string_view model = "large") {
  return {{"model", model},
          {"messages", json::array({{{"role", "user"}, {"content", prompt}}})},
          {"max_completion_tokens", 1024},
          {"temperature", 0},
          {"response_format", {{"type", "json_object"}}},
          {"user", "user-1"}};
}

// A chat request; `id` travels as x-squall-request unless it is empty.
inline HttpRequest ChatHttp(const json& body, std::string_view id = "") {
  HttpRequest request;
  request.target = "/v1/chat/completions";
  request.headers.Add("content-type", "application/json");
  if (!id.empty()) request.headers.Add("x-squall-request", id);
  request.body = body.dump();
  return request;
}

inline HttpRequest TaskHttp(const TaskSpec& task, std::string_view id) {
  return ChatHttp(ChatRequestBody(TaskPrompt(kTestSeed, task, 0)), id);
}

inline ProviderConfig OneModel(std::string_view name) {
  ProviderConfig config;
  config.name = std::string(name);
  config.models.emplace_back();
  config.models[0].name = "large";
  return config;
}

inline ProviderConfig WithFault(std::string_view kind, double rate,
                                std::map<std::string, double> variants = {}) {
  ProviderConfig config = OneModel("alpha");
  FaultConfig& fault = config.faults[std::string(kind)];
  fault.rate = rate;
  fault.variants = std::move(variants);
  return config;
}

}  // namespace squall
