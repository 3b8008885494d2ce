#include "engine/guard_drift.h"

#include <algorithm>
#include <cmath>

#include "engine/base/random.h"

namespace squall {
namespace {

// Answers that are alike to the letter would otherwise make any comma a change.
constexpr double kDeviationMin = 0.02;
constexpr double kOddWeight = 0.125;

unsigned Fold(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c) + 0x20;
  return c >= '0' && c <= '9' ? '0' : static_cast<unsigned char>(c);
}

double Product(const Embedding& a, const Embedding& b) {
  float sum = 0;
  for (size_t i = 0; i < kEmbeddingSize; ++i) sum += a[i] * b[i];
  return static_cast<double>(sum);
}

}  // namespace

Embedding EmbedText(std::string_view text) {
  Embedding out{};
  unsigned last3 = 0;
  size_t taken = 0;
  for (const char c : text) {
    const unsigned folded = Fold(c);
    if (folded == '0' && (last3 & 0xff) == '0') continue;
    last3 = (last3 << 8 | folded) & 0xffffff;
    if (++taken < 3) continue;
    const uint64_t hash = last3 * 0x9e3779b97f4a7c15u;
    out[hash >> 56] += (hash >> 55 & 1) != 0 ? 1.0f : -1.0f;
  }
  const double length = std::sqrt(Product(out, out));
  if (length == 0) return out;
  for (float& value : out) value /= static_cast<float>(length);
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
  const double length = std::sqrt(Product(window.mean, window.mean));
  const double cosine = length == 0 ? 0 : Product(window.mean, embedding) / length;
  bool odd = false;
  const bool drifted = Judge(cosine, &window, &odd);
  ++window.answers;
  // A plain mean until the memory is full, then a decaying one.
  const double share = 1 / std::min(static_cast<double>(window.answers), config_.memory);
  const double weight = odd ? share * kOddWeight : share;
  for (size_t i = 0; i < kEmbeddingSize; ++i) {
    window.mean[i] += static_cast<float>(weight) * (embedding[i] - window.mean[i]);
  }
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
