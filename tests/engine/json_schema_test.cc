#include "engine/json_schema.h"

#include <simdjson.h>

#include "engine/guard.h"
#include "tests/catch.h"

namespace squall {
namespace {

Drift Check(const std::string& schema, const std::string& value) {
  const absl::StatusOr<JsonSchema> compiled = JsonSchema::Compile(schema);
  REQUIRE(compiled.ok());
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  REQUIRE(parser.parse(value).get(element) == simdjson::SUCCESS);
  return compiled->Check(element);
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
      {R"({"properties":{"a":{"pattern":"x"}}})", "/properties/a/pattern"},
      {R"({"oneOf":[]})", "/oneOf"},
      {R"({"required":"a"})", "/required"},
      {R"({"enum":[]})", "/enum"},
      {R"({"enum":[[1]]})", "/enum"},
      {R"({"maxItems":-1})", "/maxItems"},
      {R"({"additionalProperties":{}})", "/additionalProperties"},
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
}  // namespace squall
