// GuardConfig: which validators (guard_validators.h) look at every answer, and their limits. What
// is off by default costs nothing and changes no result; what is on is structural: it cannot be
// wrong about an answer, only about what the caller wanted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/fields.h"

namespace squall {

struct LengthConfig {
  int64_t min_chars = 0;  // code points, 0..1e9; 0: any
  int64_t max_chars = 0;  // 0: any
};

// Limits of the repetition filter of Rae et al., "Scaling Language Models: Methods, Analysis &
// Insights from Training Gopher" (2021), table A1, made to tell broken documents from written ones.
struct RepetitionConfig {
  bool enabled = false;
  int64_t min_words = 24;             // shorter texts say nothing about repetition, 1..1e6
  double max_top_2gram = 0.20;        // share of the text's words that its commonest pair covers
  double max_top_3gram = 0.18;        // and triple, 0..1
  double max_top_4gram = 0.16;        // and quadruple
  double max_repeated_10gram = 0.50;  // share of runs of ten words that have been said before
};

struct GarbageConfig {
  bool enabled = false;
  int64_t min_letters = 16;        // Latin letters below which surprise is not judged, 1..1e6
  double max_surprise = 5.2;       // mean bits per pair of letters (guard_garbage.h)
  double max_broken_share = 0.01;  // of all characters: replacement characters, mojibake, controls
  int64_t min_broken = 2;          // one broken character may be the subject of the answer, 1..1e6
};

struct LanguageConfig {
  bool enabled = false;
  // "prompt" (the script of the prompt, and no language), or one of LanguageNames(). Requests that
  // ask for another language than their own must say so (AnswerFacts::language).
  std::string expected = "prompt";
  int64_t min_letters = 4;         // of a foreign script in one value; an ideograph counts as 3
  double max_foreign_share = 0.5;  // of one value's letters, 0..1
  int64_t min_words = 12;          // below which a Latin language is not judged, 1..1e6
};

struct EntitiesConfig {
  std::vector<std::string> required;   // globs, * and ?; an answer without one of them fails
  std::vector<std::string> forbidden;  // RE2 patterns; an answer with one of them fails
};

struct DriftConfig {
  bool enabled = false;
  int64_t warm_up = 50;   // answers of one key before it is judged, 2..1e6
  double memory = 200;    // answers that the reference window remembers, 2..1e6
  double slack = 2;       // standard deviations below the usual likeness that are still usual
  double alarm = 8;       // summed excess deviations that mean a change; > cap, so never one answer
  double cap = 3;         // most that one answer adds
  int64_t max_keys = 64;  // windows kept, the least recently used goes first, 1..4096
};

struct GuardConfig {
  GuardConfig() = default;
  GuardConfig(bool text, bool syntax, bool schema)  // the structural ones, and none of the others
      : non_empty(text), json(syntax), json_schema(schema) {}

  bool non_empty = true;    // an answer without text is a failure
  bool json = true;         // and so is one that is not JSON where JSON was asked for
  bool json_schema = true;  // or that breaks the request's schema
  LengthConfig length;
  EntitiesConfig entities;
  RepetitionConfig repetition;
  GarbageConfig garbage;
  LanguageConfig language;
  DriftConfig drift;
};

void Describe(Fields& f, LengthConfig& c);
void Describe(Fields& f, EntitiesConfig& c);
void Describe(Fields& f, RepetitionConfig& c);
void Describe(Fields& f, GarbageConfig& c);
void Describe(Fields& f, LanguageConfig& c);
void Describe(Fields& f, DriftConfig& c);
void Describe(Fields& f, GuardConfig& c);

}  // namespace squall
