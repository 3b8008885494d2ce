// The JSON Schema (draft-7) of result files: what readers may rely on. `squall schema result`
// prints it, scenarios/schema/result.schema.json is a copy for editors and other languages, and
// every file that is read is checked against it (result_reader.h). Within one format_version keys
// are only added, so objects are open and every key here is required unless it says otherwise.
#pragma once

#include <string>

namespace squall {

// Two spaces an indent, a newline at the end.
std::string ResultSchema();

}  // namespace squall
