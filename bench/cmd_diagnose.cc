// squall diagnose: one reply on stdin, or one per line, to what squall makes of it.
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/commands.h"
#include "bench/exit_codes.h"
#include "engine/diagnose.h"

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kInputMax = 16 << 20;  // bytes of one reply
constexpr int kDepthMax = 200;          // of its JSON
constexpr size_t kColumns = 80;

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
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Sets `out` to the member's text, "" where it is absent or null. Gives false for other types.
bool TakeText(const Json& object, const char* key, std::string* out) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return true;
  if (!it->is_string()) return false;
  *out = it->get<std::string>();
  return true;
}

// Each of these gives "" or what is wrong.
std::string ReadStatus(const Json& json, int* out) {
  const auto status = json.find("http_status");
  if (status == json.end()) {
    return json.contains("status") ? "/status: not known, is it http_status?" : "";
  }
  if (status->is_null()) return "";
  if (!status->is_number_integer()) return "/http_status: expected an integer or null";
  const auto value = status->get<int64_t>();
  if (value < 100 || value > 599) return "/http_status: expected 100 to 599";
  *out = static_cast<int>(value);
  return "";
}

std::string ReadGivenHeaders(const Json& json, Headers* out) {
  const auto headers = json.find("headers");
  if (headers == json.end() || headers->is_null()) return "";
  if (!headers->is_object()) return "/headers: expected an object";
  for (const auto& [name, value] : headers->items()) {
    if (name.find_first_of(":\r\n") != std::string::npos) {
      return "/headers: not a name: " + OneLine(name);
    }
    const Json values = value.is_array() ? value : Json::array({value});
    for (const Json& one : values) out->Add(name, OneLine(TextOf(one)));
  }
  return "";
}

Json ParseBounded(const std::string& text, bool* deep) {
  constexpr bool kNoThrow = false;
  const auto shallow = [deep](int depth, Json::parse_event_t, const Json&) {
    *deep = *deep || depth > kDepthMax;
    return depth <= kDepthMax;
  };
  return Json::parse(text, shallow, kNoThrow);
}

std::string ReadGiven(const std::string& text, GivenReply* out) {
  if (text.size() > kInputMax) return "longer than " + std::to_string(kInputMax) + " bytes";
  bool deep = false;
  const Json json = ParseBounded(text, &deep);
  if (deep) return "nested deeper than " + std::to_string(kDepthMax) + " levels";
  if (json.is_discarded()) return "not a JSON document";
  if (!json.is_object()) return "expected an object";
  std::string problem = ReadStatus(json, &out->status);
  if (problem.empty()) problem = ReadGivenHeaders(json, &out->headers);
  if (!problem.empty()) return problem;
  const auto body = json.find("body");
  if (body != json.end() && !body->is_null()) out->body = TextOf(*body);
  for (const auto& [key, field] :
       {std::pair{"transport_error", &out->transport_error}, std::pair{"provider", &out->provider},
        std::pair{"dialect", &out->dialect}}) {
    if (!TakeText(json, key, field)) return std::string("/") + key + ": expected a text or null";
  }
  const bool nothing = out->status == 0 && out->body.empty() && out->transport_error.empty();
  return nothing ? "no http_status, body or transport_error; an error alone goes into body" : "";
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

std::string AdviceFor(const Diagnosis& d) {
  const std::string wait = d.retry_after.has_value() ? FormatDuration(*d.retry_after) : "";
  switch (d.retry) {
    case RetryDecision::kNone: return "Nothing to do.";
    case RetryDecision::kSameProviderNow: return "Send it again, at once if need be.";
    case RetryDecision::kSameProviderAfterWait:
      return d.retry_after.has_value() ? "Send it again after " + wait + "."
                                       : "Send it again after a backoff.";
    case RetryDecision::kOtherProviderOnly:
      return "This account or model will not serve it in useful time" +
             (d.retry_after.has_value() ? " (it says " + wait + ")" : "") + "; ask another.";
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

struct RuleKind {
  std::string_view prefix;
  std::string_view meaning;
};

// Rules are named by what they look at.
constexpr RuleKind kRuleKinds[] = {
    {"code.", "a code in the error"},       {"text.", "the error's words"},
    {"limit.", "the limit it names"},       {"quota.", "the quota it names"},
    {"status.", "the status alone"},        {"capacity.", "a word about load"},
    {"finish.", "how the answer ended"},    {"transport.", "how the connection ended"},
    {"stream.", "how the stream ended"},    {"body.", "the form of the body"},
    {"content.", "what the answer holds"},  {"tool.", "the tool call"},
    {"page.", "a page instead of a reply"}, {"edge.", "an edge before the provider"},
    {"host.", "the host's state"},          {"output.", "what the model produced"}};

std::string RuleText(std::string_view rule) {
  for (const RuleKind& kind : kRuleKinds) {
    if (rule.starts_with(kind.prefix)) {
      return std::string(rule) + " (" + std::string(kind.meaning) + ")";
    }
  }
  return std::string(rule);
}

// Breaks at blanks, so that no line is longer than a terminal is wide.
std::string Wrap(std::string text) {
  size_t line = 0;
  size_t blank = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') blank = i;
    if (i - line < kColumns || blank <= line) continue;
    text[blank] = '\n';
    line = blank + 1;
  }
  return text;
}

std::string ForPeople(const Diagnosis& d) {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(12 - name.size(), ' ').append(value).push_back('\n');
  };
  line("class", FailureClassName(d.failure));
  if (d.failure == FailureClass::kRateLimit) line("axis", RateAxisName(d.axis));
  line("retry", RetryDecisionName(d.retry));
  if (d.retry_after.has_value()) line("wait", FormatDuration(*d.retry_after));
  line("origin", OriginName(d.origin));
  line("safety", SafetyName(d.safety));
  if (d.adapt != Adaptation::kNone) line("adapt", AdaptationName(d.adapt));
  line("rule", RuleText(d.rule));
  return text + "\n" + Wrap(Explanation(d)) + "\n";
}

// The next line without its end; of one that is too long, only so much that it shows. False at the
// end of the input.
bool ReadLine(std::streambuf* in, std::string* line) {
  line->clear();
  int c = in->sbumpc();
  if (c == EOF) return false;
  for (; c != EOF && c != '\n'; c = in->sbumpc()) {
    if (line->size() <= kInputMax) line->push_back(static_cast<char>(c));
  }
  return true;
}

bool IsBlank(const std::string& line) {
  return line.find_first_not_of(" \t\r\n") == std::string::npos;
}

int DiagnoseLines() {
  int code = kExitOk;
  int64_t number = 0;
  for (std::string line; ReadLine(std::cin.rdbuf(), &line);) {
    ++number;
    if (IsBlank(line)) continue;
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
  std::ios::sync_with_stdio(false);  // lines are read byte by byte
  if (isatty(STDIN_FILENO) != 0) {
    std::fputs("squall: reading from the terminal; Ctrl-D ends the input\n", stderr);
  }
  if (options.jsonl) return DiagnoseLines();
  std::string text;
  for (std::string line; text.size() <= kInputMax && ReadLine(std::cin.rdbuf(), &line);) {
    text += line + "\n";
  }
  GivenReply given;
  const std::string problem = IsBlank(text) ? "empty" : ReadGiven(text, &given);
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
