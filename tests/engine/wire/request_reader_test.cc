#include "engine/wire/request_reader.h"

#include <algorithm>
#include <cstring>

#include "tests/catch.h"

namespace squall::request_reader_test {
namespace {

// Feeds `bytes` in pieces of `step` (0 = all at once), and says what came of them: "target:body"
// of each request, then the status of a refusal, or "..." where one is not whole.
std::string ReadIn(std::string_view bytes, size_t step, RequestLimits limits = {}) {
  RequestReader reader(limits);
  std::string out;
  ReadState state = ReadState::kMore;
  while (!bytes.empty() && state != ReadState::kRefused) {
    const std::span<char> room = reader.Room();
    const size_t size = std::min({step == 0 ? bytes.size() : step, bytes.size(), room.size()});
    std::memcpy(room.data(), bytes.data(), size);
    reader.Arrived(size);
    bytes.remove_prefix(size);
    while ((state = reader.Read()) == ReadState::kWhole) {
      out += reader.request().target + ":" + reader.request().body + " ";
      reader.Next();
    }
  }
  if (state == ReadState::kRefused) return out + std::to_string(reader.refusal());
  return reader.begun() ? out + "..." : out;
}

RequestReader ReaderOf(std::string_view bytes) {
  RequestReader reader{RequestLimits()};
  std::memcpy(reader.Room().data(), bytes.data(), bytes.size());
  reader.Arrived(bytes.size());
  reader.Read();
  return reader;
}

struct Row {
  std::string bytes;
  std::string outcome;
};

void CheckRows(const std::vector<Row>& rows, RequestLimits limits = {}) {
  for (const Row& row : rows) {
    for (const size_t step : {0, 1, 2, 3, 7, 50}) {
      CAPTURE(row.bytes.substr(0, 200), step);
      CHECK(ReadIn(row.bytes, step, limits) == row.outcome);
    }
  }
}

const std::string kPost = "POST /p HTTP/1.1\r\n";
const std::string kChunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";

TEST_CASE("request reader: requests, however they are framed and cut") {
  CheckRows({
      {"GET /a HTTP/1.1\r\n\r\n", "/a: "},
      {kPost + "Content-Length: 3\r\n\r\nabc", "/p:abc "},
      {kPost + "content-length:3\r\n\r\nab", "..."},
      {kPost + "Content-Length: 0\r\n\r\n", "/p: "},
      {kChunked + "2\r\nab\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nT: v\r\n\r\n", "/p:ab0123456789 "},
      {kChunked + "0\r\n\r\n", "/p: "},
      {kChunked + "0002\r\nab\r\n0\r\n", "..."},
      {kChunked + "2\r\na\n\r\n0\r\n\r\n", "/p:a\n "},
      {"\r\n\r\nGET /a HTTP/1.1\r\n\r\n", "/a: "},
      {"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.0\r\n\r\n", "/a: /b: "},
      {kPost + "Content-Length: 1\r\n\r\nxGET /b HTTP/1.1\r\n\r\nGE", "/p:x /b: ..."},
      {kChunked + "1\r\nx\r\n0\r\n\r\n" + kPost + "Content-Length: 1\r\n\r\ny", "/p:x /p:y "},
      {"", ""},
      {"\r\n", ""},
      {"GET", "..."},
  });
}

TEST_CASE("request reader: targets may name the server, and need a path") {
  CheckRows({
      {"GET http://127.0.0.1:1/v1/x?y HTTP/1.1\r\n\r\n", "/v1/x?y: "},
      {"GET HTTPS://host/ HTTP/1.1\r\n\r\n", "/: "},
      {"GET http://host HTTP/1.1\r\n\r\n", "/: "},
      {"GET http://host?q HTTP/1.1\r\n\r\n", "400"},
      {"GET ftp://host/ HTTP/1.1\r\n\r\n", "400"},
      {"OPTIONS * HTTP/1.1\r\n\r\n", "*: "},
      {"GET * HTTP/1.1\r\n\r\n", "400"},
      {"GET v1/x HTTP/1.1\r\n\r\n", "400"},
      {"CONNECT host:443 HTTP/1.1\r\n\r\n", "400"},
      {"TRACE /t HTTP/1.1\r\n\r\n", "/t: "},
  });
}

TEST_CASE("request reader: nothing is read that two readers could cut apart differently") {
  CheckRows({
      {kPost + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "400"},
      {kPost + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1\r\nx\r\n0\r\n\r\n", "400"},
      {kPost + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy", "400"},
      {kPost + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", "400"},
      {kPost + "Content-Length: 1, 1\r\n\r\nx", "400"},
      {kPost + "Content-Length: +1\r\n\r\nx", "400"},
      {kPost + "Content-Length: -1\r\n\r\nx", "400"},
      {kPost + "Content-Length: 0x1\r\n\r\nx", "400"},
      {kPost + "Content-Length: 1 2\r\n\r\nx", "400"},
      {kPost + "Content-Length:\r\n\r\n", "400"},
      {kPost + "Content-Length: 18446744073709551617\r\n\r\nx", "400"},
      {kPost + "Transfer-Encoding: gzip\r\n\r\nx", "400"},
      {kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400"},
      {kPost + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "400"},
      {kPost + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400"},
      {kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {kPost + "Transfer-Encoding:\x0b"
               "chunked\r\n\r\n0\r\n\r\n",
       "400"},
      {kPost + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"},
      {"POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {kPost + " Transfer-Encoding: chunked\r\n\r\n", "400"},
      {kPost + "X: a\r\n Content-Length: 5\r\n\r\n", "400"},
      {kPost + "X: a\r\n\tb\r\n\r\n", "400"},
      {kPost + "Host: a\r\nHost: b\r\n\r\n", "400"},
      {kPost + "X: a\nContent-Length: 1\r\n\r\n", "400"},
      {kPost + "X: a\rContent-Length: 1\r\n\r\n", "400"},
      {kPost + "X: a" + std::string(1, '\0') + "b\r\n\r\n", "400"},
      {kPost + "X: a\x7f\r\n\r\n", "400"},
      {kPost + "X\r\n\r\n", "400"},
      {kPost + ": v\r\n\r\n", "400"},
      {kPost + "X Y: v\r\n\r\n", "400"},
      {kPost + "X: a\r\n\n", "400"},
      {"GET /a HTTP/1.1\n\n", "400"},
  });
}

TEST_CASE("request reader: chunks keep to the letter") {
  CheckRows({
      {kChunked + "\r\n", "400"},
      {kChunked + "zz\r\n", "400"},
      {kChunked + "-1\r\n", "400"},
      {kChunked + "0x1\r\n", "400"},
      {kChunked + " 1\r\nx\r\n", "400"},
      {kChunked + "1 \r\nx\r\n", "400"},
      {kChunked + "1\nx\r\n", "400"},
      {kChunked + "1;a\rb\r\nx\r\n", "400"},
      {kChunked + "00000000000000001\r\nx\r\n", "400"},
      {kChunked + "ffffffffffffffff\r\nx\r\n", "413"},
      {kChunked + "1\r\nxy\r\n", "400"},
      {kChunked + "1\r\nx\n0\r\n\r\n", "400"},
      {kChunked + "1\r\nx\r\r\n", "400"},
      {kChunked + "0\r\nno colon\r\n\r\n", "400"},
      {kChunked + "0\r\nX : v\r\n\r\n", "400"},
      {kChunked + "0\r\n X: v\r\n\r\n", "400"},
  });
}

TEST_CASE("request reader: other protocols and other versions are refused") {
  CheckRows({
      {"GET /\r\n", "400"},
      {"hello\r\n", "400"},
      {"GET / HTTP/0.9\r\n\r\n", "400"},
      {"GET / HTTP/1.2\r\n\r\n", "400"},
      {"GET / HTTP/2\r\n\r\n", "400"},
      {"GET / http/1.1\r\n\r\n", "400"},
      {"GET  / HTTP/1.1\r\n\r\n", "400"},
      {"GET /a b HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1 \r\n\r\n", "400"},
      {"GET\t/ HTTP/1.1\r\n\r\n", "400"},
      {"G\"T / HTTP/1.1\r\n\r\n", "400"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"},
      {"\x16\x03\x01\x02", "400"},  // the first bytes of TLS, without waiting for a line
      {"{\"model\"", "400"},
  });
}

TEST_CASE("request reader: limits hold to the byte, and nothing counts twice") {
  const RequestLimits limits{64, 10};
  const auto line_of = [](size_t bytes) { return "X: " + std::string(bytes - 5, 'x') + "\r\n"; };
  const std::string start = "POST / HTTP/1.1\r\n";
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
  std::string many;
  for (int i = 0; i < 30; ++i) many += chunked + "1;" + std::string(50, 'e') + "\r\nx\r\n0\r\n\r\n";
  std::string answers;
  for (int i = 0; i < 30; ++i) answers += "/:x ";
  CheckRows(
      {
          {start + line_of(64 - 17 - 2) + "\r\n", "/: "},
          {start + line_of(64 - 17 - 1) + "\r\n", "431"},
          {start + std::string(100, 'h'), "431"},
          {"GET /" + std::string(100, 't'), "431"},
          {std::string(100, 'G'), "431"},
          {start + "Content-Length: 10\r\n\r\n0123456789", "/:0123456789 "},
          {start + "Content-Length: 11\r\n\r\n", "413"},
          {chunked + "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", "/:0123456789 "},
          {chunked + "5\r\n01234\r\n6\r\n", "413"},
          {chunked + "1;" + std::string(61, 'e'), "..."},
          {chunked + "1;" + std::string(63, 'e'), "431"},
          {chunked + "0\r\n" + line_of(40) + line_of(40), "431"},
          {many, answers},
      },
      limits);
}

TEST_CASE("request reader: what a client says about its connection") {
  struct Case {
    std::string head;
    bool keep_alive;
    bool expects_continue;
  };
  const std::vector<Case> cases = {
      {"HTTP/1.1\r\n", true, false},
      {"HTTP/1.1\r\nConnection: close\r\n", false, false},
      {"HTTP/1.1\r\nConnection: Foo , CLOSE\r\n", false, false},
      {"HTTP/1.1\r\nConnection: keep-alive\r\n", true, false},
      {"HTTP/1.1\r\nConnection: keep-alive, close\r\n", false, false},
      {"HTTP/1.0\r\n", false, false},
      {"HTTP/1.0\r\nConnection: Keep-Alive\r\n", true, false},
      {"HTTP/1.1\r\nExpect: 100-Continue\r\n", true, true},
      {"HTTP/1.0\r\nExpect: 100-continue\r\n", false, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.head);
    const RequestReader reader = ReaderOf("POST / " + c.head + "Content-Length: 1\r\n\r\n");
    CHECK(reader.keep_alive() == c.keep_alive);
    CHECK(reader.expects_continue() == c.expects_continue);
    CHECK(reader.is_http11() == (c.head[7] == '1'));
  }
  CHECK_FALSE(ReaderOf("POST / HTTP/1.1\r\nExpect: 100-continue\r\n").expects_continue());
}

TEST_CASE("request reader: headers arrive in order, without the blanks around their values") {
  const RequestReader reader =
      ReaderOf("HEAD / HTTP/1.1\r\nA:1\r\nb:\t 2 \t\r\nA: 3\r\nEmpty:\r\nhigh: \xc3\xa4\r\n\r\n");
  CHECK(reader.is_head());
  CHECK(reader.request().headers.block() ==
        "A: 1\r\nb: 2\r\nA: 3\r\nEmpty: \r\nhigh: \xc3\xa4\r\n");
}

TEST_CASE("request reader: nothing of a request is left to the next one") {
  RequestReader reader{RequestLimits()};
  const auto read = [&](std::string_view bytes) {
    std::memcpy(reader.Room().data(), bytes.data(), bytes.size());
    reader.Arrived(bytes.size());
    return reader.Read();
  };
  REQUIRE(read("POST /a HTTP/1.0\r\nHost: h\r\nA: 1\r\nContent-Length: 2\r\n\r\nab") ==
          ReadState::kWhole);
  reader.Next();
  CHECK_FALSE(reader.begun());
  REQUIRE(read("GET /b HTTP/1.1\r\nHost: h\r\n\r\n") == ReadState::kWhole);
  CHECK(reader.request().headers.block() == "Host: h\r\n");
  CHECK(reader.request().body.empty());
  CHECK(reader.keep_alive());
  CHECK(reader.unread() == 0);
}

TEST_CASE("request reader: what a client sends far ahead is read in the end, and forgotten") {
  RequestReader reader{RequestLimits()};
  const auto arrive = [&](std::string_view bytes) {
    while (!bytes.empty()) {
      const std::span<char> room = reader.Room();
      const size_t size = std::min(bytes.size(), room.size());
      std::memcpy(room.data(), bytes.data(), size);
      reader.Arrived(size);
      bytes.remove_prefix(size);
    }
  };
  const std::string body(200'000, 'b');
  const std::string request = kPost + "Content-Length: 200000\r\n\r\n" + body;
  arrive(request + request);
  CHECK(reader.unread() == 2 * request.size());
  for (int i = 0; i < 2; ++i) {
    REQUIRE(reader.Read() == ReadState::kWhole);
    CHECK(reader.request().body == body);
    reader.Next();
  }
  CHECK(reader.unread() == 0);
  arrive("GET /a HTTP/1.1\r\n\r\n");
  REQUIRE(reader.Read() == ReadState::kWhole);
  CHECK(reader.request().target == "/a");
}

}  // namespace
}  // namespace squall::request_reader_test
