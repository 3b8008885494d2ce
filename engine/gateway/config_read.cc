// Reading and checking a gateway's configuration: what no single field can state.
#include <absl/status/status.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/ascii.h"
#include "engine/base/cat.h"
#include "engine/base/json_document.h"
#include "engine/base/json_fields.h"
#include "engine/base/nearest.h"
#include "engine/gateway/config.h"
#include "engine/policy/routing.h"
#include "engine/strategies.h"
#include "engine/wire/dialect.h"

namespace squall {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kNoPreset = "custom";
constexpr size_t kMaxRoutes = 256;
constexpr size_t kMaxClientKeys = 10'000;

std::string IndexPointer(std::string_view list, size_t index) {
  return PointerTo(list, std::to_string(index));
}

std::vector<std::string> Texts(std::span<const std::string_view> names) {
  return std::vector<std::string>(names.begin(), names.end());
}

std::vector<std::string> DialectNames() {
  std::vector<std::string> names;
  for (const Dialect& dialect : Dialects()) names.emplace_back(dialect.name);
  return names;
}

// A name that stands in labels of metrics and in log lines.
bool IsPlainName(std::string_view name) {
  constexpr size_t kLongest = 64;
  const auto plain = [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '-' || c == '_' || c == '.' || c == ':';
  };
  return !name.empty() && name.size() <= kLongest && std::all_of(name.begin(), name.end(), plain);
}

void CheckName(const std::string& pointer, const std::string& name, std::set<std::string>* seen,
               Problems* problems) {
  if (!IsPlainName(name)) {
    problems->Add(pointer,
                  Cat("got ", ShowText(name),
                      ", expected 1 to 64 of letters, digits, \"-\", \"_\", \".\", \":\""));
  } else if (!seen->insert(name).second) {
    problems->Add(pointer, Cat("got ", ShowText(name), " a second time, expected it once"));
  }
}

void CheckUpstream(const UpstreamConfig& upstream, const std::string& here, Problems* problems) {
  if (FindDialect(upstream.dialect) == nullptr) {
    problems->Add(here + "/dialect", Cat("got ", ShowText(upstream.dialect), ", ",
                                         ExpectedOneOf(upstream.dialect, DialectNames())));
  }
  const absl::StatusOr<UpstreamPlace> place = PlaceOf(upstream);
  if (!place.ok()) problems->Add(here + "/url", std::string(place.status().message()));
  if (upstream.models.empty()) {
    problems->Add(here + "/models", "got no models, expected at least one");
  }
  std::set<std::string> models;
  for (size_t i = 0; i < upstream.models.size(); ++i) {
    const std::string& name = upstream.models[i].name;
    const std::string pointer = IndexPointer(here + "/models", i) + "/name";
    if (name.empty() || name.size() > 128) {
      problems->Add(pointer, Cat("got ", ShowText(name), ", expected 1 to 128 bytes"));
    } else if (!models.insert(name).second) {
      problems->Add(pointer, Cat("got ", ShowText(name), " a second time, expected it once"));
    }
  }
}

void CheckUpstreams(const GatewayConfig& config, Problems* problems) {
  if (config.upstreams.empty()) {
    problems->Add("/upstreams", "got no upstreams, expected at least one");
  }
  std::set<std::string> names;
  for (size_t i = 0; i < config.upstreams.size(); ++i) {
    const std::string here = IndexPointer("/upstreams", i);
    CheckName(here + "/name", config.upstreams[i].name, &names, problems);
    CheckUpstream(config.upstreams[i], here, problems);
  }
}

std::vector<std::string> Targets(const GatewayConfig& config) {
  std::vector<std::string> names;
  for (const UpstreamConfig& upstream : config.upstreams) {
    for (const UpstreamModelConfig& model : upstream.models) {
      names.push_back(Cat(upstream.name, "/", model.name));
    }
  }
  return names;
}

void CheckRoute(const RouteConfig& route, const std::string& here,
                const std::vector<std::string>& targets, Problems* problems) {
  if (route.targets.empty()) {
    problems->Add(here + "/targets", "got no targets, expected at least one");
  }
  std::set<std::string> seen;
  std::set<std::string> upstreams;
  for (size_t i = 0; i < route.targets.size(); ++i) {
    const std::string& target = route.targets[i];
    const std::string pointer = IndexPointer(here + "/targets", i);
    upstreams.insert(target.substr(0, target.find('/')));
    if (std::find(targets.begin(), targets.end(), target) == targets.end()) {
      problems->Add(pointer, Cat("got ", ShowText(target), ", ", ExpectedOneOf(target, targets)));
    } else if (!seen.insert(target).second) {
      problems->Add(pointer, Cat("got ", ShowText(target), " a second time, expected it once"));
    }
  }
  if (upstreams.size() > kMaxRouteTargets) {
    problems->Add(here + "/targets",
                  Cat("got ", upstreams.size(), " upstreams, expected at most ", kMaxRouteTargets));
  }
}

void CheckRoutes(const GatewayConfig& config, Problems* problems) {
  if (config.routes.empty()) problems->Add("/routes", "got no routes, expected at least one");
  if (config.routes.size() > kMaxRoutes) {
    problems->Add("/routes",
                  Cat("got ", config.routes.size(), " routes, expected at most ", kMaxRoutes));
  }
  const std::vector<std::string> targets = Targets(config);
  std::set<std::string> models;
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const std::string here = IndexPointer("/routes", i);
    const std::string& model = config.routes[i].model;
    if (model.empty() || model.size() > 128) {
      problems->Add(here + "/model", Cat("got ", ShowText(model), ", expected 1 to 128 bytes"));
    } else if (!models.insert(model).second) {
      problems->Add(here + "/model",
                    Cat("got ", ShowText(model), " a second time, expected it once"));
    }
    CheckRoute(config.routes[i], here, targets, problems);
  }
}

bool IsSha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void CheckKeys(const GatewayConfig& config, Problems* problems) {
  std::set<std::string> names;
  if (config.keys.size() > kMaxClientKeys) {
    problems->Add("/keys",
                  Cat("got ", config.keys.size(), " keys, expected at most ", kMaxClientKeys));
  }
  for (size_t i = 0; i < config.keys.size(); ++i) {
    const ClientKeyConfig& key = config.keys[i];
    const std::string here = IndexPointer("/keys", i);
    CheckName(here + "/name", key.name, &names, problems);
    if (key.secret.given() == !key.sha256.empty()) {
      problems->Add(here, "got both or neither of secret and sha256, expected one of them");
    } else if (!key.sha256.empty() && !IsSha256(key.sha256)) {
      problems->Add(here + "/sha256", "got another text, expected 64 of 0-9 and a-f");
    }
  }
  boost::system::error_code ec;
  boost::asio::ip::make_address(config.listen.address, ec);
  if (ec) {
    problems->Add("/listen/address", Cat("got ", ShowText(config.listen.address),
                                         ", expected a numeric address such as 127.0.0.1"));
  } else if (!IsLoopbackAddress(config.listen.address) && config.keys.empty()) {
    problems->Add("/listen/address", Cat("got ", ShowText(config.listen.address),
                                         " without keys, expected a loopback address, or \"keys\" "
                                         "so that not everybody spends your money"));
  }
}

void CheckEngine(const EngineConfig& engine, Problems* problems) {
  const std::vector<std::string> known = Texts(StrategyNames());
  std::set<std::string> seen;
  for (size_t i = 0; i < engine.ladder.size(); ++i) {
    const std::string& name = engine.ladder[i];
    const std::string here = IndexPointer("/engine/ladder", i);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      problems->Add(here, Cat("got ", ShowText(name), ", ", ExpectedOneOf(name, known)));
    } else if (!seen.insert(name).second) {
      problems->Add(here, Cat("got ", ShowText(name), " a second time, expected it once"));
    }
  }
}

absl::Status ReadEnginePreset(const JsonDocument& document, const PresetReader& presets,
                              GatewayConfig* config, Problems* problems) {
  const json::json_pointer place("/engine/preset");
  if (!document.root().contains(place) || !document.root()[place].is_string()) {
    return absl::OkStatus();
  }
  const auto preset = document.root()[place].get<std::string>();
  if (preset == kNoPreset) return absl::OkStatus();
  absl::StatusOr<std::string> wrong = presets(preset, document.name(), &config->engine);
  if (!wrong.ok()) return wrong.status();
  if (!wrong->empty()) problems->Add("/engine/preset", *wrong);
  return absl::OkStatus();
}

}  // namespace

bool IsLoopbackAddress(const std::string& address) {
  boost::system::error_code ec;
  const auto parsed = boost::asio::ip::make_address(address, ec);
  return !ec && parsed.is_loopback();
}

absl::StatusOr<UpstreamPlace> PlaceOf(const UpstreamConfig& upstream) {
  const auto wrong = [&](std::string_view expected) {
    return absl::InvalidArgumentError(Cat("got ", ShowText(upstream.url), ", expected ", expected));
  };
  std::string_view rest = upstream.url;
  UpstreamPlace place;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    place.tls = false;
    place.port = 80;
  } else {
    return wrong("http://HOST[:PORT][/PATH] or https://…");
  }
  if (rest.find_first_of("?#@ \t\r\n") != std::string_view::npos) {
    return wrong("a URL without user, query, fragment and blanks");
  }
  const size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view host = rest.substr(0, slash);
  place.path = std::string(rest.substr(slash));
  while (place.path.ends_with('/')) place.path.pop_back();
  const bool has_version = upstream.dialect == "openai" || upstream.dialect == "anthropic" ||
                           upstream.dialect == "openai_responses";
  if (has_version && place.path.ends_with("/v1")) place.path.resize(place.path.size() - 3);
  const size_t bracket = host.starts_with('[') ? host.find(']') : 0;
  if (bracket == std::string_view::npos) return wrong("\"]\" after an IPv6 address");
  const size_t colon = host.find(':', bracket);
  if (colon != std::string_view::npos) {
    const std::string_view digits = host.substr(colon + 1);
    int64_t port = 0;
    for (const char c : digits) port = IsDigit(c) && port < 65536 ? port * 10 + (c - '0') : 65536;
    if (digits.empty() || port < 1 || port > 65535) return wrong("a port from 1 to 65535");
    place.port = static_cast<uint16_t>(port);
    host = host.substr(0, colon);
  }
  if (bracket > 0) host = host.substr(1, bracket - 1);
  if (host.empty()) return wrong("a host");
  place.host = std::string(host);
  return place;
}

absl::StatusOr<GatewayConfig> ReadGatewayConfig(std::string_view text, const std::string& name,
                                                const PresetReader& presets,
                                                const std::vector<std::string>& sets) {
  absl::StatusOr<JsonDocument> document = JsonDocument::Parse(text, name);
  if (!document.ok()) return document.status();
  for (const std::string& set : sets) {
    const absl::Status status = document->Set(set);
    if (!status.ok()) return status;
  }
  GatewayConfig config;
  Problems problems;
  json& root = document->root();
  if (root.is_object()) {
    const auto schema = root.find("$schema");  // for editors only
    if (schema != root.end()) root.erase(schema);
    const absl::Status read = ReadEnginePreset(*document, presets, &config, &problems);
    if (!read.ok()) return read;
  }
  ReadFields(
      root, [&config](Fields& f) { Describe(f, config); }, &problems);
  if (problems.empty()) {
    CheckUpstreams(config, &problems);
    CheckRoutes(config, &problems);
    CheckKeys(config, &problems);
    CheckEngine(config.engine, &problems);
  }
  const absl::Status report = document->Report(problems);
  if (!report.ok()) return report;
  return config;
}

std::string GatewaySchema() {
  GatewayConfig scratch;
  ordered_json fields = SchemaOfFields([&scratch](Fields& f) { Describe(f, scratch); });
  ordered_json schema;
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = "squall gateway";
  schema["description"] = "The configuration of `squall gateway`.";
  schema.update(fields);
  ordered_json& properties = schema["properties"];
  properties["$schema"] = {{"type", "string"},
                           {"description", "Path of this schema, for editors."}};
  properties["upstreams"]["minItems"] = 1;
  properties["upstreams"]["items"]["required"] = {"name", "url", "models"};
  properties["upstreams"]["items"]["properties"]["dialect"]["enum"] = DialectNames();
  properties["routes"]["minItems"] = 1;
  properties["routes"]["items"]["required"] = {"model", "targets"};
  properties["keys"]["items"]["required"] = {"name"};
  ordered_json& ladder = properties["engine"]["properties"]["ladder"];
  ladder["items"]["enum"] = Texts(StrategyNames());
  ladder["uniqueItems"] = true;
  schema["required"] = {"upstreams", "routes"};
  return schema.dump(2) + "\n";
}

}  // namespace squall
