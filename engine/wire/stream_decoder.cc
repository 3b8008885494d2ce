#include "engine/wire/stream_decoder.h"

#include <simdjson.h>

#include "engine/wire/json_body.h"

namespace squall {

std::string_view StreamEndName(StreamEnd end) {
  switch (end) {
    case StreamEnd::kError: return "error";
    case StreamEnd::kMalformed: return "malformed";
    case StreamEnd::kComplete: return "complete";
    case StreamEnd::kOnlyKeepAlives: return "only_keep_alives";
    case StreamEnd::kCutBeforeContent: return "cut_before_content";
    case StreamEnd::kCutAfterContent: return "cut_after_content";
    case StreamEnd::kEmpty: return "empty";
    case StreamEnd::kSilentEof: return "silent_eof";
  }
  return "unknown";
}

StreamDecoder::StreamDecoder(const Dialect& dialect, const StreamLimits& limits)
    : dialect_(dialect),
      limits_(limits),
      sse_(limits.max_event_bytes),
      parser_(std::make_unique<simdjson::dom::parser>()),
      stops_at_terminal_(dialect.terminal_event) {}

StreamDecoder::~StreamDecoder() = default;

void StreamDecoder::Feed(std::string_view bytes, StreamSink* sink) {
  if (bytes.empty() || done()) return;
  any_bytes_ = true;
  state_.sink_ = sink;
  if (!sse_.Feed(bytes, this) && !done()) malformed_ = true;
  state_.sink_ = nullptr;
}

void StreamDecoder::OnEvent(std::string_view type, std::string_view data) {
  if (done()) return;
  if (data.find_first_not_of(" \t\r\n") == std::string_view::npos) return state_.KeepAlive();
  ++events_;
  if (!dialect_.done_marker.empty() && data == dialect_.done_marker) return state_.Terminal();
  Take(type, data);
}

void StreamDecoder::OnComment(std::string_view /*text*/) {
  if (!done()) state_.KeepAlive();
}

// Lines of bare JSON are gathered until the brackets close. Anything else is junk, as a page of
// HTML.
void StreamDecoder::OnStray(std::string_view line) {
  if (done()) return;
  if (stray_.empty() && line.front() != '{' && line.front() != '[') {
    any_junk_ = true;
    return;
  }
  if (stray_.size() + line.size() >= limits_.max_event_bytes) {
    malformed_ = true;
    return;
  }
  stray_.append(line).push_back('\n');
  if (!CountBraces(line)) return;
  ++events_;
  std::string json;
  json.swap(stray_);
  depth_ = 0;
  Take("", json);
}

// True once every bracket that was opened is closed. Those inside strings do not count.
bool StreamDecoder::CountBraces(std::string_view line) {
  for (const char c : line) {
    if (escaped_) {
      escaped_ = false;
    } else if (in_string_) {
      if (c == '\\') escaped_ = true;
      if (c == '"') in_string_ = false;
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '}' || c == ']') {
      --depth_;
    }
  }
  return depth_ <= 0;
}

void StreamDecoder::Take(std::string_view type, std::string_view json) {
  simdjson::dom::element root;
  if (parser_->parse(json.data(), json.size()).get(root) != simdjson::SUCCESS ||
      !(root.is_object() || root.is_array())) {
    malformed_ = true;
    return;
  }
  const int64_t keep_alives = state_.keep_alives();
  dialect_.read_event(type, root, &state_);
  if (state_.keep_alives() > keep_alives) --events_;
  if (state_.error()) error_body_.assign(json);
  if (state_.kept_bytes() > static_cast<int64_t>(limits_.max_content_bytes)) malformed_ = true;
}

StreamEnd StreamDecoder::End(TransportError how) {
  if (!done()) sse_.Finish(this);
  if (state_.error()) return StreamEnd::kError;
  if (malformed_) return StreamEnd::kMalformed;
  if (state_.terminal()) return StreamEnd::kComplete;
  const bool clean = how == TransportError::kNone;
  const bool unreadable = !stray_.empty() || (any_junk_ && events_ == 0);
  if (clean && unreadable) return StreamEnd::kMalformed;
  if (events_ == 0 && state_.keep_alives() > 0 && !unreadable) return StreamEnd::kOnlyKeepAlives;
  if (!clean) {
    return state_.committed() ? StreamEnd::kCutAfterContent : StreamEnd::kCutBeforeContent;
  }
  return any_bytes_ ? StreamEnd::kSilentEof : StreamEnd::kEmpty;
}

DecodedBody StreamDecoder::Body(StreamEnd end) {
  DecodedBody body;
  body.model = state_.model();
  body.content = state_.content();
  body.has_refusal = state_.has_refusal();
  body.has_tool_calls = state_.has_tool_calls();
  if (body.has_tool_calls) tool_calls_ = state_.tool_calls();
  body.tool_calls = tool_calls_;
  body.has_reasoning = state_.has_reasoning();
  body.unfiltered = state_.unfiltered();
  SetFinish(state_.finish(), state_.provider_finish(), &body);
  body.usage = state_.usage();
  switch (end) {
    case StreamEnd::kError: {
      if (error_decoder_ == nullptr) error_decoder_ = dialect_.make_decoder();
      const Usage usage = body.usage;
      body = error_decoder_->Decode(error_body_);
      body.shape = DecodedBody::Shape::kError;  // though its fields may be unknown ones
      body.usage = usage;
      break;
    }
    case StreamEnd::kMalformed: body.shape = DecodedBody::Shape::kNotJson; break;
    case StreamEnd::kOnlyKeepAlives:
    case StreamEnd::kEmpty: body.shape = DecodedBody::Shape::kEmpty; break;
    case StreamEnd::kComplete:
    case StreamEnd::kCutBeforeContent:
    case StreamEnd::kCutAfterContent:
    case StreamEnd::kSilentEof: body.shape = DecodedBody::Shape::kReply; break;
  }
  return body;
}

bool StreamDecoder::ArgumentsBroken() {
  for (const std::string& arguments : state_.arguments()) {
    simdjson::dom::element root;
    const bool none = arguments.find_first_not_of(" \t\r\n") == std::string::npos;
    if (!none && parser_->parse(arguments).get(root) != simdjson::SUCCESS) return true;
  }
  return false;
}

StreamedReply DecodeStream(std::string_view bytes, TransportError how, StreamDecoder* decoder) {
  decoder->Feed(bytes, nullptr);
  StreamedReply reply;
  reply.end = decoder->End(how);
  reply.body = decoder->Body(reply.end);
  return reply;
}

}  // namespace squall
