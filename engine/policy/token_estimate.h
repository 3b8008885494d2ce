// TokenEstimate: how many tokens a text has, without the vocabulary of any tokenizer. One pass
// sorts the text into features (words by length and neighbourhood, runs of digits, of punctuation
// and of white space, letters of other scripts) whose weights were fitted to OpenAI's o200k_base.
//
// Error against o200k_base on texts of 200 to 1400 characters (mean size, 95th percentile), as
// tests/engine/policy/token_error.mjs measures it: English 4 %, 13 %; source code 5 %, 13 %; JSON
// 4 %, 11 %; tables, logs and digits 2 %, 4 %; base64 and hex 3 %, 6 %; German, French, Spanish,
// Russian, Japanese, Korean 3-6 %, 6-13 %; Chinese simplified 5 %, 10 %, traditional 11 %, 16 %;
// Polish 12 %, 20 %. These texts are the other half of those fitted to; kinds that no weight has
// seen reach 17 %, 23 % (Ukrainian). Other tokenizers differ by a factor of the model and the
// language (cl100k_base bills Russian half as much again): TokenRatio learns it from usage.
//
// Pure; one thread per TokenRatio.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/fields.h"

namespace squall {

inline constexpr size_t kTokenFeatures = 88;
using TokenFeatures = std::array<double, kTokenFeatures>;

// What the weights apply to; the script that fits them needs it too.
TokenFeatures CountTokenFeatures(std::string_view text);

// The sum of the features of a text, each times its weight, in their order.
double WeighTokenFeatures(std::string_view text, const TokenFeatures& weights);

// Tokens of a text, >= 0; 0 for an empty one only. Bytes that are not UTF-8 count as such.
int64_t EstimateTokens(std::string_view text);

struct TokenRatioConfig {
  double initial = 1;      // billed tokens per estimated one before anything is known, > 0
  double per_message = 4;  // tokens around each message of a chat, >= 0
  double weight = 0.1;     // of a new observation, (0, 1]
  double least = 0.25;     // bounds of what may be learned: a strange usage must not
  double most = 4;         // starve or flood the limiter, 0 < least <= initial <= most
};

void Describe(Fields& f, TokenRatioConfig& c);

// What one model bills per estimated token.
class TokenRatio {
 public:
  explicit TokenRatio(const TokenRatioConfig& config);

  // Tokens to expect on the bill of a prompt of so many estimated tokens in so many messages.
  int64_t Expect(int64_t estimated, int64_t messages) const;

  // A provider billed `billed` tokens for such a prompt. Ignored where either is not positive.
  void Observe(int64_t estimated, int64_t messages, int64_t billed);

  double ratio() const { return ratio_; }

 private:
  double Raw(int64_t estimated, int64_t messages) const;

  TokenRatioConfig config_;
  double ratio_;
};

}  // namespace squall
