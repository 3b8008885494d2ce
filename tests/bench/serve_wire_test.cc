// squall serve from outside: real ports, clean ends, and a taken port said clearly.
#include "tests/bench/command.h"

namespace squall::serve_wire_test {
namespace {

TEST_CASE("serve: prints each URL, answers a plain client and ends on a signal", "[wire]") {
  const std::string out = InlineScript(R"sh(
set -u
"$1" serve production-10k --set '/faults={}' >"$2/urls" 2>/dev/null & pid=$!
for i in $(seq 100); do [ "$(wc -l <"$2/urls")" = 4 ] && break; sleep 0.05; done
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
  CHECK(out.rfind("4\n", 0) == 0);  // three providers and control
  CHECK(Contains(out, "HTTP/1.1 200 OK"));
  CHECK(Contains(out, "exit 0"));
}

TEST_CASE("serve: a port in use is one line and exit code 69", "[wire]") {
  const std::string out = InlineScript(R"sh(
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

// Shell functions of the tests below: ask URL METHOD TARGET [HEADER] prints the status line of the
// reply and its last line; listening FILE PATTERN waits for that line of a listing.
constexpr const char* kFunctions = R"sh(
set -u
ask() {
  local address=${1#http://}
  exec 3<>"/dev/tcp/127.0.0.1/${address##*:}"
  printf '%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n\r\n' "$2" "$3" "${4:-x: y}" >&3
  timeout 10 cat <&3 | sed -n '1p;$p' | tr -d '\r'
  exec 3>&-
}
listening() {
  for i in $(seq 200); do grep -q "$2" "$1" && break; sleep 0.05; done
  awk -v name="$2" '$1 == name { print $2 }' "$1"
}
end() { kill -TERM "$1"; wait "$1"; echo "exit $?"; }
)sh";

TEST_CASE("serve: the control API is listed, answers, and can be left out", "[wire]") {
  const std::string out = InlineScript(std::string(kFunctions) + R"sh(
"$1" serve parity >"$2/urls" 2>/dev/null & pid=$!
ask "$(listening "$2/urls" control)" GET /healthz
end $pid
"$1" serve parity --no-control >"$2/urls" 2>"$2/err" & pid=$!
listening "$2/err" Serving >/dev/null
grep -c control "$2/urls"
end $pid
)sh");
  CHECK(out == "HTTP/1.1 200 OK\nok\nexit 0\n0\nexit 0\n");
}

TEST_CASE("serve: beyond loopback control needs a token", "[wire]") {
  const char* const rows[] = {"--address 192.0.2.1 --control-port 0", "--control-address 192.0.2.1",
                              "--address ::ffff:127.0.0.1 --control-port 0 --control-token ''"};
  for (const char* arguments : rows) {
    CAPTURE(arguments);
    const CommandResult result = Squall(std::string("serve parity ") + arguments);
    CHECK(result.code == 2);
    CHECK(Lines(result.err) == 1);
    CHECK(Contains(result.err, "SQUALL_CONTROL_TOKEN"));
    CHECK(result.out.empty());
  }
  // Off unless asked for: what fails here is binding an address that no machine has.
  CHECK(Squall("serve parity --address 192.0.2.1").code == 69);
}

TEST_CASE("serve: beyond loopback there is no control API but for those who have the token",
          "[wire]") {
  if (ReadFile("/proc/net/if_inet6").empty()) {
    WARN("skipped: without IPv6 there is no address that only seems to be beyond loopback");
    return;
  }
  const std::string out = InlineScript(std::string(kFunctions) + R"sh(
"$1" serve parity --address ::ffff:127.0.0.1 >"$2/urls" 2>"$2/err" & pid=$!
listening "$2/err" Serving >/dev/null
grep -c control "$2/urls"
end $pid
SQUALL_CONTROL_TOKEN=abc "$1" serve parity --address ::ffff:127.0.0.1 --control-port 0 \
  >"$2/urls" 2>/dev/null & pid=$!
url=$(listening "$2/urls" control)
ask "$url" GET /healthz
ask "$url" GET /healthz 'Authorization: Bearer abd'
ask "$url" GET /healthz 'Authorization: Bearer abc'
end $pid
)sh");
  CHECK(out ==
        "0\nexit 0\n"
        "HTTP/1.1 401 Unauthorized\ngot no valid token, expected \"Authorization: Bearer TOKEN\"\n"
        "HTTP/1.1 401 Unauthorized\ngot no valid token, expected \"Authorization: Bearer TOKEN\"\n"
        "HTTP/1.1 200 OK\nok\nexit 0\n");
}

}  // namespace
}  // namespace squall::serve_wire_test
