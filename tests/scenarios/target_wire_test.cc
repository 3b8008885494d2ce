// A target in the place of an engine: what is counted at the mock servers, the same faults whatever
// the target does with headers, and the recovery of one whose every step can be foretold.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "mock_providers/faults.h"
#include "scenarios/replicate.h"
#include "scenarios/session.h"
#include "scenarios/target.h"
#include "scenarios/target_process.h"
#include "scenarios/workload.h"
#include "tests/catch.h"

namespace squall::target_wire_test {
namespace {

constexpr int kAttempts = 3;
constexpr double kTimeScale = 0.2;

// Replies take 1 ms, so that a thousand faults cost no time; no reply that never comes.
Scenario Load(const std::vector<std::string>& more = {}) {
  ScenarioOptions options;
  options.sets = {"/workload/requests=150", "/workload/arrivals/rate_per_s=100",
                  "/faults/timeout/rate=0", "/faults/rate_limit/rate=0.2",
                  "/faults/server_error/rate=0.2"};
  for (const char* provider : {"0", "1", "2"}) {
    const std::string latency = std::string("/providers/") + provider + "/latency/";
    options.sets.push_back(latency + "ttft_median=1ms");
    options.sets.push_back(latency + "per_token_median=10us");
  }
  options.sets.insert(options.sets.end(), more.begin(), more.end());
  absl::StatusOr<Scenario> scenario = LoadScenario("gateways", options);
  CAPTURE(scenario.status().message());
  REQUIRE(scenario.ok());
  return *std::move(scenario);
}

std::vector<uint16_t> FreePorts(size_t n) {
  std::vector<uint16_t> ports;
  while (ports.size() < n) {
    const uint16_t port = FindFreePort();
    REQUIRE(port != 0);
    if (std::find(ports.begin(), ports.end(), port) == ports.end()) ports.push_back(port);
  }
  return ports;
}

using Outcomes = std::map<uint64_t, Outcome>;

TargetOptions TargetAt(uint16_t port, const std::vector<uint16_t>& upstreams) {
  TargetOptions options;
  options.url.host = "127.0.0.1";
  options.url.port = port;
  options.ports = upstreams;
  return options;
}

WorldResult Ask(const Scenario& scenario, const TargetOptions& options, Outcomes* outcomes) {
  RunHooks hooks;
  hooks.chronicle = true;
  hooks.keep_requests = true;
  hooks.on_outcome = [outcomes](const Outcome& outcome, const CallResult&) {
    outcomes->emplace(outcome.index, outcome);
  };
  auto world =
      RunTarget(scenario, static_cast<uint64_t>(scenario.seed), kTimeScale, options, hooks);
  CAPTURE(world.status().message());
  REQUIRE(world.ok());
  return *std::move(world);
}

std::vector<uint8_t> FirstFaults(const WorldResult& world) {
  const auto faults = world.metrics.first_faults();
  return {faults.begin(), faults.end()};
}

// What an engine without any mechanism meets: it asks the first provider, once.
std::vector<uint8_t> FirstFaultsOfNone(const std::vector<std::string>& sets = {}) {
  Scenario scenario = Load(sets);
  ScenarioOptions options;
  options.preset = "none";
  const auto none = LoadScenarioText(DumpScenario(scenario), "again", options);
  REQUIRE(none.ok());
  return FirstFaults(RunVirtual(*none, static_cast<uint64_t>(scenario.seed), {}));
}

// ---- a tiny gateway ----

std::string ReadAll(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    text.append(buffer, static_cast<size_t>(got));
  }
  return text;
}

void WriteAll(int fd, const std::string& text) {
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t got = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (got <= 0) return;
    sent += static_cast<size_t>(got);
  }
}

sockaddr_in LoopbackAt(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Passes each request to the first upstream and repeats it there at once, up to kAttempts times,
// while it gets a 429 or a 5xx. A thread for each connection, which carries one request.
class RetryingGateway {
 public:
  // `headers` of what it sends upstream; those of its callers only where `passes_on`.
  RetryingGateway(uint16_t upstream, std::string headers, bool passes_on)
      : upstream_(upstream), headers_(std::move(headers)), passes_on_(passes_on) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = LoopbackAt(0);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_, 256) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    accepting_ = std::jthread([this] { Accept(); });
  }
  ~RetryingGateway() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    ::close(listener_);
  }

  uint16_t port() const { return port_; }

 private:
  void Accept() {
    std::vector<std::jthread> serving;
    for (int fd = 0; (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      serving.emplace_back([this, fd] {
        Serve(fd);
        ::close(fd);
      });
    }
  }

  void Serve(int fd) {
    std::string head;
    std::string body;
    char buffer[4096];
    size_t end = std::string::npos;
    size_t length = 0;
    while (end == std::string::npos || body.size() < length) {
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) return;
      (end == std::string::npos ? head : body).append(buffer, static_cast<size_t>(got));
      if (end != std::string::npos) continue;
      end = head.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      body = head.substr(end + 4);
      head.resize(end);
      const size_t at = head.find("Content-Length: ");
      if (at != std::string::npos) length = std::stoul(head.substr(at + 16));
    }
    std::string reply;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      reply = Forward(head, body);
      const std::string status = reply.substr(0, 12);
      if (status != "HTTP/1.1 429" && status != "HTTP/1.1 500" && status != "HTTP/1.1 502" &&
          status != "HTTP/1.1 503" && status != "HTTP/1.1 529") {
        break;
      }
    }
    WriteAll(fd, reply);
  }

  std::string Forward(const std::string& head, const std::string& body) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = LoopbackAt(upstream_);
    std::string request = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n" + headers_;
    const size_t id = head.find("x-squall-request: ");
    if (passes_on_ && id != std::string::npos) {
      request += head.substr(id, head.find("\r\n", id) - id) + "\r\n";
    }
    std::string reply;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      WriteAll(fd, request + "\r\n" + body);
      reply = ReadAll(fd);
    }
    ::close(fd);
    return reply;
  }

  uint16_t upstream_;
  std::string headers_;
  bool passes_on_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::jthread accepting_;
};

// What the gateway above makes of a request, by the draws.
struct Foretold {
  size_t attempts = 0;
  bool right = false;
};
Foretold Foretell(const Scenario& scenario, const MockSide& mocks, const Workload& workload,
                  const WorkItem& item) {
  const uint64_t key = RequestKey(workload.MakeRequest(item).id);
  Foretold out;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ++out.attempts;
    const Outlook outlook = mocks.providers[0]->Peek(
        key, workload.SessionName(item.session), static_cast<uint32_t>(attempt), 0, 60, item.at);
    out.right = outlook.right;
    const bool again =
        outlook.fault == FindFault("rate_limit") || outlook.fault == FindFault("server_error");
    if (!again) break;
  }
  REQUIRE(scenario.climate.empty());  // the draws do not hang on the time
  return out;
}

TEST_CASE("target: a bare mock server recovers nothing, and is asked once a request", "[wire]") {
  const Scenario scenario = Load();
  const std::vector<uint16_t> ports = FreePorts(3);
  const TargetOptions options = TargetAt(ports[0], ports);
  Outcomes outcomes;
  const WorldResult world = Ask(scenario, options, &outcomes);
  const Summary s = world.metrics.Summarize();
  CHECK(s.requests == 150);
  CHECK(s.faulted().n > 40);  // 0.51 of 150 are expected, 76
  CHECK(s.faulted().strict == 0);
  CHECK(s.faulted().silent_escape > 0);
  CHECK(s.amplification.mean == 1.0);
  CHECK(s.duplicates.executions == 0);
  REQUIRE(world.target.has_value());
  CHECK(world.target->upstreams[0].attempts == 150);
  CHECK(world.target->upstreams[1].attempts + world.target->upstreams[2].attempts == 0);
  CHECK(world.target->strays == 0);
  // The same that an engine meets, and that the injector says it did.
  CHECK(FirstFaults(world) == FirstFaultsOfNone());
  for (const FaultCount& fault : world.faults)
    CHECK(fault.injected + fault.left == fault.scheduled);
  // Healthy attempts took a millisecond of scenario time; what else their callers waited was added.
  CHECK(s.added.n == s.of(RequestKind::kHealthy).n + s.of(RequestKind::kModelError).n);
  CHECK(s.added.p50 > 0);
}

TEST_CASE("target: nothing is said of what it thinks", "[wire]") {
  const Scenario scenario = Load({"/workload/requests=30"});
  const std::vector<uint16_t> ports = FreePorts(3);
  const TargetOptions options = TargetAt(ports[0], ports);
  Outcomes outcomes;
  const WorldResult world = Ask(scenario, options, &outcomes);
  const Summary s = world.metrics.Summarize();
  CHECK(s.diagnosis.attempts == 0);
  CHECK(s.healthy_attempts == 0);
  CHECK(s.recovered_by.empty());
  CHECK(s.detection.healthy == 0);
  CHECK(world.rules.empty());
  const Chronicle chronicle = world.chronicle->Take();
  CHECK(chronicle.flows.empty());
  CHECK(chronicle.stories.empty());
  CHECK_FALSE(chronicle.time.empty());
}

TEST_CASE("target: faults and their recovery are those of the draws, with squall's headers or not",
          "[wire]") {
  const Scenario scenario = Load();
  const auto seed = static_cast<uint64_t>(scenario.seed);
  const MockSide mocks(scenario, seed);
  std::vector<std::vector<uint8_t>> faults;
  struct Row {
    const char* headers;
    bool passes_on;
  };
  const Row rows[] = {{"content-type: application/json\r\n", true},
                      {"content-type: application/json\r\n", false},
                      {"content-type: application/json\r\nIdempotency-Key: mine\r\n", false}};
  for (const Row& row : rows) {
    CAPTURE(row.headers, row.passes_on);
    const std::vector<uint16_t> ports = FreePorts(3);
    RetryingGateway gateway(ports[0], row.headers, row.passes_on);
    const TargetOptions options = TargetAt(gateway.port(), ports);
    Outcomes outcomes;
    const WorldResult world = Ask(scenario, options, &outcomes);
    faults.push_back(FirstFaults(world));

    Workload workload(scenario, seed);
    int64_t attempts = 0;
    int64_t retried = 0;
    while (const std::optional<WorkItem> item = workload.Next()) {
      CAPTURE(item->index);
      const Foretold foretold = Foretell(scenario, mocks, workload, *item);
      const Outcome& outcome = outcomes.at(item->index);
      CHECK(outcome.attempts.size() == foretold.attempts);
      CHECK(outcome.right == foretold.right);
      attempts += static_cast<int64_t>(foretold.attempts);
      retried += foretold.attempts > 1;
    }
    CHECK(retried > 30);
    CHECK(world.metrics.Summarize().amplification.attempts == attempts);
    CHECK(world.target->strays == 0);
  }
  CHECK(faults[0] == faults[1]);
  CHECK(faults[0] == faults[2]);
  CHECK(faults[0] == FirstFaultsOfNone());
}

TEST_CASE("target: streams are read as their callers would", "[wire]") {
  const Scenario scenario =
      Load({"/workload/stream=1", "/workload/requests=60", "/faults/rate_limit/rate=0.05",
            "/faults/server_error/rate=0.05"});
  const std::vector<uint16_t> ports = FreePorts(3);
  const TargetOptions options = TargetAt(ports[0], ports);
  Outcomes outcomes;
  const Summary s = Ask(scenario, options, &outcomes).metrics.Summarize();
  CHECK(s.streams.requests == 60);
  CHECK(s.streams.first_piece.n > 0);
  CHECK(s.of(RequestKind::kHealthy).n > 20);
  CHECK(s.of(RequestKind::kHealthy).strict == s.of(RequestKind::kHealthy).n);
  CHECK(s.faulted().strict == 0);
  CHECK(s.added.n == 0);  // a stream's pace is part of it
}

TEST_CASE("target: one that squall starts finds its upstreams and ends with it", "[wire]") {
  const Scenario scenario = Load({"/workload/requests=3"});
  TargetOptions options;
  options.url.host = "127.0.0.1";
  options.url.port = 0;
  options.wait = 200ms;
  // It cannot serve, but it can say what it was given.
  options.command =
      "test \"$SQUALL_UPSTREAMS\" = "
      "\"$SQUALL_UPSTREAM_0,$SQUALL_UPSTREAM_1,$SQUALL_UPSTREAM_2\" && "
      "test \"$SQUALL_TARGET_URL\" = \"http://127.0.0.1:$SQUALL_TARGET_PORT\" && exit 42";
  const auto gone = RunTarget(scenario, 1, kTimeScale, options, {});
  REQUIRE_FALSE(gone.ok());
  CHECK(gone.status().code() == absl::StatusCode::kUnavailable);
  CHECK(std::string(gone.status().message()).find("exit code 42") != std::string::npos);

  options.command = "exec sleep 60";
  const auto deaf = RunTarget(scenario, 1, kTimeScale, options, {});
  REQUIRE_FALSE(deaf.ok());
  CHECK(std::string(deaf.status().message()).find("nothing listens") != std::string::npos);
}

TEST_CASE("target: of a command the whole process group ends", "[wire]") {
  auto process = TargetProcess::Start("sleep 61 & trap '' TERM; sleep 62", {});
  REQUIRE(process.ok());
  CHECK_FALSE((*process)->Ended().has_value());
  auto quick = TargetProcess::Start("exit 7", {});
  REQUIRE(quick.ok());
  // Nobody listens there: it waits for the end.
  CHECK_FALSE(AwaitListener("127.0.0.1", FindFreePort(), 20s, quick->get(), nullptr).ok());
  CHECK((*quick)->Ended().value_or("") == "exit code 7");
}

}  // namespace
}  // namespace squall::target_wire_test
