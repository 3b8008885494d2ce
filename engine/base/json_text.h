// JSON strings, for everything that writes JSON by hand. Readers on either side of the wire are
// simdjson, so sharing the writer hides no mistake of a dialect.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace squall {

// Appends pieces of JSON to a string, by way of a buffer on the stack: a string that grows by every
// piece spends more on growing than on copying. All of it is there once the writer is gone.
class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(*out) {}
  ~JsonWriter() { Flush(); }
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  // As it is. Inline, because literals of known sizes need no call to copy them.
  void Raw(std::string_view piece) {
    if (piece.size() > buffer_.size() - used_) {
      Flush();
      if (piece.size() > buffer_.size()) {
        out_.append(piece);
        return;
      }
    }
    std::memcpy(buffer_.data() + used_, piece.data(), piece.size());
    used_ += piece.size();
  }

  // As AppendJsonString.
  void String(std::string_view text);
  void Number(int64_t number);

 private:
  void Flush() {
    out_.append(buffer_.data(), used_);
    used_ = 0;
  }
  void Reserve(size_t bytes) {
    if (bytes > buffer_.size() - used_) Flush();
  }

  std::string& out_;
  size_t used_ = 0;
  std::array<char, 1024> buffer_;
};

// Appends `text` as a JSON string with its quotes. Only what must be escaped is; bytes above 0x7f
// pass as they are, so UTF-8 stays UTF-8.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace squall
