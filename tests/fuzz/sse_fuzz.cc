// Any bytes as a streamed reply of any dialect: reading them must not crash, must end in one of the
// known ways, and must give the same result whole and in chunks. The first byte picks the dialect
// and how the transport ended, the second the sizes of the chunks.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/random.h"
#include "engine/wire/stream_decoder.h"

namespace squall {
namespace {

constexpr StreamId kCut = Stream("fuzz/cut");

class Transcript final : public StreamSink {
 public:
  void OnDelta(const StreamDelta& delta) override {
    text.push_back(static_cast<char>('0' + static_cast<int>(delta.kind)));
    text.append(delta.tool_id).append(delta.tool_name).append(delta.text).push_back('\n');
    if (delta.kind == StreamDelta::Kind::kContent) content.append(delta.text);
  }
  std::string text;
  std::string content;
};

void Compare(const Dialect& dialect, TransportError how, std::string_view bytes, uint64_t seed) {
  StreamLimits limits;
  limits.max_event_bytes = 512;
  limits.max_content_bytes = 2048;
  StreamDecoder whole(dialect, limits);
  Transcript at_once;
  whole.Feed(bytes, &at_once);

  StreamDecoder cut(dialect, limits);
  Transcript in_chunks;
  for (size_t at = 0, i = 0; at < bytes.size(); ++i) {
    const size_t length = 1 + PickBelow(DrawBits(seed, kCut, i), 1 + seed % 50);
    cut.Feed(bytes.substr(at, length), &in_chunks);
    at += length;
  }

  const StreamEnd end = whole.End(how);
  SQUALL_CHECK(StreamEndName(end) != "unknown");
  SQUALL_CHECK(cut.End(how) == end);
  SQUALL_CHECK(at_once.text == in_chunks.text);
  SQUALL_CHECK(whole.state().content() == at_once.content);
  const DecodedBody a = whole.Body(end);
  const DecodedBody b = cut.Body(end);
  SQUALL_CHECK(a.shape == b.shape && a.content == b.content && a.model == b.model);
  SQUALL_CHECK(a.finish_reason == b.finish_reason && a.error_message == b.error_message);
  SQUALL_CHECK(a.usage.prompt_tokens == b.usage.prompt_tokens);
  SQUALL_CHECK(whole.state().anomalies() == cut.state().anomalies());
  SQUALL_CHECK(whole.state().keep_alives() == cut.state().keep_alives());
}

}  // namespace
}  // namespace squall

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace squall;
  if (size < 2) return 0;
  constexpr TransportError kHow[] = {TransportError::kNone, TransportError::kCut,
                                     TransportError::kReset, TransportError::kTimeout};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  Compare(Dialects()[data[0] / 4 % Dialects().size()], kHow[data[0] % 4], bytes, data[1]);
  return 0;
}
