#include "mock_providers/responses.h"

#include <simdjson.h>

#include "engine/base/json_text.h"
#include "engine/base/random.h"
#include "mock_providers/openai_errors.h"
#include "mock_providers/schema_sample.h"
#include "mock_providers/stream_writer.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

using simdjson::dom::element;

constexpr std::string_view kResponsesPath = "/v1/responses";
constexpr std::string_view kResponsesInvalid = "invalid_request_error";
constexpr StreamId kResponseIds = Stream("responses/id");
constexpr std::string_view kResponsesRefusal = "I'm sorry, but I can't help with that request.";

// ---- reading ----

// A string, or an array of parts of which only those of text count.
Problem ReadInputContent(element content, PromptText* prompt, ApiRequest* out) {
  std::string_view text;
  if (content.get(text) == simdjson::SUCCESS) {
    TakeText(text, prompt, out);
    return {};
  }
  simdjson::dom::array parts;
  if (content.get(parts) != simdjson::SUCCESS) {
    return WrongType("input[].content", "a string or an array of parts");
  }
  for (const element part : parts) {
    if (part["text"].get(text) == simdjson::SUCCESS) TakeText(text, prompt, out);
  }
  return {};
}

Problem ReadInput(element value, PromptText* prompt, ApiRequest* out) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    TakeText(text, prompt, out);
    return {};
  }
  simdjson::dom::array items;
  if (value.get(items) != simdjson::SUCCESS) {
    return WrongType("input", "a string or an array of items");
  }
  for (const element item : items) {
    element content;
    if (item["content"].get(content) != simdjson::SUCCESS) {
      std::string_view type;
      if (item["type"].get(type) == simdjson::SUCCESS && type != "message") continue;
      return WrongType("input[].content", "a string or an array of parts");
    }
    std::string_view role;
    prompt->by_model = item["role"].get(role) == simdjson::SUCCESS && role == "assistant";
    if (Problem problem = ReadInputContent(content, prompt, out)) return problem;
  }
  prompt->by_model = false;
  return {};
}

struct ResponsesBody {
  std::string_view model;
  std::string_view first_tool;
  std::optional<element> tools;
  PromptText prompt;
  bool has_input = false;
  bool tool_required = false;
};

Problem ReadResponsesTools(element value, ResponsesBody* body) {
  simdjson::dom::array tools;
  if (value.get(tools) != simdjson::SUCCESS) return WrongType("tools", "an array of objects");
  for (const element tool : tools) {
    std::string_view name;
    if (tool["name"].get(name) == simdjson::SUCCESS && body->first_tool.empty()) {
      body->first_tool = name;
    }
  }
  body->tools = value;
  return {};
}

Problem ReadResponsesToolChoice(element value, ResponsesBody* body, ApiRequest* out) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    body->tool_required = text == "required";
    return {};
  }
  if (value["name"].get(out->format.tool) == simdjson::SUCCESS) return {};
  return WrongType("tool_choice", "a string or an object with a function's name");
}

Problem ReadMaxTokens(element value, ApiRequest* out) {
  if (value.is_null()) return {};
  if (value.get(out->max_tokens) != simdjson::SUCCESS) {
    return WrongType("max_output_tokens", "an integer");
  }
  if (out->max_tokens >= 1) return {};
  return Refusal{400,
                 "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 1.",
                 kResponsesInvalid, "max_output_tokens", "integer_below_min_value"};
}

Problem ReadResponsesField(std::string_view key, element value, ResponsesBody* body,
                           ApiRequest* out) {
  if (key == "input") {
    body->has_input = true;
    return ReadInput(value, &body->prompt, out);
  }
  if (key == "instructions" && !value.is_null()) return ReadInputContent(value, &body->prompt, out);
  if (key == "model") {
    return value.get(body->model) == simdjson::SUCCESS ? Problem() : WrongType("model", "a string");
  }
  if (key == "user" || key == "safety_identifier") {
    return value.get(out->user) == simdjson::SUCCESS ? Problem() : WrongType(key, "a string");
  }
  if (key == "max_output_tokens") return ReadMaxTokens(value, out);
  if (key == "stream" && !value.is_null() && value.get(out->format.stream) != simdjson::SUCCESS) {
    return WrongType("stream", "a boolean");
  }
  if (key == "text") {
    std::string_view type;
    out->json = value["format"]["type"].get(type) == simdjson::SUCCESS && type != "text";
    element schema;
    if (value.at_pointer("/format/schema").get(schema) == simdjson::SUCCESS) {
      AppendSample(schema, &out->sample);
    }
  }
  if (key == "tools") return ReadResponsesTools(value, body);
  if (key == "tool_choice") return ReadResponsesToolChoice(value, body, out);
  return {};  // parameters that change nothing here
}

// ---- answers ----

bool ResponseCallsTool(const ApiAnswer& answer) {
  return !answer.format.tool.empty() && answer.content && !answer.refused;
}

enum class Stage : uint8_t { kInProgress, kDone };

void AppendId(std::string_view prefix, uint64_t id_bits, std::string* out) {
  out->append(prefix);
  AppendHex(DrawBits(id_bits, kResponseIds), 48, out);
}

std::string_view Status(const ApiAnswer& answer, Stage stage) {
  if (stage == Stage::kInProgress) return "in_progress";
  return answer.out_of_tokens || answer.filtered ? "incomplete" : "completed";
}

// The one part of the message's content. `text` empty while it is still to come.
void AppendPart(const ApiAnswer& answer, std::string_view text, std::string* out) {
  if (answer.refused) {
    out->append(R"({"type":"refusal","refusal":)");
    AppendJsonString(text, out);
    out->append("}");
    return;
  }
  out->append(R"({"type":"output_text","annotations":[],"logprobs":[],"text":)");
  AppendJsonString(text, out);
  out->append("}");
}

std::string_view TextOf(const ApiAnswer& answer) {
  return answer.refused ? kResponsesRefusal : answer.content.value_or(std::string_view());
}

void AppendItem(const ApiAnswer& answer, Stage stage, std::string* out) {
  const bool done = stage == Stage::kDone;
  if (ResponseCallsTool(answer)) {
    AppendId(R"({"id":"fc_)", answer.id_bits, out);
    out->append(R"(","type":"function_call","status":")").append(Status(answer, stage));
    out->append(R"(","arguments":)");
    AppendJsonString(done ? *answer.content : std::string_view(), out);
    out->append(R"(,"call_id":"call_)");
    AppendLetters(answer.id_bits, 24, out);
    out->append(R"(","name":)");
    AppendJsonString(answer.format.tool, out);
    out->append("}");
    return;
  }
  AppendId(R"({"id":"msg_)", answer.id_bits, out);
  out->append(R"(","type":"message","status":")").append(Status(answer, stage));
  out->append(R"(","content":[)");
  if (done && (answer.content || answer.refused)) AppendPart(answer, TextOf(answer), out);
  out->append(R"(],"role":"assistant"})");
}

void AppendUsage(const ApiAnswer& answer, std::string* out) {
  out->append(R"({"input_tokens":)");
  AppendInt(answer.prompt_tokens, out);
  out->append(R"(,"input_tokens_details":{"cached_tokens":)");
  AppendInt(answer.cached_tokens, out);
  out->append(R"(},"output_tokens":)");
  AppendInt(answer.completion_tokens, out);
  out->append(R"(,"output_tokens_details":{"reasoning_tokens":)");
  AppendInt(answer.reasoning_tokens, out);
  out->append(R"(},"total_tokens":)");
  AppendInt(answer.prompt_tokens + answer.completion_tokens, out);
  out->append("}");
}

void AppendResponse(const ApiAnswer& answer, Stage stage, std::string* out) {
  const bool done = stage == Stage::kDone;
  AppendId(R"({"id":"resp_)", answer.id_bits, out);
  out->append(R"(","object":"response","created_at":)");
  AppendInt(UnixSeconds(answer.now), out);
  out->append(R"(,"status":")").append(Status(answer, stage));
  out->append(R"(","background":false,"error":null,"incomplete_details":)");
  if (done && answer.filtered) {
    out->append(R"({"reason":"content_filter"})");
  } else {
    out->append(done && answer.out_of_tokens ? R"({"reason":"max_output_tokens"})" : "null");
  }
  out->append(R"(,"instructions":null,"max_output_tokens":null,"model":)");
  AppendJsonString(answer.model, out);
  out->append(R"(,"output":[)");
  if (done) AppendItem(answer, stage, out);
  out->append(R"(],"parallel_tool_calls":true,"previous_response_id":null,)"
              R"("reasoning":{"effort":null,"summary":null},"store":true,"temperature":1.0,)"
              R"("text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":1.0,)"
              R"("truncation":"disabled","usage":)");
  if (done) {
    AppendUsage(answer, out);
  } else {
    out->append("null");
  }
  out->append(R"(,"user":null,"metadata":{}})");
}

// The events of one stream. Each begins with its type and the next sequence number.
struct EventWriter {
  const ApiAnswer& answer;
  StreamWriter& stream;
  int64_t sequence = 0;
  std::string& body = stream.body();

  void Begin(std::string_view type) {
    stream.BeginData(type);
    body.append(R"({"type":")").append(type).append(R"(","sequence_number":)");
    AppendInt(sequence++, &body);
  }
  void End() {
    body.append("}");
    stream.EndData();
  }
  void Whole(std::string_view type, Stage stage) {
    Begin(type);
    body.append(R"(,"response":)");
    AppendResponse(answer, stage, &body);
    End();
  }
  void Item(std::string_view type, Stage stage) {
    Begin(type);
    body.append(R"(,"output_index":0,"item":)");
    AppendItem(answer, stage, &body);
    End();
  }
  // Where in the output the following members belong.
  void BeginPart(std::string_view type) {
    Begin(type);
    AppendId(ResponseCallsTool(answer) ? R"(,"item_id":"fc_)" : R"(,"item_id":"msg_)",
             answer.id_bits, &body);
    body.append(R"(","output_index":0)");
    if (!ResponseCallsTool(answer)) body.append(R"(,"content_index":0)");
  }
  void Text(std::string_view type, std::string_view member, std::string_view text) {
    BeginPart(type);
    body.append(",\"").append(member).append("\":");
    AppendJsonString(text, &body);
    if (type.starts_with("response.output_text")) body.append(R"(,"logprobs":[])");
    End();
  }
  void Part(std::string_view type, std::string_view text) {
    BeginPart(type);
    body.append(R"(,"part":)");
    AppendPart(answer, text, &body);
    End();
  }
};

void WriteText(const ApiAnswer& answer, EventWriter* events) {
  if (answer.refused) {
    events->Text("response.refusal.delta", "delta", kResponsesRefusal);
    events->Text("response.refusal.done", "refusal", kResponsesRefusal);
    return;
  }
  const bool calls = ResponseCallsTool(answer);
  const std::string_view delta =
      calls ? "response.function_call_arguments.delta" : "response.output_text.delta";
  for (std::string_view piece = events->stream.NextPiece(); !piece.empty();
       piece = events->stream.NextPiece()) {
    events->Text(delta, "delta", piece);
  }
  if (calls) {
    events->Text("response.function_call_arguments.done", "arguments", *answer.content);
  } else {
    events->Text("response.output_text.done", "text", *answer.content);
  }
}

void WriteResponseStream(const ApiAnswer& answer, ReplyPlan* plan) {
  StreamWriter stream(answer, plan);
  EventWriter events{answer, stream};
  events.Whole("response.created", Stage::kInProgress);
  events.Whole("response.in_progress", Stage::kInProgress);
  events.Item("response.output_item.added", Stage::kInProgress);
  const bool has_part = (answer.content || answer.refused) && !ResponseCallsTool(answer);
  if (has_part) events.Part("response.content_part.added", "");
  if (answer.content || answer.refused) WriteText(answer, &events);
  if (has_part) events.Part("response.content_part.done", TextOf(answer));
  events.Item("response.output_item.done", Stage::kDone);
  const bool whole = Status(answer, Stage::kDone) == "completed";
  events.Whole(whole ? "response.completed" : "response.incomplete", Stage::kDone);
}

// The sequence number that follows the events in `body`.
int64_t NextSequence(std::string_view body) {
  constexpr std::string_view kMember = "\"sequence_number\":";
  int64_t count = 0;
  for (size_t at = body.find(kMember); at != std::string_view::npos;
       at = body.find(kMember, at + kMember.size())) {
    ++count;
  }
  return count;
}

}  // namespace

ResponsesServer::ResponsesServer(std::vector<std::string> models)
    : models_(std::move(models)), common_headers_(OpenAiHeaders()) {}

Problem ResponsesServer::ReadBody(std::string_view text, ApiRequest* out) {
  const element* document = json_.Parse(text);
  simdjson::dom::object object;
  if (document == nullptr || document->get(object) != simdjson::SUCCESS) {
    return Refusal{400,
                   "We could not parse the JSON body of your request. The OpenAI API expects a "
                   "JSON payload, but what was sent was not valid JSON."};
  }
  ResponsesBody body;
  for (const auto field : object) {
    TakeParam(field.key, field.value, out);
    if (Problem problem = ReadResponsesField(field.key, field.value, &body, out)) return problem;
  }
  if (body.model.data() == nullptr || !body.has_input) {
    const std::string_view missing = body.has_input ? "model" : "input";
    return Refusal{400, "Missing required parameter: '" + std::string(missing) + "'.",
                   kResponsesInvalid, missing, "missing_required_parameter"};
  }
  if (body.tool_required) out->format.tool = body.first_tool;
  if (body.tools) {
    SampleTool(*body.tools, out->format.tool, "/name", "/parameters", &out->sample);
  }
  out->prompt_tokens = CountTokens(body.prompt.bytes);
  out->model = FindModel(body.model, models_);
  if (out->model < models_.size()) return {};
  out->model = 0;
  Refusal unknown = UnknownModel(body.model);
  unknown.status = 400;  // as this endpoint says it
  unknown.param = "model";
  return unknown;
}

bool ResponsesServer::Read(const HttpRequest& request, uint64_t id_bits, ApiRequest* out,
                           ReplyPlan* refusal) {
  Problem problem;
  if (PathOf(request.target) != kResponsesPath) {
    problem = Refusal{404, "Invalid URL (" + request.method + " " + request.target + ")"};
  } else if (request.method != "POST") {
    problem =
        Refusal{405,
                "Not allowed to " + request.method + " on " + std::string(kResponsesPath) + ".",
                kResponsesInvalid,
                {},
                "method_not_supported"};
  } else if (!request.headers.Find("authorization")) {
    problem = Refusal{401,
                      "You didn't provide an API key. You need to provide your API key in an "
                      "Authorization header using Bearer auth (i.e. Authorization: Bearer "
                      "YOUR_KEY). You can obtain an API key from "
                      "https://platform.openai.com/account/api-keys."};
  } else {
    problem = ReadBody(request.body, out);
  }
  if (!problem) return true;
  WriteOpenAiError(*problem, common_headers_, id_bits, refusal);
  return false;
}

void ResponsesServer::WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const {
  plan->status = 200;
  plan->headers = common_headers_;
  AddInt("openai-processing-ms", answer.processing / 1ms, &plan->headers);
  AddOpenAiRequestId(answer.id_bits, &plan->headers);
  if (answer.quota != nullptr) AddOpenAiQuota(*answer.quota, &plan->headers);
  plan->headers.Add("content-type", answer.format.stream ? kEventStream : "application/json");
  if (answer.format.stream) {
    WriteResponseStream(answer, plan);
    return;
  }
  plan->body.clear();
  AppendResponse(answer, Stage::kDone, &plan->body);
}

void ResponsesServer::WriteError(const ApiError& error, ReplyPlan* plan) const {
  WriteOpenAiError(error, common_headers_, plan);
  if (error.kind == ApiErrorKind::kUnknownModel) plan->status = 400;  // as this endpoint says it
}

// First the event "error", then the response as failed, as captured; half of the time the first is
// flat, as OpenAI's own document has it.
void ResponsesServer::AppendStreamError(const ApiError& error, std::string* out) const {
  const Refusal object = OpenAiError(error);
  const bool flat = error.id_bits % 2 == 1;
  const std::string_view code = object.code.empty() ? object.type : object.code;
  const int64_t sequence = NextSequence(*out);
  out->append(R"(event: error
data: {"type":"error","sequence_number":)");
  AppendInt(sequence, out);
  out->append(flat ? R"(,"code":)" : R"(,"error":{"type":)");
  AppendJsonString(flat ? code : object.type, out);
  if (!flat) {
    out->append(R"(,"code":)");
    AppendJsonString(code, out);
  }
  out->append(R"(,"message":)");
  AppendJsonString(object.message, out);
  out->append(flat ? R"(,"param":null})" : R"(,"param":null}})");
  out->append(R"(

event: response.failed
data: {"type":"response.failed","sequence_number":)");
  AppendInt(sequence + 1, out);
  AppendId(R"(,"response":{"id":"resp_)", error.id_bits, out);
  out->append(R"(","object":"response","created_at":)");
  AppendInt(UnixSeconds(error.now), out);
  out->append(R"(,"status":"failed","error":{"code":)");
  AppendJsonString(code, out);
  out->append(R"(,"message":)");
  AppendJsonString(object.message, out);
  out->append(R"(},"incomplete_details":null,"model":)");
  AppendJsonString(error.model, out);
  out->append(R"(,"output":[],"usage":null}}

)");
}

}  // namespace squall
