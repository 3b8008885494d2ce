// FrontDoor: the gateway's HTTP/1.1 server. It reads requests strictly
// (engine/wire/request_reader.h), hands each to a handler, and keeps every client within limits:
// connections, bytes of head and body, bytes of all of them together, and the time that each step
// may take. A client that leaves while its request is under way stops it.
//
// Threads: everything on the one that runs the io_context of `env`.
// Errors: of clients and of the network none; they end a connection and are counted.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/base/real_env.h"
#include "engine/gateway/config.h"
#include "engine/wire/http.h"

namespace squall {

// One request and its reply, as a handler sees it. Replies are begun once: Reply(), or
// BeginStream() and what follows it. False: the client is gone, and nothing more need be written.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual const HttpRequest& request() const = 0;
  virtual const std::string& peer() const = 0;  // its address, without the port
  // Requested when the client has left or the door is shut.
  virtual std::stop_token gone() const = 0;

  // `headers` are lines of "Name: value\r\n"; those of the connection and the length are added.
  virtual Task<bool> Reply(int status, std::string_view headers, std::string_view body) = 0;
  virtual Task<bool> BeginStream(int status, std::string_view headers) = 0;
  virtual Task<bool> Write(std::string_view bytes) = 0;  // empty bytes write nothing
  virtual Task<bool> EndStream() = 0;

  virtual bool begun() const = 0;  // the reply has
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Replies once. `exchange` outlives the call.
  virtual Task<> Handle(HttpExchange& exchange) = 0;
  // What the door itself says to a request that it cannot read (400, 408, 413, 431, 503).
  virtual std::string RefusalBody(int status) const = 0;
  virtual void OnRefused(int /*status*/, std::string_view /*peer*/) {}
};

struct FrontCounts {
  int64_t open = 0;         // connections
  int64_t under_way = 0;    // requests that the handler has
  int64_t accepted = 0;     // connections so far
  int64_t turned_away = 0;  // connections past the limit, so far
  int64_t buffered = 0;     // bytes of requests and replies
};

class FrontDoor {
 public:
  // All outlive the door.
  FrontDoor(RealEnv& env, HttpHandler& handler, const ListenConfig& config);
  ~FrontDoor();  // never opened, or Shut() has completed
  FrontDoor(const FrontDoor&) = delete;
  FrontDoor& operator=(const FrontDoor&) = delete;

  // Listens, and returns the port. Unavailable if it is taken. Once.
  absl::StatusOr<uint16_t> Open();

  // Limits for what comes from now on; address and port stay.
  void SetLimits(const ListenConfig& config);

  // Takes no more connections, and no more requests on those that there are.
  void Close();

  // Close(), and completes when no connection is left: by itself, or cut off at `deadline`.
  Task<> Shut(Time deadline);

  FrontCounts counts() const;

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

// "OK" of 200; "" of a status that is not known here.
std::string_view StatusText(int status);

}  // namespace squall
