#include "engine/wire/sse.h"

#include <algorithm>

namespace squall {

bool SseParser::Feed(std::string_view bytes, SseSink* sink) {
  if (failed_) return false;
  size_t at = 0;
  // Found once and kept until passed, so that a chunk of CR lines is not searched anew for each.
  size_t lf = bytes.find('\n');
  while (at < bytes.size()) {
    if (after_cr_ && bytes[at] == '\n') {
      after_cr_ = false;
      ++at;
      continue;
    }
    after_cr_ = false;
    if (lf != std::string_view::npos && lf < at) lf = bytes.find('\n', at);
    const std::string_view until_lf = bytes.substr(at, std::min(lf, bytes.size()) - at);
    const size_t cr = until_lf.find('\r');
    const size_t length = std::min(cr, until_lf.size());
    const std::string_view piece = until_lf.substr(0, length);
    if (piece.size() > max_bytes_ - line_.size()) {
      failed_ = true;
      return false;
    }
    if (at + length == bytes.size()) {
      line_.append(piece);
      return true;
    }
    after_cr_ = bytes[at + length] == '\r';
    at += length + 1;
    if (!EndLine(piece, sink)) return false;
  }
  return true;
}

void SseParser::Finish(SseSink* sink) {
  std::string line;
  line.swap(line_);
  if (failed_ || line.empty() || line.front() == ':') return;
  const std::string_view name = std::string_view(line).substr(0, line.find(':'));
  for (const std::string_view field : {"data", "event", "id", "retry"}) {
    if (field.starts_with(name)) return;  // may have been on its way
  }
  sink->OnStray(line);
}

bool SseParser::EndLine(std::string_view piece, SseSink* sink) {
  if (line_.empty()) return TakeLine(piece, sink);
  line_.append(piece);
  const bool ok = TakeLine(line_, sink);
  line_.clear();
  return ok;
}

bool SseParser::TakeLine(std::string_view line, SseSink* sink) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (first_line_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  first_line_ = false;
  if (line.empty()) {
    Dispatch(sink);
  } else if (line.front() == ':') {
    line.remove_prefix(1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    sink->OnComment(line);
  } else {
    TakeField(line, sink);
  }
  return !failed_;
}

void SseParser::TakeField(std::string_view line, SseSink* sink) {
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    if (data_.size() + value.size() >= max_bytes_) {
      failed_ = true;
      return;
    }
    if (has_data_) data_.push_back('\n');
    data_.append(value);
    has_data_ = true;
  } else if (name == "event") {
    type_.assign(value);
  } else if (name != "id" && name != "retry") {
    sink->OnStray(line);
  }
}

void SseParser::Dispatch(SseSink* sink) {
  if (has_data_) sink->OnEvent(type_, data_);
  type_.clear();
  data_.clear();
  has_data_ = false;
}

}  // namespace squall
