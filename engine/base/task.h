// Task<T>: the coroutine type of squall, an Asio awaitable on a type-erased executor, so that the
// same object code runs on SimEnv's executor and on an io_context. The only header that includes
// Asio's coroutines.
//
// g++ 12 miscompiles common coroutine expressions. In a statement with co_await: one co_await, its
// result into a named variable, operands that are names, std::move(name), literals or plain calls;
// no braces, capturing lambda, ?:, && or ||. The coroutine lint in tests/ enforces this.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <exception>
#include <utility>

namespace squall {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

// Starts `task` on `executor`, unawaited. Nothing in squall throws across a coroutine, so an
// exception that gets here is a bug and ends the process where it can be seen.
inline void Spawn(const asio::any_io_executor& executor, Task<> task) {
  asio::co_spawn(executor, std::move(task), [](std::exception_ptr error) {
    if (error) std::terminate();
  });
}

}  // namespace squall
