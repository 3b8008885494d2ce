// Cat: texts and whole numbers put together, as absl::StrCat, which in Debian 12 is built with a
// string_view of its own and cannot take std::string_view. Doubles are not taken: how many digits
// they have is for the caller to say.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace squall {

class Piece {
 public:
  Piece(std::string_view text) : text_(text) {}    // NOLINT: implicit, as its purpose is
  Piece(const char* text) : text_(text) {}         // NOLINT
  Piece(const std::string& text) : text_(text) {}  // NOLINT
  template <std::integral T>
  Piece(T number) : digits_(std::to_string(number)), text_(digits_) {}  // NOLINT
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  std::string_view text() const { return text_; }

 private:
  std::string digits_;
  std::string_view text_;
};

template <class... Parts>
void AppendTo(std::string* text, const Parts&... parts) {
  (text->append(Piece(parts).text()), ...);
}

template <class... Parts>
std::string Cat(const Parts&... parts) {
  std::string text;
  AppendTo(&text, parts...);
  return text;
}

}  // namespace squall
