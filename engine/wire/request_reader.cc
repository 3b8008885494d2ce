#include "engine/wire/request_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace squall {
namespace {

constexpr size_t kRoomBytes = 16 << 10;
// What one request may leave behind in memory for the next one on its connection.
constexpr size_t kKeptBytes = 64 << 10;
// No body that fits into memory needs more digits.
constexpr size_t kMaxDigits = 16;

// RFC 9110 section 5.6.2.
constexpr std::array<bool, 256> kTokenChars = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool IsTokenChar(char c) { return kTokenChars[static_cast<unsigned char>(c)]; }

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

// No control character but the tab.
bool IsText(std::string_view text) {
  bool is_text = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    is_text &= (byte >= ' ' && byte != 0x7f) || byte == '\t';
  }
  return is_text;
}

bool IsTarget(std::string_view text) {
  bool is_target = !text.empty();
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    is_target &= byte > ' ' && byte != 0x7f;
  }
  return is_target;
}

std::string_view TrimBlanks(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// All of `digits` as a number.
bool ParseNumber(std::string_view digits, int base, uint64_t* out) {
  if (digits.empty() || digits.size() > kMaxDigits) return false;
  const char* end = digits.data() + digits.size();
  return std::from_chars(digits.data(), end, *out, base).ptr == end;
}

// The path and query of a target that may name the server too, or nothing if it has none.
std::string_view OriginForm(std::string_view method, std::string_view target) {
  if (target.starts_with('/')) return target;
  if (target == "*") return method == "OPTIONS" ? target : std::string_view();
  const size_t scheme = target.find("://");
  const bool is_http = EqualsIgnoreCase(target.substr(0, scheme), "http") ||
                       EqualsIgnoreCase(target.substr(0, scheme), "https");
  if (!is_http) return {};
  const size_t path = target.find_first_of("/?#", scheme + 3);
  if (path == std::string_view::npos) return "/";
  return target[path] == '/' ? target.substr(path) : std::string_view();
}

}  // namespace

std::span<char> RequestReader::Room() {
  char* to = buffer_.get();
  std::unique_ptr<char[]> larger;
  if (capacity_ < unread() + kRoomBytes) {
    capacity_ = std::max(2 * unread(), unread() + kRoomBytes);
    larger = std::make_unique_for_overwrite<char[]>(capacity_);
    to = larger.get();
  }
  const char* const from = buffer_.get() + begin_;
  if (from != to) std::copy_n(from, unread(), to);
  if (larger != nullptr) buffer_ = std::move(larger);
  searched_ -= std::min(searched_, begin_);
  end_ -= std::exchange(begin_, 0);
  return {buffer_.get() + end_, capacity_ - end_};
}

ReadState RequestReader::Read() {
  bool more = state_ == ReadState::kMore;
  while (more) more = ReadOn();
  return state_;
}

bool RequestReader::ReadOn() {
  switch (stage_) {
    case Stage::kRequestLine: return ReadRequestLine();
    case Stage::kHeaders: return ReadHeader();
    case Stage::kBody: return ReadBody();
    case Stage::kChunkLine: return ReadChunkLine();
    case Stage::kChunk: return ReadChunk();
    case Stage::kChunkEnd: return ReadChunkEnd();
    case Stage::kTrailers: return ReadTrailer();
  }
  return false;
}

void RequestReader::Next() {
  request_.headers.clear();
  request_.body.clear();
  if (request_.body.capacity() > kKeptBytes) request_.body.shrink_to_fit();
  if (capacity_ > kKeptBytes) Rest();
  state_ = ReadState::kMore;
  stage_ = Stage::kRequestLine;
  is_http11_ = keep_alive_ = true;
  expects_continue_ = has_host_ = has_length_ = is_chunked_ = false;
  left_ = head_bytes_ = 0;
}

bool RequestReader::ReadRequestLine() {
  // At once, so that whoever speaks TLS or anything else here need not wait for an answer.
  if (begin_ < end_ && !IsTokenChar(buffer_[begin_]) && buffer_[begin_] != '\r') return Refuse(400);
  std::string_view line;
  if (!TakeLine(&line)) return false;
  if (line.empty()) return true;  // left over by a careless client (RFC 9112 section 2.2)
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return Refuse(400);
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return Refuse(400);
  if (!IsToken(method) || !IsTarget(target)) return Refuse(400);
  const std::string_view path = OriginForm(method, target);
  if (path.empty()) return Refuse(400);
  is_http11_ = keep_alive_ = version == "HTTP/1.1";
  request_.method.assign(method);
  request_.target.assign(path);
  return GoTo(Stage::kHeaders);
}

bool RequestReader::ReadHeader() {
  std::string_view line;
  if (!TakeLine(&line)) return false;
  if (line.empty()) return OnHeadersEnd();
  const size_t colon = std::min(line.find(':'), line.size());
  const std::string_view name = line.substr(0, colon);
  if (colon == line.size() || !IsToken(name) || !IsText(line)) return Refuse(400);
  const std::string_view value = TrimBlanks(line.substr(colon + 1));
  if (!OnHeader(name, value)) return Refuse(400);
  request_.headers.Add(name, value);
  return true;
}

// What the headers say about the request itself. False if it cannot be read for certain.
bool RequestReader::OnHeader(std::string_view name, std::string_view value) {
  if (EqualsIgnoreCase(name, "content-length")) {
    if (has_length_ || !ParseNumber(value, 10, &left_)) return false;
    has_length_ = true;
  } else if (EqualsIgnoreCase(name, "transfer-encoding")) {
    if (is_chunked_ || !is_http11_ || !EqualsIgnoreCase(value, "chunked")) return false;
    is_chunked_ = true;
  } else if (EqualsIgnoreCase(name, "host")) {
    if (has_host_) return false;
    has_host_ = true;
  } else if (EqualsIgnoreCase(name, "connection")) {
    OnConnection(value);
  } else if (EqualsIgnoreCase(name, "expect")) {
    expects_continue_ = is_http11_ && EqualsIgnoreCase(value, "100-continue");
  }
  return true;
}

void RequestReader::OnConnection(std::string_view options) {
  while (!options.empty()) {
    const size_t comma = std::min(options.find(','), options.size());
    const std::string_view option = TrimBlanks(options.substr(0, comma));
    if (EqualsIgnoreCase(option, "close")) keep_alive_ = false;
    if (EqualsIgnoreCase(option, "keep-alive") && !is_http11_) keep_alive_ = true;
    options.remove_prefix(std::min(comma + 1, options.size()));
  }
}

bool RequestReader::OnHeadersEnd() {
  if (is_chunked_ && has_length_) return Refuse(400);
  if (is_chunked_) return GoTo(Stage::kChunkLine);
  if (left_ > limits_.body) return Refuse(413);
  return GoTo(Stage::kBody);
}

bool RequestReader::ReadBody() {
  TakeBody();
  return left_ == 0 && Finish();
}

bool RequestReader::ReadChunkLine() {
  std::string_view line;
  if (!TakeLine(&line)) return false;
  const std::string_view size = line.substr(0, line.find(';'));
  if (!IsText(line) || !ParseNumber(size, 16, &left_)) return Refuse(400);
  if (left_ > limits_.body - request_.body.size()) return Refuse(413);
  return GoTo(left_ == 0 ? Stage::kTrailers : Stage::kChunk);
}

bool RequestReader::ReadChunk() {
  TakeBody();
  return left_ == 0 && GoTo(Stage::kChunkEnd);
}

bool RequestReader::ReadChunkEnd() {
  const std::string_view expected("\r\n");
  const std::string_view got(buffer_.get() + begin_, std::min(unread(), expected.size()));
  if (!expected.starts_with(got)) return Refuse(400);
  if (got.size() < expected.size()) return false;
  begin_ += expected.size();
  return GoTo(Stage::kChunkLine);
}

// Nobody asks for trailers, so they are only checked.
bool RequestReader::ReadTrailer() {
  std::string_view line;
  if (!TakeLine(&line)) return false;
  if (line.empty()) return Finish();
  const bool is_header = IsToken(line.substr(0, line.find(':'))) && IsText(line);
  if (!is_header || line.find(':') == std::string_view::npos) return Refuse(400);
  return true;
}

// A line without its end. False if there is none yet, or if it is refused.
bool RequestReader::TakeLine(std::string_view* line) {
  const size_t from = std::max(begin_, searched_);
  const void* found = end_ > from ? std::memchr(buffer_.get() + from, '\n', end_ - from) : nullptr;
  const char* start = buffer_.get() + begin_;
  const size_t size = found == nullptr
                          ? unread()
                          : static_cast<size_t>(static_cast<const char*>(found) - start) + 1;
  if (size > limits_.head - head_bytes_) return Refuse(431);
  searched_ = begin_ + size;
  if (found == nullptr) return false;
  *line = std::string_view(start, size);
  if (!line->ends_with("\r\n")) return Refuse(400);
  line->remove_suffix(2);
  head_bytes_ += size;
  begin_ += size;
  return true;
}

// As much of the body, or of its present chunk, as has arrived.
void RequestReader::TakeBody() {
  const size_t size = std::min<uint64_t>(left_, unread());
  request_.body.append(buffer_.get() + begin_, size);
  begin_ += size;
  left_ -= size;
}

bool RequestReader::GoTo(Stage stage) {
  stage_ = stage;
  head_bytes_ = stage == Stage::kHeaders ? head_bytes_ : 0;
  return true;
}

bool RequestReader::Refuse(int status) {
  refusal_ = status;
  state_ = ReadState::kRefused;
  return false;
}

bool RequestReader::Finish() {
  state_ = ReadState::kWhole;
  return false;
}

}  // namespace squall
