// Whatever arrives as status, headers and body, diagnosing the raw bytes must not crash, must end
// with one of the classes, and must be consistent in itself. First byte: the status; then headers
// up to an empty line; the rest is the body.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/diagnose.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace squall;
  if (size == 0) return 0;
  constexpr int kStatuses[] = {200, 0, 400, 401, 403, 404, 429, 500, 503, 522};
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t gap = rest.find("\n\n");
  std::string_view lines = gap == std::string_view::npos ? std::string_view() : rest.substr(0, gap);
  Headers headers;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const size_t colon = line.find(':');
    const bool fits = colon != std::string_view::npos && line.find('\r') == std::string_view::npos;
    if (fits) headers.Add(line.substr(0, colon), line.substr(colon + 1));
  }
  // Exactly as large as it is, so that a read past the end is found.
  const std::string_view text = gap == std::string_view::npos ? rest : rest.substr(gap + 2);
  const std::string body(text);
  for (const bool broken : {false, true}) {
    Observation seen;
    seen.status = kStatuses[data[0] % std::size(kStatuses)];
    seen.headers = &headers;
    seen.bytes = body;
    if (broken) seen.transport_text = std::string_view(body).substr(0, 200);
    const Diagnosis d = Diagnose(seen);
    SQUALL_CHECK(FailureClassName(d.failure) != "unknown");
    SQUALL_CHECK(d.ok() == (d.retry == RetryDecision::kNone));
    SQUALL_CHECK(!d.ok() || seen.status < 400);
    SQUALL_CHECK(!d.retry_after.has_value() || *d.retry_after >= Duration::zero());
    SQUALL_CHECK(!d.rule.empty());
  }
  return 0;
}
