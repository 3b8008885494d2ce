// What the tasks are about: the values behind prompt, answer and oracle, drawn from (seed, number)
// alone. Inside of tasks.cc and oracle.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mock_providers/tasks.h"

namespace squall {

struct InvoiceFacts {
  std::string_view vendor[3];  // first name, trade, legal form
  uint64_t year = 0;           // of the invoice number
  uint64_t serial = 0;
  uint64_t total_cents = 0;
  std::string_view currency;
  uint64_t due[3] = {};  // year, month, day
};

struct TicketFacts {
  size_t category = 0;  // index into kCategories
  size_t priority = 0;  // into kPriorities
  size_t wording = 0;   // which of a category's sentences the customer uses, 0 or 1
  std::string_view product[2];
};

struct StockFacts {
  uint64_t stock = 0;
  uint64_t trucks = 0;
  uint64_t per_truck = 0;
  uint64_t returned = 0;
  std::string_view unit;
  uint64_t result() const { return stock + trucks * per_truck - returned; }
};

inline constexpr std::string_view kCategories[] = {"billing", "bug", "account_access", "shipping",
                                                   "feature_request"};
inline constexpr std::string_view kPriorities[] = {"low", "normal", "high", "urgent"};
inline constexpr size_t kCategoryCount = std::size(kCategories);
inline constexpr size_t kPriorityCount = std::size(kPriorities);

InvoiceFacts MakeInvoice(uint64_t seed, uint64_t number);
TicketFacts MakeTicket(uint64_t seed, uint64_t number);
StockFacts MakeStock(uint64_t seed, uint64_t number);

// 64 bits for choices about an answer (which value a wrong one changes, which script, ...).
uint64_t AnswerBits(uint64_t seed, const TaskSpec& task, uint64_t which);

void AppendNumber(uint64_t value, std::string* out);
void AppendPadded(uint64_t value, int digits, std::string* out);  // with leading zeros
void AppendVendor(const InvoiceFacts& facts, std::string* out);
void AppendInvoiceNumber(const InvoiceFacts& facts, std::string* out);
void AppendDate(const uint64_t (&date)[3], std::string* out);  // YYYY-MM-DD
void AppendProduct(const TicketFacts& facts, std::string* out);

}  // namespace squall
