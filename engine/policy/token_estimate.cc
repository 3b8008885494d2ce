#include "engine/policy/token_estimate.h"

#include <algorithm>
#include <cmath>

namespace squall {
namespace {

// Tokens per feature, in the order of token_estimate_scan.cc, as token_error.mjs --fit prints them.
// clang-format off
constexpr TokenFeatures kWeights = {
    // Words of 1, 2, … letters after a space,
    1.21, 1, 1.01, 0.9, 1.08, 0.87, 0.87, 1.19, 1.36, 1.52, 1.84, 1.71,
    // After a mark,
    1, 0.96, 1.38, 0.82, 0.84, 1.22, 1.01, 1.46, 0.96, 2.25, 1.78, 0.86,
    // And next to a letter or digit
    0.64, 1.69, 1.88, 1.02, 0.56, 0.79, 0.98, 0.2, 1.14, 0.36, 1.22, 1,
    // What words cost more in texts with accents
    0.7, -1.23, -0.92, 0.04, 0.98, 0.87, 1.59, 0.56, 1.2, 1.49, 0.78, 0.48,
    // Runs of 1, 2, … capitals
    1.36, 1.02, 1.08, 1.26, 1.7, 1.7,
    // Words with accents, their bytes, the accents
    0, 0.25, 0,
    // Groups of digits, and those next to letters
    1.07, 0,
    // Runs of 1, 2, 3 and more marks
    0.83, 1.13, 1.05, 1.78,
    // One mark before a word, a long run of one mark
    0.34, 1.23,
    // Spaces, line ends, indents, a space before digits
    1.55, 0.83, 0.72, 0.9,
    // Letters: Greek, Cyrillic, Arabic and Hebrew, Indic, Thai, Han, kana, Hangul,
    0.32, 0.13, 0.25, 0.36, 0.41, 0.69, 0.56, 0.48,
    // Wide marks, emoji, bytes of anything else
    1.19, 1.89, 0.21,
    // Runs of letters, in the order of the scripts
    0.52, 0.94, 0.59, 0.06, 0.36, 0.86, 0, 0.72,
};
// clang-format on

}  // namespace

int64_t EstimateTokens(std::string_view text) {
  if (text.empty()) return 0;
  return std::max<int64_t>(1, std::llround(WeighTokenFeatures(text, kWeights)));
}

void Describe(Fields& f, TokenRatioConfig& c) {
  f.Number("initial", c.initial, {1e-3, 1e3},
           "Billed tokens per estimated one before any usage is known.");
  f.Number("per_message", c.per_message, {0, 1e3}, "Tokens around each message of a chat.");
  f.Number("weight", c.weight, {1e-6, 1}, "Weight of a new usage in the learned ratio.");
  f.Number("least", c.least, {1e-3, 1e3}, "Least ratio that is ever learned.");
  f.Number("most", c.most, {1e-3, 1e3}, "Greatest ratio that is ever learned.");
  f.Require(c.least <= c.initial && c.initial <= c.most, "initial must lie between least and most");
}

TokenRatio::TokenRatio(const TokenRatioConfig& config) : config_(config), ratio_(config.initial) {}

double TokenRatio::Raw(int64_t estimated, int64_t messages) const {
  return static_cast<double>(estimated) + config_.per_message * static_cast<double>(messages);
}

int64_t TokenRatio::Expect(int64_t estimated, int64_t messages) const {
  return static_cast<int64_t>(std::ceil(ratio_ * Raw(estimated, messages)));
}

void TokenRatio::Observe(int64_t estimated, int64_t messages, int64_t billed) {
  if (estimated <= 0 || billed <= 0) return;
  const double seen = std::clamp(static_cast<double>(billed) / Raw(estimated, messages),
                                 config_.least, config_.most);
  ratio_ += config_.weight * (seen - ratio_);
}

}  // namespace squall
