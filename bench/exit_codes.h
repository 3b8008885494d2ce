// Exit codes of squall, the same for every command. Scripts rely on them: never reuse one.
#pragma once

#include <span>
#include <string_view>

namespace squall {

enum ExitCode : int {
  kExitOk = 0,
  kExitInternal = 1,
  kExitUsage = 2,
  kExitThreshold = 10,
  kExitRegression = 11,
  kExitInconclusive = 12,
  kExitInvalidScenario = 64,
  kExitCorrupt = 65,
  kExitNetwork = 69,  // cannot bind or connect
  kExitNotDeterministic = 70,
  kExitInterrupted = 130,  // SIGINT; the result was written and is marked partial
  kExitTerminated = 143,   // SIGTERM, likewise
};

struct ExitCodeRow {
  ExitCode code;
  std::string_view name;  // two or three words
  std::string_view doc;   // a sentence
};

// Every code, ascending: what help, man page and `squall explain` say of them.
std::span<const ExitCodeRow> ExitCodeTable();

}  // namespace squall
