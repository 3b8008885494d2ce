// ForbiddenPatterns: does any of the patterns occur in any text of an answer? All of them are one
// expression where RE2 can join them. Where none looks at what is around a match (^, $, \b), they
// cannot be in a text of the answer without being in the answer's bytes, so that one search over
// those mostly settles it for all of its texts.
//
// Linear in the answer, as RE2 is. One thread per object, no locks held between answers.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace squall {

class ForbiddenPatterns {
 public:
  // All of them must be valid.
  explicit ForbiddenPatterns(const std::vector<std::string>& patterns);

  // `texts` are the strings of `content`, or the content itself.
  bool Occurs(std::string_view content, std::span<const std::string_view> texts) const;

 private:
  bool OccursIn(std::string_view text) const;

  std::vector<std::unique_ptr<RE2>> patterns_;
  bool free_of_context_ = true;
};

}  // namespace squall
