#include "engine/guard_garbage.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "engine/base/ascii.h"
#include "engine/base/random.h"
#include "engine/guard_text.h"

namespace squall {
namespace {

constexpr double kProseBits = 3.6;
constexpr double kPairDeviation = 2.2;  // standard deviation of one pair's surprise in prose
constexpr double kErrors = 6;

// Words of one language that are said so often make a loop; three times is a figure of speech.
constexpr int64_t kLoopsMin = 4;
constexpr size_t kLongRun = 10;

}  // namespace

// A word's hash; a character each where words are not told apart by blanks. What holds no letter
// (rules of tables, bullets, figures) is left out.
void RepetitionMeter::Tokenize(std::string_view text) {
  words_.clear();
  constexpr uint64_t kPrime = 0x100000001b3u;
  uint64_t hash = 0;
  bool has_letter = false;
  const auto close = [&] {
    if (has_letter) words_.push_back(Mix(hash));
    hash = 0;
    has_letter = false;
  };
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte < 0x80) {
      text.remove_prefix(1);
      if (IsAsciiSpace(static_cast<char>(byte))) {
        close();
        continue;
      }
      hash = (hash ^ byte) * kPrime;
      has_letter = has_letter || IsLetter(static_cast<char>(byte));
      continue;
    }
    const char32_t c = TakeCodePoint(&text);
    const Script script = ScriptOf(c);
    if (IsIdeographic(script)) close();
    hash = (hash ^ c) * kPrime;
    has_letter = has_letter || script != Script::kNone;
    if (IsIdeographic(script)) close();
  }
  close();
}

// Sorted hashes of all runs of `length` words.
void RepetitionMeter::HashRuns(size_t length) {
  runs_.clear();
  for (size_t i = 0; i + length <= words_.size(); ++i) {
    uint64_t hash = 0;
    for (size_t j = 0; j < length; ++j) hash = (hash + words_[i + j]) * 0x9e3779b97f4a7c15u;
    runs_.push_back(hash);
  }
  std::sort(runs_.begin(), runs_.end());
}

int64_t RepetitionMeter::TopCount() {
  int64_t top = 0;
  int64_t count = 0;
  for (size_t i = 0; i < runs_.size(); ++i) {
    count = i > 0 && runs_[i] == runs_[i - 1] ? count + 1 : 1;
    top = std::max(top, count);
  }
  return top;
}

int64_t RepetitionMeter::RepeatedCount() {
  int64_t repeated = 0;
  for (size_t i = 1; i < runs_.size(); ++i) repeated += runs_[i] == runs_[i - 1];
  return repeated;
}

bool RepetitionMeter::IsRepetitive(std::span<const TextFacts> texts,
                                   const RepetitionConfig& config) {
  const double most[] = {config.max_top_2gram, config.max_top_3gram, config.max_top_4gram};
  for (const TextFacts& facts : texts) {
    if (facts.most_words < config.min_words) continue;
    Tokenize(facts.text);
    const auto words = static_cast<double>(words_.size());
    if (static_cast<int64_t>(words_.size()) < config.min_words) continue;
    // A run that is said again holds pairs that are said again, so where no pair is said often, no
    // longer run is, and what says few pairs again says few long runs again: prose ends here.
    const size_t long_runs = words_.size() < kLongRun ? 0 : words_.size() - kLongRun + 1;
    const double most_repeated = config.max_repeated_10gram * static_cast<double>(long_runs);
    int64_t repeated = 0;
    for (size_t length = 2; length <= 4; ++length) {
      HashRuns(length);
      const int64_t top = TopCount();
      const double share = static_cast<double>(top) * static_cast<double>(length) / words;
      if (top >= kLoopsMin && share > most[length - 2]) return true;
      if (length == 2) repeated = RepeatedCount();
      if (top < kLoopsMin) break;
    }
    if (static_cast<double>(repeated) <= most_repeated) continue;
    HashRuns(kLongRun);
    if (static_cast<double>(RepeatedCount()) > most_repeated) return true;
  }
  return false;
}

bool IsGarbage(const GarbageSigns& signs, const GarbageConfig& config) {
  if (signs.broken >= config.min_broken &&
      static_cast<double>(signs.broken) >
          config.max_broken_share * static_cast<double>(signs.characters)) {
    return true;
  }
  if (signs.pairs < config.min_letters) return false;
  const double error = kPairDeviation / std::sqrt(static_cast<double>(signs.pairs));
  const double surprise =
      0.5 * static_cast<double>(signs.half_bits) / static_cast<double>(signs.pairs);
  return surprise > std::max(config.max_surprise, kProseBits + kErrors * error);
}

}  // namespace squall
