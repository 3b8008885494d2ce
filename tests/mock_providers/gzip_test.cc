#include "mock_providers/gzip.h"

#include "tests/catch.h"

namespace squall::gzip_test {
namespace {

TEST_CASE("gzip: known texts give the bytes that every decoder reads") {
  // Deflate of "hello", its CRC-32 and its size.
  CHECK(Gzip("hello") == std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff"
                                     "\xcb\x48\xcd\xc9\xc9\x07\0"
                                     "\x86\xa6\x10\x36\x05\0\0\0",
                                     25));
  CHECK(Gzip("").size() == 10 + 2 + 8);
  // CRC-32 of the check string of the CRC catalogues is cbf43926.
  const std::string nine = Gzip("123456789");
  CHECK(nine.substr(nine.size() - 8) == std::string("\x26\x39\xf4\xcb\x09\0\0\0", 8));
}

TEST_CASE("gzip: bytes above 143 have codes of nine bits") {
  // 0xe9 is 233: 0x190 + 233 - 144 = 0x1e9, after the three bits of the block's head.
  const std::string one = Gzip("\xe9");
  CHECK(static_cast<unsigned char>(one[10]) == 0b01111011);
}

}  // namespace
}  // namespace squall::gzip_test
