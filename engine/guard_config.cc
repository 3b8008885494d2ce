#include "engine/guard_config.h"

#include <re2/re2.h>

#include <algorithm>

#include "engine/guard_language.h"

namespace squall {
namespace {

constexpr IntRange kCount{1, 1'000'000};

bool ArePatterns(const std::vector<std::string>& patterns) {
  RE2::Options options;
  options.set_log_errors(false);
  return std::all_of(patterns.begin(), patterns.end(),
                     [&](const std::string& text) { return RE2(text, options).ok(); });
}

}  // namespace

void Describe(Fields& f, LengthConfig& c) {
  f.Int("min_chars", c.min_chars, {0, 1'000'000'000}, "Fewest characters of an answer.");
  f.Int("max_chars", c.max_chars, {0, 1'000'000'000}, "Most characters of an answer; 0 takes any.");
  f.Require(c.max_chars == 0 || c.min_chars <= c.max_chars, "min_chars is above max_chars");
}

void Describe(Fields& f, EntitiesConfig& c) {
  f.TextList("required", c.required,
             "Globs (* and ?), each of which must occur somewhere in an answer.");
  f.TextList("forbidden", c.forbidden, "Regular expressions (RE2) that no answer may match.");
  f.Require(ArePatterns(c.forbidden), "forbidden holds a pattern that RE2 does not know");
}

void Describe(Fields& f, RepetitionConfig& c) {
  f.Bool("enabled", c.enabled, "Whether an answer that repeats itself is a failure.");
  f.Int("min_words", c.min_words, kCount, "Words below which an answer is not judged.");
  f.Number("max_top_2gram", c.max_top_2gram, kRateRange,
           "Largest share of the words that the commonest pair of words may cover.");
  f.Number("max_top_3gram", c.max_top_3gram, kRateRange, "The same for three words in a row.");
  f.Number("max_top_4gram", c.max_top_4gram, kRateRange, "The same for four words in a row.");
  f.Number("max_repeated_10gram", c.max_repeated_10gram, kRateRange,
           "Largest share of runs of ten words that have occurred before in the answer.");
}

void Describe(Fields& f, GarbageConfig& c) {
  f.Bool("enabled", c.enabled, "Whether an answer of improbable characters is a failure.");
  f.Int("min_letters", c.min_letters, kCount, "Latin letters below which surprise is not judged.");
  f.Number("max_surprise", c.max_surprise, {0, 64},
           "Largest mean surprise of a letter by the one before it, in bits.");
  f.Number("max_broken_share", c.max_broken_share, kRateRange,
           "Largest share of characters that come of broken encodings.");
  f.Int("min_broken", c.min_broken, kCount, "Broken characters below which nothing is said.");
}

void Describe(Fields& f, LanguageConfig& c) {
  f.Bool("enabled", c.enabled, "Whether an answer in another language or script is a failure.");
  f.Text("expected", c.expected,
         "prompt (the scripts of the prompt), or a language (en, de, fr, es, it, pt, nl, ru, zh, "
         "ja, ...).");
  f.Int("min_letters", c.min_letters, kCount,
        "Letters of a foreign script in one value that count; an ideograph counts as 3.");
  f.Number("max_foreign_share", c.max_foreign_share, kRateRange,
           "Largest share of a foreign script in the letters of one value.");
  f.Int("min_words", c.min_words, kCount, "Words below which a Latin language is not judged.");
  f.Require(c.expected == "prompt" || FindLanguage(c.expected) != nullptr,
            "expected is neither prompt nor a language that is known");
}

void Describe(Fields& f, DriftConfig& c) {
  f.Bool("enabled", c.enabled, "Whether a change in what the answers are like is a failure.");
  f.Int("warm_up", c.warm_up, {2, 1'000'000}, "Answers of a key before it is judged.");
  f.Number("memory", c.memory, {2, 1e6}, "Answers that the reference window remembers.");
  f.Number("slack", c.slack, {0, 100},
           "Standard deviations below the usual likeness that are still usual.");
  f.Number("alarm", c.alarm, {0, 1e6}, "Summed excess deviations that mean a change.");
  f.Number("cap", c.cap, {0, 1e6}, "Most that one answer adds to that sum.");
  f.Int("max_keys", c.max_keys, {1, 4096}, "Reference windows kept in memory.");
  f.Require(c.cap < c.alarm, "cap must be below alarm, or one answer alone would mean a change");
}

void Describe(Fields& f, GuardConfig& c) {
  f.Bool("non_empty", c.non_empty, "Whether an answer without text is a failure.");
  f.Bool("json", c.json, "Whether an answer that is not JSON is one where JSON was asked for.");
  f.Bool("json_schema", c.json_schema,
         "Whether an answer that breaks the request's schema is one.");
  f.Struct("length", c.length, "How long an answer may be.");
  f.Struct("entities", c.entities, "What an answer must and must not hold.");
  f.Struct("repetition", c.repetition, "Answers that repeat themselves.");
  f.Struct("garbage", c.garbage, "Answers of improbable characters.");
  f.Struct("language", c.language, "Answers in another language or script.");
  f.Struct("drift", c.drift, "Answers that differ from those before.");
}

}  // namespace squall
