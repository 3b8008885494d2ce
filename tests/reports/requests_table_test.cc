// The rows of requests: what is written reads back, and sums of rows are the sums of the result.
#include "reports/requests_table.h"

#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/reports/sample_outcomes.h"

namespace squall::requests_table_test {
namespace {

using nlohmann::ordered_json;

RequestsTable Sample(uint64_t seed, uint64_t requests) {
  RequestsTable table(testing::SampleFaultNames());
  // Ends come in another order than requests.
  for (uint64_t i = requests; i-- > 0;) table.Add(testing::Drawn(i, seed));
  return table;
}

TEST_CASE("rows of requests read back as they were written") {
  RequestsTable table = Sample(3, 400);
  table.Append(Sample(4, 250));
  const auto again = RequestsTable::FromJson(ordered_json::parse(table.ToJson(2)));
  REQUIRE(again.ok());
  CHECK(again->rows() == table.rows());
  CHECK(again->replications() == std::vector<int64_t>{400, 250});
  CHECK(again->fault_names() == testing::SampleFaultNames());
  CHECK(again->actions() == table.actions());
  CHECK(table.NameOf(399) == "0:399");
  CHECK(table.NameOf(400) == "1:0");
  CHECK(Sample(3, 5).NameOf(4) == "4");
}

TEST_CASE("rows of requests add up to the tallies of the result") {
  RequestsTable table(testing::SampleFaultNames());
  Metrics metrics(testing::SampleFaultNames());
  for (uint64_t i = 0; i < 3'000; ++i) {
    const Outcome outcome = testing::Drawn(i, 11);
    table.Add(outcome);
    metrics.Add(outcome);
  }
  const Summary s = metrics.Summarize();
  Tally faulted;
  DiagnosisScore score;
  int64_t attempts = 0;
  for (const RequestRow& row : table.rows()) {
    attempts += row.attempts;
    score.attempts += row.faulted_attempts;
    score.class_right += row.class_right;
    score.retry_right += row.retry_right;
    if (!row.faulted()) continue;
    ++faulted.n;
    faulted.strict += row.strict();
    faulted.lenient += row.lenient();
    faulted.abstained += row.abstained();
    faulted.late += !row.lenient() && !row.abstained();
    faulted.silent_escape += row.escaped();
    faulted.ceiling_known += row.ceiling >= 0;
    faulted.ceiling_recovered += row.ceiling > 0;
  }
  CHECK(faulted == s.faulted());
  CHECK(score == s.diagnosis);
  CHECK(attempts == s.amplification.attempts);
}

TEST_CASE("a request that has not ended is a gap, not a zero") {
  RequestsTable table(testing::SampleFaultNames());
  table.Add(testing::Healthy(2, kStart));
  REQUIRE(table.rows().size() == 3);
  CHECK_FALSE(table.rows()[0].ended());
  CHECK(table.rows()[0].latency_us == -1);
  CHECK(table.rows()[2].ended());
}

TEST_CASE("appending keeps names of actions, whatever order they came in") {
  RequestsTable first(testing::SampleFaultNames());
  first.Add(testing::Retried(0, kStart));
  Outcome other = testing::Retried(0, kStart);
  other.attempts[1].strategy = "failover";
  RequestsTable second(testing::SampleFaultNames());
  second.Add(other);
  Outcome again = testing::Retried(1, kStart);
  second.Add(again);
  first.Append(second);
  const auto action = [&](size_t row) { return first.actions().at(first.rows()[row].action - 1u); };
  CHECK(action(0) == "retry");
  CHECK(action(1) == "failover");
  CHECK(action(2) == "retry");
}

TEST_CASE("one changed time changes the digest of its request and of no other") {
  RequestsTable a(testing::SampleFaultNames());
  RequestsTable b(testing::SampleFaultNames());
  for (uint64_t i = 0; i < 50; ++i) {
    Outcome outcome = testing::Retried(i, kStart + 1s);
    a.Add(outcome);
    if (i == 17) outcome.attempts[1].started += Duration(1);
    b.Add(outcome);
  }
  for (size_t i = 0; i < 50; ++i) CHECK((a.rows()[i].digest == b.rows()[i].digest) == (i != 17));
}

TEST_CASE("columns that do not fit are refused with their place") {
  const ordered_json good = ordered_json::parse(Sample(3, 20).ToJson(0));
  REQUIRE(RequestsTable::FromJson(good).ok());
  struct Row {
    const char* pointer;
    ordered_json value;  // null: the key is taken out
    const char* says;
  };
  const Row rows[] = {{"/n", 21, "/replications"},
                      {"/n", -1, "/n"},
                      {"/n", 2'000'000, "/n"},
                      {"/replications", {10, 11}, "/replications"},
                      {"/kind", "hh", "/kind"},
                      {"/kind", std::string(20, 'q'), "/kind"},
                      {"/ending", std::string(20, 'A' + 30), "/ending"},
                      {"/attempts", std::string(20, 'Z'), "/attempts"},
                      {"/fault", std::string(20, '9'), "legend"},
                      {"/latency_us", {1, 2, 3}, "/latency_us"},
                      {"/latency_us/3", 1.5, "/latency_us/3"},
                      {"/digest", "abc", "/digest"},
                      {"/digest", std::string(120, 'x'), "/digest"},
                      {"/legend", nullptr, "/legend"},
                      {"/cost_nusd", nullptr, "/cost_nusd"}};
  for (const Row& row : rows) {
    CAPTURE(row.pointer, row.value.dump());
    ordered_json bad = good;
    if (row.value.is_null()) {
      bad.erase(std::string(row.pointer).substr(1));
    } else {
      bad[ordered_json::json_pointer(row.pointer)] = row.value;
    }
    const auto read = RequestsTable::FromJson(bad);
    REQUIRE_FALSE(read.ok());
    CHECK(std::string(read.status().message()).find(row.says) != std::string::npos);
  }
}

}  // namespace
}  // namespace squall::requests_table_test
