#include "mock_providers/chat_writer.h"

#include "engine/base/json_text.h"
#include "engine/base/random.h"
#include "mock_providers/stream_writer.h"
#include "mock_providers/wire_text.h"

namespace squall {
namespace {

constexpr std::string_view kRefusal = "I'm sorry, but I can't help with that request.";
constexpr std::string_view kSafe = R"({"hate":{"filtered":false,"severity":"safe"},)"
                                   R"("self_harm":{"filtered":false,"severity":"safe"},)"
                                   R"("sexual":{"filtered":false,"severity":"safe"},)"
                                   R"("violence":{"filtered":false,"severity":"safe"}})";

constexpr std::string_view kViolent = R"({"hate":{"filtered":false,"severity":"safe"},)"
                                      R"("self_harm":{"filtered":false,"severity":"safe"},)"
                                      R"("sexual":{"filtered":false,"severity":"safe"},)"
                                      R"("violence":{"filtered":true,"severity":"medium"}})";

// A call that was asked for by name ends with "stop", one of the model's choice with "tool_calls".
// Source: 500 of 500 replies each, https://community.openai.com/t/437226/45; DeepSeek's are not
// known to differ.
std::string_view FinishReason(ChatVendor vendor, const ApiAnswer& answer) {
  // Without a field for refusals DeepSeek has nothing but this word.
  const bool declined = answer.refused && vendor == ChatVendor::kDeepSeek;
  if (answer.filtered || declined) return "content_filter";
  if (answer.out_of_tokens) return "length";
  if (answer.format.tool.empty() || answer.refused) return "stop";
  return answer.format.tool_named && vendor != ChatVendor::kDeepSeek ? "stop" : "tool_calls";
}

std::string_view Fingerprint(ChatVendor vendor) {
  switch (vendor) {
    case ChatVendor::kOpenAi: return "fp_5d3a11c0e2";
    case ChatVendor::kAzure: return "fp_b705f0c291";
    case ChatVendor::kDeepSeek: return "fp_eaab8d114b_prod0820_fp8_kvcache";
  }
  return {};
}

// {"id":...,"object":<object>,"created":...,"model":...
void AppendStart(ChatVendor vendor, const ApiAnswer& answer, std::string_view object,
                 std::string* out) {
  out->append(R"({"id":")");
  if (vendor == ChatVendor::kDeepSeek) {
    AppendUuid(answer.id_bits, out);
  } else {
    out->append("chatcmpl-");
    AppendLetters(answer.id_bits, 29, out);
  }
  out->append(R"(","object":")").append(object).append(R"(","created":)");
  AppendInt(UnixSeconds(answer.now), out);
  out->append(R"(,"model":)");
  AppendJsonString(answer.model, out);
}

void AppendCall(const ApiAnswer& answer, std::string_view arguments, bool in_stream,
                std::string* out) {
  out->append(in_stream ? R"([{"index":0,"id":"call_)" : R"([{"id":"call_)");
  AppendLetters(answer.id_bits + 1, 24, out);
  out->append(R"(","type":"function","function":{"name":)");
  AppendJsonString(answer.format.tool, out);
  out->append(R"(,"arguments":)");
  AppendJsonString(arguments, out);
  out->append("}}]");
}

void AppendMessage(ChatVendor vendor, const ApiAnswer& answer, std::string* out) {
  const bool calls = !answer.format.tool.empty() && answer.content && !answer.refused;
  out->append(R"({"role":"assistant","content":)");
  const bool deepseek = vendor == ChatVendor::kDeepSeek;
  if (deepseek && answer.refused) {
    AppendJsonString(kRefusal, out);  // it has no field for a refusal
  } else if (calls || answer.refused || !answer.content) {
    out->append("null");
  } else {
    AppendJsonString(*answer.content, out);
  }
  if (calls) {
    out->append(R"(,"tool_calls":)");
    AppendCall(answer, *answer.content, /*in_stream=*/false, out);
  }
  if (!deepseek) {
    out->append(R"(,"refusal":)");
    AppendTextOrNull(answer.refused ? kRefusal : std::string_view(), out);
    out->append(R"(,"annotations":[])");
  }
  out->append("}");
}

void WriteWhole(ChatVendor vendor, const ApiAnswer& answer, ReplyPlan* plan) {
  std::string& body = plan->body;
  body.clear();
  body.reserve(640 + (answer.content ? answer.content->size() * 9 / 8 : 0));
  AppendStart(vendor, answer, "chat.completion", &body);
  body.append(R"(,"choices":[{"index":0,"message":)");
  AppendMessage(vendor, answer, &body);
  body.append(R"(,"logprobs":null,"finish_reason":")")
      .append(FinishReason(vendor, answer))
      .append("\"");
  if (vendor == ChatVendor::kAzure) {
    body.append(R"(,"content_filter_results":)").append(answer.filtered ? kViolent : kSafe);
  }
  body.append(R"(}],"usage":)");
  AppendChatUsage(vendor, answer, &body);
  if (vendor == ChatVendor::kAzure) {
    body.append(R"(,"prompt_filter_results":[{"prompt_index":0,"content_filter_results":)");
    body.append(kSafe).append("}]");
  }
  if (vendor == ChatVendor::kOpenAi) body.append(R"(,"service_tier":"default")");
  body.append(R"(,"system_fingerprint":")").append(Fingerprint(vendor)).append("\"}");
}

// ---- streams ----

struct ChunkWriter {
  ChatVendor vendor;
  const ApiAnswer& answer;
  StreamWriter& stream;
  uint64_t serial = 0;

  void Start() {
    stream.BeginData();
    std::string& out = stream.body();
    AppendStart(vendor, answer, "chat.completion.chunk", &out);
    if (vendor == ChatVendor::kOpenAi) out.append(R"(,"service_tier":"default")");
    out.append(R"(,"system_fingerprint":")").append(Fingerprint(vendor)).append("\"");
  }

  void End(bool with_usage) {
    std::string& out = stream.body();
    const bool tells_usage = answer.format.include_usage && vendor != ChatVendor::kDeepSeek;
    if (with_usage) {
      out.append(R"(,"usage":)");
      AppendChatUsage(vendor, answer, &out);
    } else if (tells_usage) {
      out.append(R"(,"usage":null)");
    }
    if (vendor == ChatVendor::kOpenAi) {  // padding of random length hides token lengths
      const uint64_t bits = answer.id_bits + ++serial;
      out.append(R"(,"obfuscation":")");
      AppendLetters(bits, 4 + Mix(bits) % 9, &out);
      out.append("\"");
    }
    out.append("}");
    stream.EndData();
  }

  // One chunk with one choice. `delta` is a JSON object; an empty `finish` is null.
  void Choice(std::string_view delta, std::string_view finish, bool with_usage = false) {
    Start();
    std::string& out = stream.body();
    out.append(R"(,"choices":[{"index":0,"delta":)").append(delta).append(R"(,"logprobs":null)");
    out.append(R"(,"finish_reason":)");
    AppendTextOrNull(finish, &out);
    if (vendor == ChatVendor::kAzure) {
      const bool of_text = finish.empty() && delta.starts_with(R"({"content":)");
      const bool stopped = answer.filtered && !finish.empty();
      out.append(R"(,"content_filter_results":)");
      out.append(stopped ? kViolent : of_text ? kSafe : "{}");
    }
    out.append("}]");
    End(with_usage);
  }
};

void StreamText(const ApiAnswer& answer, ChunkWriter* chunks) {
  const bool calls = !answer.format.tool.empty() && answer.content;
  std::string delta;
  for (std::string_view piece = chunks->stream.NextPiece(); !piece.empty();
       piece = chunks->stream.NextPiece()) {
    delta = calls ? R"({"tool_calls":[{"index":0,"function":{"arguments":)" : R"({"content":)";
    AppendJsonString(piece, &delta);
    delta.append(calls ? "}}]}" : "}");
    chunks->Choice(delta, {});
  }
}

void WriteStream(ChatVendor vendor, const ApiAnswer& answer, ReplyPlan* plan) {
  StreamWriter stream(answer, plan);
  ChunkWriter chunks{vendor, answer, stream};
  const bool deepseek = vendor == ChatVendor::kDeepSeek;
  if (vendor == ChatVendor::kAzure) {
    stream.BeginData();
    stream.body()
        .append(R"({"choices":[],"created":0,"id":"","model":"","object":"",)")
        .append(R"("prompt_filter_results":[{"prompt_index":0,"content_filter_results":)")
        .append(kSafe)
        .append("}]}");
    stream.EndData();
  }
  const bool calls = !answer.format.tool.empty() && answer.content && !answer.refused;
  std::string delta = R"({"role":"assistant","content":)";
  delta.append(calls || answer.refused ? "null" : R"("")");
  if (calls) {
    delta.append(R"(,"tool_calls":)");
    AppendCall(answer, "", /*in_stream=*/true, &delta);
  }
  delta.append(deepseek ? "}" : R"(,"refusal":null})");
  chunks.Choice(delta, {});
  if (answer.refused) {
    delta = deepseek ? R"({"content":)" : R"({"refusal":)";
    AppendJsonString(kRefusal, &delta);
    chunks.Choice(delta + "}", {});
  } else {
    StreamText(answer, &chunks);
  }
  // DeepSeek counts the tokens in the chunk that ends the text; the others in one of their own, and
  // only for those who ask.
  chunks.Choice(deepseek ? R"({"content":""})" : "{}", FinishReason(vendor, answer), deepseek);
  if (!deepseek && answer.format.include_usage) {
    chunks.Start();
    stream.body().append(R"(,"choices":[])");
    chunks.End(/*with_usage=*/true);
  }
  stream.BeginData();
  stream.body().append("[DONE]");
  stream.EndData();
}

}  // namespace

void AppendChatUsage(ChatVendor vendor, const ApiAnswer& answer, std::string* out) {
  out->append(R"({"prompt_tokens":)");
  AppendInt(answer.prompt_tokens, out);
  out->append(R"(,"completion_tokens":)");
  AppendInt(answer.completion_tokens, out);
  out->append(R"(,"total_tokens":)");
  AppendInt(answer.prompt_tokens + answer.completion_tokens, out);
  out->append(R"(,"prompt_tokens_details":{"cached_tokens":)");
  AppendInt(answer.cached_tokens, out);
  if (vendor == ChatVendor::kDeepSeek) {
    out->append("}");
    if (answer.reasoning_tokens > 0) {
      out->append(R"(,"completion_tokens_details":{"reasoning_tokens":)");
      AppendInt(answer.reasoning_tokens, out);
      out->append("}");
    }
    out->append(R"(,"prompt_cache_hit_tokens":)");
    AppendInt(answer.cached_tokens, out);
    out->append(R"(,"prompt_cache_miss_tokens":)");
    AppendInt(answer.prompt_tokens - answer.cached_tokens, out);
    out->append("}");
    return;
  }
  out->append(R"(,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":)");
  AppendInt(answer.reasoning_tokens, out);
  out->append(R"(,"audio_tokens":0,)"
              R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}})");
}

void WriteChatAnswer(ChatVendor vendor, const ApiAnswer& answer, ReplyPlan* plan) {
  plan->headers.Add("content-type", answer.format.stream ? kEventStream : "application/json");
  if (answer.format.stream) {
    WriteStream(vendor, answer, plan);
  } else {
    WriteWhole(vendor, answer, plan);
  }
}

void AppendChatError(const Refusal& error, std::string* out) {
  out->append(R"({"error":{"message":)");
  AppendJsonString(error.message, out);
  out->append(R"(,"type":)");
  AppendTextOrNull(error.type, out);
  out->append(R"(,"param":)");
  AppendTextOrNull(error.param, out);
  out->append(R"(,"code":)");
  AppendTextOrNull(error.code, out);
  out->append("}}");
}

}  // namespace squall
