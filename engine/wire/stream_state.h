// StreamState: what a stream has said so far. A dialect's event reader (Dialect::read_event) writes
// it, one event at a time; StreamDecoder owns it; diagnosis and the caller read it. Each piece of
// the answer is passed on to a sink as it comes and kept, because the guard wants the whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/wire/decoded_body.h"

namespace squall {

// A piece of an answer. Texts live until OnDelta returns.
struct StreamDelta {
  enum class Kind : uint8_t { kContent, kReasoning, kRefusal, kToolCall };
  Kind kind = Kind::kContent;
  std::string_view text;       // kToolCall: a piece of the arguments, may be empty
  int64_t tool_index = 0;      // kToolCall: which call of this answer
  std::string_view tool_id;    // kToolCall: in the first piece of a call only
  std::string_view tool_name;  // likewise
};

class StreamSink {
 public:
  virtual ~StreamSink() = default;
  virtual void OnDelta(const StreamDelta& delta) = 0;
};

class StreamState {
 public:
  // For event readers. Empty texts change nothing.
  void Content(std::string_view text);
  void Reasoning(std::string_view text);
  void Refusal(std::string_view text);
  void ToolCall(int64_t index, std::string_view id, std::string_view name, std::string_view text);
  void SetModel(std::string_view model) { KeepText(model, &model_); }
  void SetUsage(const Usage& usage);
  void SetFinish(Finish finish, std::string_view own);
  void MarkUnfiltered() { unfiltered_ = true; }
  void MarkRefused() { refused_ = true; }
  // The id that a dialect repeats in every chunk: another one means that two streams got mixed.
  void SeeId(std::string_view id);
  // Numbers of events must grow: else one came twice, or late.
  void SeeSequenceNumber(int64_t number);
  void KeepAlive() { ++keep_alives_; }  // an event that carries nothing
  void Terminal() { terminal_ = true; }
  void Error() { error_ = true; }  // the event is an error; its bytes are kept by the decoder

  // For readers of the result.
  const std::string& content() const { return content_; }
  const std::string& model() const { return model_; }
  const std::string& provider_finish() const { return provider_finish_; }
  Finish finish() const { return finish_; }
  const Usage& usage() const { return usage_; }
  bool has_usage() const { return has_usage_; }  // false: what a cut stream cost is not known
  bool has_refusal() const { return refused_; }
  bool has_tool_calls() const { return tool_calls_; }
  // Of each tool call, in the order of their first pieces. Empty for a call without any.
  const std::vector<std::string>& arguments() const { return arguments_; }
  std::string tool_calls() const;                       // as a text (tool_calls.h)
  int64_t calls_begun() const { return calls_begun_; }  // pieces that name a tool
  bool has_reasoning() const { return reasoning_; }
  bool unfiltered() const { return unfiltered_; }
  // The commit point: a piece of content, refusal or tool call was passed on, so another attempt
  // can no longer take this one's place unseen. Thoughts do not commit.
  bool committed() const { return committed_; }
  bool terminal() const { return terminal_; }
  bool error() const { return error_; }
  int64_t keep_alives() const { return keep_alives_; }
  int64_t kept_bytes() const { return kept_bytes_; }  // of content, names and arguments
  int64_t deltas() const { return deltas_; }          // pieces of any kind: what progress means
  int64_t anomalies() const { return anomalies_; }

 private:
  friend class StreamDecoder;
  static void KeepText(std::string_view text, std::string* out);
  void KeepToolCall(int64_t index, std::string_view id, std::string_view name,
                    std::string_view text);
  void Pass(const StreamDelta& delta);

  StreamSink* sink_ = nullptr;
  std::string content_;
  std::vector<int64_t> tool_indexes_;
  std::vector<std::string> arguments_;  // by position in tool_indexes_
  struct ToolName {
    std::string id, name;
  };
  std::vector<ToolName> tools_;  // likewise
  int64_t kept_bytes_ = 0;       // of content, names and arguments
  std::string model_;
  std::string provider_finish_;
  std::string id_;
  Finish finish_ = Finish::kAbsent;
  Usage usage_;
  bool has_usage_ = false;
  bool refused_ = false;
  bool tool_calls_ = false;
  bool reasoning_ = false;
  bool unfiltered_ = false;
  bool committed_ = false;
  bool terminal_ = false;
  bool error_ = false;
  int64_t calls_begun_ = 0;
  int64_t keep_alives_ = 0;
  int64_t deltas_ = 0;
  int64_t anomalies_ = 0;
  int64_t last_sequence_ = -1;
};

}  // namespace squall
