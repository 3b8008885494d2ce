#include "engine/base/json_text.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::json_text_test {
namespace {

using nlohmann::json;

// Of quotes, control characters and letters, in runs that begin and end anywhere in a word.
std::string TextOf(uint64_t n, size_t length) {
  std::string text;
  for (size_t i = 0; i < length; ++i) {
    const uint64_t draw = DrawBits(1, Stream("json_text"), n, 0, i);
    constexpr std::string_view kSpecial = "\"\\\n\t\x01";
    text += draw % 5 == 0 ? kSpecial[(draw >> 8) % kSpecial.size()]
                          : static_cast<char>('a' + (draw >> 8) % 26);
  }
  return text;
}

TEST_CASE("json text: pieces of any size come out whole and in order") {
  for (const size_t length : {0, 1, 7, 8, 9, 500, 1022, 1023, 1024, 1025, 5000}) {
    const std::string raw(length, 'x');
    const std::string text = TextOf(length, length);
    std::string out = "before";
    {
      JsonWriter writer(&out);
      writer.Raw("[");
      writer.String(text);
      writer.Raw(",\"");
      writer.Raw(raw);
      writer.Raw("\",");
      writer.String(raw);
      writer.Raw("]");
    }
    REQUIRE(out.starts_with("before["));
    const json back = json::parse(out.substr(6), nullptr, false);
    REQUIRE(back == json::array({text, raw, raw}));
  }
}

TEST_CASE("json text: numbers are written in full") {
  std::string out;
  {
    JsonWriter writer(&out);
    for (int i = 0; i < 100; ++i) {
      writer.Number(std::numeric_limits<int64_t>::min());
      writer.Raw(" ");
      writer.Number(std::numeric_limits<int64_t>::max());
      writer.Raw(" ");
    }
  }
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += "-9223372036854775808 9223372036854775807 ";
  REQUIRE(out == expected);
}

}  // namespace
}  // namespace squall::json_text_test
