// squall serve from outside: real ports, clean ends, and a taken port said clearly.
#include "tests/bench/command.h"

namespace squall {
namespace {

TEST_CASE("serve: prints each URL, answers a plain client and ends on a signal", "[wire]") {
  const std::string out = Script(R"sh(
set -u
"$1" serve production-10k --set '/faults={}' >"$2/urls" 2>/dev/null & pid=$!
for i in $(seq 100); do [ "$(wc -l <"$2/urls")" = 3 ] && break; sleep 0.05; done
wc -l <"$2/urls"
url=$(awk 'NR == 1 { print $2 }' "$2/urls")
port=${url##*:}; port=${port%%/*}
body='{"model":"alpha-large","messages":[{"role":"user","content":"hello"}]}'
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' >&3
printf 'Content-Type: application/json\r\nContent-Length: %d\r\n\r\n' "${#body}" >&3
printf '%s' "$body" >&3
timeout 10 head -1 <&3
exec 3>&-
kill -TERM $pid
wait $pid
echo "exit $?"
)sh");
  CAPTURE(out);
  CHECK(out.rfind("3\n", 0) == 0);
  CHECK(Contains(out, "HTTP/1.1 200 OK"));
  CHECK(Contains(out, "exit 0"));
}

TEST_CASE("serve: a port in use is one line and exit code 69", "[wire]") {
  const std::string out = Script(R"sh(
set -u
"$1" serve parity >"$2/urls" 2>/dev/null & pid=$!
for i in $(seq 100); do [ -s "$2/urls" ] && break; sleep 0.05; done
url=$(awk 'NR == 1 { print $2 }' "$2/urls")
port=${url##*:}; port=${port%%/*}
"$1" serve parity --port "$port"
echo "exit $?"
kill -INT $pid
wait $pid
echo "first exit $?"
)sh");
  CAPTURE(out);
  CHECK(Contains(out, "in use"));
  CHECK(Contains(out, "exit 69"));
  CHECK(Contains(out, "first exit 0"));
  CHECK(Lines(out) == 3);
}

}  // namespace
}  // namespace squall
