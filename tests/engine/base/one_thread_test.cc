#include "engine/base/one_thread.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "tests/catch.h"

namespace squall::one_thread_test {
namespace {

// The signal that ends a process which does `act`, 0 if it comes back. Its words are thrown away.
template <class Act>
int SignalOf(Act act) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // the test framework's would report a failure of its own
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    act();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST_CASE("one thread: the first thread that asks is the owner, whoever made it") {
  const OneThread mine;
  std::thread([&mine] { CHECK(mine.Here()); }).join();
  const OneThread fresh;
  CHECK(fresh.Here());
  CHECK(fresh.Here());
  const OneThread copy(fresh);
  bool owned = false;
  bool stolen = true;
  std::thread([&] {
    owned = copy.Here();
    stolen = fresh.Here();
  }).join();
  CHECK(owned);
  CHECK_FALSE(stolen);
  CHECK_FALSE(copy.Here());
}

TEST_CASE("one thread: of many that ask at once one becomes the owner") {
  for (int round = 0; round < 50; ++round) {
    const OneThread thing;
    std::atomic<int> owners = 0;
    std::atomic<int> asked = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        owners += thing.Here() ? 1 : 0;
        ++asked;
        while (asked < 8) std::this_thread::yield();  // until all are there at the same time
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(owners == 1);
  }
}

TEST_CASE("one thread: use from a second thread ends the process") {
  CHECK(SignalOf([] {
          const OneThread thing;
          thing.Check();
          thing.Check();
        }) == 0);
  CHECK(SignalOf([] {
          const OneThread thing;
          thing.Check();
          std::thread([&thing] { thing.Check(); }).join();
        }) == SIGABRT);
}

}  // namespace
}  // namespace squall::one_thread_test
