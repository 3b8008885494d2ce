// Values that fit a JSON Schema: what a model answers that is held to one, by the tool it must call
// or by the format of its answer. Reads types (Gemini's in capitals as well), enum, const,
// properties, required, items, prefixItems, $ref within the document, the first branch of anyOf,
// oneOf and allOf, and bounds of numbers, lengths and counts. It ignores pattern, not and
// uniqueItems. Stateless.
// Source of the vocabulary: JSON Schema 2020-12, core and validation.
#pragma once

#include <string>
#include <string_view>

namespace simdjson::dom {
class element;
}  // namespace simdjson::dom

namespace squall {

// Appends the value as JSON. Every property is there, deep in a schema only the required ones. A
// schema that has no finite value gets one that does not fit.
void AppendSample(const simdjson::dom::element& schema, std::string* out);

// Sets `out` to arguments that fit the tool named `tool` among `tools`, an array; to nothing if
// that tool is not there or has no schema. The JSON pointers lead from an element to its name and
// to its schema. Without `tool` nothing changes.
void SampleTool(const simdjson::dom::element& tools, std::string_view tool,
                std::string_view name_at, std::string_view schema_at, std::string* out);

}  // namespace squall
