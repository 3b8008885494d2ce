#include "mock_providers/anthropic.h"

#include <simdjson.h>

#include "engine/base/json_text.h"
#include "mock_providers/anthropic_errors.h"
#include "mock_providers/schema_sample.h"
#include "mock_providers/stream_writer.h"
#include "mock_providers/tool_input.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

using simdjson::dom::element;

constexpr std::string_view kPath = "/v1/messages";

// ---- reading ----

Problem Invalid(std::string message) { return Refusal{400, std::move(message)}; }

// A string, or an array of blocks of which only those of text count.
Problem ReadContent(element content, std::string_view where, PromptText* prompt, ApiRequest* out) {
  std::string_view text;
  if (content.get(text) == simdjson::SUCCESS) {
    TakeText(text, prompt, out);
    return {};
  }
  simdjson::dom::array blocks;
  if (content.get(blocks) != simdjson::SUCCESS) {
    return Invalid(std::string(where) + ": Input should be a valid string or list");
  }
  for (const element block : blocks) {
    std::string_view type;
    if (block["type"].get(type) != simdjson::SUCCESS) {
      return Invalid(std::string(where) + ".0.type: Field required");
    }
    if (type != "text") continue;
    if (block["text"].get(text) != simdjson::SUCCESS) {
      return Invalid(std::string(where) + ".0.text.text: Field required");
    }
    TakeText(text, prompt, out);
  }
  return {};
}

Problem ReadMessages(element value, PromptText* prompt, ApiRequest* out) {
  simdjson::dom::array messages;
  if (value.get(messages) != simdjson::SUCCESS) {
    return Invalid("messages: Input should be a valid list");
  }
  size_t count = 0;
  for (const element message : messages) {
    const std::string where = "messages." + std::to_string(count++);
    std::string_view role;
    if (message["role"].get(role) != simdjson::SUCCESS) {
      return Invalid(where + ".role: Field required");
    }
    if (role != "user" && role != "assistant") {
      return Invalid(where + ".role: Input should be 'user' or 'assistant'");
    }
    prompt->by_model = role == "assistant";
    element content;
    if (message["content"].get(content) != simdjson::SUCCESS) {
      return Invalid(where + ".content: Field required");
    }
    if (Problem problem = ReadContent(content, where + ".content", prompt, out)) return problem;
  }
  prompt->by_model = false;
  if (count == 0) return Invalid("messages: at least one message is required");
  return {};
}

struct Body {
  std::string_view model;
  std::string_view first_tool;
  std::optional<element> tools;
  PromptText prompt;
  bool has_messages = false;
  bool has_max_tokens = false;
  bool any_tool = false;
};

Problem ReadTools(element value, Body* body) {
  simdjson::dom::array tools;
  if (value.get(tools) != simdjson::SUCCESS) return Invalid("tools: Input should be a valid list");
  for (const element tool : tools) {
    std::string_view name;
    if (tool["name"].get(name) != simdjson::SUCCESS) {
      return Invalid("tools.0.custom.name: Field required");
    }
    if (body->first_tool.empty()) body->first_tool = name;
  }
  body->tools = value;
  return {};
}

Problem ReadToolChoice(element value, Body* body, ApiRequest* out) {
  std::string_view type;
  if (value["type"].get(type) != simdjson::SUCCESS) {
    return Invalid("tool_choice.type: Field required");
  }
  body->any_tool = type == "any";
  if (type != "tool") return {};
  if (value["name"].get(out->format.tool) == simdjson::SUCCESS) return {};
  return Invalid("tool_choice.tool.name: Field required");
}

// {"type":"json_schema","schema":{...}}, as a member of its own or under "format".
void ReadOutput(element value, ApiRequest* out) {
  out->json = true;
  element schema;
  if (value.at_pointer("/schema").get(schema) == simdjson::SUCCESS ||
      value.at_pointer("/format/schema").get(schema) == simdjson::SUCCESS) {
    AppendSample(schema, &out->sample);
  }
}

Problem ReadField(std::string_view key, element value, Body* body, ApiRequest* out) {
  if (key == "messages") {
    body->has_messages = true;
    return ReadMessages(value, &body->prompt, out);
  }
  if (key == "system") return ReadContent(value, "system", &body->prompt, out);
  if (key == "model") {
    if (value.get(body->model) == simdjson::SUCCESS) return {};
    return Invalid("model: Input should be a valid string");
  }
  if (key == "max_tokens") {
    body->has_max_tokens = true;
    if (value.get(out->max_tokens) != simdjson::SUCCESS) {
      return Invalid("max_tokens: Input should be a valid integer");
    }
    if (out->max_tokens < 1) {
      return Invalid("max_tokens: Input should be greater than or equal to 1");
    }
  }
  if (key == "stream" && value.get(out->format.stream) != simdjson::SUCCESS) {
    return Invalid("stream: Input should be a valid boolean");
  }
  if (key == "metadata" && value["user_id"].get(out->user) != simdjson::SUCCESS) return {};
  if (key == "output_config" || key == "output_format") ReadOutput(value, out);
  if (key == "temperature") {
    double temperature = 0;
    if (value.get(temperature) != simdjson::SUCCESS || temperature < 0 || temperature > 1) {
      return Invalid("temperature: range: 0..1");
    }
  }
  if (key == "tools") return ReadTools(value, body);
  if (key == "tool_choice") return ReadToolChoice(value, body, out);
  return {};  // parameters that change nothing here
}

// ---- answers ----

bool CallsTool(const ApiAnswer& answer) {
  return !answer.format.tool.empty() && answer.content && !answer.refused;
}

std::string_view StopReason(const ApiAnswer& answer) {
  if (answer.refused || answer.filtered) return "refusal";
  if (answer.out_of_tokens) return "max_tokens";
  return CallsTool(answer) ? "tool_use" : "end_turn";
}

void AppendUsage(const ApiAnswer& answer, int64_t output_tokens, std::string* out) {
  out->append(R"({"input_tokens":)");
  AppendInt(answer.prompt_tokens - answer.cached_tokens, out);
  out->append(R"(,"cache_creation_input_tokens":0,"cache_read_input_tokens":)");
  AppendInt(answer.cached_tokens, out);
  out->append(R"(,"output_tokens":)");
  AppendInt(output_tokens, out);
  out->append(R"(,"service_tier":"standard"})");
}

void AppendMessageStart(const ApiAnswer& answer, std::string* out) {
  out->append(R"({"model":)");
  AppendJsonString(answer.model, out);
  out->append(R"(,"id":"msg_01)");
  AppendLetters(answer.id_bits, 22, out);
  out->append(R"(","type":"message","role":"assistant","content":[)");
}

void AppendToolUse(const ApiAnswer& answer, std::string* out) {
  out->append(R"({"type":"tool_use","id":"toolu_01)");
  AppendLetters(answer.id_bits + 1, 22, out);
  out->append(R"(","name":)");
  AppendJsonString(answer.format.tool, out);
  out->append(R"(,"input":)");
}

// Why the answer ended, as the members that a message and a message_delta share.
void AppendStop(const ApiAnswer& answer, std::string* out) {
  out->append(R"("stop_reason":")").append(StopReason(answer)).append(R"(","stop_sequence":null)");
  if (answer.refused || answer.filtered) {
    out->append(R"(,"stop_details":{"type":"refusal","category":null,"explanation":null})");
  }
}

void WriteWhole(const ApiAnswer& answer, ReplyPlan* plan) {
  std::string& body = plan->body;
  body.clear();
  AppendMessageStart(answer, &body);
  if (CallsTool(answer)) {
    AppendToolUse(answer, &body);
    AppendToolInput(*answer.content, &body);
    body.append("}");
  } else if (answer.content && !answer.refused) {
    body.append(R"({"type":"text","text":)");
    AppendJsonString(*answer.content, &body);
    body.append("}");
  }
  body.append("],");
  AppendStop(answer, &body);
  body.append(R"(,"usage":)");
  AppendUsage(answer, answer.completion_tokens, &body);
  body.append("}");
}

void WriteBlock(const ApiAnswer& answer, StreamWriter* stream) {
  std::string& body = stream->body();
  const bool calls = CallsTool(answer);
  stream->BeginData("content_block_start");
  body.append(R"({"type":"content_block_start","index":0,"content_block":)");
  if (calls) {
    AppendToolUse(answer, &body);
    body.append("{}}");
  } else {
    body.append(R"({"type":"text","text":""})");
  }
  body.append("}");
  stream->EndData();
  stream->BeginData("ping");
  body.append(R"({"type":"ping"})");
  stream->EndData();
  for (std::string_view piece = stream->NextPiece(); !piece.empty(); piece = stream->NextPiece()) {
    stream->BeginData("content_block_delta");
    body.append(R"({"type":"content_block_delta","index":0,"delta":)");
    body.append(calls ? R"({"type":"input_json_delta","partial_json":)"
                      : R"({"type":"text_delta","text":)");
    AppendJsonString(piece, &body);
    body.append("}}");
    stream->EndData();
  }
  stream->BeginData("content_block_stop");
  body.append(R"({"type":"content_block_stop","index":0})");
  stream->EndData();
}

void WriteStream(const ApiAnswer& answer, ReplyPlan* plan) {
  StreamWriter stream(answer, plan);
  std::string& body = stream.body();
  stream.BeginData("message_start");
  body.append(R"({"type":"message_start","message":)");
  AppendMessageStart(answer, &body);
  body.append(R"(],"stop_reason":null,"stop_sequence":null,"usage":)");
  AppendUsage(answer, 1, &body);
  body.append("}}");
  stream.EndData();
  if (answer.content && !answer.refused) WriteBlock(answer, &stream);
  stream.BeginData("message_delta");
  body.append(R"({"type":"message_delta","delta":{)");
  AppendStop(answer, &body);
  body.append(R"(},"usage":)");
  AppendUsage(answer, answer.completion_tokens, &body);
  body.append("}");
  stream.EndData();
  stream.BeginData("message_stop");
  body.append(R"({"type":"message_stop"})");
  stream.EndData();
}

}  // namespace

AnthropicServer::AnthropicServer(std::vector<std::string> models) : models_(std::move(models)) {
  common_headers_.Add("anthropic-organization-id", kAnthropicOrganization);
  common_headers_.Add("x-robots-tag", "none");
  common_headers_.Add("server", "cloudflare");
  common_headers_.Add("via", "1.1 google");
  common_headers_.Add("cf-cache-status", "DYNAMIC");
}

Problem AnthropicServer::ReadBody(std::string_view text, ApiRequest* out) {
  const element* document = json_.Parse(text);
  simdjson::dom::object object;
  if (document == nullptr || document->get(object) != simdjson::SUCCESS) {
    return Invalid("The request body is not valid JSON");
  }
  Body body;
  for (const auto field : object) {
    TakeParam(field.key, field.value, out);
    if (Problem problem = ReadField(field.key, field.value, &body, out)) return problem;
  }
  if (body.model.data() == nullptr) return Invalid("model: Field required");
  if (!body.has_messages) return Invalid("messages: Field required");
  if (!body.has_max_tokens) return Invalid("max_tokens: Field required");
  if (body.any_tool) out->format.tool = body.first_tool;
  constexpr std::string_view kSchema = "/input_schema";
  if (body.tools) SampleTool(*body.tools, out->format.tool, "/name", kSchema, &out->sample);
  out->prompt_tokens = CountTokens(body.prompt.bytes);
  out->model = FindModel(body.model, models_);
  if (out->model < models_.size()) return {};
  out->model = 0;
  return Refusal{404, "model: " + std::string(body.model)};
}

bool AnthropicServer::Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
                           ReplyPlan* refusal) {
  Problem problem;
  const Headers& headers = request.headers;
  if (PathOf(request.target) != kPath) {
    problem = Refusal{404, "Not Found"};
  } else if (request.method != "POST") {
    problem = Refusal{405, "Method Not Allowed"};
  } else if (!headers.Find("x-api-key") && !headers.Find("authorization")) {
    problem = Refusal{401, "x-api-key header is required"};
  } else if (!headers.Find("anthropic-version")) {
    problem = Refusal{400, "anthropic-version: header is required"};
  } else {
    problem = ReadBody(request.body, out);
  }
  if (!problem) return true;
  WriteAnthropicError({problem->status, AnthropicErrorType(problem->status), problem->message},
                      common_headers_, id_bits, refusal);
  return false;
}

void AnthropicServer::WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const {
  plan->status = 200;
  plan->headers = common_headers_;
  plan->headers.Add("request-id", AnthropicRequestId(answer.id_bits));
  if (answer.quota != nullptr) AddAnthropicQuota(*answer.quota, answer.now, &plan->headers);
  plan->headers.Add("content-type", answer.format.stream ? kEventStream : "application/json");
  if (answer.format.stream) {
    WriteStream(answer, plan);
  } else {
    WriteWhole(answer, plan);
  }
}

void AnthropicServer::WriteError(const ApiError& error, ReplyPlan* plan) const {
  WriteAnthropicError(error, common_headers_, plan);
}

void AnthropicServer::AppendStreamError(const ApiError& error, std::string* out) const {
  out->append("event: error\ndata: ");
  AppendAnthropicError(AnthropicErrorOf(error), {}, /*in_stream=*/true, out);
  out->append("\n\n");
}

}  // namespace squall
