#include "mock_providers/ground_truth.h"

#include <thread>

#include "mock_providers/faults.h"
#include "tests/catch.h"

namespace squall::ground_truth_test {
namespace {

Arrival At(ProviderId provider, int fault = -1) {
  Arrival arrival;
  arrival.provider = provider;
  arrival.fault.kind = fault;
  return arrival;
}

TEST_CASE("ground truth: arrivals come back in order, once") {
  GroundTruth truth;
  truth.OnScheduled(7, At(0));
  truth.OnScheduled(8, At(5));
  truth.OnScheduled(7, At(1));
  truth.OnScheduled(7, At(0));
  CHECK(truth.CountArrivals(7, 0) == 2);
  CHECK(truth.CountArrivals(7, 1) == 1);
  CHECK(truth.CountArrivals(7, 2) == 0);
  CHECK(truth.CountArrivals(9, 0) == 0);
  const Arrivals arrivals = truth.Take(7);
  REQUIRE(arrivals.size() == 3);
  CHECK(arrivals[1].provider == 1);
  CHECK(truth.Take(7).empty());
  CHECK(truth.CountArrivals(7, 0) == 0);
  CHECK(truth.Take(8).size() == 1);
}

TEST_CASE("ground truth: scheduled and injected are counted apart, by kind, load last") {
  GroundTruth truth;
  const Arrival slow = At(0, FindFault("slow"));
  Arrival full = At(0, FindFault("server_error"));
  full.fault.by_load = true;
  truth.OnScheduled(1, slow);
  truth.OnScheduled(2, slow);
  truth.OnScheduled(3, full);
  truth.OnScheduled(4, At(0));
  truth.OnInjected(slow.fault);
  truth.OnInjected(full.fault);
  truth.OnInjected(FaultTruth());
  const std::vector<FaultCount> counts = truth.counts();
  REQUIRE(counts.size() == FaultTable().size() + 1);
  for (size_t i = 0; i < counts.size(); ++i) {
    const bool is_slow = static_cast<int>(i) == FindFault("slow");
    const bool is_load = i + 1 == counts.size();
    CHECK(counts[i].scheduled == (is_slow ? 2 : is_load ? 1 : 0));
    CHECK(counts[i].injected == (is_slow || is_load ? 1 : 0));
  }
}

TEST_CASE("ground truth: forgets the oldest requests that nobody takes") {
  GroundTruth truth(10);
  for (uint64_t key = 0; key < 25; ++key) truth.OnScheduled(key, At(0));
  for (uint64_t key = 0; key < 15; ++key) CHECK(truth.Take(key).empty());
  for (uint64_t key = 15; key < 25; ++key) CHECK(truth.Take(key).size() == 1);
}

TEST_CASE("ground truth: a request that arrives for ever is counted on, in bounded memory") {
  GroundTruth truth;
  Arrival last = At(1);
  last.retry_not_before = kStart + 7s;
  for (size_t i = 0; i < 2 * kMaxArrivals; ++i) truth.OnScheduled(7, At(0));
  truth.OnScheduled(7, last);
  CHECK(truth.HistoryOf(7, 0).arrivals == 2 * kMaxArrivals);
  CHECK(truth.HistoryOf(7, 1).arrivals == 1);
  CHECK(truth.HistoryOf(7, 1).retry_not_before == kStart + 7s);
  CHECK(truth.Take(7).size() == kMaxArrivals);
  CHECK(truth.HistoryOf(7, 0).arrivals == 0);
}

TEST_CASE("ground truth: requests that are taken make room") {
  GroundTruth truth(10);
  truth.OnScheduled(1'000'000, At(0));
  for (uint64_t key = 0; key < 15; ++key) {
    truth.OnScheduled(key, At(0));
    CHECK(truth.Take(key).size() == 1);
  }
  CHECK(truth.Take(1'000'000).size() == 1);
}

TEST_CASE("ground truth: a key that returns is a new request with a place of its own") {
  GroundTruth truth(3);
  truth.OnScheduled(1, At(0));
  CHECK(truth.Take(1).size() == 1);
  truth.OnScheduled(2, At(0));
  truth.OnScheduled(1, At(4));
  truth.OnScheduled(3, At(0));
  truth.OnScheduled(4, At(0));  // one too many: 2 is the oldest
  CHECK(truth.Take(2).empty());
  REQUIRE(truth.Take(1).size() == 1);
}

TEST_CASE("ground truth: threads may write and read at once") {
  GroundTruth truth;
  constexpr uint64_t kPerThread = 5'000;
  std::vector<std::jthread> threads;
  for (ProviderId provider = 0; provider < 3; ++provider) {
    threads.emplace_back([&truth, provider] {
      for (uint64_t key = 0; key < kPerThread; ++key) {
        truth.OnScheduled(key, At(provider, 0));
        truth.OnInjected(At(provider, 0).fault);
      }
    });
  }
  threads.clear();
  CHECK(truth.counts()[0].scheduled == 3 * kPerThread);
  CHECK(truth.counts()[0].injected == 3 * kPerThread);
  CHECK(truth.Take(17).size() == 3);
}

}  // namespace
}  // namespace squall::ground_truth_test
