// The chronicle in a result's JSON. Each struct names its fields once, for writing and reading.

#include <nlohmann/json.hpp>

#include "engine/base/cat.h"
#include "reports/chronicle.h"

namespace squall {
namespace {

using Json = nlohmann::ordered_json;

template <class V>
void EachField(const StoryAttempt*, V visit) {
  visit("provider", &StoryAttempt::provider);
  visit("model", &StoryAttempt::model);
  visit("why", &StoryAttempt::why);
  visit("purpose", &StoryAttempt::purpose);
  visit("sent", &StoryAttempt::sent);
  visit("started_us", &StoryAttempt::started_us);
  visit("ended_us", &StoryAttempt::ended_us);
  visit("status", &StoryAttempt::status);
  visit("transport", &StoryAttempt::transport);
  visit("fault", &StoryAttempt::fault);
  visit("variant", &StoryAttempt::variant);
  visit("episode", &StoryAttempt::episode);
  visit("truth", &StoryAttempt::truth);
  visit("diagnosed", &StoryAttempt::diagnosed);
  visit("rule", &StoryAttempt::rule);
  visit("retry", &StoryAttempt::retry);
  visit("retry_after_us", &StoryAttempt::retry_after_us);
  visit("tokens", &StoryAttempt::tokens);
}

template <class V>
void EachField(const Story*, V visit) {
  visit("replication", &Story::replication);
  visit("index", &Story::index);
  visit("kind", &Story::kind);
  visit("fault", &Story::fault);
  visit("ending", &Story::ending);
  visit("reason", &Story::reason);
  visit("stop_reason", &Story::stop_reason);
  visit("answered_by", &Story::answered_by);
  visit("arrived_us", &Story::arrived_us);
  visit("took_us", &Story::took_us);
  visit("could_recover", &Story::could_recover);
  visit("cost_usd", &Story::cost_usd);
  visit("attempts", &Story::attempts);
}

template <class V>
void EachField(const FlowRow*, V visit) {
  visit("fault", &FlowRow::fault);
  visit("diagnosed", &FlowRow::diagnosed);
  visit("action", &FlowRow::action);
  visit("ending", &FlowRow::ending);
  visit("reason", &FlowRow::reason);
  visit("count", &FlowRow::count);
}

template <class V>
void EachField(const Episode*, V visit) {
  visit("name", &Episode::name);
  visit("kind", &Episode::kind);
  visit("fault", &Episode::fault);
  visit("providers", &Episode::providers);
  visit("from_s", &Episode::from_s);
  visit("to_s", &Episode::to_s);
  visit("share", &Episode::share);
  visit("first_run_only", &Episode::first_run_only);
}

template <class V>
void EachField(const CircuitLine*, V visit) {
  visit("provider", &CircuitLine::provider);
  visit("moves", &CircuitLine::moves);
  visit("open", &CircuitLine::open);
  visit("half_open", &CircuitLine::half_open);
}

template <class V>
void EachField(const TimeSeries*, V visit) {
  visit("window_s", &TimeSeries::window_s);
  visit("replications", &TimeSeries::replications);
  visit("p50_us", &TimeSeries::p50_us);
  visit("p99_us", &TimeSeries::p99_us);
  visit("budget_least", &TimeSeries::budget_least);
  visit("budget_mean", &TimeSeries::budget_mean);
  visit("circuits", &TimeSeries::circuits);
  visit("episodes", &TimeSeries::episodes);
}

// ---- writing ---------------------------------------------------------------------------------

template <class T>
concept Described = requires(const T* t) {
  EachField(t, [](const char*, auto) {});
};

Json ToJson(const auto& value) { return value; }

template <class T>
Json ToJson(const std::vector<T>& values);

// What has its usual value is left out: most attempts were sent, for an answer, and not faulted.
template <Described T>
Json ToJson(const T& value) {
  static const T usual{};
  Json json = Json::object();
  EachField(&value, [&](const char* key, auto member) {
    if (!(value.*member == usual.*member)) json[key] = ToJson(value.*member);
  });
  return json;
}

template <class T>
Json ToJson(const std::vector<T>& values) {
  Json json = Json::array();
  for (const T& value : values) json.push_back(ToJson(value));
  return json;
}

// ---- reading ---------------------------------------------------------------------------------

using Error = std::string;

Error Wrong(const std::string& path, const Json& got, const char* expected) {
  return Cat(path, ": got ", got.type_name(), ", expected ", expected);
}

Error From(const Json& json, const std::string& path, std::string* out) {
  if (!json.is_string()) return Wrong(path, json, "a string");
  *out = json.get<std::string>();
  return {};
}
Error From(const Json& json, const std::string& path, bool* out) {
  if (!json.is_boolean()) return Wrong(path, json, "true or false");
  *out = json.get<bool>();
  return {};
}
Error From(const Json& json, const std::string& path, int64_t* out) {
  if (!json.is_number_integer()) return Wrong(path, json, "an integer");
  *out = json.get<int64_t>();
  return {};
}
Error From(const Json& json, const std::string& path, double* out) {
  if (!json.is_number()) return Wrong(path, json, "a number");
  *out = json.get<double>();
  return {};
}

template <class T>
Error From(const Json& json, const std::string& path, std::vector<T>* out);

template <Described T>
Error From(const Json& json, const std::string& path, T* out) {
  if (!json.is_object()) return Wrong(path, json, "an object");
  Error error;
  EachField(out, [&](const char* key, auto member) {
    const auto found = json.find(key);
    if (found == json.end() || !error.empty()) return;
    error = From(*found, Cat(path, "/", key), &(out->*member));
  });
  return error;
}

template <class T>
Error From(const Json& json, const std::string& path, std::vector<T>* out) {
  if (!json.is_array()) return Wrong(path, json, "a list");
  out->resize(json.size());
  for (size_t i = 0; i < json.size(); ++i) {
    const Error error = From(json[i], Cat(path, "/", i), &(*out)[i]);
    if (!error.empty()) return error;
  }
  return {};
}

Error CheckLengths(const TimeSeries& time) {
  if (time.window_s < 1) return Cat("/timeline/window_s: got ", time.window_s, ", expected >= 1");
  const size_t windows = time.p50_us.size();
  const auto check = [&](const std::string& path, size_t got) -> Error {
    if (got == windows) return {};
    return Cat(path, ": got ", got, " windows, expected ", windows, " as in p50_us");
  };
  Error error = check("/timeline/p99_us", time.p99_us.size());
  if (error.empty()) error = check("/timeline/budget_least", time.budget_least.size());
  if (error.empty()) error = check("/timeline/budget_mean", time.budget_mean.size());
  for (size_t i = 0; i < time.circuits.size() && error.empty(); ++i) {
    const std::string path = Cat("/timeline/circuits/", i);
    error = check(path + "/open", time.circuits[i].open.size());
    if (error.empty()) error = check(path + "/half_open", time.circuits[i].half_open.size());
  }
  return error;
}

}  // namespace

nlohmann::ordered_json TimelineJson(const Chronicle& chronicle) { return ToJson(chronicle.time); }

std::string ChronicleRows(const Chronicle& chronicle) {
  std::string text;
  const auto add = [&text](const char* key, const auto& rows) {
    AppendTo(&text, ",\n  \"", key, "\": [");
    bool first = true;
    for (const auto& row : rows) {
      const std::string line = ToJson(row).dump(-1, ' ', false, Json::error_handler_t::replace);
      AppendTo(&text, first ? "\n    " : ",\n    ", line);
      first = false;
    }
    text += first ? "]" : "\n  ]";
  };
  add("flows", chronicle.flows);
  add("stories", chronicle.stories);
  return text;
}

std::string ReadChronicle(const nlohmann::ordered_json& result, Chronicle* chronicle) {
  *chronicle = Chronicle();
  Error error;
  const auto take = [&](const char* key, auto* out) {
    const auto found = result.find(key);
    if (found == result.end() || !error.empty()) return;
    error = From(*found, Cat("/", key), out);
  };
  take("timeline", &chronicle->time);
  take("flows", &chronicle->flows);
  take("stories", &chronicle->stories);
  if (error.empty()) error = CheckLengths(chronicle->time);
  return error;
}

}  // namespace squall
