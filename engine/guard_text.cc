#include "engine/guard_text.h"

#include <algorithm>
#include <iterator>

namespace squall {
namespace {

struct ScriptRange {
  char32_t first;
  char32_t last;
  Script script;
};

// In order; what lies between is kNone below the first letter of the rest, kOther above it.
constexpr ScriptRange kRanges[] = {
    {0x41, 0x5a, Script::kLatin},       {0x61, 0x7a, Script::kLatin},
    {0xaa, 0xaa, Script::kLatin},       {0xba, 0xba, Script::kLatin},
    {0xc0, 0xd6, Script::kLatin},       {0xd8, 0xf6, Script::kLatin},
    {0xf8, 0x24f, Script::kLatin},      {0x250, 0x2af, Script::kOther},
    {0x2b0, 0x36f, Script::kNone},      {0x370, 0x3ff, Script::kGreek},
    {0x400, 0x52f, Script::kCyrillic},  {0x530, 0x58f, Script::kOther},
    {0x590, 0x5ff, Script::kHebrew},    {0x600, 0x6ff, Script::kArabic},
    {0x700, 0x74f, Script::kOther},     {0x750, 0x77f, Script::kArabic},
    {0x780, 0x8ff, Script::kOther},     {0x900, 0x97f, Script::kDevanagari},
    {0x980, 0xdff, Script::kOther},     {0xe00, 0xe7f, Script::kThai},
    {0xe80, 0x10ff, Script::kOther},    {0x1100, 0x11ff, Script::kHangul},
    {0x1200, 0x1dff, Script::kOther},   {0x1e00, 0x1eff, Script::kLatin},
    {0x1f00, 0x1fff, Script::kGreek},   {0x2000, 0x2bff, Script::kNone},
    {0x2c00, 0x2dff, Script::kOther},   {0x2e00, 0x2e7f, Script::kNone},
    {0x2e80, 0x2fdf, Script::kHan},     {0x2ff0, 0x3004, Script::kNone},
    {0x3005, 0x3007, Script::kHan},     {0x3008, 0x303f, Script::kNone},
    {0x3040, 0x30ff, Script::kKana},    {0x3100, 0x312f, Script::kOther},
    {0x3130, 0x318f, Script::kHangul},  {0x3190, 0x31ef, Script::kNone},
    {0x31f0, 0x31ff, Script::kKana},    {0x3200, 0x33ff, Script::kNone},
    {0x3400, 0x4dbf, Script::kHan},     {0x4dc0, 0x4dff, Script::kNone},
    {0x4e00, 0x9fff, Script::kHan},     {0xa000, 0xabff, Script::kOther},
    {0xac00, 0xd7ff, Script::kHangul},  {0xd800, 0xf8ff, Script::kNone},
    {0xf900, 0xfaff, Script::kHan},     {0xfb00, 0xfb06, Script::kLatin},
    {0xfb1d, 0xfb4f, Script::kHebrew},  {0xfb50, 0xfdff, Script::kArabic},
    {0xfe00, 0xfe6f, Script::kNone},    {0xfe70, 0xfefc, Script::kArabic},
    {0xfeff, 0xff20, Script::kNone},    {0xff21, 0xff3a, Script::kLatin},
    {0xff41, 0xff5a, Script::kLatin},   {0xff66, 0xff9f, Script::kKana},
    {0xffa0, 0xffdc, Script::kHangul},  {0xffe0, 0xffff, Script::kNone},
    {0x10000, 0x1cfff, Script::kOther}, {0x1d000, 0x1fbff, Script::kNone},
    {0x20000, 0x323af, Script::kHan},
};

// Base letters of U+00C0 to U+00FF and of U+0100 to U+017F.
constexpr std::string_view kLatin1 =
    "aaaaaaaceeeeiiiidnooooo.ouuuuytsaaaaaaaceeeeiiiidnooooo.ouuuuyty";
constexpr std::string_view kExtendedA =
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrr"
    "ssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static_assert(kLatin1.size() == 64 && kExtendedA.size() == 128);

}  // namespace

Script ScriptOf(char32_t c) {
  if (c < 0x80) {
    const char32_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'z' ? Script::kLatin : Script::kNone;
  }
  const ScriptRange* found =
      std::lower_bound(std::begin(kRanges), std::end(kRanges), c,
                       [](const ScriptRange& range, char32_t value) { return range.last < value; });
  if (found == std::end(kRanges) || c < found->first) return Script::kNone;
  return found->script;
}

char32_t TakeCodePoint(std::string_view* text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>((*text)[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    text->remove_prefix(1);
    return first;
  }
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  char32_t value = first & (0x7fu >> size);
  bool good = first >= 0xc2 && first <= 0xf4 && text->size() >= size;
  for (size_t i = 1; good && i < size; ++i) {
    good = (byte(i) & 0xc0) == 0x80;
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};  // else there is a shorter form
  good = good && value >= kLeast[size] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  text->remove_prefix(good ? size : 1);
  return good ? value : kReplacement;
}

char BaseLetter(char32_t c) {
  if (c < 0x80) {
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'z' ? lower : '\0';
  }
  if (c >= 0xc0 && c <= 0xff) return kLatin1[c - 0xc0] == '.' ? '\0' : kLatin1[c - 0xc0];
  return c >= 0x100 && c <= 0x17f ? kExtendedA[c - 0x100] : '\0';
}

}  // namespace squall
