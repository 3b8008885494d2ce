// Every coroutine shape that the lint must report, and below them the ones that it must leave
// alone. Never compiled into anything: `coroutines --self-test` reads it. A line with "bad:" must
// be reported.
#include <coroutine>
#include <exception>
#include <string>
#include <utility>

struct Request {
  std::string model;
  int tokens = 0;
};

struct Made {
  explicit Made(std::string m) : model(std::move(m)) {}
  std::string model;
};

template <class T>
struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_value(T) {}
    void unhandled_exception() { std::terminate(); }
  };
  bool await_ready() { return true; }
  void await_suspend(std::coroutine_handle<>) {}
  T await_resume() { return T(); }
};

Task<int> Send(Request request);
Task<int> SendMade(Made request);
Task<int> Twice(int first, int second = {});
Task<bool> Ready(std::string name);
template <class Call>
Task<int> Run(Call call) {
  call();
  co_return 1;
}

struct Pair {
  int first;
  int second;
};

Task<int> Bad(std::string name, bool flag) {
  int n = co_await Send(Request{name, 1});                  // bad: aggregate
  n += co_await Send({name, 2});                            // bad: braces
  n += co_await Send(Request{.model = name, .tokens = 3});  // bad: designated
  n += co_await Run([name] { return name; });               // bad: capture
  n += co_await Run([&] { return name; });                  // bad: capture
  n += flag ? co_await Twice(1) : 2;                        // bad: ?:
  if (flag && co_await Ready("a")) n++;                     // bad: &&
  if (flag || co_await Ready("b")) n++;                     // bad: ||
  Pair pair{co_await Twice(1), 2};                          // bad: in braces
  n += co_await Twice(co_await Twice(1));                   // bad: nested
  co_return n + pair.first;
}

Task<int> Good(std::string name) {
  Request request{name, 1};
  int n = co_await Send(std::move(request));
  const auto call = [&name] { return name; };
  n += co_await Run(call);
  n += co_await Run([] { return 1; });
  n += co_await SendMade(Made("m"));
  n += co_await Twice(3);
  const bool ready = co_await Ready("a");
  if (ready && n > 0) n++;
  while (co_await Ready("b")) n++;
  if (!co_await Ready(std::string("c"))) n++;
  co_return n;
}
