#include "mock_providers/gemini.h"

#include <simdjson.h>

#include "engine/base/json_text.h"
#include "mock_providers/gemini_errors.h"
#include "mock_providers/schema_sample.h"
#include "mock_providers/stream_writer.h"
#include "mock_providers/tool_input.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

using simdjson::dom::element;

constexpr std::string_view kModels = "/models/";
constexpr std::string_view kWhole = ":generateContent";
constexpr std::string_view kStreamed = ":streamGenerateContent";

// ---- reading ----

// A member under its camelCase name or the snake_case one that Google takes as well.
bool FindEither(element object, std::string_view camel, std::string_view snake, element* out) {
  return object[camel].get(*out) == simdjson::SUCCESS ||
         object[snake].get(*out) == simdjson::SUCCESS;
}

Problem ReadParts(element content, std::string_view where, PromptText* prompt, ApiRequest* out) {
  simdjson::dom::array parts;
  if (content["parts"].get(parts) != simdjson::SUCCESS) {
    return Refusal{400, "* " + std::string(where) + ".parts: contents.parts must not be empty."};
  }
  for (const element part : parts) {
    std::string_view text;
    if (part["text"].get(text) == simdjson::SUCCESS) TakeText(text, prompt, out);
  }
  return {};
}

Problem ReadContents(element value, PromptText* prompt, ApiRequest* out) {
  simdjson::dom::array contents;
  if (value.get(contents) != simdjson::SUCCESS) {
    return Refusal{400,
                   "Invalid value at 'contents' (type.googleapis.com/google.ai."
                   "generativelanguage.v1beta.Content)"};
  }
  size_t count = 0;
  for (const element content : contents) {
    const std::string where = "GenerateContentRequest.contents[" + std::to_string(count++) + "]";
    std::string_view role;
    const bool has_role = content["role"].get(role) == simdjson::SUCCESS;
    if (has_role && role != "user" && role != "model" && role != "function") {
      return Refusal{400, "Please use a valid role: user, model."};
    }
    prompt->by_model = has_role && role == "model";
    if (Problem problem = ReadParts(content, where, prompt, out)) return problem;
  }
  if (count == 0) {
    return Refusal{400, "* GenerateContentRequest.contents: contents is not specified\n"};
  }
  return {};
}

Problem ReadGenerationConfig(element value, ApiRequest* out) {
  simdjson::dom::object members;
  if (value.get(members) == simdjson::SUCCESS) {
    for (const auto field : members) TakeParam(field.key, field.value, out);
  }
  element member;
  if (FindEither(value, "maxOutputTokens", "max_output_tokens", &member)) {
    if (member.get(out->max_tokens) != simdjson::SUCCESS || out->max_tokens < 1) {
      return Refusal{400, "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32)"};
    }
  }
  std::string_view type;
  if (FindEither(value, "responseMimeType", "response_mime_type", &member)) {
    out->json = member.get(type) == simdjson::SUCCESS && type == "application/json";
  }
  if (FindEither(value, "responseJsonSchema", "response_json_schema", &member) ||
      FindEither(value, "responseSchema", "response_schema", &member)) {
    AppendSample(member, &out->sample);
  }
  double temperature = 0;
  if (value["temperature"].get(temperature) != simdjson::SUCCESS) return {};
  if (temperature >= 0 && temperature <= 2) return {};
  return Refusal{400,
                 "* GenerateContentRequest.generation_config.temperature: must be in the "
                 "range [0.0, 2.0]."};
}

// Only the mode ANY forces a call: of the first function allowed, else of the first declared.
void ReadTools(element body, ApiRequest* out) {
  element config;
  element calling;
  std::string_view mode;
  if (!FindEither(body, "toolConfig", "tool_config", &config) ||
      !FindEither(config, "functionCallingConfig", "function_calling_config", &calling) ||
      calling["mode"].get(mode) != simdjson::SUCCESS || mode != "ANY") {
    return;
  }
  element allowed;
  std::string_view& name = out->format.tool;
  const bool chosen =
      FindEither(calling, "allowedFunctionNames", "allowed_function_names", &allowed) &&
      allowed.at(0).get(name) == simdjson::SUCCESS;
  element tool;
  element functions;
  if (body["tools"].at(0).get(tool) != simdjson::SUCCESS) return;
  if (!FindEither(tool, "functionDeclarations", "function_declarations", &functions)) return;
  if (!chosen && functions.at(0)["name"].get(name) != simdjson::SUCCESS) name = {};
  SampleTool(functions, name, "/name", "/parameters", &out->sample);
  if (out->sample.empty()) {
    SampleTool(functions, name, "/name", "/parametersJsonSchema", &out->sample);
  }
}

bool InArray(const ReplyFormat& format) { return format.stream && !format.sse; }

// ---- answers ----

bool CandidateCallsTool(const ApiAnswer& answer) {
  return !answer.format.tool.empty() && answer.content && !answer.refused;
}

// `finish` empty = not the last one. Without `text` there are no parts at all.
void AppendReply(const ApiAnswer& answer, std::optional<std::string_view> text,
                 std::string_view finish, int64_t tokens, std::string* out) {
  if (answer.refused) {
    out->append(R"({"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"})");
  } else {
    out->append(R"({"candidates":[{"content":{)");
    if (text) {
      const bool calls = CandidateCallsTool(answer);
      out->append(R"("parts":[{)");
      if (calls) {
        out->append(R"("functionCall":{"name":)");
        AppendJsonString(answer.format.tool, out);
        out->append(R"(,"args":)");
        AppendToolInput(*text, out);
        out->append("}");
      } else {
        out->append(R"("text":)");
        AppendJsonString(*text, out);
      }
      out->append("}],");
    }
    out->append(R"("role":"model"})");
    if (!finish.empty()) out->append(R"(,"finishReason":")").append(finish).append("\"");
    out->append(R"(,"index":0}])");
  }
  out->append(R"(,"usageMetadata":{"promptTokenCount":)");
  AppendInt(answer.prompt_tokens, out);
  const int64_t thoughts = answer.refused ? 0 : answer.reasoning_tokens;
  if (!answer.refused && tokens > thoughts) {
    out->append(R"(,"candidatesTokenCount":)");
    AppendInt(tokens - thoughts, out);
  }
  if (thoughts > 0) {
    out->append(R"(,"thoughtsTokenCount":)");
    AppendInt(thoughts, out);
  }
  if (answer.cached_tokens > 0) {
    out->append(R"(,"cachedContentTokenCount":)");
    AppendInt(answer.cached_tokens, out);
  }
  out->append(R"(,"totalTokenCount":)");
  AppendInt(answer.prompt_tokens + (answer.refused ? 0 : tokens), out);
  out->append(R"(,"promptTokensDetails":[{"modality":"TEXT","tokenCount":)");
  AppendInt(answer.prompt_tokens, out);
  out->append(R"(}]},"modelVersion":)");
  AppendJsonString(answer.model, out);
  out->append(R"(,"responseId":")");
  AppendLetters(answer.id_bits, 23, out);
  out->append("\"}");
}

std::string_view FinishReason(const ApiAnswer& answer) {
  if (answer.filtered) return "SAFETY";
  return answer.out_of_tokens ? "MAX_TOKENS" : "STOP";
}

// One reply of a stream, in the frame that was asked for.
struct ReplyWriter {
  const ApiAnswer& answer;
  StreamWriter& stream;
  bool first = true;

  void Reply(std::optional<std::string_view> text, std::string_view finish, int64_t tokens) {
    const bool sse = answer.format.sse;
    if (sse) {
      stream.BeginData();
    } else {
      stream.body().append(first ? "[" : ",\r\n");
    }
    first = false;
    AppendReply(answer, text, finish, tokens, &stream.body());
    if (!sse && !finish.empty()) stream.body().append("]");
    if (sse) {
      stream.EndData();
    } else {
      stream.EndEvent();
    }
  }
};

void WriteCandidateStream(const ApiAnswer& answer, ReplyPlan* plan) {
  StreamWriter stream(answer, plan);
  ReplyWriter replies{answer, stream};
  const bool in_pieces = answer.content && !CandidateCallsTool(answer) && !answer.refused;
  if (!in_pieces) {  // a call comes whole, as one part
    replies.Reply(answer.content, FinishReason(answer), answer.completion_tokens);
    return;
  }
  size_t bytes = 0;
  for (std::string_view piece = stream.NextPiece(); !piece.empty(); piece = stream.NextPiece()) {
    bytes += piece.size();
    replies.Reply(piece, {}, answer.reasoning_tokens + CountTokens(bytes));
  }
  replies.Reply("", FinishReason(answer), answer.completion_tokens);
}

}  // namespace

Problem GeminiServer::ReadBody(std::string_view text, ApiRequest* out) {
  const element* document = json_.Parse(text);
  simdjson::dom::object object;
  if (document == nullptr || document->get(object) != simdjson::SUCCESS) {
    return Refusal{400, "Invalid JSON payload received. Unexpected end of string."};
  }
  PromptText prompt;
  element member;
  if (FindEither(*document, "systemInstruction", "system_instruction", &member)) {
    if (Problem problem =
            ReadParts(member, "GenerateContentRequest.system_instruction", &prompt, out)) {
      return problem;
    }
  }
  if (object["contents"].get(member) != simdjson::SUCCESS) {
    return Refusal{400, "* GenerateContentRequest.contents: contents is not specified\n"};
  }
  if (Problem problem = ReadContents(member, &prompt, out)) return problem;
  if (FindEither(*document, "generationConfig", "generation_config", &member)) {
    if (Problem problem = ReadGenerationConfig(member, out)) return problem;
  }
  ReadTools(*document, out);
  out->prompt_tokens = CountTokens(prompt.bytes);
  return {};
}

bool GeminiServer::Read(const HttpRequest& request, uint64_t, ApiRequest* out, ReplyPlan* refusal) {
  const std::string_view path = PathOf(request.target);
  const size_t models = path.find(kModels);
  const size_t colon = path.rfind(':');
  ReplyFormat& format = out->format;
  format.stream = path.ends_with(kStreamed);
  format.sse = QueryValue(request.target, "alt") == "sse";
  const Headers& headers = request.headers;
  std::optional<GeminiError> error;
  if (models == std::string_view::npos || (!format.stream && !path.ends_with(kWhole)) ||
      request.method != "POST") {
    WriteGeminiError({404, "Requested entity was not found."}, false, refusal);
    return false;
  }
  const std::string_view model =
      path.substr(models + kModels.size(), colon - models - kModels.size());
  if (!headers.Find("x-goog-api-key") && !headers.Find("authorization") &&
      !QueryValue(request.target, "key")) {
    error = GeminiError{403,
                        "Method doesn't allow unregistered callers (callers without established "
                        "identity). Please use API Key or other form of API consumer identity to "
                        "call this API."};
  } else if (FindModel(model, models_) == models_.size()) {
    error = GeminiUnknownModel(model);
  } else if (Problem problem = ReadBody(request.body, out)) {
    error = GeminiError{problem->status, std::move(problem->message)};
  }
  if (error) {
    WriteGeminiError(*error, InArray(format), refusal);
    return false;
  }
  out->model = FindModel(model, models_);
  return true;
}

void GeminiServer::WriteAnswer(const ApiAnswer& answer, ReplyPlan* plan) const {
  const bool events = answer.format.stream && answer.format.sse;
  plan->status = 200;
  plan->headers.clear();
  plan->headers.Add("content-type",
                    events ? "text/event-stream" : "application/json; charset=UTF-8");
  AddGeminiHeaders(&plan->headers);
  if (answer.format.stream) {
    WriteCandidateStream(answer, plan);
    return;
  }
  plan->body.clear();
  AppendReply(answer, answer.content, FinishReason(answer), answer.completion_tokens, &plan->body);
}

void GeminiServer::WriteError(const ApiError& error, ReplyPlan* plan) const {
  WriteGeminiError(error, InArray(error.format), plan);
}

// Bare JSON over several lines, even between events.
void GeminiServer::AppendStreamError(const ApiError& error, std::string* out) const {
  if (InArray(error.format)) out->append(out->empty() ? "[" : ",\r\n");
  AppendGeminiError(GeminiErrorOf(error), out);
  if (InArray(error.format)) out->append("]");
}

}  // namespace squall
