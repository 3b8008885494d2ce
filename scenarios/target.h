// Targets: somebody else's gateway or application in the place of the engine. It speaks OpenAI's
// chat completions to callers, its upstreams are our mock servers, and it knows nothing of squall.
// Callers are those of the workload, faults are keyed by the task in the prompt (the same that an
// engine meets), and what it sent upstream is counted where it arrives: at the mocks. What a target
// thinks of a reply, nobody knows; its results have no diagnosis and no breakers.
//
// A target that is started by squall finds its upstreams in its environment, SQUALL_UPSTREAM_0 =
// http://127.0.0.1:PORT and so on by provider, all of them with commas in SQUALL_UPSTREAMS, and in
// SQUALL_TARGET_URL and SQUALL_TARGET_PORT where it is to listen.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/time.h"
#include "scenarios/scenario.h"
#include "scenarios/world.h"

namespace squall {

// http://HOST[:PORT][/PATH]. A path that ends in /v1 is the base URL of OpenAI's clients; any other
// goes before /v1.
struct TargetUrl {
  std::string host;  // a name or a numeric address, without brackets
  uint16_t port = 80;
  std::string path;  // before /v1/chat/completions; "" or "/prefix"
  bool loopback = false;

  std::string Text() const;  // as above, without the /v1
};

// Errors: kInvalidArgument, "got …, expected …".
absl::StatusOr<TargetUrl> ParseTargetUrl(std::string_view text);

using TargetHeader = std::pair<std::string, std::string>;

// "Name: value". Errors as above.
absl::StatusOr<TargetHeader> ParseTargetHeader(std::string_view text);

struct TargetOptions {
  TargetUrl url;                       // port 0, with a command: any free one
  std::vector<uint16_t> ports;         // of the mocks, by provider; none: any free ones
  std::vector<TargetHeader> headers;   // of each request; they replace those of the same name
  std::string model;                   // that requests ask for; "" = the first provider's first
  std::string command;                 // for /bin/sh; "" = it runs already
  std::chrono::nanoseconds wait = 0s;  // real time until it must listen; 0 = one look
};

// As RunWire, against a target. Errors: kUnavailable when a port cannot be bound, the target does
// not listen in time or its command ends before that. A request whose attempts come upstream after
// its call has ended counts them for a minute of real time, and to the run's end for some seconds.
absl::StatusOr<WorldResult> RunTarget(const Scenario& scenario, uint64_t seed, double time_scale,
                                      const TargetOptions& options, const RunHooks& hooks);

}  // namespace squall
