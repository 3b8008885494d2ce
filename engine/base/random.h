// Keyed randomness: every draw is a pure function of (seed, stream, request, attempt, index). There
// is no generator object and no sequence, so changing one policy parameter, the number of threads
// or the order in which sockets answer cannot change any other draw. Equal keys give equal draws,
// which is also what makes paired comparisons of two engines possible.
//
// The hash is a chain of splitmix64 finalizers (Steele, Lea, Flood, "Fast splittable pseudorandom
// number generators", OOPSLA 2014), one per key part. Distributions are inverse CDFs of one
// uniform, in our own arithmetic: the sequences of std::*_distribution differ between standard
// libraries.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/time.h"

namespace squall {

// A named source of draws, e.g. Stream("fault/alpha"). Different names are independent.
using StreamId = uint64_t;

constexpr uint64_t HashText(std::string_view text) {  // FNV-1a, 64 bit
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

constexpr StreamId Stream(std::string_view name) { return HashText(name); }

constexpr uint64_t Mix(uint64_t x) {  // splitmix64 finalizer
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// 64 uniform bits for one key.
constexpr uint64_t DrawBits(uint64_t seed, StreamId stream, uint64_t request = 0,
                            uint64_t attempt = 0, uint64_t index = 0) {
  const uint64_t base = Mix(Mix(seed) ^ stream);
  return Mix(Mix(base ^ request) ^ (attempt * 0x100000001u + index));
}

// Uniform in [0, 1), with 53 bits.
constexpr double ToUnit(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

constexpr double Draw(uint64_t seed, StreamId stream, uint64_t request = 0, uint64_t attempt = 0,
                      uint64_t index = 0) {
  return ToUnit(DrawBits(seed, stream, request, attempt, index));
}

// All of the following take `u` in [0, 1).

// Exponential with the given mean (>= 0, same unit as the result).
double Exponential(double u, double mean);

// Standard normal quantile; |relative error| < 1.2e-9 (Acklam's rational approximation). u = 0
// gives the quantile of the smallest positive draw rather than minus infinity.
double NormalQuantile(double u);

// Lognormal by its median (> 0) and the standard deviation of the logarithm (>= 0).
double LogNormal(double u, double median, double sigma);

// Index of the weight interval that `u` falls into, or -1 past their sum (weights >= 0, sum <= 1).
int PickWeighted(double u, std::span<const double> weights);

// Uniform integer in [0, n), n > 0; unbiased to 2^-64 (Lemire's multiply-shift without rejection).
constexpr uint64_t PickBelow(uint64_t bits, uint64_t n) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(bits) * n) >> 64);
}

}  // namespace squall
