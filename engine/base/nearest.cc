#include "engine/base/nearest.h"

#include <algorithm>

namespace squall {
namespace {

// More names than this are a wall of text, where one of them is probably what was meant.
constexpr size_t kListed = 32;

}  // namespace

// Edits are insertion, deletion, substitution and the swap of neighbours (optimal string
// alignment).
std::string Nearest(std::string_view got, const std::vector<std::string>& known) {
  constexpr size_t kMaxLength = 64;
  if (got.empty() || got.size() > kMaxLength) return "";
  size_t best = std::max<size_t>(2, got.size() / 3) + 1;
  std::string nearest;
  for (const std::string& name : known) {
    if (name.size() > kMaxLength) continue;
    std::vector<std::vector<size_t>> d(got.size() + 1, std::vector<size_t>(name.size() + 1));
    for (size_t i = 0; i <= got.size(); ++i) {
      for (size_t j = 0; j <= name.size(); ++j) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        const size_t change = got[i - 1] == name[j - 1] ? 0 : 1;
        d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
        const bool swapped =
            i > 1 && j > 1 && got[i - 1] == name[j - 2] && got[i - 2] == name[j - 1];
        if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
    const size_t distance = d[got.size()][name.size()];
    if (distance >= best || distance >= name.size())
      continue;  // all letters changed is no likeness
    best = distance;
    nearest = name;
  }
  return nearest;
}

std::string ExpectedOneOf(std::string_view got, const std::vector<std::string>& known) {
  if (known.empty()) return "expected none";
  const std::string nearest = Nearest(got, known);
  std::string out = "expected one of ";
  if (nearest.empty() || known.size() <= kListed) {
    for (size_t i = 0; i < known.size(); ++i) out += (i == 0 ? "" : ", ") + known[i];
  } else {
    out += std::to_string(known.size()) + " others";
  }
  if (!nearest.empty()) out += "; did you mean \"" + nearest + "\"?";
  return out;
}

}  // namespace squall
