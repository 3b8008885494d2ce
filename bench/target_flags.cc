#include "bench/target_flags.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdio>

#include "bench/command_text.h"
#include "bench/exit_codes.h"
#include "engine/wire/http.h"

namespace squall {
namespace {

constexpr double kStartPatience_s = 30;

int Refuse(const std::string& why) {
  std::fprintf(stderr, "squall: %s\n", why.c_str());
  return kExitUsage;
}

// What a target does not have.
std::string ForEnginesOnly(const RunOptions& options) {
  if (options.mode == "virtual") return "--mode virtual";
  if (!options.engines.empty()) return "--engine";
  if (options.ablate) return "--ablate";
  if (!options.knowledge.empty()) return "--knowledge";
  return options.knowledge_out.empty() ? "" : "--knowledge-out";
}

// And what nothing else has.
std::string ForTargetsOnly(const TargetFlags& flags) {
  if (!flags.command.empty()) return "--target-command";
  if (!flags.headers.empty()) return "--target-header";
  if (!flags.model.empty()) return "--target-model";
  if (!flags.name.empty()) return "--target-name";
  if (flags.wait_s >= 0) return "--target-wait";
  if (flags.allow_remote) return "--allow-remote";
  return flags.ports.empty() ? "" : "--ports";
}

// One port stands for as many in a row.
std::string ReadPorts(const std::vector<int64_t>& given, size_t providers,
                      std::vector<uint16_t>* ports) {
  std::vector<int64_t> all = given;
  if (given.size() == 1) {
    for (size_t i = 1; i < providers; ++i) all.push_back(given[0] + static_cast<int64_t>(i));
  }
  if (!all.empty() && all.size() != providers) {
    return absl::StrCat("--ports: got ", given.size(), ", expected 1 or one for each of the ",
                        providers, " providers");
  }
  for (const int64_t port : all) {
    if (port > UINT16_MAX) return absl::StrCat("--ports: got ", port, ", expected at most 65535");
    ports->push_back(static_cast<uint16_t>(port));
  }
  return "";
}

bool IsSecret(std::string_view name) {
  const auto holds = [name](std::string_view word) {
    const auto same = [](char a, char b) { return (a | 0x20) == b; };
    return std::search(name.begin(), name.end(), word.begin(), word.end(), same) != name.end();
  };
  return holds("auth") || holds("key") || holds("token") || holds("cookie") || holds("secret");
}

std::string Shown(const std::string& header) {
  const size_t colon = header.find(':');
  return IsSecret(header.substr(0, colon)) ? header.substr(0, colon) + ": ..." : header;
}

std::string ReadFlags(const TargetFlags& flags, const Scenario& scenario, TargetOptions* target) {
  const auto url = ParseTargetUrl(scenario.target);
  if (!url.ok()) return "--target: " + std::string(url.status().message());
  target->url = *url;
  if (!url->loopback && !flags.allow_remote) {
    return absl::StrCat("--target: got ", url->host,
                        ", expected an address of loopback, or --allow-remote");
  }
  target->command = flags.command;
  target->model = flags.model;
  if (flags.command.empty() && url->port == 0) {
    return "--target: got port 0, expected another, or --target-command to start it there";
  }
  if (flags.command.empty() && flags.ports.empty()) {
    return "--target: got neither --ports nor --target-command, expected the ports that it has for "
           "its upstreams, or a command that starts it";
  }
  for (const std::string& text : flags.headers) {
    const auto header = ParseTargetHeader(text);
    if (!header.ok()) return "--target-header: " + std::string(header.status().message());
    target->headers.push_back(*header);
  }
  const double usual_s = flags.command.empty() ? 0 : kStartPatience_s;
  target->wait = FromSeconds(flags.wait_s < 0 ? usual_s : flags.wait_s);
  return ReadPorts(flags.ports, scenario.providers.size(), &target->ports);
}

}  // namespace

int CheckTargetAlone(const RunOptions& options) {
  const std::string flag = options.target.url.empty() ? "" : ForEnginesOnly(options);
  if (flag.empty()) return kExitOk;
  return Refuse(flag + ": got a target, expected an engine of squall's");
}

int ReadTargetFlags(const RunOptions& options, const Scenario& scenario, TargetOptions* target) {
  if (scenario.target.empty()) {
    const std::string flag = ForTargetsOnly(options.target);
    if (flag.empty()) return kExitOk;
    return Refuse(flag + ": got no target, expected --target URL");
  }
  const std::string flag = ForEnginesOnly(options);
  if (!flag.empty()) return Refuse(flag + ": got a target, expected an engine of squall's");
  const std::string why = ReadFlags(options.target, scenario, target);
  return why.empty() ? kExitOk : Refuse(why);
}

void DescribeTarget(const RunOptions& options, const Scenario& scenario, const WorldResult& world,
                    RunResult* result) {
  const TargetFlags& flags = options.target;
  TargetFacts& target = *result->target;
  target.url = scenario.target;
  target.command = flags.command;
  target.model = flags.model.empty() ? scenario.providers[0].models[0].name : flags.model;
  for (const std::string& header : flags.headers) target.headers.push_back(Shown(header));
  if (!flags.command.empty()) target.cpu_s = world.target->cpu_s;
  result->engine = flags.name;
  const auto url = ParseTargetUrl(scenario.target);
  if (flags.name.empty() && url.ok()) result->engine = url->Text().substr(7);  // "http://"
}

std::string RepeatTarget(const RunOptions& options) {
  const TargetFlags& flags = options.target;
  std::string line;
  const auto add = [&line](const char* flag, const std::string& value) {
    if (!value.empty()) line.append(flag).append(ShellWord(value));
  };
  add(" --target ", flags.url);
  add(" --target-name ", flags.name);
  add(" --target-model ", flags.model);
  for (const std::string& header : flags.headers) add(" --target-header ", Shown(header));
  add(" --target-command ", flags.command);
  if (flags.wait_s >= 0) line += absl::StrCat(" --target-wait ", flags.wait_s);
  for (size_t i = 0; i < flags.ports.size(); ++i) {
    line += absl::StrCat(i == 0 ? " --ports " : ",", flags.ports[i]);
  }
  if (flags.allow_remote) line += " --allow-remote";
  return line;
}

}  // namespace squall
