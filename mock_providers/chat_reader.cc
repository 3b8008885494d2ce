#include "mock_providers/chat_reader.h"

#include <simdjson.h>

#include <algorithm>

#include "mock_providers/judge.h"
#include "mock_providers/schema_sample.h"

namespace squall {
namespace {

using simdjson::dom::element;

constexpr std::string_view kChatInvalid = "invalid_request_error";

Problem ReadChatContent(element content, PromptText* prompt, ApiRequest* out) {
  std::string_view text;
  if (content.get(text) == simdjson::SUCCESS) {
    TakeText(text, prompt, out);
    return {};
  }
  simdjson::dom::array parts;
  if (content.get(parts) != simdjson::SUCCESS) {
    return WrongType("messages[].content", "a string or an array of parts");
  }
  for (const element part : parts) {
    std::string_view type;
    const bool is_text = part["type"].get(type) != simdjson::SUCCESS || type == "text";
    if (!is_text) continue;  // images and sounds are not billed here
    if (part["text"].get(text) != simdjson::SUCCESS) {
      return WrongType("messages[].content[].text", "a string");
    }
    TakeText(text, prompt, out);
  }
  return {};
}

Problem ReadMessages(element value, ApiRequest* out) {
  simdjson::dom::array messages;
  if (value.get(messages) != simdjson::SUCCESS) return WrongType("messages", "an array of objects");
  PromptText prompt;
  size_t count = 0;
  for (const element message : messages) {
    std::string_view role;
    if (message["role"].get(role) != simdjson::SUCCESS)
      return WrongType("messages[].role", "a string");
    ++count;
    prompt.by_model = role == "assistant";
    element content;
    element calls;
    const bool has_content = message["content"].get(content) == simdjson::SUCCESS;
    const bool calls_tools = message["tool_calls"].get(calls) == simdjson::SUCCESS;
    if (calls_tools && (!has_content || content.is_null())) continue;
    if (!has_content) {
      return WrongType("messages[].content", "a string or an array of parts");
    }
    if (Problem problem = ReadChatContent(content, &prompt, out)) return problem;
  }
  if (count == 0) {
    return Refusal{400, "Invalid 'messages': empty array. Expected at least one message.",
                   kChatInvalid, "messages", "empty_array"};
  }
  out->prompt_tokens = CountTokens(prompt.bytes);
  return {};
}

Problem ReadMaxTokens(element value, std::string_view param, ApiRequest* out) {
  if (value.is_null()) return {};
  if (value.get(out->max_tokens) != simdjson::SUCCESS) return WrongType(param, "an integer");
  if (out->max_tokens >= 1) return {};
  return Refusal{400, "Invalid 'max_tokens': integer below minimum value of 1.", kChatInvalid,
                 param, "integer_below_min_value"};
}

Problem ReadResponseFormat(element value, ApiRequest* out) {
  std::string_view type;
  if (value["type"].get(type) != simdjson::SUCCESS)
    return WrongType("response_format", "an object");
  out->json = type == "json_object" || type == "json_schema";
  element schema;
  if (value.at_pointer("/json_schema/schema").get(schema) == simdjson::SUCCESS) {
    AppendSample(schema, &out->sample);
  }
  if (out->json || type == "text") return {};
  return Refusal{400, "Invalid value for 'response_format.type'.", kChatInvalid,
                 "response_format.type", "invalid_value"};
}

Problem ReadTemperature(element value) {
  double temperature = 0;
  if (value.is_null()) return {};
  if (value.get(temperature) != simdjson::SUCCESS) return WrongType("temperature", "a number");
  if (temperature >= 0 && temperature <= 2) return {};
  return Refusal{400, "Invalid 'temperature': expected a number from 0 to 2.", kChatInvalid,
                 "temperature", "invalid_value"};
}

Problem ReadStream(element value, ApiRequest* out) {
  if (value.is_null()) return {};
  if (value.get(out->format.stream) != simdjson::SUCCESS) return WrongType("stream", "a boolean");
  return {};
}

// Only a choice that forces a tool changes the answer.
Problem ReadChatToolChoice(element value, bool* forced, ApiRequest* out) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    *forced = text == "required";
    if (*forced || text == "auto" || text == "none") return {};
    return Refusal{400, "Invalid value for 'tool_choice'.", kChatInvalid, "tool_choice",
                   "invalid_value"};
  }
  if (value["function"]["name"].get(out->format.tool) == simdjson::SUCCESS) {
    out->format.tool_named = true;
    return {};
  }
  return WrongType("tool_choice", "a string or an object with a function's name");
}

// What a body says, beside what goes straight into the ApiRequest.
struct ChatFields {
  std::string_view model;
  std::string_view first_tool;
  std::optional<element> tools;
  bool has_messages = false;
  bool tool_forced = false;
};

Problem ReadChatTools(element value, ChatFields* fields) {
  simdjson::dom::array tools;
  if (value.get(tools) != simdjson::SUCCESS) return WrongType("tools", "an array of objects");
  for (const element tool : tools) {
    std::string_view name;
    if (tool["function"]["name"].get(name) != simdjson::SUCCESS) {
      return WrongType("tools[].function.name", "a string");
    }
    if (fields->first_tool.empty()) fields->first_tool = name;
  }
  fields->tools = value;
  return {};
}

Problem ReadLimits(std::string_view key, element value, ApiRequest* out) {
  if (key == "max_tokens") return ReadMaxTokens(value, "max_tokens", out);
  if (key == "max_completion_tokens") return ReadMaxTokens(value, "max_completion_tokens", out);
  if (key == "response_format") return ReadResponseFormat(value, out);
  if (key == "temperature") return ReadTemperature(value);
  if (key == "stream") return ReadStream(value, out);
  if (key == "stream_options") {
    if (value["include_usage"].get(out->format.include_usage) != simdjson::SUCCESS) return {};
  }
  return {};  // parameters that change nothing here
}

Problem ReadChatField(std::string_view key, element value, ChatFields* fields, ApiRequest* out) {
  if (key == "messages") {
    fields->has_messages = true;
    return ReadMessages(value, out);
  }
  if (key == "model") {
    return value.get(fields->model) == simdjson::SUCCESS ? Problem()
                                                         : WrongType("model", "a string");
  }
  if (key == "user") {
    return value.get(out->user) == simdjson::SUCCESS ? Problem() : WrongType("user", "a string");
  }
  if (key == "tools") return ReadChatTools(value, fields);
  if (key == "tool_choice") return ReadChatToolChoice(value, &fields->tool_forced, out);
  return ReadLimits(key, value, out);
}

}  // namespace

Refusal WrongType(std::string_view param, std::string_view expected) {
  std::string message = "Invalid type for '";
  message.append(param).append("': expected ").append(expected).append(".");
  return {400, std::move(message), kChatInvalid, param, "invalid_type"};
}

Refusal UnknownModel(std::string_view model) {
  std::string message = "The model `";
  message.append(model).append("` does not exist or you do not have access to it.");
  return {404, std::move(message), kChatInvalid, {}, "model_not_found"};
}

void TakeText(std::string_view text, PromptText* prompt, ApiRequest* out) {
  prompt->bytes += text.size();
  const bool first = !out->task;
  if (first) {
    out->task = FindTask(text);
    out->task_text = text;
  }
  if (!out->task || text.empty()) return;
  if (prompt->by_model) {
    prompt->answered = !first;
    return;
  }
  if (!out->judged) out->judged = FindJudged(text);
  if (prompt->answered) out->reask = !FindTask(text);
}

void TakeParam(std::string_view name, const element& value, ApiRequest* out) {
  if (!value.is_null()) out->params.push_back(name);
}

size_t FindModel(std::string_view model, const std::vector<std::string>& models) {
  return static_cast<size_t>(std::find(models.begin(), models.end(), model) - models.begin());
}

std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

std::optional<std::string_view> QueryValue(std::string_view target, std::string_view name) {
  const size_t query = target.find('?');
  if (query == std::string_view::npos) return std::nullopt;
  std::string_view rest = target.substr(query + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (pair.substr(0, pair.find('=')) != name) continue;
    return pair.substr(std::min(name.size() + 1, pair.size()));
  }
  return std::nullopt;
}

Problem ChatReader::Read(std::string_view body, std::string_view deployment, ApiRequest* out) {
  const element* document = json_.Parse(body);
  simdjson::dom::object object;
  if (document == nullptr || document->get(object) != simdjson::SUCCESS) {
    return Refusal{400,
                   "We could not parse the JSON body of your request. The OpenAI API expects a "
                   "JSON payload, but what was sent was not valid JSON."};
  }
  ChatFields fields;
  for (const auto field : object) {
    TakeParam(field.key, field.value, out);
    if (Problem problem = ReadChatField(field.key, field.value, &fields, out)) return problem;
  }
  if (!deployment.empty()) fields.model = deployment;
  if (fields.model.data() == nullptr) {
    return Refusal{400, "you must provide a model parameter", kChatInvalid, {}, {}};
  }
  if (!fields.has_messages) {
    return Refusal{400, "Missing required parameter: 'messages'.", kChatInvalid, "messages",
                   "missing_required_parameter"};
  }
  if (fields.tool_forced) out->format.tool = fields.first_tool;
  if (fields.tools) {
    SampleTool(*fields.tools, out->format.tool, "/function/name", "/function/parameters",
               &out->sample);
  }
  out->model = FindModel(fields.model, models_);
  if (out->model == models_.size()) {
    out->model = 0;
    return UnknownModel(fields.model);
  }
  return {};
}

}  // namespace squall
