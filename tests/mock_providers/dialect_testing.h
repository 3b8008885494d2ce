// Requests in every dialect, and readers of replies that know the formats from their documentation
// alone, so that the mock's encoders are not checked against themselves.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/wire/http.h"
#include "mock_providers/reply_plan.h"
#include "tests/mock_providers/mock_testing.h"

namespace squall {

struct Ask {
  std::string prompt = "Hello";
  std::string model = "large";
  int64_t max_tokens = 1024;
  bool stream = false;
  bool include_usage = false;
  bool tool = false;  // one tool, "record", and a choice that forces it
  std::string schema = R"({"type":"object","properties":{}})";  // of the tool's arguments
  bool credential = true;
};

// A request as a client of that dialect writes it; `id` travels as x-squall-request.
HttpRequest DialectHttp(std::string_view dialect, const Ask& ask, std::string_view id = "");

// What a client of the dialect makes of a reply.
struct Understood {
  bool well_formed = false;  // every required key is there, of its type
  bool error = false;        // an error envelope, or an error in the stream
  bool complete = true;      // a stream came to its terminal event
  std::string problem;       // why it is not well formed
  std::string content;       // text, or the arguments of the tool call
  std::string tool;          // name of the tool called
  std::string finish;        // in the dialect's own words
  std::string model;
  std::optional<int64_t> prompt_tokens;
  std::optional<int64_t> completion_tokens;
  std::string error_message;
  std::vector<std::string> events;  // of a stream, by type where the dialect names them
};
Understood ReadReply(std::string_view dialect, const ReplyPlan& plan);
Understood ReadBody(std::string_view dialect, int status, bool stream, std::string_view body);

// One event of a stream: its name, may be empty, and its data. Comments are skipped.
struct ServerSentEvent {
  std::string name;
  std::string data;
};
std::vector<ServerSentEvent> SplitEvents(std::string_view body);

inline constexpr std::string_view kAllDialects[] = {"openai", "anthropic",        "gemini",
                                                    "azure",  "openai_responses", "deepseek"};

inline ProviderConfig InDialect(std::string_view dialect, ProviderConfig config) {
  config.dialect = std::string(dialect);
  return config;
}

}  // namespace squall
