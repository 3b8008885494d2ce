// What the durable request record costs: accept with its first attempt, then that attempt's end and
// the result, for groups of requests that share a transaction. Two transactions per group, so two
// fsyncs where sync is full. On a real disk: /var/tmp, since /tmp may be memory.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/suite.h"
#include "engine/base/cat.h"
#include "engine/gateway/record.h"
#include "engine/gateway/record_hash.h"

namespace squall::record_bench {
namespace {

constexpr int64_t kKeptMax = 20'000;  // requests, before the record is begun anew

class BenchFolder {
 public:
  BenchFolder() {
    std::string name = "/var/tmp/squall-record-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~BenchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;

  std::string file() const { return path_ + "/record.db"; }

 private:
  std::string path_;
};

NewRequest BenchRequest(int64_t number) {
  NewRequest request;
  request.client = "bench";
  request.idempotency_key = Cat("key-", number);
  request.endpoint = "/v1/chat/completions";
  request.body_hash = std::string(64, '0');
  request.body = std::string(1000, 'b');
  request.claim = true;
  return request;
}

struct BenchLock {
  RequestLock lock;
  int64_t attempt = 0;
};

// Both transactions of a group; whether all of it worked.
bool OneGroup(RequestRecord& record, int64_t first, int64_t size) {
  std::vector<BenchLock> locks;
  const absl::Status accepted = record.Group([&] {
    for (int64_t i = 0; i < size; ++i) {
      const auto reply = record.Accept(BenchRequest(first + i), WallNow());
      if (!reply.ok() || !reply->lock) return;
      const auto attempt = record.BeginAttempt(*reply->lock, "openai", "gpt", WallNow());
      if (!attempt.ok()) return;
      locks.push_back({*reply->lock, *attempt});
    }
  });
  if (!accepted.ok() || std::cmp_not_equal(locks.size(), size)) return false;
  const std::string result(600, 'r');
  RecordedEnd end;
  end.outcome = RecordedOutcome::kSucceeded;
  end.http_status = 200;
  int64_t completed = 0;
  const absl::Status done = record.Group([&] {
    for (const BenchLock& each : locks) {
      const absl::Status ended = record.FinishAttempt(each.lock, each.attempt, end, WallNow());
      completed += ended.ok() && record.Complete(each.lock, result, 200, WallNow()).ok();
    }
  });
  return done.ok() && completed == size;
}

void RunRecord(benchmark::State& state, RecordStore store, RecordSync sync) {
  const int64_t size = state.range(0);
  RecordConfig config;
  config.store = store;
  config.sync = sync;
  int64_t number = kKeptMax;
  std::unique_ptr<BenchFolder> folder;
  std::unique_ptr<RequestRecord> record;
  for (auto unused : state) {
    if (number >= kKeptMax) {
      state.PauseTiming();
      record.reset();
      folder = std::make_unique<BenchFolder>();
      config.path = folder->file();
      auto opened = OpenRecord(config);
      if (!opened.ok()) {
        state.SkipWithError(std::string(opened.status().message()).c_str());
        break;
      }
      record = *std::move(opened);
      number = 0;
      state.ResumeTiming();
    }
    if (!OneGroup(*record, number, size)) {
      state.SkipWithError("a group of requests was not recorded");
      break;
    }
    number += size;
  }
  state.SetItemsProcessed(state.iterations() * size);
}

void BM_RecordFull(benchmark::State& state) {
  RunRecord(state, RecordStore::kSqlite, RecordSync::kFull);
}
SQUALL_BENCHMARK(BM_RecordFull)->ArgName("group")->Arg(1)->Arg(8)->Arg(64)->UseRealTime();

void BM_RecordNormal(benchmark::State& state) {
  RunRecord(state, RecordStore::kSqlite, RecordSync::kNormal);
}
SQUALL_BENCHMARK(BM_RecordNormal)->ArgName("group")->Arg(1)->Arg(8)->Arg(64)->UseRealTime();

void BM_RecordMemory(benchmark::State& state) {
  RunRecord(state, RecordStore::kMemory, RecordSync::kFull);
}
SQUALL_BENCHMARK(BM_RecordMemory)->ArgName("group")->Arg(1)->Arg(64)->UseRealTime();

void BM_CanonicalBodyHash(benchmark::State& state) {
  const std::string body =
      Cat(R"({"model":"gpt-5","messages":[{"role":"system","content":"Answer in one word."},)",
          R"({"role":"user","content":")", std::string(static_cast<size_t>(state.range(0)), 'x'),
          R"("}],"temperature":0.2,"max_tokens":256,"idempotency_key":"k"})");
  for (auto unused : state) {
    benchmark::DoNotOptimize(CanonicalBodyHash("/v1/chat/completions", body));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}
SQUALL_BENCHMARK(BM_CanonicalBodyHash)->ArgName("bytes")->Arg(500)->Arg(20'000);

}  // namespace
}  // namespace squall::record_bench
