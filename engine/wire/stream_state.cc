#include "engine/wire/stream_state.h"

#include <algorithm>

#include "engine/wire/tool_calls.h"

namespace squall {

void StreamState::Content(std::string_view text) {
  if (text.empty()) return;
  content_.append(text);
  kept_bytes_ += static_cast<int64_t>(text.size());
  committed_ = true;
  StreamDelta delta;
  delta.text = text;
  Pass(delta);
}

void StreamState::Reasoning(std::string_view text) {
  if (text.empty()) return;
  reasoning_ = true;
  StreamDelta delta;
  delta.kind = StreamDelta::Kind::kReasoning;
  delta.text = text;
  Pass(delta);
}

void StreamState::Refusal(std::string_view text) {
  if (text.empty()) return;
  refused_ = true;
  committed_ = true;
  StreamDelta delta;
  delta.kind = StreamDelta::Kind::kRefusal;
  delta.text = text;
  Pass(delta);
}

void StreamState::ToolCall(int64_t index, std::string_view id, std::string_view name,
                           std::string_view text) {
  if (id.empty() && name.empty() && text.empty()) return;
  tool_calls_ = true;
  if (!name.empty()) ++calls_begun_;
  committed_ = true;
  KeepToolCall(index, id, name, text);
  StreamDelta delta;
  delta.kind = StreamDelta::Kind::kToolCall;
  delta.text = text;
  delta.tool_index = index;
  delta.tool_id = id;
  delta.tool_name = name;
  Pass(delta);
}

void StreamState::KeepToolCall(int64_t index, std::string_view id, std::string_view name,
                               std::string_view text) {
  const auto found = std::find(tool_indexes_.begin(), tool_indexes_.end(), index);
  const auto at = static_cast<size_t>(found - tool_indexes_.begin());
  if (found == tool_indexes_.end()) {
    tool_indexes_.push_back(index);
    arguments_.emplace_back();
    tools_.emplace_back();
  }
  KeepText(id, &tools_[at].id);
  KeepText(name, &tools_[at].name);
  arguments_[at].append(text);
  kept_bytes_ += static_cast<int64_t>(text.size() + id.size() + name.size()) + 1;
}

std::string StreamState::tool_calls() const {
  std::string list;
  for (size_t i = 0; i < tools_.size(); ++i) {
    AppendToolCall({tools_[i].id, tools_[i].name, arguments_[i]}, &list);
  }
  return list;
}

void StreamState::SetUsage(const Usage& usage) {
  usage_ = usage;
  has_usage_ = true;
}

void StreamState::SetFinish(Finish finish, std::string_view own) {
  if (own.empty()) return;
  finish_ = finish;
  provider_finish_.assign(own);
}

void StreamState::SeeId(std::string_view id) {
  if (!id_.empty() && !id.empty() && id != id_) ++anomalies_;
  KeepText(id, &id_);
}

void StreamState::SeeSequenceNumber(int64_t number) {
  if (number <= last_sequence_) ++anomalies_;
  last_sequence_ = number;
}

void StreamState::KeepText(std::string_view text, std::string* out) {
  if (!text.empty() && text != *out) out->assign(text);
}

void StreamState::Pass(const StreamDelta& delta) {
  ++deltas_;
  if (sink_ != nullptr) sink_->OnDelta(delta);
}

}  // namespace squall
