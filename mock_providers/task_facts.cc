#include "mock_providers/task_facts.h"

#include <charconv>
#include <iterator>

#include "engine/base/random.h"

namespace squall {
namespace {

constexpr StreamId kInvoice = Stream("task/extract");
constexpr StreamId kTicket = Stream("task/classify");
constexpr StreamId kStock = Stream("task/arithmetic");
constexpr StreamId kAnswer = Stream("task/answer");

constexpr std::string_view kVendors[] = {
    "Halden",   "Brookfield", "Larkspur", "Castellan", "Osprey",   "Quillon",
    "Meridian", "Tamarack",   "Vantage",  "Winslow",   "Ardent",   "Kestrel",
    "Solway",   "Juniper",    "Redwater", "Pinecrest", "Hollings", "Marlowe",
    "Ashgrove", "Lindqvist",  "Ferncote", "Bexley",    "Orland",   "Thornbury"};
constexpr std::string_view kTrades[] = {"Logistics", "Instruments", "Paper",     "Catering",
                                        "Robotics",  "Textiles",    "Optics",    "Freight",
                                        "Software",  "Ceramics",    "Energy",    "Tools",
                                        "Printing",  "Timber",      "Analytics", "Foods"};
constexpr std::string_view kForms[] = {"Ltd", "GmbH", "Inc.", "B.V.", "AB"};
constexpr std::string_view kCurrencies[] = {"EUR", "USD", "GBP", "CHF", "SEK"};
constexpr std::string_view kProducts[] = {"Harbor", "Lumen",  "Relay",  "Cobalt", "Trellis",
                                          "Beacon", "Willow", "Summit", "Ember",  "Atlas"};
constexpr std::string_view kProductTypes[] = {"Sync",  "Desk", "Vault", "Mail",
                                              "Board", "Pay",  "Forms", "Scan"};
constexpr std::string_view kUnits[] = {"crates", "pallets", "barrels", "boxes", "drums", "sacks"};

// Takes a value below kBelow out of `bits`. The bias is below 2^-30 for the few values drawn from
// one word, and a division by a constant is a multiplication.
template <uint64_t kBelow>
uint64_t Take(uint64_t* bits) {
  const uint64_t value = *bits % kBelow;
  *bits /= kBelow;
  return value;
}

template <size_t kSize>
std::string_view Choose(const std::string_view (&list)[kSize], uint64_t* bits) {
  return list[Take<kSize>(bits)];
}

}  // namespace

InvoiceFacts MakeInvoice(uint64_t seed, uint64_t number) {
  uint64_t names = DrawBits(seed, kInvoice, number, 0, 0);
  uint64_t values = DrawBits(seed, kInvoice, number, 0, 1);
  InvoiceFacts facts;
  facts.vendor[0] = Choose(kVendors, &names);
  facts.vendor[1] = Choose(kTrades, &names);
  facts.vendor[2] = Choose(kForms, &names);
  facts.currency = Choose(kCurrencies, &names);
  facts.year = 2024 + Take<3>(&names);
  facts.serial = Take<100'000>(&names);
  facts.total_cents = 1'000 + Take<9'999'000>(&values);
  facts.due[0] = facts.year + Take<2>(&values);
  facts.due[1] = 1 + Take<12>(&values);
  facts.due[2] = 1 + Take<28>(&values);
  return facts;
}

TicketFacts MakeTicket(uint64_t seed, uint64_t number) {
  uint64_t bits = DrawBits(seed, kTicket, number);
  TicketFacts facts;
  facts.category = Take<kCategoryCount>(&bits);
  facts.priority = Take<kPriorityCount>(&bits);
  facts.wording = Take<2>(&bits);
  facts.product[0] = Choose(kProducts, &bits);
  facts.product[1] = Choose(kProductTypes, &bits);
  return facts;
}

StockFacts MakeStock(uint64_t seed, uint64_t number) {
  uint64_t bits = DrawBits(seed, kStock, number);
  StockFacts facts;
  facts.stock = 100 + Take<9'900>(&bits);
  facts.trucks = 2 + Take<18>(&bits);
  facts.per_truck = 10 + Take<490>(&bits);
  facts.returned = Take<100>(&bits);
  facts.unit = Choose(kUnits, &bits);
  return facts;
}

uint64_t AnswerBits(uint64_t seed, const TaskSpec& task, uint64_t which) {
  return DrawBits(seed, kAnswer ^ which, task.number, static_cast<uint64_t>(task.kind));
}

void AppendNumber(uint64_t value, std::string* out) {
  char digits[20];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), value);
  out->append(digits, end);
}

void AppendPadded(uint64_t value, int digits, std::string* out) {
  char text[20];
  for (int i = digits - 1; i >= 0; --i, value /= 10) text[i] = static_cast<char>('0' + value % 10);
  out->append(text, static_cast<size_t>(digits));
}

void AppendVendor(const InvoiceFacts& facts, std::string* out) {
  out->append(facts.vendor[0]).append(1, ' ').append(facts.vendor[1]).append(1, ' ');
  out->append(facts.vendor[2]);
}

void AppendInvoiceNumber(const InvoiceFacts& facts, std::string* out) {
  out->append("INV-");
  AppendPadded(facts.year, 4, out);
  out->append(1, '-');
  AppendPadded(facts.serial, 5, out);
}

void AppendDate(const uint64_t (&date)[3], std::string* out) {
  AppendPadded(date[0], 4, out);
  out->append(1, '-');
  AppendPadded(date[1], 2, out);
  out->append(1, '-');
  AppendPadded(date[2], 2, out);
}

void AppendProduct(const TicketFacts& facts, std::string* out) {
  out->append(facts.product[0]).append(1, ' ').append(facts.product[1]);
}

}  // namespace squall
