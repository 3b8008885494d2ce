// Whatever a provider of any dialect sends as a body, decoding, diagnosing and validating it must
// not crash, and must end with one of the classes. The first byte picks status and dialect.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "engine/diagnose.h"
#include "engine/guard.h"
#include "engine/wire/dialect.h"

namespace squall {
namespace {

JsonSchema MakeSchema() {
  auto schema = JsonSchema::Compile(
      R"({"type":"object","properties":{"a":{"type":"integer","maximum":9},)"
      R"("b":{"type":"array","items":{"type":"string","maxLength":3}}},"required":["a"]})");
  SQUALL_CHECK(schema.ok());
  return std::move(*schema);
}

// One of each dialect, kept between inputs as an engine keeps them.
std::vector<std::unique_ptr<ReplyDecoder>> MakeDecoders() {
  std::vector<std::unique_ptr<ReplyDecoder>> decoders;
  for (const Dialect& dialect : Dialects()) decoders.push_back(dialect.make_decoder());
  return decoders;
}

}  // namespace
}  // namespace squall

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace squall;
  static const JsonSchema schema = MakeSchema();
  static const auto decoders = MakeDecoders();
  static Guard guard{GuardConfig()};
  if (size == 0) return 0;
  constexpr int kStatuses[] = {200, 200, 200, 200, 400, 429, 500, 529};
  std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const DecodedBody decoded = decoders[data[0] / 8 % decoders.size()]->Decode(body);
  Headers headers;
  Observation seen;
  seen.status = kStatuses[data[0] % 8];
  seen.headers = &headers;
  seen.body = &decoded;
  const Diagnosis diagnosis = Diagnose(seen);
  SQUALL_CHECK(FailureClassName(diagnosis.failure) != "unknown");
  SQUALL_CHECK(diagnosis.ok() == (diagnosis.retry == RetryDecision::kNone));
  if (diagnosis.ok()) {
    const Diagnosis verdict = guard.Check(decoded.content, &schema);
    SQUALL_CHECK(FailureClassName(verdict.failure) != "unknown");
  }
  return 0;
}
