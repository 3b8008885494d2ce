#include "engine/wire/sse.h"

#include <string>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::sse_test {
namespace {

// What a parser said, as text that a failing check can show.
class Listener final : public SseSink {
 public:
  void OnEvent(std::string_view type, std::string_view data) override {
    Say("event <", type, "> ", data);
  }
  void OnComment(std::string_view text) override { Say("comment ", text); }
  void OnStray(std::string_view line) override { Say("stray ", line); }
  std::vector<std::string> said;

 private:
  void Say(std::string_view a, std::string_view b, std::string_view c = {},
           std::string_view d = {}) {
    said.emplace_back(a).append(b).append(c).append(d);
  }
};

std::vector<std::string> Parse(std::string_view bytes, size_t max_bytes = 1000) {
  SseParser parser(max_bytes);
  Listener listener;
  if (!parser.Feed(bytes, &listener)) listener.said.push_back("failed");
  return listener.said;
}

using Said = std::vector<std::string>;

TEST_CASE("sse: an event is its data lines, named if a line names it", "[wire]") {
  CHECK(Parse("data: a\n\n") == Said{"event <> a"});
  CHECK(Parse("event: x\ndata: a\n\ndata: b\n\n") == Said{"event <x> a", "event <> b"});
  CHECK(Parse("data: one\ndata: two\ndata:\ndata\n\n") == Said{"event <> one\ntwo\n\n"});
  CHECK(Parse("data:no blank\n\n") == Said{"event <> no blank"});
  CHECK(Parse("data:  two blanks\n\n") == Said{"event <>  two blanks"});
  CHECK(Parse("data:\n\n") == Said{"event <> "});
  CHECK(Parse("id: 7\nretry: 10\ndata: a:b\n\n") == Said{"event <> a:b"});
}

TEST_CASE("sse: a name without data is no event and names none that follows", "[wire]") {
  CHECK(Parse("event: x\n\ndata: a\n\n") == Said{"event <> a"});
}

TEST_CASE("sse: what no blank line ends is dropped", "[wire]") {
  CHECK(Parse("data: a\n\ndata: b\n") == Said{"event <> a"});
  CHECK(Parse("data: a\n\ndata: b") == Said{"event <> a"});
}

TEST_CASE("sse: LF, CR and CRLF end lines, and may be mixed", "[wire]") {
  CHECK(Parse("data: a\r\rdata: b\r\n\r\ndata: c\n\n") ==
        Said{"event <> a", "event <> b", "event <> c"});
  CHECK(Parse("data: a\r\n\ndata: b\n\r\n") == Said{"event <> a", "event <> b"});
}

TEST_CASE("sse: a byte order mark counts only at the very start", "[wire]") {
  CHECK(Parse("\xef\xbb\xbf"
              "data: a\n\n") == Said{"event <> a"});
  CHECK(Parse("\n\xef\xbb\xbf"
              "data: a\n\n") == Said{"stray \xef\xbb\xbf"
                                     "data: a"});
}

TEST_CASE("sse: comments and foreign lines are told apart from events", "[wire]") {
  CHECK(Parse(": keep-alive\n\n:\n\n") == Said{"comment keep-alive", "comment "});
  CHECK(Parse("{\n  \"error\": {}\n}\n\n") == Said{"stray {", "stray   \"error\": {}", "stray }"});
  CHECK(Parse("data: a\n: ping\ndata: b\n\n") == Said{"comment ping", "event <> a\nb"});
}

TEST_CASE("sse: an event above the limit is an error, not memory", "[wire]") {
  CHECK(Parse("data: 12345\n\n", 11) == Said{"event <> 12345"});
  CHECK(Parse("data: 12345\n\n", 10) == Said{"failed"});
  CHECK(Parse("data: 1\n\n" + std::string(20, 'x'), 10) == Said{"event <> 1", "failed"});
  CHECK(Parse("data: 1234\ndata: 1234\ndata: 1234\n\n", 12) == Said{"failed"});
  std::string many;
  for (int i = 0; i < 100; ++i) many += "data: 1\n\n";
  CHECK(Parse(many, 10).size() == 100);
  SseParser parser(10);
  Listener listener;
  CHECK_FALSE(parser.Feed(std::string(11, 'x'), &listener));
  CHECK_FALSE(parser.Feed("\ndata: 1\n\n", &listener));
  CHECK(listener.said.empty());
}

TEST_CASE("sse: the same bytes give the same events however they are cut", "[wire]") {
  constexpr std::string_view kPieces[] = {
      "data: ",       "data:", "event: x", "\n", "\n",   "\r",
      "\r\n",         "\n\n",  ":",        "{",  "é",    "\xf0\x9f\x98\x80",
      "\xef\xbb\xbf", "id: 1", "text",     " ",  "data", std::string_view("\0", 1)};
  for (uint64_t i = 0; i < 3'000; ++i) {
    std::string bytes;
    const uint64_t count = DrawBits(1, Stream("sse"), i) % 30;
    for (uint64_t k = 0; k < count; ++k) {
      bytes += kPieces[DrawBits(1, Stream("sse"), i, 1, k) % std::size(kPieces)];
    }
    const Said whole = Parse(bytes, 24);
    for (uint64_t how = 0; how < 3; ++how) {
      SseParser parser(24);
      Listener listener;
      bool ok = true;
      for (size_t at = 0, k = 0; at < bytes.size(); ++k) {
        const size_t length = how == 0 ? 1 : 1 + DrawBits(1, Stream("cut"), i, how, k) % 7;
        ok = parser.Feed(std::string_view(bytes).substr(at, length), &listener);
        at += length;
      }
      if (!ok) listener.said.push_back("failed");
      REQUIRE(listener.said == whole);
    }
  }
}

}  // namespace
}  // namespace squall::sse_test
