#include "engine/gateway/chat_members.h"

#include <simdjson.h>

#include <array>
#include <cmath>

#include "engine/base/cat.h"
#include "engine/gateway/async_names.h"

namespace squall {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// The most that a client may ask for in one answer; past it, it is a mistake.
constexpr int64_t kMostTokens = 10'000'000;
constexpr size_t kMostStops = 64;

constexpr uint8_t kChat = 1;      // of OpenAI's chat completions
constexpr uint8_t kMessages = 2;  // of Anthropic's messages

void PassOn(const JsonMember& member, ClientText* text) {
  AppendTo(&text->members, ",\"", member.key, "\":", member.value);
}

std::string ReadModel(const JsonMember&, const element& value, ChatIntake* out, ClientText*) {
  std::string_view model;
  if (value.get(model) != simdjson::SUCCESS || model.empty()) return "\"model\" must be a text.";
  out->model = std::string(model);
  return "";
}

std::string ReadMessageList(const JsonMember& member, const element& value, ChatIntake* out,
                            ClientText* text) {
  text->messages = std::string(member.value);
  return ReadMessages(value, out);
}

std::string ReadSystemMember(const JsonMember& member, const element& value, ChatIntake* out,
                             ClientText* text) {
  if (value.is_null()) return "";
  text->system = std::string(member.value);
  return ReadSystem(value, out);
}

std::string ReadMaxTokens(const JsonMember& member, const element& value, ChatIntake* out,
                          ClientText* text) {
  if (value.is_null()) return "";
  int64_t tokens = 0;
  if (value.get(tokens) != simdjson::SUCCESS || tokens < 1 || tokens > kMostTokens) {
    return Cat("\"", member.key, "\" must be a whole number from 1 to ", kMostTokens, ".");
  }
  if (!out->request.unlimited) return "There are two limits on the tokens of the answer.";
  out->request.unlimited = false;
  out->request.max_tokens = tokens;
  text->max_tokens_name = std::string(member.key);
  return "";
}

std::string ReadStream(const JsonMember&, const element& value, ChatIntake* out, ClientText*) {
  if (value.is_null()) return "";
  return value.get(out->wants_stream) == simdjson::SUCCESS ? "" : "\"stream\" must be a boolean.";
}

std::string ReadStreamOptions(const JsonMember&, const element& value, ChatIntake* out,
                              ClientText*) {
  if (value.is_null()) return "";
  object options;
  if (value.get(options) != simdjson::SUCCESS) return "\"stream_options\" must be an object.";
  for (const auto [key, option] : options) {
    // Obfuscation pads events; a padded stream says the same.
    if (key == "include_obfuscation") continue;
    if (key != "include_usage" || option.get(out->wants_usage) != simdjson::SUCCESS) {
      return Cat("The stream option \"", key, "\" cannot be honoured by this gateway.");
    }
  }
  return "";
}

std::string ReadN(const JsonMember&, const element& value, ChatIntake*, ClientText*) {
  int64_t n = 1;
  const bool one = value.is_null() || (value.get(n) == simdjson::SUCCESS && n == 1);
  return one ? "" : "\"n\" must be 1: this gateway checks one answer.";
}

std::string ReadNumber(const JsonMember& member, const element& value,
                       std::optional<double>* number) {
  double got = 0;
  if (value.is_null()) return "";
  if (value.get(got) != simdjson::SUCCESS || !std::isfinite(got) || got < 0) {
    return Cat("\"", member.key, "\" must be a number of at least 0.");
  }
  *number = got;
  return "";
}

std::string ReadTemperature(const JsonMember& member, const element& value, ChatIntake* out,
                            ClientText* text) {
  PassOn(member, text);
  const std::string wrong = ReadNumber(member, value, &text->sampling.temperature);
  // OpenAI's scale ends at 2 and Anthropic's at 1, and nobody says how one maps to the other.
  if (text->sampling.temperature.value_or(0) > 1) out->opaque_member = "temperature";
  return wrong;
}

std::string ReadTopP(const JsonMember& member, const element& value, ChatIntake*,
                     ClientText* text) {
  PassOn(member, text);
  return ReadNumber(member, value, &text->sampling.top_p);
}

std::string ReadStop(const JsonMember& member, const element& value, ChatIntake*,
                     ClientText* text) {
  PassOn(member, text);
  std::vector<std::string>& stops = text->sampling.stop;
  std::string_view one;
  array list;
  if (value.is_null()) return "";
  if (value.get(one) == simdjson::SUCCESS) {
    stops.emplace_back(one);
    return "";
  }
  const std::string wrong = Cat("\"", member.key, "\" must be a list of texts.");
  if (value.get(list) != simdjson::SUCCESS || list.size() > kMostStops) return wrong;
  for (const element item : list) {
    if (item.get(one) != simdjson::SUCCESS) return wrong;
    stops.emplace_back(one);
  }
  return "";
}

// An answer that must be JSON is checked here too, whatever the provider promises. A schema with
// words that the checker does not know is still the provider's to keep.
std::string ReadFormat(const JsonMember& member, const element& value, ChatIntake* out,
                       ClientText* text) {
  PassOn(member, text);
  std::string_view type;
  if (value.is_null()) return "";
  if (value["type"].get(type) != simdjson::SUCCESS) {
    return "\"response_format\" must be an object with a type.";
  }
  if (type == "text") return "";
  out->opaque_member = "response_format";
  static const auto any_object =
      std::make_shared<const JsonSchema>(*JsonSchema::Compile(R"({"type":"object"})"));
  out->schema = any_object;
  element schema;
  if (type == "json_schema" && value["json_schema"]["schema"].get(schema) == simdjson::SUCCESS) {
    auto compiled = JsonSchema::Compile(simdjson::minify(schema));
    if (compiled.ok()) out->schema = std::make_shared<const JsonSchema>(*std::move(compiled));
  }
  return "";
}

std::string ReadMetadata(const JsonMember& member, const element& value, ChatIntake* out,
                         ClientText* text) {
  PassOn(member, text);
  std::string_view conversation;
  if (value["conversation_id"].get(conversation) == simdjson::SUCCESS) {
    out->conversation = std::string(conversation);
  }
  return "";
}

// What only says whose request it is or how it is billed: no other family loses by its absence.
std::string ReadLabel(const JsonMember& member, const element&, ChatIntake*, ClientText* text) {
  PassOn(member, text);
  return "";
}

// What pieces of a stream cannot carry, as they are read here.
std::string ReadWhole(const JsonMember& member, const element& value, ChatIntake* out,
                      ClientText* text) {
  PassOn(member, text);
  bool wanted = true;
  if (value.is_null() || (value.get(wanted) == simdjson::SUCCESS && !wanted)) return "";
  out->opaque_member = std::string(member.key);
  out->whole = true;
  return "";
}

std::string ReadWait(const JsonMember&, const element& value, ChatIntake* out, ClientText*) {
  bool wait = false;
  if (value.get(wait) != simdjson::SUCCESS) return "\"wait\" must be a boolean.";
  out->wait = wait;
  return "";
}

std::string ReadIdempotencyKey(const JsonMember&, const element& value, ChatIntake* out,
                               ClientText*) {
  std::string_view key;
  const bool good = value.get(key) == simdjson::SUCCESS && IsIdempotencyKey(key);
  if (!good) return "\"idempotency_key\" must be a text of 1 to 255 printable characters.";
  out->idempotency_key = std::string(key);
  return "";
}

std::string ReadUnknown(const JsonMember& member, const element& value, ChatIntake* out,
                        ClientText* text) {
  PassOn(member, text);
  if (!value.is_null()) out->opaque_member = std::string(member.key);
  return "";
}

struct MemberRow {
  std::string_view name;
  uint8_t shapes;
  std::string (*read)(const JsonMember&, const element&, ChatIntake*, ClientText*);
};

// What is not here is ReadUnknown's.
constexpr MemberRow kMembers[] = {
    {"model", kChat | kMessages, &ReadModel},
    {"messages", kChat | kMessages, &ReadMessageList},
    {"system", kMessages, &ReadSystemMember},
    {"max_tokens", kChat | kMessages, &ReadMaxTokens},
    {"max_completion_tokens", kChat, &ReadMaxTokens},
    {"stream", kChat | kMessages, &ReadStream},
    {"stream_options", kChat, &ReadStreamOptions},
    {"n", kChat, &ReadN},
    {"temperature", kChat | kMessages, &ReadTemperature},
    {"top_p", kChat | kMessages, &ReadTopP},
    {"stop", kChat, &ReadStop},
    {"stop_sequences", kMessages, &ReadStop},
    {"response_format", kChat, &ReadFormat},
    {"metadata", kChat | kMessages, &ReadMetadata},
    {"user", kChat, &ReadLabel},
    {"safety_identifier", kChat, &ReadLabel},
    {"prompt_cache_key", kChat, &ReadLabel},
    {"store", kChat, &ReadLabel},
    {"service_tier", kChat | kMessages, &ReadLabel},
    {"logprobs", kChat, &ReadWhole},
    {"audio", kChat, &ReadWhole},
    {"modalities", kChat, &ReadWhole},
    {"web_search_options", kChat, &ReadWhole},
    {"thinking", kMessages, &ReadWhole},
    {"wait", kChat | kMessages, &ReadWait},
    {"idempotency_key", kChat | kMessages, &ReadIdempotencyKey},
};

}  // namespace

std::string ReadChatMember(const JsonMember& member, const element& value, ChatIntake* out,
                           ClientText* text) {
  const uint8_t shape = out->shape == ApiShape::kOpenAi ? kChat : kMessages;
  for (const MemberRow& row : kMembers) {
    if (row.name == member.key && (row.shapes & shape) != 0) {
      return row.read(member, value, out, text);
    }
  }
  return ReadUnknown(member, value, out, text);
}

}  // namespace squall
