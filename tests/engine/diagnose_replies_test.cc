// Replies of many providers, gateways and edges, kept as data in tests/engine/replies: what each of
// them means, and which of them must be told apart. All were written for this test. A line can be
// given to `squall diagnose` as it is. `squall_tests [accuracy]` prints how many are right.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "engine/diagnose.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace squall::diagnose_replies_test {
namespace {

using Json = nlohmann::ordered_json;

struct Sample {
  std::string id;
  std::string failure;
  std::string retry;
  std::string axis;  // "" where the sample does not say
  int64_t retry_after_ms = -1;
  std::vector<std::string> tell_apart;
  int status = 0;
  std::string provider;
  std::string dialect;
  std::string transport_error;
  std::string body;
  Headers headers;
};

Sample ReadSample(const Json& json) {
  Sample sample;
  sample.id = json.at("id");
  sample.failure = json.at("class");
  sample.retry = json.value("retry", "none");
  sample.axis = json.value("axis", "");
  sample.retry_after_ms = json.value("retry_after_ms", int64_t{-1});
  sample.tell_apart = json.value("tell_apart", std::vector<std::string>());
  sample.status = json.value("http_status", 0);
  sample.provider = json.value("provider", "");
  sample.dialect = json.value("dialect", "");
  sample.transport_error = json.value("transport_error", "");
  const Json body = json.value("body", Json(""));
  sample.body = body.is_string() ? body.get<std::string>() : body.dump();
  const Json headers = json.value("headers", Json::object());
  for (const auto& [name, value] : headers.items()) {
    sample.headers.Add(name, value.get<std::string>());
  }
  return sample;
}

std::vector<Sample> Samples() {
  std::vector<std::filesystem::path> paths;
  const std::filesystem::path directory = SourceDir() + "/tests/engine/replies";
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Sample> samples;
  for (const auto& path : paths) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      samples.push_back(ReadSample(Json::parse(line)));
    }
  }
  return samples;
}

Diagnosis Of(const Sample& sample) {
  Observation seen;
  seen.status = sample.status;
  seen.headers = &sample.headers;
  seen.bytes = sample.body;
  seen.provider = sample.provider;
  seen.dialect = sample.dialect;
  seen.transport_text = sample.transport_error;
  return Diagnose(seen);
}

int64_t WaitMs(const Diagnosis& d) {
  return d.retry_after.has_value() ? std::llround(Millis(*d.retry_after)) : -1;
}

TEST_CASE("replies: each one is told by class, retry, axis and wait", "[engine]") {
  const std::vector<Sample> samples = Samples();
  REQUIRE(samples.size() > 400);
  std::set<std::string> ids;
  for (const Sample& sample : samples) {
    const Diagnosis d = Of(sample);
    CAPTURE(sample.id, sample.body, d.rule);
    CHECK(ids.insert(sample.id).second);
    CHECK(FailureClassName(d.failure) == sample.failure);
    CHECK(RetryDecisionName(d.retry) == sample.retry);
    if (!sample.axis.empty()) CHECK(RateAxisName(d.axis) == sample.axis);
    if (sample.retry_after_ms >= 0) CHECK(WaitMs(d) == sample.retry_after_ms);
  }
}

TEST_CASE("replies: what must be told apart differs in class or retry", "[engine]") {
  std::map<std::string, std::set<std::string>> outcomes;
  for (const Sample& sample : Samples()) {
    const Diagnosis d = Of(sample);
    const std::string outcome =
        std::string(FailureClassName(d.failure)) + " " + std::string(RetryDecisionName(d.retry));
    for (const std::string& name : sample.tell_apart) outcomes[name].insert(outcome);
  }
  CHECK(outcomes.size() > 50);
  for (const auto& [name, different] : outcomes) {
    CAPTURE(name);
    CHECK(different.size() >= 2);
  }
}

TEST_CASE("replies: the error bodies mean the same without their provider's name", "[engine]") {
  // A gateway in front hides who answered: names may settle ties, and no more than a few.
  constexpr int kTiesMax = 4;
  int ties = 0;
  for (Sample& sample : Samples()) {
    sample.provider.clear();
    sample.dialect.clear();
    const Diagnosis d = Of(sample);
    const bool same =
        FailureClassName(d.failure) == sample.failure && RetryDecisionName(d.retry) == sample.retry;
    if (!same) std::printf("needs its provider's name: %s\n", sample.id.c_str());
    ties += same ? 0 : 1;
  }
  CHECK(ties <= kTiesMax);
}

TEST_CASE("replies: accuracy by class", "[.][accuracy]") {
  struct Count {
    int all = 0;
    int right_class = 0;
    int right_retry = 0;
  };
  std::map<std::string, Count> counts;
  for (const Sample& sample : Samples()) {
    const Diagnosis d = Of(sample);
    for (const std::string& name : {sample.failure, std::string("total")}) {
      Count& count = counts[name];
      ++count.all;
      count.right_class += FailureClassName(d.failure) == sample.failure ? 1 : 0;
      count.right_retry += RetryDecisionName(d.retry) == sample.retry ? 1 : 0;
    }
  }
  std::printf("%-26s %5s %6s %6s\n", "class", "n", "class", "retry");
  for (const auto& [name, count] : counts) {
    std::printf("%-26s %5d %6d %6d\n", name.c_str(), count.all, count.right_class,
                count.right_retry);
  }
  CHECK(counts["total"].all > 0);
}

}  // namespace
}  // namespace squall::diagnose_replies_test
