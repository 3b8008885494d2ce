// ChatReader: understands the body of a chat completion request, as OpenAI defined it and Azure and
// DeepSeek take it. Source: OpenAI's OpenAPI document, CreateChatCompletionRequest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mock_providers/dialect_server.h"
#include "mock_providers/json_body.h"

namespace squall {

// Why a request was refused, in OpenAI's terms; the other dialects word it their own way. Empty
// texts are written as null.
struct Refusal {
  int status = 400;
  std::string message;
  std::string_view type = "invalid_request_error";
  std::string_view param = {};
  std::string_view code = {};
};
using Problem = std::optional<Refusal>;

Refusal WrongType(std::string_view param, std::string_view expected);
Refusal UnknownModel(std::string_view model);

// What has been read of a prompt so far.
struct PromptText {
  size_t bytes = 0;
  bool by_model = false;  // the turn being read is an answer that a model gave earlier
  bool answered = false;  // such an answer came after the task
};

// One text of a prompt: counts its bytes, looks for a task, for an answer to judge, and for words
// on an earlier answer.
void TakeText(std::string_view text, PromptText* prompt, ApiRequest* out);

// A parameter that the body names; null is as good as not there.
void TakeParam(std::string_view name, const simdjson::dom::element& value, ApiRequest* out);

// Position of `model` among `models`, or models.size().
size_t FindModel(std::string_view model, const std::vector<std::string>& models);

// The target without its query, and the value of a parameter of the query, if there.
std::string_view PathOf(std::string_view target);
std::optional<std::string_view> QueryValue(std::string_view target, std::string_view name);

class ChatReader {
 public:
  explicit ChatReader(std::vector<std::string> models) : models_(std::move(models)) {}

  // `deployment` stands for the model where the path names it (Azure); else the body must.
  Problem Read(std::string_view body, std::string_view deployment, ApiRequest* out);

 private:
  std::vector<std::string> models_;
  JsonBody json_;
};

}  // namespace squall
