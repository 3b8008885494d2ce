// Preset: settings of the engine under a name, read from scenarios/presets/NAME.json or a file of
// the user's. A preset changes the engine's defaults; a scenario's "engine" object changes the
// preset.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "engine/base/fields.h"
#include "engine/config.h"

namespace squall {

struct Preset {
  std::string doc;
  std::vector<std::string> sources;
  EngineConfig engine;
};

void Describe(Fields& f, Preset& p);

// Puts the settings of a preset into *engine: a bundled one, or a file beside that of the path
// `beside`, else from the working directory. Returns what is wrong with the name, "" for nothing;
// an error is what is wrong in the file.
absl::StatusOr<std::string> LoadPreset(const std::string& preset, const std::string& beside,
                                       EngineConfig* engine);

// Is this preset a file rather than a name?
inline bool IsPresetPath(const std::string& preset) { return preset.ends_with(".json"); }

}  // namespace squall
