// A healthy reply as benchmarks use it: an answer of 60 tokens in OpenAI's format.
#pragma once

#include <string>

#include "engine/base/json_text.h"
#include "mock_providers/tasks.h"

namespace squall {

inline std::string Escaped(const std::string& text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

inline std::string ReplyBody(const std::string& content, const char* finish = "stop") {
  return R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[)"
         R"({"index":0,"message":{"role":"assistant","content":)" +
         Escaped(content) + R"(,"refusal":null,"annotations":[]},"logprobs":null,)" +
         R"("finish_reason":")" + finish +
         R"("}],"usage":{"prompt_tokens":120,"completion_tokens":60,"total_tokens":180},)"
         R"("service_tier":"default","system_fingerprint":"fp_0"})";
}

inline std::string RightAnswer() {
  TaskSpec task;
  task.answer_tokens = 60;
  std::string answer;
  AppendAnswer(1, task, AnswerKind::kRight, &answer);
  return answer;
}

}  // namespace squall
