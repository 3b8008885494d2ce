#include "engine/json_schema.h"

#include <simdjson.h>

#include "engine/guard.h"
#include "tests/catch.h"

namespace squall::json_schema_test {
namespace {

Drift Check(const std::string& schema, const std::string& value) {
  const absl::StatusOr<JsonSchema> compiled = JsonSchema::Compile(schema);
  REQUIRE(compiled.ok());
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  REQUIRE(parser.parse(value).get(element) == simdjson::SUCCESS);
  return compiled->Check(element);
}

Violation Explain(const std::string& schema, const std::string& value) {
  const absl::StatusOr<JsonSchema> compiled = JsonSchema::Compile(schema);
  REQUIRE(compiled.ok());
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  REQUIRE(parser.parse(value).get(element) == simdjson::SUCCESS);
  return compiled->Explain(element);
}

constexpr const char* kTicket =
    R"({"type":"object","properties":{"kind":{"type":"string","enum":["bug","question"]},)"
    R"("priority":{"type":"integer","minimum":1,"maximum":3},)"
    R"("tags":{"type":"array","items":{"type":"string","maxLength":4},"maxItems":2}},)"
    R"("required":["kind","priority"],"additionalProperties":false})";

TEST_CASE("json schema: names the kind of drift", "[engine]") {
  const std::pair<const char*, Drift> rows[] = {
      {R"({"kind":"bug","priority":1})", Drift::kNone},
      {R"({"priority":3,"kind":"question","tags":["a","b"]})", Drift::kNone},
      {R"({"kind":"bug"})", Drift::kMissing},
      {R"({"kind":"bug","priority":1,"x":0})", Drift::kExtra},
      {R"({"kind":"bug","priority":"1"})", Drift::kType},
      {R"({"kind":"bug","priority":1.5})", Drift::kType},
      {R"({"kind":"bug","priority":2.0})", Drift::kNone},
      {R"({"kind":"idea","priority":1})", Drift::kEnum},
      {R"({"kind":"bug","priority":4})", Drift::kRange},
      {R"({"kind":"bug","priority":0})", Drift::kRange},
      {R"({"kind":"bug","priority":1,"tags":["a","b","c"]})", Drift::kRange},
      {R"({"kind":"bug","priority":1,"tags":["abcde"]})", Drift::kRange},
      {R"({"kind":"bug","priority":1,"tags":["äöüß"]})", Drift::kNone},
      {R"({"kind":"bug","priority":1,"tags":[1]})", Drift::kType},
      {R"([{"kind":"bug","priority":1}])", Drift::kType},
      {R"("bug")", Drift::kType},
      {"null", Drift::kType}};
  for (const auto& [value, drift] : rows) {
    CAPTURE(value);
    CHECK(DriftName(Check(kTicket, value)) == DriftName(drift));
  }
}

TEST_CASE("json schema: constants, several types and open objects", "[engine]") {
  CHECK(Check(R"({"const":3})", "3") == Drift::kNone);
  CHECK(Check(R"({"const":3})", "3.0") == Drift::kNone);
  CHECK(Check(R"({"const":true})", "false") == Drift::kEnum);
  CHECK(Check(R"({"enum":[null,"a"]})", "null") == Drift::kNone);
  CHECK(Check(R"({"type":["string","null"]})", "null") == Drift::kNone);
  CHECK(Check(R"({"type":["string","null"]})", "1") == Drift::kType);
  CHECK(Check(R"({"type":"object"})", R"({"any":[1]})") == Drift::kNone);
  CHECK(Check(R"({"type":"number"})", "1e300") == Drift::kNone);
  CHECK(Check("{}", "[]") == Drift::kNone);
}

TEST_CASE("json schema: what it cannot check it refuses to compile", "[engine]") {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"type":"objet"})", "/type"},
      {R"j({"properties":{"a":{"pattern":"(?=x)"}}})j", "/properties/a/pattern"},
      {R"j({"pattern":"(a)\\1"})j", "/pattern"},
      {R"({"patternProperties":{"(":{}}})", "/patternProperties/("},
      {R"({"oneOf":[]})", "/oneOf"},
      {R"({"format":"uri"})", "/format"},
      {R"({"contentEncoding":"base64"})", "/contentEncoding"},
      {R"({"nullable":true})", "/nullable"},
      {R"({"items":{"$id":"http://x/"}})", "/items/$id"},
      {R"({"$ref":"http://json-schema.org/draft-07/schema#"})", "/$ref"},
      {R"({"$ref":"#/definitions/absent"})", "/$ref"},
      {R"({"$ref":"#"})", "/"},
      {R"({"allOf":[{"anyOf":[{"$ref":"#/allOf/0"}]}]})", "/"},
      {R"({"exclusiveMinimum":true})", "/exclusiveMinimum"},
      {R"({"multipleOf":0})", "/multipleOf"},
      {R"({"required":"a"})", "/required"},
      {R"({"enum":[]})", "/enum"},
      {R"({"maxItems":-1})", "/maxItems"},
      {R"({"additionalProperties":1})", "/additionalProperties"},
      {"[]", "/"},
      {"{", "/"}};
  for (const auto& [schema, pointer] : rows) {
    CAPTURE(schema);
    const absl::StatusOr<JsonSchema> compiled = JsonSchema::Compile(schema);
    REQUIRE_FALSE(compiled.ok());
    const std::string message(compiled.status().message());
    CAPTURE(message);
    CHECK(message.rfind(std::string(pointer) + ":", 0) == 0);
  }
}

TEST_CASE("json schema: says where the answer is wrong and what was wanted there", "[engine]") {
  struct Row {
    const char* schema;
    const char* value;
    Drift kind;
    const char* pointer;
    const char* keyword;
    const char* expected;
  };
  const Row rows[] = {
      {kTicket, R"({"kind":"bug"})", Drift::kMissing, "/priority", "required",
       R"(["kind","priority"])"},
      {kTicket, R"({"kind":"bug","priority":1,"x/y":0})", Drift::kExtra, "/x~1y",
       "additionalProperties", "false"},
      {kTicket, R"({"kind":"bug","priority":9})", Drift::kRange, "/priority", "maximum", "3"},
      {kTicket, R"({"kind":"bug","priority":1,"tags":["a",2]})", Drift::kType, "/tags/1", "type",
       R"("string")"},
      {kTicket, "[]", Drift::kType, "", "type", R"("object")"},
      {R"({"items":{"pattern":"^a+$"}})", R"(["a","b"])", Drift::kPattern, "/1", "pattern",
       R"("^a+$")"},
      {R"({"format":"date"})", R"("2023-02-29")", Drift::kPattern, "", "format", R"("date")"},
      {R"({"uniqueItems":true})", R"([{"a":1,"b":2},0,{"b":2.0,"a":1}])", Drift::kDuplicate, "/2",
       "uniqueItems", "true"},
      {R"({"dependencies":{"a":["b"]}})", R"({"a":1})", Drift::kMissing, "/b", "dependencies",
       R"({"a":["b"]})"},
      {R"({"properties":{"a":{"oneOf":[{"type":"string"},{"minimum":2}]}}})", R"({"a":1})",
       Drift::kAlternative, "/a", "oneOf", R"([{"type":"string"},{"minimum":2}])"},
      {R"({"if":{"type":"string"},"then":{"minLength":2}})", R"("a")", Drift::kRange, "",
       "minLength", "2"},
      {R"({"definitions":{"t":{"properties":{"l":{"$ref":"#/definitions/t"},"v":{"type":"integer"}}}
       },"$ref":"#/definitions/t"})",
       R"({"l":{"l":{"v":"x"}}})", Drift::kType, "/l/l/v", "type", R"("integer")"}};
  for (const Row& row : rows) {
    CAPTURE(row.schema, row.value);
    const Violation found = Explain(row.schema, row.value);
    CHECK(DriftName(found.kind) == DriftName(row.kind));
    CHECK(found.pointer == row.pointer);
    CHECK(found.keyword == row.keyword);
    CHECK(found.expected == row.expected);
    CHECK(Check(row.schema, row.value) == row.kind);
  }
}

TEST_CASE("json schema: a required key is not thereby an allowed one", "[engine]") {
  const std::string schema = R"({"required":["a"],"additionalProperties":false})";
  CHECK(Check(schema, R"({"a":1})") == Drift::kExtra);
}

TEST_CASE("json schema: large whole numbers are told apart", "[engine]") {
  CHECK(Check(R"({"const":9007199254740993})", "9007199254740992") == Drift::kEnum);
  CHECK(Check(R"({"enum":[18446744073709551615]})", "18446744073709551615") == Drift::kNone);
}

TEST_CASE("json schema: a hundred keys are found whatever their order", "[engine]") {
  std::string schema = R"({"additionalProperties":false,"properties":{)";
  std::string value = "{";
  for (int i = 0; i < 100; ++i) {
    schema +=
        (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + R"(":{"const":)" + std::to_string(i) + "}";
    const int other = i * 37 % 100;
    value += (i > 0 ? ",\"k" : "\"k") + std::to_string(other) + "\":" + std::to_string(other);
  }
  CHECK(Check(schema + "}}", value + "}") == Drift::kNone);
  CHECK(Check(schema + "}}", value + R"(,"k100":1})") == Drift::kExtra);
}

TEST_CASE("json schema: a check ends, however schema and answer are made", "[engine]") {
  // Twenty levels, each of which asks the next one twice.
  std::string schema = R"({"$ref":"#/definitions/d0","definitions":{)";
  for (int i = 0; i < 24; ++i) {
    const std::string next = R"({"$ref":"#/definitions/d)" + std::to_string(i + 1) + "\"}";
    schema += "\"d" + std::to_string(i) + R"(":{"allOf":[)" + next + "," + next + "]},";
  }
  CHECK(Check(schema + R"("d24":true}})", "1") == Drift::kLimit);

  const std::string tree = R"({"items":{"$ref":"#"}})";
  CHECK(Check(tree, std::string(500, '[') + std::string(500, ']')) == Drift::kNone);
  CHECK(Check(tree, std::string(600, '[') + std::string(600, ']')) == Drift::kLimit);
}

TEST_CASE("guard: each check can be switched off by itself", "[engine]") {
  const absl::StatusOr<JsonSchema> schema = JsonSchema::Compile(kTicket);
  REQUIRE(schema.ok());
  Guard all(GuardConfig{});
  CHECK(all.Check("", &*schema).failure == FailureClass::kEmptyResponse);
  CHECK(all.Check(" \n", nullptr).failure == FailureClass::kEmptyResponse);
  CHECK(all.Check("```json\n{}\n```", &*schema).rule == "guard.json");
  CHECK(all.Check("{}", &*schema).rule == "guard.schema.missing");
  CHECK(all.Check(R"({"kind":"bug","priority":1})", &*schema).ok());
  CHECK(all.Check("free text", nullptr).ok());
  Guard syntax(GuardConfig{true, true, false});
  CHECK(syntax.Check("{}", &*schema).ok());
  CHECK_FALSE(syntax.Check("{", &*schema).ok());
  Guard none(GuardConfig{false, false, false});
  CHECK(none.Check("", &*schema).ok());
}

}  // namespace
}  // namespace squall::json_schema_test
