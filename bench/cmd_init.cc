// squall init: a scenario to start from, with the schema that editors complete it by.
#include <cstdio>
#include <filesystem>

#include "bench/command_text.h"
#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "reports/atomic_file.h"
#include "scenarios/scenario.h"

namespace squall {
namespace {

constexpr const char* kSchemaFile = "scenario.schema.json";

constexpr const char* kStarter = R"json({
  // Editors complete and check this file by the schema; comments like this one are allowed.
  "$schema": "./scenario.schema.json",
  "name": "starter",
  "doc": "A first scenario: two providers, a few everyday faults, one outage.",

  // Every draw is a function of the seed: the same seed meets the same faults.
  "seed": 1,

  // 2,000 requests at random times, each with a deadline.
  "workload": {
    "requests": 2000,
    "arrivals": {"kind": "poisson", "rate_per_s": 2},
    "deadline": "30s"
  },

  // Share of attempts that each fault hits. `squall explain` says what they put on the wire.
  "faults": {
    "timeout": {"rate": 0.02},
    "rate_limit": {"rate": 0.02, "retry_after": "2s"},
    "server_error": {"rate": 0.01},
    "schema_drift": {"rate": 0.01}
  },

  // In the order in which the engine asks them. Prices are per million tokens.
  "providers": [
    {
      "name": "alpha",
      "models": [{"name": "alpha-large", "usd_per_mtok_in": 2.5, "usd_per_mtok_out": 10}]
    },
    {
      "name": "beta",
      "models": [{"name": "beta-large", "usd_per_mtok_in": 3, "usd_per_mtok_out": 15}]
    }
  ],

  // For half a minute the first provider does not answer at all.
  "climate": [
    {
      "name": "alpha hangs",
      "kind": "outage",
      "providers": ["alpha"],
      "fault": "timeout",
      "from": "300s",
      "to": "330s",
      "share": 1
    }
  ],

  // A preset (`squall list`) and what is different from it. Others: --engine none,openai-sdk
  "engine": {
    "preset": "self_healing",
    "retry": {"max_attempts": 4}
  },

  // What must hold, or the exit code is 10. `squall schema metrics` lists what can be asked for.
  "thresholds": ["recovery.strict >= 70 %", "amplification.mean <= 1.5 x"]
}
)json";

int WriteNew(const std::string& path, const std::string& text) {
  const absl::Status written = WriteFileAtomically(path, text);
  if (written.ok()) return kExitOk;
  std::fprintf(stderr, "squall init: %s\n", std::string(written.message()).c_str());
  return kExitUsage;
}

}  // namespace

int Init(const InitOptions& options) {
  const std::filesystem::path schema =
      std::filesystem::path(options.file).parent_path() / kSchemaFile;
  std::error_code error;
  if (!options.force && std::filesystem::exists(options.file, error)) {
    std::fprintf(stderr, "squall init: %s exists; --force replaces it\n", options.file.c_str());
    return kExitUsage;
  }
  if (schema == std::filesystem::path(options.file)) {
    std::fprintf(stderr,
                 "squall init: got %s, expected another name: the schema is written there\n",
                 options.file.c_str());
    return kExitUsage;
  }
  // A schema that is there may be of another version; one that is not ours is nobody's to replace.
  const bool keep = !options.force && std::filesystem::exists(schema, error);
  if (!keep) {
    if (const int code = WriteNew(schema.string(), ScenarioSchema()); code != kExitOk) return code;
  }
  if (const int code = WriteNew(options.file, kStarter); code != kExitOk) return code;
  std::fprintf(stderr, "wrote %s%s\nnext: squall run %s\n", options.file.c_str(),
               keep ? "" : (" and " + schema.string()).c_str(), ShellWord(options.file).c_str());
  return kExitOk;
}

}  // namespace squall
