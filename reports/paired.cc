#include "reports/paired.h"

#include <algorithm>

namespace squall {

PairMark PairMark::Of(const Outcome& outcome) {
  PairMark mark;
  mark.ended = true;
  mark.faulted = outcome.faulted();
  mark.strict = outcome.in_time && outcome.ok && outcome.body && outcome.right;
  mark.attempts = static_cast<int>(
      std::min<size_t>(outcome.attempts.size(), static_cast<size_t>(kMostAttempts)));
  return mark;
}

PairMark PairMark::FromByte(uint8_t byte) {
  PairMark mark;
  mark.ended = (byte & 1) != 0;
  mark.faulted = (byte & 2) != 0;
  mark.strict = (byte & 4) != 0;
  mark.attempts = byte >> 3;
  return mark;
}

uint8_t PairMark::ToByte() const {
  return static_cast<uint8_t>((ended ? 1 : 0) | (faulted ? 2 : 0) | (strict ? 4 : 0) |
                              attempts << 3);
}

void PairedShare::Add(bool first, bool second) {
  ++n;
  both += first && second;
  first_only += first && !second;
  second_only += second && !first;
}

void PairedShare::Settle() {
  if (n == 0) return;
  difference = static_cast<double>(second_only - first_only) / static_cast<double>(n);
  ci95 = PairedDifference(both, second_only, first_only, n);
}

Paired ComparePairs(std::span<const uint8_t> first, std::span<const uint8_t> second) {
  Paired paired;
  int64_t sum = 0;
  int64_t squares = 0;
  for (size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
    const PairMark a = PairMark::FromByte(first[i]);
    const PairMark b = PairMark::FromByte(second[i]);
    if (!a.ended || !b.ended) continue;
    ++paired.pairs;
    const int64_t more = b.attempts - a.attempts;
    sum += more;
    squares += more * more;
    paired.right.Add(a.strict, b.strict);
    if (a.faulted || b.faulted) paired.recovered.Add(a.strict, b.strict);
  }
  paired.recovered.Settle();
  paired.right.Settle();
  if (paired.pairs == 0) return paired;
  paired.amplification = static_cast<double>(sum) / static_cast<double>(paired.pairs);
  paired.amplification_ci95 =
      MeanInterval(static_cast<double>(sum), static_cast<double>(squares), paired.pairs);
  return paired;
}

}  // namespace squall
