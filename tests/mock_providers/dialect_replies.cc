// Readers of replies, one per dialect. Each names what is missing.
#include <functional>

#include "tests/mock_providers/dialect_testing.h"

namespace squall {
namespace {

// A JSON pointer that must be there, and the types that it may have.
bool Has(const json& value, const std::string& pointer, const std::string& types, Understood* out) {
  const json::json_pointer at(pointer);
  std::string type = "nothing";
  if (value.is_structured() && value.contains(at)) type = value.at(at).type_name();
  if (types.find(type) != std::string::npos) return true;
  out->problem += pointer + " is " + type + ", expected " + types + "; ";
  return false;
}

bool HasAll(const json& value, const std::vector<std::pair<std::string, std::string>>& members,
            Understood* out) {
  bool all = true;
  for (const auto& [pointer, types] : members) all = Has(value, pointer, types, out) && all;
  return all;
}

std::string TextAt(const json& value, const std::string& pointer) {
  const json::json_pointer at(pointer);
  if (!value.is_structured() || !value.contains(at) || !value.at(at).is_string()) return "";
  return value.at(at).get<std::string>();
}

std::optional<int64_t> NumberAt(const json& value, const std::string& pointer) {
  const json::json_pointer at(pointer);
  if (!value.is_structured() || !value.contains(at) || !value.at(at).is_number()) return {};
  return value.at(at).get<int64_t>();
}

// ---- OpenAI, Azure, DeepSeek ----

bool ReadChatUsage(const json& body, Understood* out) {
  out->prompt_tokens = NumberAt(body, "/usage/prompt_tokens");
  out->completion_tokens = NumberAt(body, "/usage/completion_tokens");
  const auto total = NumberAt(body, "/usage/total_tokens");
  return out->prompt_tokens && out->completion_tokens && total &&
         *total == *out->prompt_tokens + *out->completion_tokens;
}

void ReadChat(std::string_view dialect, const json& body, Understood* out) {
  out->well_formed = HasAll(body,
                            {{"/id", "string"},
                             {"/object", "string"},
                             {"/created", "number"},
                             {"/model", "string"},
                             {"/choices/0/index", "number"},
                             {"/choices/0/finish_reason", "string"},
                             {"/choices/0/logprobs", "null"},
                             {"/choices/0/message/role", "string"},
                             {"/choices/0/message/content", "string null"}},
                            out) &&
                     ReadChatUsage(body, out) && body["object"] == "chat.completion";
  const std::string message = "/choices/0/message";
  if (dialect != "deepseek") {
    out->well_formed &= Has(body, message + "/refusal", "string null", out);
  }
  if (dialect == "azure") {
    out->well_formed &= HasAll(body,
                               {{"/choices/0/content_filter_results/hate/filtered", "boolean"},
                                {"/prompt_filter_results/0/prompt_index", "number"}},
                               out);
  }
  if (dialect == "deepseek") {
    out->well_formed &= HasAll(body,
                               {{"/usage/prompt_cache_hit_tokens", "number"},
                                {"/usage/prompt_cache_miss_tokens", "number"}},
                               out);
  }
  out->model = TextAt(body, "/model");
  out->finish = TextAt(body, "/choices/0/finish_reason");
  out->tool = TextAt(body, message + "/tool_calls/0/function/name");
  out->content = out->tool.empty() ? TextAt(body, message + "/content")
                                   : TextAt(body, message + "/tool_calls/0/function/arguments");
}

void ReadChatChunk(const json& chunk, Understood* out) {
  if (chunk.contains("error")) {
    out->error = true;
    out->error_message = TextAt(chunk, "/error/message");
    return;
  }
  if (!chunk.contains("prompt_filter_results")) {
    out->well_formed &= HasAll(
        chunk,
        {{"/id", "string"}, {"/object", "string"}, {"/created", "number"}, {"/choices", "array"}},
        out);
  }
  const std::string delta = "/choices/0/delta";
  out->model = TextAt(chunk, "/model").empty() ? out->model : TextAt(chunk, "/model");
  out->content += TextAt(chunk, delta + "/content");
  out->content += TextAt(chunk, delta + "/tool_calls/0/function/arguments");
  out->tool += TextAt(chunk, delta + "/tool_calls/0/function/name");
  out->finish += TextAt(chunk, "/choices/0/finish_reason");
  if (NumberAt(chunk, "/usage/total_tokens")) ReadChatUsage(chunk, out);
}

// ---- Anthropic ----

void ReadMessage(const json& body, Understood* out) {
  out->well_formed = HasAll(body,
                            {{"/id", "string"},
                             {"/type", "string"},
                             {"/role", "string"},
                             {"/model", "string"},
                             {"/content", "array"},
                             {"/stop_reason", "string"},
                             {"/stop_sequence", "null"},
                             {"/usage/input_tokens", "number"},
                             {"/usage/output_tokens", "number"},
                             {"/usage/cache_read_input_tokens", "number"}},
                            out) &&
                     body["type"] == "message";
  out->model = TextAt(body, "/model");
  out->finish = TextAt(body, "/stop_reason");
  out->prompt_tokens = NumberAt(body, "/usage/input_tokens");
  out->completion_tokens = NumberAt(body, "/usage/output_tokens");
  out->tool = TextAt(body, "/content/0/name");
  const json::json_pointer input("/content/0/input");
  out->content = body.contains(input) ? body.at(input).dump() : TextAt(body, "/content/0/text");
}

void ReadMessageEvent(const ServerSentEvent& event, const json& data, Understood* out) {
  const std::string type = TextAt(data, "/type");
  out->well_formed &= type == event.name;  // the official client goes by the name
  if (type == "error") {
    out->error = true;
    out->well_formed &= Has(data, "/error/type", "string", out);
    out->error_message = TextAt(data, "/error/message");
  }
  if (type == "message_start") {
    out->well_formed &= HasAll(data,
                               {{"/message/id", "string"},
                                {"/message/content", "array"},
                                {"/message/stop_reason", "null"},
                                {"/message/usage/input_tokens", "number"}},
                               out);
    out->model = TextAt(data, "/message/model");
    out->prompt_tokens = NumberAt(data, "/message/usage/input_tokens");
  }
  out->tool += TextAt(data, "/content_block/name");
  out->content += TextAt(data, "/delta/text") + TextAt(data, "/delta/partial_json");
  if (type == "message_delta") {
    out->finish = TextAt(data, "/delta/stop_reason");
    out->completion_tokens = NumberAt(data, "/usage/output_tokens");
  }
}

// ---- Gemini ----

// A whole reply, or one of a stream, of which only the last says why it ends.
void ReadContent(const json& body, Understood* out) {
  out->well_formed &= HasAll(body,
                             {{"/usageMetadata/promptTokenCount", "number"},
                              {"/usageMetadata/totalTokenCount", "number"},
                              {"/modelVersion", "string"},
                              {"/responseId", "string"}},
                             out);
  if (body.contains("promptFeedback")) {
    out->well_formed &= Has(body, "/promptFeedback/blockReason", "string", out);
    out->finish = TextAt(body, "/promptFeedback/blockReason");
  } else {
    out->well_formed &= HasAll(
        body, {{"/candidates/0/content/role", "string"}, {"/candidates/0/index", "number"}}, out);
  }
  const std::string part = "/candidates/0/content/parts/0";
  out->model = TextAt(body, "/modelVersion");
  out->finish += TextAt(body, "/candidates/0/finishReason");
  out->content += TextAt(body, part + "/text");
  out->tool += TextAt(body, part + "/functionCall/name");
  const json::json_pointer args(part + "/functionCall/args");
  if (body.contains(args)) out->content += body.at(args).dump();
  out->prompt_tokens = NumberAt(body, "/usageMetadata/promptTokenCount");
  out->completion_tokens = NumberAt(body, "/usageMetadata/candidatesTokenCount");
}

// ---- Responses ----

void ReadResponse(const json& body, Understood* out) {
  out->well_formed &= HasAll(body,
                             {{"/id", "string"},
                              {"/object", "string"},
                              {"/created_at", "number"},
                              {"/status", "string"},
                              {"/error", "null"},
                              {"/incomplete_details", "object null"},
                              {"/model", "string"},
                              {"/output/0/type", "string"},
                              {"/usage/input_tokens", "number"},
                              {"/usage/output_tokens", "number"},
                              {"/usage/total_tokens", "number"}},
                             out);
  out->model = TextAt(body, "/model");
  out->finish = TextAt(body, "/status");
  out->tool = TextAt(body, "/output/0/name");
  out->content = TextAt(body, "/output/0/content/0/text") + TextAt(body, "/output/0/arguments");
  out->prompt_tokens = NumberAt(body, "/usage/input_tokens");
  out->completion_tokens = NumberAt(body, "/usage/output_tokens");
}

void ReadResponseEvent(const ServerSentEvent& event, const json& data, Understood* out) {
  const std::string type = TextAt(data, "/type");
  const auto number = static_cast<int64_t>(out->events.size()) - 1;
  out->well_formed &= type == event.name && NumberAt(data, "/sequence_number") == number;
  if (type == "error") {  // nested as captured, or flat as documented
    out->error = true;
    out->error_message = TextAt(data, "/error/message") + TextAt(data, "/message");
  }
  if (type == "response.output_text.delta" || type == "response.function_call_arguments.delta") {
    out->content += TextAt(data, "/delta");
  }
  if (type != "response.completed" && type != "response.incomplete") return;
  const std::string streamed = out->content;
  ReadResponse(data["response"], out);
  out->well_formed &= out->content == streamed;
}

// ---- errors ----

void ReadError(std::string_view dialect, int status, const json& body, Understood* out) {
  out->error = true;
  out->error_message = TextAt(body, "/error/message");
  std::vector<std::pair<std::string, std::string>> members = {{"/error/message", "string"}};
  if (dialect == "anthropic") {
    members.insert(members.end(),
                   {{"/type", "string"}, {"/error/type", "string"}, {"/request_id", "string"}});
  } else if (dialect == "gemini") {
    members.insert(members.end(), {{"/error/code", "number"}, {"/error/status", "string"}});
  } else if (dialect == "azure") {
    members.push_back({"/error/code", "string null"});
  } else {
    members.insert(members.end(), {{"/error/type", "string null"},
                                   {"/error/param", "string null"},
                                   {"/error/code", "string null"}});
  }
  out->well_formed = HasAll(body, members, out);
  if (dialect == "gemini") out->well_formed &= NumberAt(body, "/error/code") == status;
}

// ---- streams ----

bool IsTerminal(std::string_view dialect, const ServerSentEvent& event, const Understood& so_far) {
  if (dialect == "anthropic") return event.name == "message_stop";
  if (dialect == "gemini") return !so_far.finish.empty();
  if (dialect == "openai_responses") {
    return event.name == "response.completed" || event.name == "response.incomplete" ||
           event.name == "response.failed";
  }
  return event.data == "[DONE]";
}

Understood ReadStream(std::string_view dialect, std::string_view body) {
  Understood out;
  out.well_formed = true;
  out.complete = false;
  for (const ServerSentEvent& event : SplitEvents(body)) {
    out.events.push_back(event.name);
    const json data = ParseJson(event.data);
    const bool done = event.data == "[DONE]";
    if (data.is_discarded() && !done) {
      out.well_formed = false;
      out.problem += "an event is no JSON: " + event.data + "; ";
      continue;
    }
    if (done) {
      // no JSON
    } else if (dialect == "anthropic") {
      ReadMessageEvent(event, data, &out);
    } else if (dialect == "gemini" && data.contains("error")) {
      ReadError(dialect, 500, data, &out);
    } else if (dialect == "gemini") {
      ReadContent(data, &out);
    } else if (dialect == "openai_responses") {
      ReadResponseEvent(event, data, &out);
    } else {
      ReadChatChunk(data, &out);
    }
    out.complete = IsTerminal(dialect, event, out);
  }
  return out;
}

}  // namespace

namespace {

// Takes a line off the front, whichever of the three line ends it has.
std::string TakeLine(std::string_view* body) {
  const size_t end = std::min(body->find_first_of("\r\n"), body->size());
  const std::string line(body->substr(0, end));
  const bool pair = body->substr(end, 2) == "\r\n";
  body->remove_prefix(std::min(end + (pair ? 2 : 1), body->size()));
  return line;
}

}  // namespace

std::vector<ServerSentEvent> SplitEvents(std::string_view body) {
  std::vector<ServerSentEvent> events;
  ServerSentEvent event;
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  while (!body.empty()) {
    const std::string line = TakeLine(&body);
    if (line.starts_with("{")) {  // Gemini's error: bare JSON over several lines
      event.data = line + "\n" + std::string(body);
      body = {};
    }
    const size_t colon = std::min(line.find(':'), line.size());
    const std::string field = line.substr(0, colon);
    std::string value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.erase(0, 1);
    if (field == "event") event.name = value;
    if (field == "data") event.data += (event.data.empty() ? "" : "\n") + value;
    if ((line.empty() || body.empty()) && !event.data.empty()) {
      events.push_back(event);
      event = ServerSentEvent();
    }
  }
  return events;
}

Understood ReadBody(std::string_view dialect, int status, bool stream, std::string_view body) {
  if (stream && status == 200) return ReadStream(dialect, body);
  Understood out;
  const json value = ParseJson(body);
  if (value.is_discarded()) {
    out.problem = "no JSON";
  } else if (status != 200) {
    ReadError(dialect, status, value, &out);
  } else if (dialect == "anthropic") {
    ReadMessage(value, &out);
  } else if (dialect == "gemini") {
    out.well_formed = true;
    ReadContent(value, &out);
  } else if (dialect == "openai_responses") {
    out.well_formed = true;
    ReadResponse(value, &out);
  } else {
    ReadChat(dialect, value, &out);
  }
  return out;
}

Understood ReadReply(std::string_view dialect, const ReplyPlan& plan) {
  const std::string type(plan.headers.Find("content-type").value_or(""));
  if (plan.headers.Find("content-encoding")) {  // nobody asked for any
    Understood out;
    out.problem = "encoded";
    return out;
  }
  const std::string_view body = std::string_view(plan.body).substr(0, BytesSent(plan));
  return ReadBody(dialect, plan.status, type.starts_with("text/event-stream"), body);
}

}  // namespace squall
