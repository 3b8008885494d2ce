// Sixteen bytes at a time, for the scans of diagnosis. The arithmetic is the compiler's own vector
// type; SSE2 only turns lanes into bits, with plain C++ elsewhere. Nothing here reads outside of
// what it is given. Pure functions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace squall {

constexpr size_t kLaneCount = 16;
using Lanes [[gnu::vector_size(kLaneCount)]] = uint8_t;

inline Lanes LoadLanes(const char* at) {
  Lanes lanes;
  std::memcpy(&lanes, at, kLaneCount);
  return lanes;
}

// Bit i is set where lane i is; lanes are 0 or 255, as comparisons make them.
inline uint32_t BitsOf(Lanes lanes) {
#if defined(__SSE2__)
  return static_cast<uint32_t>(_mm_movemask_epi8(std::bit_cast<__m128i>(lanes)));
#else
  uint32_t bits = 0;
  for (size_t i = 0; i < kLaneCount; ++i) bits |= uint32_t{lanes[i] != 0} << i;
  return bits;
#endif
}

inline Lanes Equal(Lanes lanes, char c) {
  return std::bit_cast<Lanes>(lanes == static_cast<uint8_t>(c));
}

// From `low` to `high`, both included, as unsigned bytes.
inline Lanes Between(Lanes lanes, uint8_t low, uint8_t high) {
  return std::bit_cast<Lanes>(lanes - low <= static_cast<uint8_t>(high - low));
}

inline constexpr uint64_t kLowerBits = 0x2020202020202020;  // turn letters to lower case

inline uint64_t LoadWord(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

inline uint32_t LoadHalf(const char* at) {
  uint32_t half = 0;
  std::memcpy(&half, at, sizeof half);
  if constexpr (std::endian::native == std::endian::big) half = __builtin_bswap32(half);
  return half;
}

// The first bytes of a text as a number, the first one lowest: what LoadWord gives, for tables.
constexpr uint64_t PackWord(std::string_view text) {
  uint64_t packed = 0;
  for (size_t i = 0; i < text.size() && i < sizeof packed; ++i) {
    packed |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
  }
  return packed;
}

// A text's first and last eight bytes, the whole text where it is shorter.
struct TextEnds {
  uint64_t head = 0;
  uint64_t tail = 0;
  bool operator==(const TextEnds&) const = default;
};

constexpr TextEnds EndsOf(std::string_view text) {
  constexpr size_t kWord = sizeof(uint64_t);
  const size_t size = text.size();
  if (!std::is_constant_evaluated()) {
    if (size >= kWord) return {LoadWord(text.data()), LoadWord(text.data() + size - kWord)};
    if (size >= kWord / 2) {
      const uint64_t head = LoadHalf(text.data());
      const uint64_t tail = LoadHalf(text.data() + size - kWord / 2);
      const uint64_t word = head | tail << (8 * (size - kWord / 2));
      return {word, word};
    }
  }
  return {PackWord(text), PackWord(size > kWord ? text.substr(size - kWord) : text)};
}

constexpr uint32_t HashOf(TextEnds ends, size_t seed) {
  const uint64_t mixed = (ends.head ^ ends.tail * 0x9e3779b97f4a7c15U) + seed;
  return static_cast<uint32_t>((mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9U >> 32);
}

// The first of two bytes at or after `at`; `end` when there is none.
inline const char* FindEither(const char* at, const char* end, char a, char b) {
  while (end - at >= static_cast<ptrdiff_t>(kLaneCount)) {
    const Lanes lanes = LoadLanes(at);
    const uint32_t hits = BitsOf(Equal(lanes, a) | Equal(lanes, b));
    if (hits != 0) return at + std::countr_zero(hits);
    at += kLaneCount;
  }
  while (at != end && *at != a && *at != b) ++at;
  return at;
}

}  // namespace squall
