// JsonDocument: JSON text as people write it (// and /* */ comments allowed), with the place of
// every value in it, so that a mistake found later by its JSON pointer is reported at line and
// column. Overrides of the command line ("--set /engine/retry/max_attempts=5") are edits of the
// document, and a mistake in what they set is reported as theirs.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json_fields.h"

namespace squall {

class JsonDocument {
 public:
  // Limits on input, far above what anybody writes by hand.
  static constexpr size_t kMaxBytes = 16u << 20;
  static constexpr size_t kMaxDepth = 64;

  // Reads `text`. `name` stands in messages. Errors, all kInvalidArgument, name line and column:
  // bad syntax, a key twice in one object, nesting deeper than kMaxDepth, more than kMaxBytes.
  static absl::StatusOr<JsonDocument> Parse(std::string_view text, std::string name);

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  nlohmann::json& root() { return *root_; }
  const nlohmann::json& root() const { return *root_; }
  const std::string& name() const { return name_; }

  // Applies "/pointer=value". The value is JSON, or else taken as a text; objects on the way are
  // made as needed; "-" or the length of a list appends to it. Errors: kInvalidArgument, one line.
  absl::Status Set(std::string_view assignment);

  // The same with a value at hand; `option` is what messages call its origin, e.g. "--trace FILE".
  absl::Status SetValue(std::string_view pointer, nlohmann::json value, std::string option);

  // Does an option of the command line give this value or one around it?
  bool SetByOption(std::string_view pointer) const;

  // One line per problem, in the order of the file: "name:line:column: pointer: message" or, for
  // what an option brought in, "--set …: pointer: message". OkStatus if there is none.
  absl::Status Report(const Problems& problems) const;

 private:
  struct Origin {
    std::string pointer;
    std::string option;
  };

  JsonDocument();
  std::string Line(const Problem& problem) const;

  std::string name_;
  std::string text_;
  std::unique_ptr<nlohmann::json> root_;
  std::map<std::string, size_t, std::less<>> offsets_;  // of keys and list items, by pointer
  std::vector<Origin> origins_;                         // later ones win
};

}  // namespace squall
