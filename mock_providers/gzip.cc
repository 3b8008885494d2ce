#include "mock_providers/gzip.h"

#include <cstdint>

namespace squall {
namespace {

constexpr uint32_t kLastFixedBlock = 0b011;  // BFINAL, then BTYPE 01, low bit first

class BitWriter {
 public:
  explicit BitWriter(std::string* out) : out_(*out) {}

  void Bits(uint32_t value, int count) {  // low bit first
    for (int i = 0; i < count; ++i) {
      byte_ |= (value >> i & 1) << used_;
      if (++used_ == 8) Flush();
    }
  }
  void Code(uint32_t code, int size) {  // Huffman codes come high bit first
    for (int i = size - 1; i >= 0; --i) Bits(code >> i & 1, 1);
  }
  void Flush() {
    if (used_ > 0) out_.push_back(static_cast<char>(byte_));
    byte_ = 0;
    used_ = 0;
  }

 private:
  std::string& out_;
  uint32_t byte_ = 0;
  int used_ = 0;
};

void AppendLittle(uint32_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

uint32_t Crc32(std::string_view data) {
  uint32_t crc = 0xffffffff;
  for (const char c : data) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
  }
  return ~crc;
}

}  // namespace

std::string Gzip(std::string_view data) {
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);  // no name, no time, unknown system
  BitWriter bits(&out);
  bits.Bits(kLastFixedBlock, 3);
  for (const char c : data) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 144) {
      bits.Code(0x30u + byte, 8);
    } else {
      bits.Code(0x190u + byte - 144, 9);
    }
  }
  bits.Code(0, 7);  // end of block
  bits.Flush();
  AppendLittle(Crc32(data), 4, &out);
  AppendLittle(static_cast<uint32_t>(data.size()), 4, &out);
  return out;
}

}  // namespace squall
