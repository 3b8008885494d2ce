// Requests as the clients of each dialect write them.
#include "tests/mock_providers/dialect_testing.h"

namespace squall {
namespace {

json ChatOf(const Ask& ask) {
  json body = ChatRequestBody(ask.prompt, ask.model);
  body["max_completion_tokens"] = ask.max_tokens;
  if (ask.stream) body["stream"] = true;
  if (ask.include_usage) body["stream_options"] = {{"include_usage", true}};
  if (ask.tool) {
    body["tools"] =
        json::array({{{"type", "function"},
                      {"function", {{"name", "record"}, {"parameters", ParseJson(ask.schema)}}}}});
    body["tool_choice"] = {{"type", "function"}, {"function", {{"name", "record"}}}};
  }
  return body;
}

json MessagesOf(const Ask& ask) {
  json body = {
      {"model", ask.model},
      {"max_tokens", ask.max_tokens},
      {"system", "Answer with JSON only."},
      {"metadata", {{"user_id", "user-1"}}},
      {"messages",
       json::array({{{"role", "user"},
                     {"content", json::array({{{"type", "text"}, {"text", ask.prompt}}})}}})}};
  if (ask.stream) body["stream"] = true;
  if (ask.tool) {
    body["tools"] = json::array({{{"name", "record"}, {"input_schema", ParseJson(ask.schema)}}});
    body["tool_choice"] = {{"type", "tool"}, {"name", "record"}};
  }
  return body;
}

json ContentsOf(const Ask& ask) {
  json body = {
      {"systemInstruction", {{"parts", json::array({{{"text", "Answer with JSON only."}}})}}},
      {"contents",
       json::array({{{"role", "user"}, {"parts", json::array({{{"text", ask.prompt}}})}}})},
      {"generationConfig",
       {{"maxOutputTokens", ask.max_tokens}, {"responseMimeType", "application/json"}}}};
  if (ask.tool) {
    body["tools"] = json::array(
        {{{"functionDeclarations",
           json::array({{{"name", "record"}, {"parameters", ParseJson(ask.schema)}}})}}});
    body["toolConfig"] = {{"functionCallingConfig", {{"mode", "ANY"}}}};
  }
  return body;
}

json InputOf(const Ask& ask) {
  json body = {
      {"model", ask.model},
      {"instructions", "Answer with JSON only."},
      {"input",
       json::array({{{"role", "user"},
                     {"content", json::array({{{"type", "input_text"}, {"text", ask.prompt}}})}}})},
      {"max_output_tokens", ask.max_tokens},
      {"text", {{"format", {{"type", "json_object"}}}}},
      {"user", "user-1"}};
  if (ask.stream) body["stream"] = true;
  if (ask.tool) {
    body["tools"] = json::array(
        {{{"type", "function"}, {"name", "record"}, {"parameters", ParseJson(ask.schema)}}});
    body["tool_choice"] = "required";
  }
  return body;
}

}  // namespace

HttpRequest DialectHttp(std::string_view dialect, const Ask& ask, std::string_view id) {
  HttpRequest request;
  request.headers.Add("content-type", "application/json");
  if (!id.empty()) request.headers.Add("x-squall-request", id);
  json body = ChatOf(ask);
  std::string_view credential = "authorization";
  if (dialect == "openai") request.target = "/v1/chat/completions";
  if (dialect == "deepseek") request.target = "/chat/completions";
  if (dialect == "azure") {
    credential = "api-key";
    body.erase("model");
    request.target =
        "/openai/deployments/" + ask.model + "/chat/completions?api-version=2024-10-21";
  } else if (dialect == "anthropic") {
    credential = "x-api-key";
    body = MessagesOf(ask);
    request.target = "/v1/messages";
    request.headers.Add("anthropic-version", "2023-06-01");
  } else if (dialect == "gemini") {
    credential = "x-goog-api-key";
    body = ContentsOf(ask);
    request.target = "/v1beta/models/" + ask.model +
                     (ask.stream ? ":streamGenerateContent?alt=sse" : ":generateContent");
  } else if (dialect == "openai_responses") {
    body = InputOf(ask);
    request.target = "/v1/responses";
  }
  if (ask.credential) request.headers.Add(credential, "Bearer test");
  request.body = body.dump();
  return request;
}

}  // namespace squall
