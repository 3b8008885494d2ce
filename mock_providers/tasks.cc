#include "mock_providers/tasks.h"

#include <array>
#include <charconv>
#include <iterator>

#include "engine/base/random.h"
#include "mock_providers/task_facts.h"
#include "mock_providers/task_texts.h"

namespace squall {
namespace {

constexpr std::string_view kMarker = "[squall-task ";
constexpr std::string_view kKindNames[] = {"extract", "classify", "arithmetic"};
static_assert(std::size(kKindNames) == kTaskKindCount);

constexpr std::string_view kInvoiceSchema =
    R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{)"
    R"("vendor":{"type":"string","minLength":1},)"
    R"("invoice_number":{"type":"string","minLength":14,"maxLength":14},)"
    R"("total_cents":{"type":"integer","minimum":0},)"
    R"("currency":{"type":"string","enum":["EUR","USD","GBP","CHF","SEK"]},)"
    R"("due_date":{"type":"string","minLength":10,"maxLength":10},)"
    R"("notes":{"type":"string"}},)"
    R"("required":["vendor","invoice_number","total_cents","currency","due_date"],)"
    R"("additionalProperties":false})";

constexpr std::string_view kTicketSchema =
    R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{)"
    R"("category":{"type":"string","enum":)"
    R"(["billing","bug","account_access","shipping","feature_request"]},)"
    R"("priority":{"type":"string","enum":["low","normal","high","urgent"]},)"
    R"("product":{"type":"string","minLength":1},)"
    R"("notes":{"type":"string"}},)"
    R"("required":["category","priority","product"],"additionalProperties":false})";

constexpr std::string_view kStockSchema =
    R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{)"
    R"("result":{"type":"integer"},)"
    R"("unit":{"type":"string","minLength":1},)"
    R"("notes":{"type":"string"}},)"
    R"("required":["result","unit"],"additionalProperties":false})";

// What customers write: by category, then by wording.
constexpr std::string_view kComplaints[kCategoryCount][2] = {
    {"I was charged twice this month and need one of the two payments back.",
     "The last invoice lists a plan that we never ordered. Please correct the amount."},
    {"Every export stops at the third page with an error, since the update on Monday.",
     "The search finds nothing any more, although the documents are there when I scroll."},
    {"I cannot sign in. The code that you send by text message never arrives.",
     "A colleague left and only he had the administrator password. We are locked out."},
    {"The reader we ordered two weeks ago has not arrived and the tracking page is empty.",
     "The parcel came with the wrong adapter. Please tell me where to send it."},
    {"It would help us a lot if reports could be sent out on a schedule.",
     "Please let us sort the list by customer, not only by date."}};

constexpr std::string_view kDeadlines[kPriorityCount] = {
    "There is no hurry, whenever you get to it.", "Some time this week would be good.",
    "We need this by tomorrow, two teams are waiting for it.",
    "Nobody here can work until this is solved, please act at once."};

constexpr std::string_view kMonthNames[] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};

void AppendMarker(const TaskSpec& task, std::string* out) {
  out->append(kMarker).append(TaskKindName(task.kind)).append(1, ' ');
  AppendNumber(task.number, out);
  out->append(" tokens=");
  AppendNumber(static_cast<uint64_t>(task.answer_tokens), out);
  out->append("]\n");
}

void AppendInvoicePrompt(const InvoiceFacts& facts, std::string* out) {
  out->append(
      "Extract the fields of this invoice. Answer with one JSON object and nothing else. Keys: "
      "vendor (text), invoice_number (text), total_cents (integer, the total in cents), currency "
      "(ISO 4217 code), due_date (YYYY-MM-DD); notes (text) is optional.\n\n");
  AppendVendor(facts, out);
  out->append("\nInvoice no. ");
  AppendInvoiceNumber(facts, out);
  out->append("\nGoods and services as agreed\nTotal due: ");
  AppendNumber(facts.total_cents / 100, out);
  out->append(1, '.');
  AppendPadded(facts.total_cents % 100, 2, out);
  out->append(1, ' ').append(facts.currency).append("\nPayable by ");
  AppendNumber(facts.due[2], out);
  out->append(1, ' ').append(kMonthNames[facts.due[1] - 1]).append(1, ' ');
  AppendNumber(facts.due[0], out);
  out->append(1, '\n');
}

void AppendTicketPrompt(const TicketFacts& facts, std::string* out) {
  out->append(
      "Classify this support ticket. Answer with one JSON object and nothing else. Keys: category "
      "(billing, bug, account_access, shipping or feature_request), priority (low, normal, high or "
      "urgent, by when the customer needs it), product (its name as text); notes (text) is "
      "optional.\n\nSubject: ");
  AppendProduct(facts, out);
  out->append("\n\nHello,\n").append(kComplaints[facts.category][facts.wording]).append(1, '\n');
  out->append(kDeadlines[facts.priority]).append(1, '\n');
}

void AppendStockPrompt(const StockFacts& facts, std::string* out) {
  out->append(
      "Work out the stock. Answer with one JSON object and nothing else. Keys: result (integer), "
      "unit (text, as the question names it); notes (text) is optional.\n\nA warehouse holds ");
  AppendNumber(facts.stock, out);
  out->append(1, ' ').append(facts.unit).append(". ");
  AppendNumber(facts.trucks, out);
  out->append(" trucks arrive with ");
  AppendNumber(facts.per_truck, out);
  out->append(" each, and ");
  AppendNumber(facts.returned, out);
  out->append(" go back to the supplier. How many are there now?\n");
}

// A number followed by `end` at the front of `text`; removes both.
template <class Number>
bool ReadNumber(std::string_view* text, char end, Number* value) {
  const char* last = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), last, *value);
  if (error != std::errc() || rest == last || *rest != end) return false;
  text->remove_prefix(static_cast<size_t>(rest - text->data()) + 1);
  return true;
}

std::optional<TaskSpec> ReadMarker(std::string_view text) {
  const size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const std::optional<TaskKind> kind = FindTaskKind(text.substr(0, blank));
  text.remove_prefix(blank + 1);
  TaskSpec task;
  if (!kind || !ReadNumber(&text, ' ', &task.number)) return std::nullopt;
  constexpr std::string_view kTokens = "tokens=";
  if (!text.starts_with(kTokens)) return std::nullopt;
  text.remove_prefix(kTokens.size());
  if (!ReadNumber(&text, ']', &task.answer_tokens)) return std::nullopt;
  if (task.answer_tokens < 0 || task.answer_tokens > kMaxAnswerTokens) return std::nullopt;
  task.kind = *kind;
  return task;
}

}  // namespace

std::string_view TaskKindName(TaskKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

std::optional<TaskKind> FindTaskKind(std::string_view name) {
  for (size_t i = 0; i < std::size(kKindNames); ++i) {
    if (kKindNames[i] == name) return static_cast<TaskKind>(i);
  }
  return std::nullopt;
}

std::string TaskId(const TaskSpec& task) {
  std::string id = "r";
  AppendNumber(task.number, &id);
  return id;
}

std::string TaskPrompt(uint64_t seed, const TaskSpec& task, int64_t prompt_tokens) {
  constexpr size_t kLongestTask = 640;
  const size_t wanted = prompt_tokens > 0 ? static_cast<size_t>(prompt_tokens) * 4 : 0;
  std::string out;
  out.reserve(wanted > kLongestTask ? wanted : kLongestTask);
  AppendMarker(task, &out);
  switch (task.kind) {
    case TaskKind::kExtract: AppendInvoicePrompt(MakeInvoice(seed, task.number), &out); break;
    case TaskKind::kClassify: AppendTicketPrompt(MakeTicket(seed, task.number), &out); break;
    case TaskKind::kArithmetic: AppendStockPrompt(MakeStock(seed, task.number), &out); break;
  }
  constexpr std::string_view kHeading = "\nBackground:\n";
  if (out.size() + kHeading.size() < wanted) {
    out.append(kHeading);
    AppendRepeated(BackgroundText(), 0, wanted - out.size(), &out);
  }
  return out;
}

std::string_view TaskSchema(TaskKind kind) {
  switch (kind) {
    case TaskKind::kExtract: return kInvoiceSchema;
    case TaskKind::kClassify: return kTicketSchema;
    case TaskKind::kArithmetic: return kStockSchema;
  }
  return {};
}

std::optional<TaskSpec> FindTask(std::string_view text) {
  for (size_t at = text.find(kMarker); at != std::string_view::npos; at = text.find(kMarker, at)) {
    at += kMarker.size();
    const std::optional<TaskSpec> task = ReadMarker(text.substr(at));
    if (task) return task;
  }
  return std::nullopt;
}

}  // namespace squall
