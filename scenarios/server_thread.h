// ServerThread: the mock servers of a wire world, on a thread of their own. Ports are bound before
// anything is served, so that whoever is to ask them can be started in between: connections wait.
//
// Threads: all of it on the owner's; servers live on the thread inside.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "engine/base/real_env.h"
#include "mock_providers/http_server.h"

namespace squall {

struct MockSide;

class ServerThread {
 public:
  // `mocks` outlives it. `ports` by provider; none: any free ones.
  ServerThread(double time_scale, const MockSide& mocks, const std::vector<uint16_t>& ports);

  // Stops and joins. Aborts if a connection is left.
  ~ServerThread();

  // Binds; the ports, by provider. kUnavailable where one is taken.
  absl::StatusOr<std::vector<uint16_t>> Bind();

  // Serves from now on; the servers' time is 0 at `start`. After Bind(), once.
  void Run(RealEnv::SteadyTime start);

 private:
  RealEnv env_;
  std::vector<std::unique_ptr<MockHttpServer>> servers_;
  std::jthread thread_;
};

}  // namespace squall
