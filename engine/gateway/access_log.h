// AccessLog: one JSON line for each request, with the trail of what the engine decided. Never a
// prompt, an answer or a key: lines are built from names of the configuration, static names of the
// engine, numbers, and the request's id.
//
// Lines gather in memory and are written by Flush(), several times a second; those beyond a bound,
// and those that a full disk refuses, are dropped and counted. One thread.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/events.h"
#include "engine/gateway/fleet.h"

namespace squall {

struct AccessEntry {
  std::string id;
  std::string peer;
  std::string client;  // name of its key, "" without keys
  std::string_view method;
  std::string_view path;  // of a known endpoint, else "other"
  std::string route;      // "" where none was found
  bool stream = false;
  int status = 0;
  std::string_view error;              // code of the error, "" of an answer
  std::string_view mode;               // "", "async", "replayed": a request of the record
  double ms = 0;                       // from its last byte to the end of its reply
  double first_byte_ms = 0;            // of a stream
  double usd = 0;                      // by the models' prices
  Usage usage;                         // of all attempts
  const Route* target = nullptr;       // names the attempts
  const CallResult* result = nullptr;  // may be nullptr
};

// The line, with its end.
std::string AccessLine(const AccessEntry& entry);

class AccessLog {
 public:
  // `path`: a file, which is appended to; "-" standard output; "" none. Unavailable if it cannot be
  // opened.
  static absl::StatusOr<std::unique_ptr<AccessLog>> Open(const std::string& path);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  bool kept() const { return fd_ >= 0; }
  void Add(const AccessEntry& entry);
  void Flush();
  int64_t dropped() const { return dropped_; }

 private:
  explicit AccessLog(int fd) : fd_(fd) {}
  int fd_;  // -1: none
  std::string pending_;
  int64_t pending_lines_ = 0;
  int64_t dropped_ = 0;
};

}  // namespace squall
