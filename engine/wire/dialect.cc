#include "engine/wire/dialect.h"

#include <array>

#include "engine/wire/anthropic.h"
#include "engine/wire/azure.h"
#include "engine/wire/deepseek.h"
#include "engine/wire/gemini.h"
#include "engine/wire/openai.h"
#include "engine/wire/responses.h"

namespace squall {
namespace {

constexpr std::string_view kDone = "[DONE]";

constexpr std::array kDialects = {
    Dialect{"openai", &EncodeOpenAiChat, &MakeOpenAiDecoder, &ReadChatBody, &ReadChatEvent, kDone,
            true, 1min, kOpenAiFamily},
    Dialect{"openai_responses", &EncodeResponses, &MakeResponsesDecoder, &ReadResponsesBody,
            &ReadResponsesEvent},
    Dialect{"anthropic", &EncodeAnthropic, &MakeAnthropicDecoder, &ReadAnthropicBody,
            &ReadAnthropicEvent, "", true, 1min, kAnthropicFamily},
    Dialect{"gemini", &EncodeGemini, &MakeGeminiDecoder, &ReadGeminiBody, &ReadGeminiEvent, "",
            false},
    Dialect{"azure", &EncodeAzureChat, &MakeOpenAiDecoder, &ReadChatBody, &ReadChatEvent, kDone,
            true, kAzureRequestWindow, kOpenAiFamily},
    Dialect{"deepseek", &EncodeDeepSeekChat, &MakeOpenAiDecoder, &ReadChatBody, &ReadChatEvent,
            kDone, true, 1min, kOpenAiFamily},
};

}  // namespace

std::span<const Dialect> Dialects() { return kDialects; }

const Dialect* FindDialect(std::string_view name) {
  for (const Dialect& dialect : kDialects) {
    if (dialect.name == name) return &dialect;
  }
  return nullptr;
}

}  // namespace squall
