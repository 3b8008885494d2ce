#include "engine/diagnose_headers.h"

#include <array>
#include <bit>

#include "engine/diagnose_bytes.h"

namespace squall {
namespace {

struct Wanted {
  std::string_view name;                 // with what ends it
  std::string_view HeaderFacts::*field;  // nullptr: a limit's header, of which only this is asked
};

// Names that share their first four bytes stand together.
constexpr Wanted kWanted[] = {
    {"x-ratelimit-", nullptr},
    {"anthropic-ratelimit-", nullptr},
    {"ratelimit-", nullptr},
    {"date:", &HeaderFacts::date},
    {"retry-after:", &HeaderFacts::retry_after},
    {"retry-after-ms:", &HeaderFacts::retry_after_ms},
    {"x-should-retry:", &HeaderFacts::should_retry},
    {"x-amzn-errortype:", &HeaderFacts::amzn_error_type},
    {"x-ms-retry-after-ms:", &HeaderFacts::ms_retry_after_ms},
};
constexpr size_t kWantedCount = std::size(kWanted);
constexpr size_t kWord = sizeof(uint64_t);

// The table as numbers: a line's first four bytes lead to the rows that it can be.
struct WantedIndex {
  static constexpr size_t kSlots = 32;
  struct Slot {
    uint32_t stem = 0;
    uint8_t begin = 0;  // rows, none where equal
    uint8_t end = 0;
  };
  struct Row {
    uint64_t head = 0;
    uint64_t mask = 0;
    uint64_t tail = 0;
  };
  std::array<Slot, kSlots> slots{};
  std::array<Row, kWantedCount> rows{};

  static constexpr size_t SlotOf(uint32_t stem) { return stem * 0x9e3779b1U >> 27; }
};

constexpr WantedIndex kIndex = [] {
  WantedIndex index;
  for (size_t i = 0; i < kWantedCount; ++i) {
    const std::string_view name = kWanted[i].name;
    const auto stem = static_cast<uint32_t>(PackWord(name.substr(0, 4)));
    WantedIndex::Slot& slot = index.slots[WantedIndex::SlotOf(stem)];
    if (slot.begin == slot.end) slot = {stem, static_cast<uint8_t>(i), static_cast<uint8_t>(i)};
    slot.end = static_cast<uint8_t>(i + 1);
    index.rows[i].head = PackWord(name);
    index.rows[i].mask = name.size() >= kWord ? ~uint64_t{0} : (uint64_t{1} << 8 * name.size()) - 1;
    index.rows[i].tail = PackWord(name.substr(name.size() > kWord ? name.size() - kWord : 0));
  }
  return index;
}();

constexpr bool kSlotsDiffer = [] {
  for (size_t i = 0; i < kWantedCount; ++i) {
    const auto stem = static_cast<uint32_t>(PackWord(kWanted[i].name.substr(0, 4)));
    const WantedIndex::Slot& slot = kIndex.slots[WantedIndex::SlotOf(stem)];
    if (slot.stem != stem || i < slot.begin || i >= slot.end) return false;
  }
  return true;
}();
static_assert(kSlotsDiffer);

// Does `rest`, whose first word in lower case is `head`, start with the i-th name?
bool StartsWith(std::string_view rest, uint64_t head, size_t i) {
  const WantedIndex::Row& row = kIndex.rows[i];
  if ((head & row.mask) != row.head) return false;
  const std::string_view name = kWanted[i].name;
  if (name.size() <= kWord) return true;
  if (rest.size() < name.size()) return false;
  if ((LoadWord(rest.data() + name.size() - kWord) | kLowerBits) != row.tail) return false;
  return name.size() <= 2 * kWord || EqualsIgnoreCase(rest.substr(0, name.size()), name);
}

// A line's value: up to its end, without blanks around.
std::string_view ValueAt(std::string_view rest) {
  const char* from = rest.data();
  const char* to = FindEither(from, from + rest.size(), '\r', '\n');
  while (from != to && (*from == ' ' || *from == '\t')) ++from;
  while (from != to && (to[-1] == ' ' || to[-1] == '\t')) --to;
  return {from, static_cast<size_t>(to - from)};
}

// The line at the start of `rest`.
inline void TakeLine(std::string_view rest, HeaderFacts* facts) {
  if (rest.size() < kWord) return;  // shorter than any of them with a value
  const uint64_t head = LoadWord(rest.data()) | kLowerBits;
  const auto stem = static_cast<uint32_t>(head);
  const WantedIndex::Slot slot = kIndex.slots[WantedIndex::SlotOf(stem)];
  if (slot.stem != stem) return;
  for (size_t i = slot.begin; i < slot.end; ++i) {
    const auto field = kWanted[i].field;
    const bool known = field == nullptr ? facts->has_limits : !(facts->*field).empty();
    if (known || !StartsWith(rest, head, i)) continue;
    if (field == nullptr) {
      facts->has_limits = true;
    } else {
      facts->*field = ValueAt(rest.substr(kWanted[i].name.size()));
    }
  }
}

}  // namespace

HeaderFacts ReadHeaders(const Headers& headers) {
  constexpr size_t kStep = 4 * kLaneCount;
  HeaderFacts facts;
  const std::string_view block = headers.block();
  TakeLine(block, &facts);
  size_t at = 0;
  for (; at + kStep <= block.size(); at += kStep) {
    uint64_t ends = 0;
    for (size_t i = 0; i < 4; ++i) {
      const Lanes lanes = LoadLanes(block.data() + at + i * kLaneCount);
      ends |= uint64_t{BitsOf(Equal(lanes, '\n'))} << (i * kLaneCount);
    }
    for (; ends != 0; ends &= ends - 1) {
      TakeLine(block.substr(at + static_cast<size_t>(std::countr_zero(ends)) + 1), &facts);
    }
  }
  while ((at = block.find('\n', at)) != std::string_view::npos)
    TakeLine(block.substr(++at), &facts);
  return facts;
}

}  // namespace squall
