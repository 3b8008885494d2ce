// DriftWindows: have the answers of one kind of task become different from what they were? Each
// answer is hashed to a vector (character trigrams with signs, "feature hashing": Weinberger et
// al., ICML 2009) and compared by cosine with a decaying mean of those before it under the same
// key. A single odd answer is no change: how far each lies below the usual likeness, beyond a
// slack, goes into a one-sided CUSUM (Page, Biometrika 41, 1954), capped per answer so that it
// takes at least alarm / cap of them in a row, and usual answers take it down again. Odd answers
// count for an eighth in the mean, so that a lasting change becomes the new reference, after
// about eight times `memory` answers.
//
// Bounded memory: max_keys windows of about 1.1 KB. One thread. No clock, no randomness.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/guard_config.h"

namespace squall {

inline constexpr size_t kEmbeddingSize = 256;
using Embedding = std::array<float, kEmbeddingSize>;

// Of unit length, or all zeros for less than three characters. ASCII letters in lower case, all
// numbers alike: which figures an answer holds is no part of what it is like.
Embedding EmbedText(std::string_view text);

class DriftWindows {
 public:
  explicit DriftWindows(const DriftConfig& config) : config_(config) {}

  // Takes the answer into account; true if it differs from its window, and is not alone in that.
  bool Observe(std::string_view key, std::string_view answer);

  size_t keys() const { return windows_.size(); }

 private:
  struct Window {
    Embedding mean{};
    double square = 0;    // of its length
    double likeness = 0;  // decaying mean of the cosines
    double variance = 0;
    double sum = 0;  // of excess deviations
    int64_t answers = 0;
    int64_t last_used = 0;
  };

  Window& Find(std::string_view key);
  bool Judge(double cosine, Window* window, bool* odd) const;

  DriftConfig config_;
  std::map<std::string, Window, std::less<>> windows_;
  int64_t uses_ = 0;
};

}  // namespace squall
