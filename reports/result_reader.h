// Reads result files back, so that they can be rendered, compared and replayed without running
// anything. Strict: what is no JSON, of another format version, or not as the schema says is an
// error with its place, since a gate that reads half a file would pass by accident.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"

namespace squall {

// One result as it stands in a file.
struct StoredResult {
  std::string name;  // the file's, and "[2]" after it where it holds several
  RunResult result;
  // The document without its per_request, keys of later versions included; never null.
  std::shared_ptr<const nlohmann::ordered_json> json;
};

// A file holds one result or a list of them. `name` stands in messages. Errors: kDataLoss, one
// line:
//   name:line:column: what was read, or name: /json/pointer: got …, expected …
absl::StatusOr<std::vector<StoredResult>> ReadResults(std::string_view text,
                                                      const std::string& name);

// The same from a file, up to 2 GiB. kNotFound where there is none.
absl::StatusOr<std::vector<StoredResult>> LoadResults(const std::string& path);

// The one result of a file. kDataLoss where it holds several.
absl::StatusOr<StoredResult> LoadResult(const std::string& path);

}  // namespace squall
