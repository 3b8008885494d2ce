#include "scenarios/server_thread.h"

#include "engine/base/check.h"
#include "scenarios/session.h"

namespace squall {

ServerThread::ServerThread(double time_scale, const MockSide& mocks,
                           const std::vector<uint16_t>& ports)
    : env_(time_scale) {
  SQUALL_CHECK(ports.empty() || ports.size() == mocks.providers.size());
  for (size_t i = 0; i < mocks.providers.size(); ++i) {
    HttpServerOptions options;
    options.port = ports.empty() ? uint16_t{0} : ports[i];
    servers_.push_back(std::make_unique<MockHttpServer>(env_, *mocks.providers[i], options));
  }
}

ServerThread::~ServerThread() {
  for (const auto& server : servers_) Spawn(env_.executor(), server->Stop());
  if (thread_.joinable()) {
    thread_.join();
  } else {
    env_.io().run();  // never started: stop them here
  }
  for (const auto& server : servers_) SQUALL_CHECK(server->open_connections() == 0);
}

absl::StatusOr<std::vector<uint16_t>> ServerThread::Bind() {
  std::vector<uint16_t> ports;
  for (const auto& server : servers_) {
    const absl::StatusOr<uint16_t> port = server->Start();
    if (!port.ok()) return port.status();
    ports.push_back(*port);
  }
  return ports;
}

void ServerThread::Run(RealEnv::SteadyTime start) {
  env_.SetStart(start);
  thread_ = std::jthread([this] { env_.io().run(); });
}

}  // namespace squall
