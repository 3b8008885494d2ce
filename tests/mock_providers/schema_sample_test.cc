// Values that fit a schema, row by row and judged by a validator that shares no code with them.
#include "mock_providers/schema_sample.h"

#include <simdjson.h>

#include "engine/json_schema.h"
#include "tests/catch.h"

namespace squall::schema_sample_test {
namespace {

std::string Sample(std::string_view schema) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  REQUIRE(parser.parse(schema.data(), schema.size()).get(root) == simdjson::SUCCESS);
  std::string out;
  AppendSample(root, &out);
  return out;
}

Drift DriftOf(std::string_view schema, const std::string& value) {
  const auto compiled = JsonSchema::Compile(schema);
  REQUIRE(compiled.ok());
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  REQUIRE(parser.parse(value).get(root) == simdjson::SUCCESS);
  return compiled->Check(root);
}

TEST_CASE("sample: each keyword does to the value what it says") {
  struct Row {
    std::string_view schema;
    std::string_view value;
  };
  const Row rows[] = {
      {R"({"type":"string"})", R"("text")"},
      {R"({"type":"STRING"})", R"("text")"},
      {R"({"type":"boolean"})", "true"},
      {R"({"type":"null"})", "null"},
      {R"({"type":["null","integer"]})", "1"},
      {R"({"const":{"a":[1,"b"]}})", R"({"a":[1,"b"]})"},
      {R"({"type":"string","enum":["red","blue"]})", R"("red")"},
      {R"({"type":"string","minLength":6})", R"("textxx")"},
      {R"({"type":"string","maxLength":2})", R"("te")"},
      {R"({"type":"string","format":"date"})", R"("2026-01-01")"},
      {R"({"type":"integer","minimum":7})", "7"},
      {R"({"type":"integer","maximum":-3})", "-3"},
      {R"({"type":"integer","minimum":-9,"maximum":-3})", "-9"},
      {R"({"type":"integer","exclusiveMinimum":7})", "8"},
      {R"({"type":"integer","minimum":5,"multipleOf":4})", "8"},
      {R"({"type":"number","exclusiveMinimum":0,"exclusiveMaximum":0.5})", "0.25"},
      {R"({"type":"number","minimum":0,"maximum":0.5})", "0"},
      {R"({"type":"array","items":{"type":"integer"}})", "[1]"},
      {R"({"type":"array","items":{"type":"integer"},"minItems":3})", "[1,1,1]"},
      {R"({"type":"array","items":{"type":"integer"},"maxItems":0})", "[]"},
      {R"({"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}]})", R"([1,"text"])"},
      {R"({"type":"object","properties":{}})", "{}"},
      {R"({"properties":{"a \"b\"":{"type":"integer"}}})", R"({"a \"b\"":1})"},
      {R"({"anyOf":[{"type":"null"},{"type":"integer"}]})", "1"},
      {R"({"$defs":{"n":{"type":"integer"}},"properties":{"n":{"$ref":"#/$defs/n"}}})",
       R"({"n":1})"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.schema);
    CHECK(Sample(row.schema) == row.value);
  }
}

TEST_CASE("sample: the value of a schema with everything passes a validator") {
  const std::string_view schema = R"({
    "type": "object",
    "properties": {
      "city": {"type": "string", "minLength": 3, "maxLength": 40},
      "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
      "days": {"type": "integer", "minimum": 2, "maximum": 14},
      "threshold": {"type": "number", "minimum": -40, "maximum": -0.5},
      "alerts": {"type": "array", "minItems": 2, "items": {
        "type": "object", "properties": {"kind": {"const": "wind"}, "on": {"type": "boolean"}},
        "required": ["kind", "on"], "additionalProperties": false}}
    },
    "required": ["city", "unit", "days", "threshold", "alerts"],
    "additionalProperties": false
  })";
  CHECK(DriftName(DriftOf(schema, Sample(schema))) == DriftName(Drift::kNone));
}

TEST_CASE("sample: schemas that refer to themselves come to an end") {
  const std::string_view optional = R"({"type":"object","properties":{"n":{"type":"integer"},)"
                                    R"("left":{"$ref":"#"},"right":{"$ref":"#"}},)"
                                    R"("required":["n"]})";
  const std::string value = Sample(optional);
  CHECK(value.starts_with(R"({"n":1,"left":{"n":1,"left")"));
  CHECK(value.size() < 2000);
  const std::string_view endless =
      R"({"properties":{"a":{"$ref":"#"},"b":{"$ref":"#"},"c":{"$ref":"#"}},)"
      R"("required":["a","b","c"]})";
  CHECK(Sample(endless).size() < 100'000);
}

}  // namespace
}  // namespace squall::schema_sample_test
