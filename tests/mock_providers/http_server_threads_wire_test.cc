#include <array>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "engine/wire/http_transport.h"
#include "mock_providers/http_server.h"
#include "tests/catch.h"
#include "tests/mock_providers/plan_table.h"

namespace squall::http_server_threads_wire_test {
namespace {

// Counts on the servers' thread what the clients' thread compares in the end.
class Mixture : public ReplySource {
 public:
  ReplyPlan Plan(const HttpRequest& request, Time now) override {
    ReplyPlan plan = PlanOf(200, request.body);
    plan.at = now;
    const int kind = planned % 20;
    if (kind == 3) plan = PlanOf(503, "no");
    if (kind == 7) plan = PlanOf(200, "half", End::kCut, 2);
    if (kind == 11) plan = PlanOf(0, "", End::kReset);
    if (kind == 13) plan = PlanOf(200, "half", End::kReset, 2);
    if (kind == 17) plan.at = now + 1s;  // 10 ms of real time
    if (kind == 19) plan = PlanOf(0, "", End::kHang);
    ++planned;
    ++scheduled[static_cast<int>(plan.end)];
    return plan;
  }
  void Played(const ReplyPlan& plan) override { ++injected[static_cast<int>(plan.end)]; }

  int planned = 0;
  std::array<int, 4> scheduled{};
  std::array<int, 4> injected{};
};

Task<> SendMany(HttpTransport& transport, RealEnv& env, ProviderId provider, int count,
                std::map<TransportError, int>* errors, int* clients) {
  const std::stop_token never;
  for (int i = 0; i < count; ++i) {
    HttpRequest request = Get("/");
    const Time deadline = env.Now() + 20s;  // 200 ms of real time
    const HttpReply reply = co_await transport.Send(provider, request, deadline, never);
    ++(*errors)[reply.error];
  }
  if (--*clients == 0) transport.Close();
}

TEST_CASE("a world of servers on one thread and clients on another injects what it scheduled") {
  constexpr int kServers = 3;
  constexpr int kClients = 30;
  constexpr int kRequests = 40;
  const auto start = std::chrono::steady_clock::now();
  RealEnv server_env(0.01, start);
  RealEnv client_env(0.01, start);
  std::array<Mixture, kServers> sources;
  std::vector<std::unique_ptr<MockHttpServer>> servers;
  HttpTransport transport(client_env);
  for (Mixture& source : sources) {
    servers.push_back(std::make_unique<MockHttpServer>(server_env, source));
    const absl::StatusOr<uint16_t> port = servers.back()->Start();
    REQUIRE(port.ok());
    REQUIRE(transport.AddProvider(HttpEndpoint{"127.0.0.1", *port, ""}).ok());
  }
  std::jthread thread([&] { server_env.io().run(); });

  std::map<TransportError, int> errors;
  int clients = kClients;
  for (int i = 0; i < kClients; ++i) {
    const auto provider = static_cast<ProviderId>(i % kServers);
    Spawn(client_env.executor(),
          SendMany(transport, client_env, provider, kRequests, &errors, &clients));
  }
  client_env.io().run();
  for (const auto& server : servers) Spawn(server_env.executor(), server->Stop());
  thread.join();

  std::array<int, 4> scheduled{};
  uint64_t served = 0;
  for (int i = 0; i < kServers; ++i) {
    CHECK(sources[i].injected == sources[i].scheduled);
    for (size_t end = 0; end < scheduled.size(); ++end) scheduled[end] += sources[i].scheduled[end];
    served += servers[i]->requests_served();
    CHECK(servers[i]->open_connections() == 0);
  }
  CHECK(served == kClients * kRequests);
  CHECK(errors[TransportError::kNone] == scheduled[static_cast<int>(End::kClean)]);
  CHECK(errors[TransportError::kCut] == scheduled[static_cast<int>(End::kCut)]);
  CHECK(errors[TransportError::kReset] == scheduled[static_cast<int>(End::kReset)]);
  CHECK(errors[TransportError::kTimeout] == scheduled[static_cast<int>(End::kHang)]);
  CHECK(transport.open_connections() == 0);
}

}  // namespace
}  // namespace squall::http_server_threads_wire_test
