#include "mock_providers/stream_writer.h"

#include <algorithm>

#include "mock_providers/task_texts.h"
#include "mock_providers/tasks.h"

namespace squall {
namespace {

constexpr size_t kTokenBytes = 4;
// Long answers come in larger pieces, as they do from servers that batch; it also bounds the body.
constexpr size_t kMaxPieces = 256;

}  // namespace

StreamWriter::StreamWriter(const ApiAnswer& answer, ReplyPlan* plan)
    : answer_(answer), plan_(*plan), rest_(answer.content.value_or(std::string_view())) {
  plan_.status = 200;
  plan_.body.clear();
  plan_.chunks.clear();
  plan_.framing = Framing::kChunked;
  plan_.at = SaturatingAdd(answer.now, answer.ttft);
  plan_.text_begin = plan_.text_end = 0;
  const size_t tokens = (rest_.size() + kTokenBytes - 1) / kTokenBytes;
  piece_bytes_ = kTokenBytes * ((tokens + kMaxPieces - 1) / kMaxPieces);
}

void StreamWriter::EndEvent() {
  plan_.chunks.push_back({due_ - last_due_, plan_.body.size()});
  last_due_ = due_;
}

void StreamWriter::BeginData(std::string_view name) {
  if (!name.empty()) plan_.body.append("event: ").append(name).append("\n");
  plan_.body.append("data: ");
}

void StreamWriter::EndData() {
  plan_.body.append("\n\n");
  EndEvent();
}

std::string_view StreamWriter::NextPiece() {
  if (given_ == 0) plan_.text_begin = plan_.chunks.size();
  plan_.text_end = plan_.chunks.size();
  size_t bytes = WholeCodePoints(rest_, piece_bytes_);
  if (bytes == 0) bytes = std::min<size_t>(rest_.size(), 4);  // no code point is longer
  const std::string_view piece = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  given_ += bytes;
  due_ = answer_.per_token * CountTokens(given_);
  return piece;
}

}  // namespace squall
