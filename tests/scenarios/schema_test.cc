#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "bench/tune/space.h"
#include "scenarios/claim.h"
#include "scenarios/embedded.h"
#include "scenarios/scenario.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace squall::schema_test {
namespace {

using nlohmann::json;

// The keywords that our schemas use, checked literally: an editor's validator in small. Returns the
// pointer of the first violation, "" for none.
std::string Violation(const json& schema, const json& value, const std::string& at);

bool HasType(const std::string& type, const json& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  FAIL("unknown type " << type);
  return false;
}

bool InList(const json& list, const json& value) {
  for (const json& item : list) {
    if (item == value) return true;
  }
  return false;
}

bool MatchesAny(const json& schemas, const json& value) {
  for (const json& schema : schemas) {
    if (Violation(schema, value, "#").empty()) return true;
  }
  return false;
}

// Keywords about the value itself.
bool Conforms(const std::string& keyword, const json& rule, const json& value) {
  if (keyword == "type") return HasType(rule, value);
  if (keyword == "enum") return InList(rule, value);
  if (keyword == "minimum") return !value.is_number() || value >= rule;
  if (keyword == "maximum") return !value.is_number() || value <= rule;
  if (keyword == "minItems") return !value.is_array() || value.size() >= rule.get<size_t>();
  if (keyword == "anyOf") return MatchesAny(rule, value);
  if (keyword == "pattern") {
    return !value.is_string() ||
           std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>()));
  }
  if (keyword == "required") {
    for (const json& key : rule) {
      if (!value.contains(key.get<std::string>())) return false;
    }
    return true;
  }
  if (keyword == "uniqueItems") {
    for (size_t i = 1; i < value.size(); ++i) {
      if (value[i] == value[i - 1]) return false;
    }
    return true;
  }
  for (const char* other : {"$schema", "title", "description", "default", "properties", "items",
                            "additionalProperties", "propertyNames"}) {
    if (keyword == other) return true;
  }
  FAIL("the schema uses a keyword that the test does not know: " << keyword);
  return false;
}

std::string Violation(const json& schema, const json& value, const std::string& at) {
  for (const auto& [keyword, rule] : schema.items()) {
    if (!Conforms(keyword, rule, value)) return at + " (" + keyword + ")";
  }
  if (value.is_array() && schema.contains("items")) {
    for (size_t i = 0; i < value.size(); ++i) {
      const std::string found = Violation(schema["items"], value[i], at + "/" + std::to_string(i));
      if (!found.empty()) return found;
    }
  }
  if (!value.is_object()) return "";
  for (const auto& [key, member] : value.items()) {
    const std::string here = at + "/" + key;
    if (schema.contains("propertyNames") &&
        !Violation(schema["propertyNames"], key, here).empty()) {
      return here + " (propertyNames)";
    }
    const json properties = schema.value("properties", json::object());
    const json rest = schema.value("additionalProperties", json(true));
    if (!properties.contains(key) && rest == false) return here + " (additionalProperties)";
    const json& rule = properties.contains(key) ? properties[key] : rest;
    const std::string found = rule.is_object() ? Violation(rule, member, here) : "";
    if (!found.empty()) return found;
  }
  return "";
}

std::string FileText(const std::string& path) {
  std::ifstream file(SourceDir() + "/" + path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_CASE("the committed schemas are the generated ones") {
  const bool scenario = FileText("scenarios/schema/scenario.schema.json") == ScenarioSchema();
  const bool preset = FileText("scenarios/schema/preset.schema.json") == PresetSchema();
  INFO("if not: build/release/squall schema > scenarios/schema/scenario.schema.json");
  CHECK(scenario);
  INFO("if not: build/release/squall schema preset > scenarios/schema/preset.schema.json");
  CHECK(preset);
  const bool claim = FileText("scenarios/schema/claim.schema.json") == ClaimSchema();
  INFO("if not: build/release/squall schema claim > scenarios/schema/claim.schema.json");
  CHECK(claim);
  const bool space = FileText("scenarios/schema/space.schema.json") == SpaceSchema();
  INFO("if not: build/release/squall schema space > scenarios/schema/space.schema.json");
  CHECK(space);
}

TEST_CASE("every bundled file names its schema and conforms to it", "[long]") {
  const json scenario_schema = json::parse(ScenarioSchema());
  for (const BundledItem& item : BundledScenarios()) {
    const json file = json::parse(ScenarioText(item.name), nullptr, true, true);
    CAPTURE(item.name);
    CHECK(file.value("$schema", "") == "schema/scenario.schema.json");
    CHECK(Violation(scenario_schema, file, "") == "");
    const json dump = json::parse(DumpScenario(LoadScenario(item.name, {}).value()));
    CHECK(Violation(scenario_schema, dump, "") == "");
  }
  const json preset_schema = json::parse(PresetSchema());
  for (const BundledItem& item : BundledPresets()) {
    const json file = json::parse(PresetText(item.name), nullptr, true, true);
    CAPTURE(item.name);
    CHECK(file.value("$schema", "") == "../schema/preset.schema.json");
    CHECK(Violation(preset_schema, file, "") == "");
  }
}

TEST_CASE("every claim names its schema and conforms to it") {
  const json schema = json::parse(ClaimSchema());
  int claims = 0;
  for (const EmbeddedFile& embedded : EmbeddedFiles()) {
    if (!embedded.path.starts_with("scenarios/claims/")) continue;
    const json file = json::parse(embedded.text);
    CAPTURE(embedded.path);
    CHECK(file.value("$schema", "") == "../schema/claim.schema.json");
    CHECK(Violation(schema, file, "") == "");
    ++claims;
  }
  CHECK(claims >= 40);
}

TEST_CASE("the schema rejects what the loader rejects") {
  const json schema = json::parse(ScenarioSchema());
  const json good = json::parse(R"({"providers": [{"name": "a", "models": [{"name": "m"}]}]})");
  REQUIRE(Violation(schema, good, "") == "");
  const std::string patch = GENERATE(values<std::string>({
      R"({"wrokload": {}})",
      R"({"workload": {"requests": 0}})",
      R"({"workload": {"deadline": 30}})",
      R"({"workload": {"deadline": "30"}})",
      R"({"workload": {"tasks": {"juggle": 1}}})",
      R"({"faults": {"bananas": {}}})",
      R"({"faults": {"timeout": {"rate": 2}}})",
      R"({"climate": [{"kind": "sunny"}]})",
      R"({"climate": [{"fault": "sunny"}]})",
      R"({"engine": {"preset": "nope"}})",
      R"({"engine": {"ladder": ["jump"]}})",
      R"({"providers": []})",
      R"({"providers": [{"name": "a"}]})",
  }));
  json bad = good;
  bad.merge_patch(json::parse(patch));
  CAPTURE(patch);
  CHECK(Violation(schema, bad, "") != "");
  CHECK(!LoadScenarioText(bad.dump(), "s.json", {}).ok());
}

// Every object is closed and every member described.
void CheckDescribed(const json& schema, const std::string& at) {
  if (schema.contains("properties")) {
    CAPTURE(at);
    CHECK(schema["additionalProperties"] == false);
    for (const auto& [key, member] : schema["properties"].items()) {
      CAPTURE(key);
      CHECK(member.value("description", "").size() > 5);
      CheckDescribed(member, at + "/" + key);
    }
  }
  if (schema.contains("items")) CheckDescribed(schema["items"], at + "/items");
  const bool free_keys = schema.contains("additionalProperties");
  if (free_keys && schema["additionalProperties"].is_object()) {
    CheckDescribed(schema["additionalProperties"], at + "/*");
  }
}

TEST_CASE("every member has a description and every object is closed") {
  CheckDescribed(json::parse(ScenarioSchema()), "scenario");
  CheckDescribed(json::parse(PresetSchema()), "preset");
  CheckDescribed(json::parse(ClaimSchema()), "claim");
}

}  // namespace
}  // namespace squall::schema_test
