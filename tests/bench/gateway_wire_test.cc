// squall gateway from outside: its checks, its signals, its exit codes.
#include "tests/bench/command.h"

namespace squall::gateway_command_wire_test {
namespace {

// A configuration in $2/gateway.json, and `start`, which sets $pid and $port.
constexpr const char* kGateway = R"sh(
set -u
cat >"$2/gateway.json" <<JSON
{"listen": {"port": 0}, "access_log": "",
 "upstreams": [{"name": "a", "url": "http://127.0.0.1:9", "models": [{"name": "x"}]}],
 "routes": [{"model": "m", "targets": ["a/x"]}]}
JSON
says() { for i in $(seq 200); do grep -q "$2" "$1" && return; sleep 0.05; done; cat "$1"; }
start() {
  "$squall" gateway "$file" 2>"$said" & pid=$!
  says "$said" "listening on"
  port=$(sed -n 's/.*listening on .*://p' "$said" | head -1)
}
get() {
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$1" >&3
  timeout 10 cat <&3 | head -1 | tr -d '\r'
  exec 3>&-
}
squall=$1 file=$2/gateway.json said=$2/said
)sh";

std::string Play(const std::string& script) { return InlineScript(kGateway + script); }

TEST_CASE("gateway: listens, answers, drains on SIGTERM and ends with 0", "[wire]") {
  const std::string out = Play(R"sh(
start
get /healthz
get /readyz
kill -TERM $pid
wait $pid
echo "exit $?"
grep -c draining "$said"
)sh");
  CAPTURE(out);
  CHECK(out == "HTTP/1.1 200 OK\nHTTP/1.1 200 OK\nexit 0\n1\n");
}

// A timer that nobody needs costs more than requests do, where those are few.
TEST_CASE("gateway: at rest it wakes up less than twenty times a second", "[wire]") {
  const std::string out = Play(R"sh(
sed -i 's/^{/{"async": {"enabled": true, "record": {"store": "memory"}}, /' "$file"
start
wakes() { awk '/^voluntary_ctxt_switches/ {print $2}' "/proc/$pid/status"; }
sleep 0.5
before=$(wakes)
sleep 2
after=$(wakes)
kill -TERM $pid
wait $pid
echo "exit $?"
((after - before < 40)) || echo "$((after - before)) in two seconds"
)sh");
  CHECK(out == "exit 0\n");
}

// It brings Kerberos, LDAP and GnuTLS, which took more of a start than all else.
TEST_CASE("gateway: libpq is loaded for a record in PostgreSQL and for nothing else", "[wire]") {
  const std::string out = Play(R"sh(
loaded() { grep -c 'libpq[.]so' "/proc/$pid/maps"; }
start
loaded
kill -TERM $pid
wait $pid
record='{"store": "postgres", "connection": "port=1 host=127.0.0.1"}'
sed -i "s/^{/{\"async\": {\"enabled\": true, \"record\": $record}, /" "$file"
LD_DEBUG=files "$squall" gateway "$file" 2>&1 | grep -c 'calling init.*libpq[.]so'
)sh");
  CHECK(out == "0\n1\n");
}

TEST_CASE("gateway: SIGHUP loads the file again, a bad one is one line and changes nothing",
          "[wire]") {
  const std::string out = Play(R"sh(
start
models() {
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
  timeout 10 cat <&3 | tail -1 | grep -o '"id":"[a-z]*"' | tr '\n' ' '
  exec 3>&-
  echo
}
models
sed -i 's/"model": "m"/"model": "n"/' "$file"
kill -HUP $pid
says "$said" "loaded again"
models
sed -i 's/"a\/x"/"a\/y"/; s/"port": 0/"port": -1/' "$file"
kill -HUP $pid
says "$said" "not loaded"
models
kill -TERM $pid
wait $pid
tail -n +2 "$said"
)sh");
  CAPTURE(out);
  CHECK(out.starts_with("\"id\":\"m\" \n\"id\":\"n\" \n\"id\":\"n\" \n"));
  CHECK(Contains(out, "squall gateway: configuration loaded again, 0 of 1 routes unchanged\n"));
  CHECK(Contains(out, "configuration not loaded, the one before stays: "));
  CHECK(Contains(out, "/listen/port"));
  CHECK(Lines(out) == 6);  // three lists, loaded, not loaded, draining
}

TEST_CASE("gateway: what is wrong at the start has its line and its exit code", "[wire]") {
  const std::string out = Play(R"sh(
"$squall" gateway 2>&1; echo "exit $?"
"$squall" gateway "$file.none" 2>&1; echo "exit $?"
"$squall" gateway "$file" --set /listen/address=0.0.0.0 2>&1; echo "exit $?"
"$squall" gateway --check "$file" --set /upstreams/0/api_key/env=SQUALL_NO_SUCH 2>&1; echo "exit $?"
"$squall" gateway --check "$file" --set /upstreams/0/url=http://nowhere.invalid 2>&1; echo "exit $?"
"$squall" gateway --check "$file"; echo "exit $?"
start
"$squall" gateway "$file" --set "/listen/port=$port" 2>&1; echo "exit $?"
kill -TERM $pid; wait $pid
)sh");
  CAPTURE(out);
  CHECK(Contains(out, "got no CONFIG, expected a file; --example prints one\nexit 2\n"));
  CHECK(Contains(out, "gateway.json.none"));
  CHECK(Contains(out, "--set /listen/address=0.0.0.0"));
  CHECK(Contains(out, "without keys"));
  CHECK(Contains(out,
                 "/upstreams/0/api_key: got no value, expected the environment variable "
                 "SQUALL_NO_SUCH\nexit 64\n"));
  CHECK(Contains(out, "/upstreams/0/url: cannot resolve nowhere.invalid"));
  CHECK(Contains(out, "ok, 1 upstreams, 1 routes, 0 keys\nexit 0\n"));
  CHECK(Contains(out, "in use\nexit 69\n"));
}

TEST_CASE("gateway: the example passes its own check", "[wire]") {
  const std::string out = Play(R"sh(
"$squall" gateway --example >"$2/example.json"
sed -i 's#https://api[a-z.]*#http://127.0.0.1:9#' "$2/example.json"
OPENAI_API_KEY=a ANTHROPIC_API_KEY=b SQUALL_KEY_TEAM_A=c SQUALL_KEY_BATCH=d \
  "$squall" gateway --check "$2/example.json"
echo "exit $?"
"$squall" schema gateway | head -1
)sh");
  CAPTURE(out);
  CHECK(Contains(out, "ok, 2 upstreams, 2 routes, 2 keys\nexit 0\n{\n"));
}

}  // namespace
}  // namespace squall::gateway_command_wire_test
