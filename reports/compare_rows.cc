// What became of one request in two results.
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "reports/compare.h"
#include "reports/text.h"

namespace squall {
namespace {

std::string FaultOf(const RequestRow& row, const RequestsTable& table) {
  return row.fault == 0 ? "none" : table.fault_names()[row.fault - 1u];
}

std::string ActionOf(const RequestRow& row, const RequestsTable& table) {
  return row.action == 0 ? "none" : table.actions()[row.action - 1u];
}

std::string ClassOf(uint8_t index) {
  if (index == 0) return "none";
  return std::string(FailureClassName(static_cast<FailureClass>(index - 1)));
}

std::string EndingOfRow(const RequestRow& row) {
  if (!row.ended()) return "did not end";
  std::string text = row.strict()      ? "right answer in time"
                     : row.lenient()   ? "wrong answer in time"
                     : row.abstained() ? "told of its failure in time"
                                       : "late or empty";
  if (row.faulted() && row.escaped()) text += " (the faulted reply)";
  return text;
}

}  // namespace

std::vector<std::string> DifferingFields(const RequestRow& base, const RequestRow& next,
                                         const RequestsTable& base_table,
                                         const RequestsTable& next_table) {
  std::vector<std::string> fields;
  const auto note = [&fields](bool differ, const char* name) {
    if (differ) fields.emplace_back(name);
  };
  note(base.arrival_ms != next.arrival_ms, "arrival");
  note(FaultOf(base, base_table) != FaultOf(next, next_table), "fault");
  note(base.kind != next.kind, "kind");
  note(base.truth != next.truth, "truth");
  note(base.diagnosis != next.diagnosis, "diagnosis");
  note(ActionOf(base, base_table) != ActionOf(next, next_table), "action");
  note(base.attempts != next.attempts, "attempts");
  note(base.faulted_attempts != next.faulted_attempts, "faulted attempts");
  note(base.class_right != next.class_right, "later diagnoses");
  note(base.retry_right != next.retry_right, "retry decisions");
  note(base.ending != next.ending, "ending");
  note(base.latency_us != next.latency_us, "latency");
  note(base.cost_nusd != next.cost_nusd, "cost");
  if (fields.empty() && base.digest != next.digest) fields.emplace_back("times within");
  return fields;
}

std::string RowText(const RequestRow& row, const RequestsTable& table) {
  if (!row.ended()) return "did not end";
  std::string text = absl::StrCat("met ", row.fault == 0 ? "no fault" : FaultOf(row, table));
  if (row.diagnosis > 0) absl::StrAppend(&text, ", diagnosed ", ClassOf(row.diagnosis));
  if (row.action > 0) absl::StrAppend(&text, ", then ", ActionOf(row, table));
  absl::StrAppend(&text, ", ", row.attempts, row.attempts == 1 ? " attempt, " : " attempts, ",
                  EndingOfRow(row));
  return absl::StrCat(text, " after ",
                      DurationText(1e3 * static_cast<double>(row.latency_us), TextStyle{}));
}

std::optional<Divergence> FirstDivergence(const RequestsTable& base, const RequestsTable& next) {
  Divergence out;
  const size_t most = std::max(base.rows().size(), next.rows().size());
  for (size_t i = 0; i < most; ++i) {
    const RequestRow one = i < base.rows().size() ? base.rows()[i] : RequestRow();
    const RequestRow other = i < next.rows().size() ? next.rows()[i] : RequestRow();
    std::vector<std::string> fields = DifferingFields(one, other, base, next);
    if (fields.empty()) continue;
    if (++out.requests > 1) continue;
    out.request = i < base.rows().size() ? base.NameOf(i) : next.NameOf(i);
    out.fields = std::move(fields);
    out.base = RowText(one, base);
    out.next = RowText(other, next);
  }
  if (out.requests == 0) return std::nullopt;
  return out;
}

}  // namespace squall
