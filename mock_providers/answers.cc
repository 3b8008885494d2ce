// Answers of a mock model: the right one, and those that are wrong in content but right in form.
#include <algorithm>

#include "mock_providers/task_facts.h"
#include "mock_providers/task_texts.h"
#include "mock_providers/tasks.h"

namespace squall {
namespace {

// The free-text values of an answer, where they differ from the task's own.
struct Wording {
  std::string_view vendor;  // empty: as in the task
  std::string_view product;
  std::string_view unit;
  std::string_view notes = NotesText();
};

Wording WordingOf(AnswerKind kind, uint64_t bits) {
  Wording wording;
  if (kind == AnswerKind::kWrongLanguage) {
    const ForeignTexts& foreign = Foreign()[bits % Foreign().size()];
    wording = {foreign.vendor, foreign.product, foreign.unit, foreign.notes};
  } else if (kind == AnswerKind::kGarbage) {
    const std::string_view name = GarbageName(bits);
    wording = {name, name, name, GarbageText()};
  }
  return wording;
}

// One figure misread: the sort of mistake that only a comparison with the source can find.
InvoiceFacts Misread(InvoiceFacts facts, uint64_t bits) {
  switch (bits % 3) {
    case 0: facts.total_cents += 1 + (bits >> 8) % 9'000; break;
    case 1: facts.due[2] = 1 + (facts.due[2] + (bits >> 8) % 26) % 28; break;  // never the same day
    default: facts.serial = (facts.serial + 1 + (bits >> 8) % 99'998) % 100'000; break;
  }
  return facts;
}

TicketFacts Misread(TicketFacts facts, uint64_t bits) {
  if (bits % 2 == 0) {
    facts.category = (facts.category + 1 + (bits >> 8) % (kCategoryCount - 1)) % kCategoryCount;
  } else {
    facts.priority = (facts.priority + 1 + (bits >> 8) % (kPriorityCount - 1)) % kPriorityCount;
  }
  return facts;
}

StockFacts Misread(StockFacts facts, uint64_t bits) {
  facts.stock += 1 + bits % 90;
  return facts;
}

bool SameAnswer(const InvoiceFacts& a, const InvoiceFacts& b) {
  return a.total_cents == b.total_cents && a.serial == b.serial && a.year == b.year &&
         std::equal(a.due, a.due + 3, b.due) && std::equal(a.vendor, a.vendor + 3, b.vendor) &&
         a.currency == b.currency;
}

bool SameAnswer(const TicketFacts& a, const TicketFacts& b) {
  return a.category == b.category && a.priority == b.priority &&
         std::equal(a.product, a.product + 2, b.product);
}

bool SameAnswer(const StockFacts& a, const StockFacts& b) {
  return a.result() == b.result() && a.unit == b.unit;
}

// The facts that an answer of this kind is made from. `make` draws the facts of a task number.
template <class Facts>
Facts FactsOf(uint64_t seed, const TaskSpec& task, AnswerKind kind, uint64_t bits,
              Facts (*make)(uint64_t, uint64_t)) {
  const Facts own = make(seed, task.number);
  if (kind == AnswerKind::kWrong) return Misread(own, bits);
  if (kind != AnswerKind::kStale) return own;
  uint64_t other = task.number + 1 + bits % 1000;
  Facts facts = make(seed, other);
  for (int i = 0; i < 64 && SameAnswer(facts, own); ++i) facts = make(seed, ++other);
  return facts;
}

void AppendInvoice(const InvoiceFacts& facts, const Wording& wording, std::string* out) {
  out->append(R"({"vendor":")");
  if (wording.vendor.empty()) {
    AppendVendor(facts, out);
  } else {
    out->append(wording.vendor);
  }
  out->append(R"(","invoice_number":")");
  AppendInvoiceNumber(facts, out);
  out->append(R"(","total_cents":)");
  AppendNumber(facts.total_cents, out);
  out->append(R"(,"currency":")").append(facts.currency).append(R"(","due_date":")");
  AppendDate(facts.due, out);
  out->append(1, '"');
}

void AppendTicket(const TicketFacts& facts, const Wording& wording, std::string* out) {
  out->append(R"({"category":")").append(kCategories[facts.category]);
  out->append(R"(","priority":")").append(kPriorities[facts.priority]).append(R"(","product":")");
  if (wording.product.empty()) {
    AppendProduct(facts, out);
  } else {
    out->append(wording.product);
  }
  out->append(1, '"');
}

void AppendStock(const StockFacts& facts, const Wording& wording, std::string* out) {
  out->append(R"({"result":)");
  AppendNumber(facts.result(), out);
  out->append(R"(,"unit":")");
  out->append(wording.unit.empty() ? facts.unit : wording.unit).append(1, '"');
}

// Closes the object, after notes that bring the answer to its wanted length.
void AppendNotes(std::string_view notes, size_t start, int64_t answer_tokens, std::string* out) {
  constexpr std::string_view kKey = R"(,"notes":")";
  constexpr size_t kShortest = 16;  // shorter remarks are not worth a key
  const auto wanted =
      static_cast<size_t>(std::clamp<int64_t>(answer_tokens, 0, kMaxAnswerTokens)) * 4;
  const size_t fixed = out->size() - start + kKey.size() + 2;
  if (wanted >= fixed + kShortest) {
    out->append(kKey);
    // Long notes go on in other words: a sane model's answer does not repeat itself, and guards
    // look for that.
    const bool own = notes.data() == NotesText().data();
    const size_t said = own ? std::min(notes.size(), wanted - fixed) : 0;
    AppendRepeated(notes, 0, said, out);
    AppendRepeated(own ? BackgroundText() : notes, 0, wanted - fixed - said, out);
    out->append(1, '"');
  }
  out->append(1, '}');
}

}  // namespace

void AppendAnswer(uint64_t seed, const TaskSpec& task, AnswerKind kind, std::string* out,
                  uint64_t which) {
  const uint64_t bits = kind == AnswerKind::kRight ? 0 : AnswerBits(seed, task, which);
  const Wording wording = WordingOf(kind, bits);
  const size_t start = out->size();
  switch (task.kind) {
    case TaskKind::kExtract:
      AppendInvoice(FactsOf(seed, task, kind, bits, MakeInvoice), wording, out);
      break;
    case TaskKind::kClassify:
      AppendTicket(FactsOf(seed, task, kind, bits, MakeTicket), wording, out);
      break;
    case TaskKind::kArithmetic:
      AppendStock(FactsOf(seed, task, kind, bits, MakeStock), wording, out);
      break;
  }
  AppendNotes(wording.notes, start, task.answer_tokens, out);
}

void AppendSmallTalk(AnswerKind kind, bool json, std::string* out) {
  if (json) out->append(R"({"answer":")");
  switch (kind) {
    case AnswerKind::kRight:
      out->append("Thank you for the question. In short: yes, with the limits that you describe.");
      break;
    case AnswerKind::kWrong:
      out->append("Thank you for the question. In short: no, under no circumstances.");
      break;
    case AnswerKind::kStale:
      out->append("As said before, the parcel left the warehouse on Tuesday.");
      break;
    case AnswerKind::kWrongLanguage: out->append(Foreign()[0].notes); break;
    case AnswerKind::kGarbage: out->append(GarbageText()); break;
  }
  if (json) out->append(R"("})");
}

}  // namespace squall
