#include "engine/guard_drift.h"

#include <algorithm>
#include <cmath>

#include "engine/base/random.h"

namespace squall {
namespace {

// Answers that are alike to the letter would otherwise make any comma a change.
constexpr double kDeviationMin = 0.02;
constexpr double kOddWeight = 0.125;

// A letter in lower case, 0 for any digit, else the byte itself.
constexpr auto kFold = [] {
  std::array<uint8_t, 256> fold{};
  for (size_t c = 0; c < fold.size(); ++c) fold[c] = static_cast<uint8_t>(c);
  for (size_t c = 'A'; c <= 'Z'; ++c) fold[c] = static_cast<uint8_t>(c + 0x20);
  for (size_t c = '0'; c <= '9'; ++c) fold[c] = '0';
  return fold;
}();

constexpr size_t SlotOf(uint64_t trigram) { return trigram * 0x9e3779b97f4a7c15u >> 55; }

// Sums side by side, which a compiler may keep in registers.
constexpr size_t kLanes = 8;
using Sums = std::array<float, kLanes>;

double Total(const Sums& sums) {
  double total = 0;
  for (const float sum : sums) total += static_cast<double>(sum);
  return total;
}

double Product(const Embedding& a, const Embedding& b) {
  Sums sums{};
  for (size_t i = 0; i < kEmbeddingSize; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  return Total(sums);
}

// Moves `mean` towards `to` by `weight`, and returns the square of its new length.
double Move(float weight, const Embedding& to, Embedding* mean) {
  Sums squares{};
  for (size_t i = 0; i < kEmbeddingSize; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      float& value = (*mean)[i + lane];
      value += weight * (to[i + lane] - value);
      squares[lane] += value * value;
    }
  }
  return Total(squares);
}

}  // namespace

Embedding EmbedText(std::string_view text) {
  // By slot: trigrams that count as minus one, then those that count as one.
  std::array<int32_t, 2 * kEmbeddingSize> counts{};
  uint64_t last3 = 0;
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  // Of a number only its first digit.
  const auto skipped = [&](uint64_t folded) { return folded == '0' && (last3 & 0xff) == '0'; };
  for (int missing = 2; missing > 0 && at != end; ++at) {  // until there is a trigram
    const uint64_t folded = kFold[*at];
    if (skipped(folded)) continue;
    last3 = last3 << 8 | folded;
    --missing;
  }
  for (; at != end; ++at) {
    const uint64_t folded = kFold[*at];
    if (skipped(folded)) continue;
    last3 = (last3 << 8 | folded) & 0xffffff;
    ++counts[SlotOf(last3)];
  }
  Embedding out;
  for (size_t i = 0; i < kEmbeddingSize; ++i) {
    out[i] = static_cast<float>(counts[2 * i + 1] - counts[2 * i]);
  }
  const double length = std::sqrt(Product(out, out));
  if (length == 0) return out;
  const auto scale = static_cast<float>(1 / length);
  for (float& value : out) value *= scale;
  return out;
}

DriftWindows::Window& DriftWindows::Find(std::string_view key) {
  auto found = windows_.find(key);
  if (found == windows_.end()) {
    if (static_cast<int64_t>(windows_.size()) >= config_.max_keys) {
      windows_.erase(std::min_element(
          windows_.begin(), windows_.end(),
          [](const auto& a, const auto& b) { return a.second.last_used < b.second.last_used; }));
    }
    found = windows_.emplace(std::string(key), Window()).first;
  }
  found->second.last_used = ++uses_;
  return found->second;
}

bool DriftWindows::Judge(double cosine, Window* window, bool* odd) const {
  if (window->answers < config_.warm_up) return false;
  const double deviation = std::max(std::sqrt(window->variance), kDeviationMin);
  const double excess = (window->likeness - cosine) / deviation - config_.slack;
  *odd = excess > 0;
  const double sum = window->sum + std::clamp(excess, -config_.cap, config_.cap);
  // Bounded above as well, or a long disturbance would be held against the answers after it.
  window->sum = std::clamp(sum, 0.0, config_.alarm + config_.cap);
  return *odd && window->sum >= config_.alarm;
}

bool DriftWindows::Observe(std::string_view key, std::string_view answer) {
  Window& window = Find(key);
  const Embedding embedding = EmbedText(answer);
  const double length = std::sqrt(window.square);
  const double cosine = length == 0 ? 0 : Product(window.mean, embedding) / length;
  bool odd = false;
  const bool drifted = Judge(cosine, &window, &odd);
  ++window.answers;
  // A plain mean until the memory is full, then a decaying one.
  const double share = 1 / std::min(static_cast<double>(window.answers), config_.memory);
  const double weight = odd ? share * kOddWeight : share;
  window.square = Move(static_cast<float>(weight), embedding, &window.mean);
  // The first cosines are with a mean of next to nothing, so they say little about the usual, and
  // those during an alarm are not usual. An outlier counts as far as the slack (Huber, Annals of
  // Mathematical Statistics 35, 1964): left out, what is usual would become ever narrower.
  if (window.answers > 2 && window.sum < config_.alarm) {
    const double step = 1 / std::min(static_cast<double>(window.answers - 2), config_.memory);
    const double far = config_.slack * std::max(std::sqrt(window.variance), kDeviationMin);
    const double off = cosine - window.likeness;
    const double bounded = window.answers < config_.warm_up ? off : std::clamp(off, -far, far);
    window.likeness += step * bounded;
    window.variance = (1 - step) * (window.variance + step * bounded * bounded);
  }
  return drifted;
}

}  // namespace squall
