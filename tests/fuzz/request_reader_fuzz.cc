// Any bytes as what a client sends to a mock server: reading them must not crash, must give the
// same requests and the same refusal whole, by drops and in chunks, must keep to the limits, and
// what was read must mean the same when it is written down again. The first byte picks the limits,
// the second the sizes of the chunks.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/random.h"
#include "engine/wire/request_reader.h"

namespace squall {
namespace {

constexpr StreamId kCut = Stream("fuzz/cut");
constexpr RequestLimits kLimits[] = {{16 << 10, 8 << 20}, {256, 64}, {40, 0}};

struct Seen {
  std::vector<HttpRequest> requests;
  std::string form;  // of each request: what its reply will depend on
  int refusal = 0;   // 0 for none
};

class Client {
 public:
  explicit Client(const RequestLimits& limits) : limits_(limits), reader_(limits) {}

  void Send(std::string_view bytes) {
    while (!bytes.empty() && seen_.refusal == 0) {
      const std::span<char> room = reader_.Room();
      const size_t size = std::min(bytes.size(), room.size());
      SQUALL_CHECK(size > 0);
      std::memcpy(room.data(), bytes.data(), size);
      reader_.Arrived(size);
      bytes.remove_prefix(size);
      Read();
    }
  }

  const Seen& seen() const { return seen_; }

 private:
  void Read() {
    ReadState state = reader_.Read();
    for (; state == ReadState::kWhole; state = reader_.Read()) {
      const HttpRequest& request = reader_.request();
      SQUALL_CHECK(request.body.size() <= limits_.body);
      SQUALL_CHECK(request.method.size() + request.target.size() <= limits_.head);
      SQUALL_CHECK(!request.method.empty() && !request.target.empty());
      seen_.requests.push_back(request);
      seen_.form.push_back(reader_.keep_alive() ? 'k' : 'c');
      seen_.form.push_back(reader_.is_http11() ? '1' : '0');
      seen_.form.push_back(reader_.is_head() ? 'h' : 'b');
      reader_.Next();
    }
    SQUALL_CHECK(reader_.Read() == state);
    if (state == ReadState::kMore) SQUALL_CHECK(reader_.unread() <= limits_.head);
    if (state != ReadState::kRefused) return;
    seen_.refusal = reader_.refusal();
    SQUALL_CHECK(seen_.refusal == 400 || seen_.refusal == 413 || seen_.refusal == 431);
  }

  RequestLimits limits_;
  RequestReader reader_;
  Seen seen_;
};

bool SameRequest(const HttpRequest& a, const HttpRequest& b) {
  return a.method == b.method && a.target == b.target && a.body == b.body &&
         a.headers.block() == b.headers.block();
}

void CheckSame(const Seen& a, const Seen& b) {
  SQUALL_CHECK(a.refusal == b.refusal);
  SQUALL_CHECK(a.form == b.form);
  SQUALL_CHECK(std::equal(a.requests.begin(), a.requests.end(), b.requests.begin(),
                          b.requests.end(), SameRequest));
}

// What was read holds nothing that would be read as something else: the next server in a chain sees
// the same requests, one for one.
void CheckRoundTrip(const Seen& seen) {
  std::string bytes;
  for (const HttpRequest& request : seen.requests) {
    bytes += request.method + " " + request.target + " HTTP/1.1\r\n";
    request.headers.ForEach([&](std::string_view name, std::string_view value) {
      if (EqualsIgnoreCase(name, "content-length")) return;
      if (EqualsIgnoreCase(name, "transfer-encoding")) return;
      bytes.append(name).append(": ").append(value).append("\r\n");
    });
    bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
  }
  Client next({1 << 20, 1 << 24});
  next.Send(bytes);
  const Seen& again = next.seen();
  SQUALL_CHECK(again.refusal == 0 && again.requests.size() == seen.requests.size());
  for (size_t i = 0; i < seen.requests.size(); ++i) {
    SQUALL_CHECK(again.requests[i].method == seen.requests[i].method);
    SQUALL_CHECK(again.requests[i].target == seen.requests[i].target);
    SQUALL_CHECK(again.requests[i].body == seen.requests[i].body);
  }
}

}  // namespace
}  // namespace squall

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace squall;
  if (size < 2) return 0;
  const RequestLimits& limits = kLimits[data[0] % std::size(kLimits)];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  Client whole(limits);
  whole.Send(bytes);
  Client drops(limits);
  for (const char& byte : bytes) drops.Send({&byte, 1});
  Client chunks(limits);
  for (size_t at = 0, i = 0; at < bytes.size(); ++i) {
    const size_t length = 1 + PickBelow(DrawBits(data[1], kCut, i), 1 + data[1] % 50);
    chunks.Send(bytes.substr(at, length));
    at += length;
  }
  CheckSame(whole.seen(), drops.seen());
  CheckSame(whole.seen(), chunks.seen());
  CheckRoundTrip(whole.seen());
  return 0;
}
