#include "bench/arrival_log.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "mock_providers/faults.h"

namespace squall {
namespace {

std::string_view EndName(End end) {
  switch (end) {
    case End::kClean: return "clean";
    case End::kCut: return "cut";
    case End::kReset: return "reset";
    case End::kHang: return "hang";
  }
  return "?";
}

std::string_view EarlyJson(EarlyReturn early) {
  switch (early) {
    case EarlyReturn::kNo: return "null";
    case EarlyReturn::kSameRequest: return "\"same_request\"";
    case EarlyReturn::kSameUser: return "\"same_user\"";
  }
  return "null";
}

// As provider.h has it: what a request is known by, if it says so itself.
std::optional<std::string_view> IdOf(const HttpRequest& request) {
  std::optional<std::string_view> id = request.headers.Find("x-squall-request");
  if (!id) id = request.headers.Find("Idempotency-Key");
  return id;
}

std::string Quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

// One line's members, in order; `json` is written as it is.
class Line {
 public:
  void Add(std::string_view name, std::string_view json) {
    text_ += text_.empty() ? '{' : ',';
    text_.append("\"").append(name).append("\":").append(json);
  }
  void AddIf(bool known, std::string_view name, const std::string& json) {
    Add(name, known ? std::string_view(json) : "null");
  }
  std::string Take() { return std::move(text_) + "}\n"; }

 private:
  std::string text_;
};

}  // namespace

int StatusSent(const ReplyPlan& plan) {
  const bool silent = plan.end == End::kHang && plan.chunks.empty();
  return silent ? 0 : plan.status;
}

std::string JsonText(std::string_view text) {
  using Json = nlohmann::json;
  return Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void ArrivalLog::Add(Time now, std::string_view provider, std::string_view model,
                     const HttpRequest& request, const ReplyPlan& plan) {
  const std::optional<std::string_view> id = IdOf(request);
  const bool known = id || plan.model >= 0;  // else it was no request of any model
  const int status = StatusSent(plan);
  const bool hinted = plan.retry_not_before > kStart;
  const FaultTruth& fault = plan.fault;
  const bool faulted = fault.present();
  Line line;
  line.Add("n", std::to_string(++written_));
  line.Add("time_s", absl::StrFormat("%.6f", Seconds(now.time_since_epoch())));
  line.Add("provider", provider);
  line.AddIf(id.has_value(), "request", JsonText(id.value_or("").substr(0, kMaxIdBytes)));
  line.AddIf(known, "key", absl::StrFormat("\"%016x\"", plan.request_key));
  line.AddIf(known, "arrival", std::to_string(plan.arrival));
  line.Add("model", model);
  line.AddIf(status > 0, "status", std::to_string(status));
  line.Add("end", Quoted(EndName(plan.end)));
  const auto row = static_cast<size_t>(std::max(fault.kind, 0));
  line.AddIf(faulted, "fault", Quoted(FaultTable()[row].name));
  line.AddIf(faulted, "variant", Quoted(fault.variant));
  line.AddIf(faulted, "expected_class", Quoted(fault.failure_class));
  line.AddIf(faulted, "expected_retry", Quoted(fault.retry_decision));
  line.Add("by_load", fault.by_load ? "true" : "false");
  line.AddIf(hinted, "hint_ms", std::to_string((plan.retry_not_before - plan.at) / 1ms));
  line.Add("early", EarlyJson(plan.early));
  lines_.push_back(line.Take());
  if (lines_.size() > kMaxLines) lines_.pop_front();
}

std::string ArrivalLog::TextAfter(uint64_t after) const {
  const uint64_t skipped = std::min<uint64_t>(after - std::min(after, dropped()), lines_.size());
  std::string text;
  for (auto it = lines_.begin() + static_cast<std::ptrdiff_t>(skipped); it != lines_.end(); ++it) {
    text += *it;
  }
  return text;
}

}  // namespace squall
