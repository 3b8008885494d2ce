// An engine belongs to the thread of its first call.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "tests/engine/admission_rig.h"

namespace squall::engine_thread_test {
namespace {

TEST_CASE("engine: a call from a second thread ends the process", "[engine]") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // the test framework's would report a failure of its own
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    Crowd crowd(Unlimited(), NamedProviders({"alpha"}));
    if (!crowd.Ask1({.id = "a"}).ok || !crowd.Ask1({.id = "b"}).ok) _exit(1);
    std::thread([&crowd] { crowd.Ask1({.id = "c"}); }).join();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

}  // namespace
}  // namespace squall::engine_thread_test
