// The oracle: does a text hold the right answer of a task? It reads the answer with a JSON parser
// and compares values, so any writer of the same values passes.
#include <simdjson.h>

#include <string>

#include "mock_providers/task_facts.h"
#include "mock_providers/tasks.h"

namespace squall {
namespace {

using simdjson::dom::element;

// Longest answer that is worth reading; a right one is far shorter.
constexpr size_t kLongestAnswer = 4u << 20;

bool TextIs(element value, std::string_view right) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS && text == right;
}

// 128450 and 128450.0 are one number in JSON.
bool NumberIs(element value, uint64_t right) {
  int64_t whole = 0;
  if (value.get(whole) == simdjson::SUCCESS) return whole == static_cast<int64_t>(right);
  double number = 0;
  return value.get(number) == simdjson::SUCCESS && number == static_cast<double>(right);
}

// Latin letters, punctuation and currency signs: the script that all tasks are written in.
bool IsOwnScript(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0xc9) continue;  // ASCII, continuation bytes, and two-byte letters up to U+023F
    if (lead != 0xe2 || i + 1 >= text.size()) return false;
    const auto next = static_cast<unsigned char>(text[i + 1]);
    if (next != 0x80 && next != 0x81 && next != 0x82 && next != 0x83) return false;  // U+2000..20FF
  }
  return true;
}

// Which keys an answer has, one bit per required key. 0 marks a key that must not be there.
struct Field {
  unsigned bit;
  bool right;
};

Field CheckInvoice(const InvoiceFacts& facts, std::string_view key, element value) {
  std::string right;
  if (key == "vendor") {
    AppendVendor(facts, &right);
    return {1, TextIs(value, right)};
  }
  if (key == "invoice_number") {
    AppendInvoiceNumber(facts, &right);
    return {2, TextIs(value, right)};
  }
  if (key == "due_date") {
    AppendDate(facts.due, &right);
    return {4, TextIs(value, right)};
  }
  if (key == "total_cents") return {8, NumberIs(value, facts.total_cents)};
  if (key == "currency") return {16, TextIs(value, facts.currency)};
  return {0, false};
}

Field CheckTicket(const TicketFacts& facts, std::string_view key, element value) {
  if (key == "category") return {1, TextIs(value, kCategories[facts.category])};
  if (key == "priority") return {2, TextIs(value, kPriorities[facts.priority])};
  if (key == "product") {
    std::string right;
    AppendProduct(facts, &right);
    return {4, TextIs(value, right)};
  }
  return {0, false};
}

Field CheckStock(const StockFacts& facts, std::string_view key, element value) {
  if (key == "result") return {1, NumberIs(value, facts.result())};
  if (key == "unit") return {2, TextIs(value, facts.unit)};
  return {0, false};
}

template <class Facts>
bool HoldsExactly(const Facts& facts, Field (*check)(const Facts&, std::string_view, element),
                  unsigned required, simdjson::dom::object answer) {
  constexpr unsigned kNotes = 1u << 16;
  unsigned seen = 0;
  for (const auto field : answer) {
    Field checked{kNotes, false};
    if (field.key == "notes") {
      std::string_view notes;
      checked.right = field.value.get(notes) == simdjson::SUCCESS && IsOwnScript(notes);
    } else {
      checked = check(facts, field.key, field.value);
    }
    const bool repeated = (seen & checked.bit) != 0;
    if (!checked.right || repeated) return false;
    seen |= checked.bit;
  }
  return (seen & ~kNotes) == required;
}

}  // namespace

bool OracleAccepts(uint64_t seed, const TaskSpec& task, std::string_view content) {
  std::string canonical;
  canonical.reserve(content.size() + 64);  // as long as it is if they are equal
  AppendAnswer(seed, task, AnswerKind::kRight, &canonical);
  if (content == canonical) return true;
  if (content.empty() || content.size() > kLongestAnswer) return false;

  simdjson::dom::parser parser;
  simdjson::dom::object answer;
  if (parser.parse(content.data(), content.size()).get(answer) != simdjson::SUCCESS) return false;
  switch (task.kind) {
    case TaskKind::kExtract:
      return HoldsExactly(MakeInvoice(seed, task.number), CheckInvoice, 31, answer);
    case TaskKind::kClassify:
      return HoldsExactly(MakeTicket(seed, task.number), CheckTicket, 7, answer);
    case TaskKind::kArithmetic:
      return HoldsExactly(MakeStock(seed, task.number), CheckStock, 3, answer);
  }
  return false;
}

}  // namespace squall
