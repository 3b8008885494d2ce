// squall diagnose: one reply on stdin, or one per line, to what squall makes of it.
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "engine/diagnose.h"

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

// A reply as people hand it over. Headers refuse line ends, so values that hold some lose them.
struct GivenReply {
  int status = 0;
  Headers headers;
  std::string body;
  std::string transport_error;
  std::string provider;
  std::string dialect;
};

std::string OneLine(std::string text) {
  for (char& c : text) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return text;
}

std::string TextOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Sets `out` to the member's text, "" where it is absent or null. Gives false for other types.
bool TakeText(const Json& object, const char* key, std::string* out) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return true;
  if (!it->is_string()) return false;
  *out = it->get<std::string>();
  return true;
}

// "" or what is wrong with it.
std::string ReadGiven(const std::string& text, GivenReply* out) {
  constexpr bool kNoThrow = false;
  const Json json = Json::parse(text, nullptr, kNoThrow);
  if (json.is_discarded()) return "not a JSON document";
  if (!json.is_object()) return "expected an object";
  const auto status = json.find("http_status");
  if (status != json.end() && !status->is_null()) {
    if (!status->is_number_integer()) return "/http_status: expected an integer or null";
    const auto value = status->get<int64_t>();
    if (value < 100 || value > 599) return "/http_status: expected 100 to 599";
    out->status = static_cast<int>(value);
  }
  const auto headers = json.find("headers");
  if (headers != json.end() && !headers->is_null()) {
    if (!headers->is_object()) return "/headers: expected an object";
    for (const auto& [name, value] : headers->items()) {
      if (name.find_first_of(":\r\n") != std::string::npos) return "/headers: not a name: " + name;
      out->headers.Add(name, OneLine(TextOf(value)));
    }
  }
  const auto body = json.find("body");
  if (body != json.end() && !body->is_null()) out->body = TextOf(*body);
  for (const auto& [key, field] :
       {std::pair{"transport_error", &out->transport_error}, std::pair{"provider", &out->provider},
        std::pair{"dialect", &out->dialect}}) {
    if (!TakeText(json, key, field)) return std::string("/") + key + ": expected a text or null";
  }
  const bool nothing = out->status == 0 && out->body.empty() && out->transport_error.empty();
  return nothing ? "no http_status, body or transport_error" : "";
}

Diagnosis DiagnoseGiven(const GivenReply& given) {
  Observation seen;
  seen.status = given.status;
  seen.headers = &given.headers;
  seen.bytes = given.body;
  seen.provider = given.provider;
  seen.dialect = given.dialect;
  seen.transport_text = given.transport_error;
  return Diagnose(seen);
}

std::string WaitText(const Diagnosis& d) {
  return d.retry_after.has_value() ? " after " + FormatDuration(*d.retry_after) : "";
}

std::string AdviceFor(const Diagnosis& d) {
  switch (d.retry) {
    case RetryDecision::kNone: return "Nothing to do.";
    case RetryDecision::kSameProviderNow: return "Send it again, at once if need be.";
    case RetryDecision::kSameProviderAfterWait:
      return d.retry_after.has_value() ? "Send it again" + WaitText(d) + "."
                                       : "Send it again after a backoff.";
    case RetryDecision::kOtherProviderOnly:
      return "This account or model will not serve it in useful time" +
             (d.retry_after.has_value() ? std::string(" (only") + WaitText(d) + ")" : "") +
             "; ask another.";
    case RetryDecision::kNeverUnchanged: return "The request must change first.";
  }
  return "";
}

std::string_view AdaptAdvice(Adaptation adapt) {
  switch (adapt) {
    case Adaptation::kNone: return "";
    case Adaptation::kReduceMaxTokens: return " A smaller limit on tokens may do.";
    case Adaptation::kDropParam: return " Leaving out what it objects to may do.";
    case Adaptation::kRefreshCredential: return " It needs another credential.";
  }
  return "";
}

std::string Explanation(const Diagnosis& d) {
  return std::string(FailureClassSummary(d.failure)) + " " + AdviceFor(d) +
         std::string(AdaptAdvice(d.adapt));
}

Json JsonOf(const Diagnosis& d) {
  Json out;
  out["class"] = FailureClassName(d.failure);
  const bool limited = d.failure == FailureClass::kRateLimit;
  out["axis"] = limited ? Json(RateAxisName(d.axis)) : Json();
  out["retry"] = RetryDecisionName(d.retry);
  const bool waits = d.retry_after.has_value();
  out["retry_after_ms"] = waits ? Json(std::llround(Millis(*d.retry_after))) : Json();
  out["origin"] = OriginName(d.origin);
  out["safety"] = SafetyName(d.safety);
  out["adapt"] = d.adapt == Adaptation::kNone ? Json() : Json(AdaptationName(d.adapt));
  out["rule"] = d.rule;
  out["explanation"] = Explanation(d);
  return out;
}

std::string ForPeople(const Diagnosis& d) {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(12 - name.size(), ' ').append(value).push_back('\n');
  };
  line("class", FailureClassName(d.failure));
  if (d.failure == FailureClass::kRateLimit) line("axis", RateAxisName(d.axis));
  line("retry", std::string(RetryDecisionName(d.retry)) + WaitText(d));
  line("origin", OriginName(d.origin));
  line("safety", SafetyName(d.safety));
  if (d.adapt != Adaptation::kNone) line("adapt", AdaptationName(d.adapt));
  line("rule", d.rule);
  return text + "\n" + Explanation(d) + "\n";
}

int DiagnoseLines() {
  int code = kExitOk;
  int64_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    GivenReply given;
    const std::string problem = ReadGiven(line, &given);
    Json out;
    if (problem.empty()) {
      out = JsonOf(DiagnoseGiven(given));
    } else {
      code = kExitCorrupt;
      out["error"] = problem;
      out["line"] = number;
      std::fprintf(stderr, "squall: line %lld: %s\n", static_cast<long long>(number),
                   problem.c_str());
    }
    const std::string text = out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  return std::fflush(stdout) == 0 ? code : kExitInternal;
}

}  // namespace

int DiagnoseReplies(const DiagnoseOptions& options) {
  if (options.jsonl) return DiagnoseLines();
  const std::string text{std::istreambuf_iterator<char>(std::cin),
                         std::istreambuf_iterator<char>()};
  GivenReply given;
  const std::string problem = ReadGiven(text, &given);
  if (!problem.empty()) {
    std::fprintf(stderr, "squall: standard input: %s\n", problem.c_str());
    return kExitCorrupt;
  }
  const Diagnosis d = DiagnoseGiven(given);
  const bool people = !options.json && isatty(STDOUT_FILENO) != 0;
  const std::string out = people ? ForPeople(d) : JsonOf(d).dump() + "\n";
  std::fputs(out.c_str(), stdout);
  return std::fflush(stdout) == 0 ? kExitOk : kExitInternal;
}

}  // namespace squall
