// What a fault looks like from outside: each variant is played once by a mock provider, and what it
// would send is described. So nothing here can differ from what `squall serve` does.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/explain.h"
#include "bench/help_text.h"
#include "mock_providers/faults.h"
#include "mock_providers/ground_truth.h"
#include "mock_providers/provider.h"
#include "reports/text.h"

namespace squall {
namespace {

constexpr uint64_t kExampleSeed = 1;
constexpr size_t kBodyShown = 160;
constexpr const char* kShownHeaders[] = {"retry-after", "retry-after-ms", "x-should-retry",
                                         "content-encoding"};

HttpRequest ExampleRequest(bool stream) {
  TaskSpec task;
  task.number = 1;
  task.answer_tokens = 20;
  const nlohmann::json body = {
      {"model", "large"},
      {"messages", {{{"role", "user"}, {"content", TaskPrompt(kExampleSeed, task, 0)}}}},
      {"response_format", {{"type", "json_object"}}},
      {"stream", stream}};
  HttpRequest request;
  request.target = "/v1/chat/completions";
  request.headers.Add("content-type", "application/json");
  request.headers.Add("x-squall-request", "1");
  request.body = body.dump();
  return request;
}

ReplyPlan ExampleReply(const FaultRow& row, const FaultVariant& variant, bool stream) {
  ProviderConfig config;
  config.name = "alpha";
  config.models.emplace_back().name = "large";
  FaultConfig& fault = config.faults[std::string(row.name)];
  fault.rate = 1;
  fault.variants = {{std::string(variant.name), 1}};
  GroundTruth truth;
  Provider provider(0, config, kExampleSeed, nullptr, &truth);
  return provider.Plan(ExampleRequest(stream), kStart);
}

std::string EndText(const ReplyPlan& plan) {
  const std::string sent = std::to_string(BytesSent(plan)) + " of " +
                           std::to_string(plan.body.size()) + " bytes of body, then ";
  switch (plan.end) {
    case End::kClean: return "";
    case End::kCut: return sent + "the connection closes";
    case End::kReset: return plan.status == 0 ? "no reply, a reset" : sent + "a reset";
    case End::kHang: return BytesSent(plan) == 0 ? "no reply, ever" : sent + "nothing, ever";
  }
  return "";
}

// The end of a stream is where most of its faults are; its beginning is like any other's.
std::string BodyText(const ReplyPlan& plan, bool stream) {
  std::string text = plan.body.substr(0, BytesSent(plan));
  if (text.empty()) return "";
  for (char& c : text) c = static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  const auto both_blank = [](char a, char b) { return a == ' ' && b == ' '; };
  text.erase(std::unique(text.begin(), text.end(), both_blank), text.end());
  const bool cut = text.size() > kBodyShown;
  if (cut && stream) text = "... " + text.substr(text.size() - kBodyShown);
  if (cut && !stream) text = text.substr(0, kBodyShown) + " ...";
  return Printable(text, TextStyle{false, false});
}

std::string WireText(const ReplyPlan& plan, bool stream) {
  std::string text;
  if (plan.end != End::kHang || BytesSent(plan) > 0) {
    if (plan.status != 0) text = "HTTP " + std::to_string(plan.status);
  }
  for (const char* name : kShownHeaders) {
    const auto value = plan.headers.Find(name);
    if (value) text += ", " + std::string(name) + ": " + std::string(*value);
  }
  const std::string end = EndText(plan);
  if (!end.empty()) text += (text.empty() ? "" : ", ") + end;
  if (stream) text += " (as a stream)";
  const std::string body = BodyText(plan, stream);
  if (body.empty() && plan.end == End::kClean) text += ", no body";
  return body.empty() ? text : text + "\n" + body;
}

// A variant of streams does the nearest thing to a reply in one piece; shown is what is its own.
bool ShowsInStreams(const FaultRow& row, const FaultVariant& variant) {
  const ReplyPlan whole = ExampleReply(row, variant, false);
  const ReplyPlan stream = ExampleReply(row, variant, true);
  if (stream.chunks.empty()) return false;
  if (row.impairment && !row.slows) return true;
  return variant.weight == kOptIn && (whole.status != stream.status || whole.end != stream.end);
}

std::string VariantText(const FaultRow& row, const FaultVariant& variant, int width) {
  std::string share = "by configuration";
  if (variant.weight > 0) {
    double sum = 0;
    for (const FaultVariant& other : row.variants) sum += std::max(other.weight, 0.0);
    share = PercentText(static_cast<int64_t>(variant.weight), static_cast<int64_t>(sum));
  } else if (variant.weight == kOptIn) {
    share = "only where named";
  }
  std::string text = "  " + std::string(variant.name) + "  (" + share + ")\n";
  std::string truth =
      "truth: " + std::string(variant.failure_class) + ", " + std::string(variant.retry_decision);
  if (variant.hidden) truth += "; cannot be seen in the one answer";
  const bool stream = ShowsInStreams(row, variant);
  text += "    " + Wrapped(truth, 4, width) + "\n";
  text +=
      "    " + Wrapped("wire: " + WireText(ExampleReply(row, variant, stream), stream), 4, width);
  return text + "\n";
}

}  // namespace

std::string ExplainFault(int kind, int width) {
  const FaultRow& row = FaultTable()[static_cast<size_t>(kind)];
  std::string text = Wrapped(std::string(row.doc), 0, width) + "\n";
  text += row.impairment ? "The reply is still good: no fault in the recovery denominator.\n" : "";
  text += "\nVariants, and what an OpenAI-compatible mock sends for each:\n";
  for (const FaultVariant& variant : row.variants) text += VariantText(row, variant, width);
  return text;
}

}  // namespace squall
