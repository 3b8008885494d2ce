#include "scenarios/models/model.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/json_fields.h"
#include "scenarios/replicate.h"

namespace squall {
namespace {

struct KindRow {
  std::string_view name;
  std::string_view doc;
};

constexpr std::array<KindRow, std::variant_size_v<ModelParameters>> kKinds = {{
    {"occ_backoff", "Clients that contend for one row, by how they back off (AWS, 2015)."},
    {"retry_strategies", "Retries, a token bucket and a breaker on retries (Brooker, 2022)."},
    {"collapse", "A server that slows down and clients that time out (Brooker)."},
    {"mm1_retry_storm", "One server and clients that time out and retry: a metastable failure."},
    {"storm_splitting", "How rarely such a storm starts by itself: multilevel splitting."},
    {"queue", "Queues of theory: M/M/c, M/G/1, Erlang B and C, the retrial queue."},
    {"retries", "Attempts and success of retries in layers, failures independent or total."},
    {"budget", "Retry budgets of several kinds against independent failures."},
    {"hedging", "Hedged requests and fan-out over independent replicas."},
    {"breaker_trip", "When the circuit breaker trips by chance, and whether it closes."},
    {"herd", "Clients that were turned away together, and when they come back."},
    {"throttle", "Client-side adaptive throttling (Google SRE)."},
}};
constexpr auto kKindNames = [] {
  std::array<std::string_view, kKinds.size()> names;
  for (size_t i = 0; i < names.size(); ++i) names[i] = kKinds[i].name;
  return names;
}();

template <size_t... I>
ModelParameters Make(size_t kind, std::index_sequence<I...>) {
  ModelParameters model;
  ((kind == I ? void(model.emplace<I>()) : void()), ...);
  return model;
}

void DescribeParameters(Fields& f, ModelParameters& model) {
  std::visit([&f](auto& parameters) { Describe(f, parameters); }, model);
}

// Replications are added up in blocks whose size depends on their number only.
constexpr int64_t kMaxBlock = 64;
int64_t BlockSize(int64_t replications) {
  return std::clamp<int64_t>(replications / 256, 1, kMaxBlock);
}

}  // namespace

std::span<const std::string_view> ModelKindNames() { return kKindNames; }
std::string_view ModelKindDoc(size_t kind) { return kKinds[kind].doc; }

ModelParameters DefaultModel(size_t kind) {
  return Make(kind, std::make_index_sequence<std::variant_size_v<ModelParameters>>());
}

void Describe(Fields& f, ModelParameters& model) {
  int kind = static_cast<int>(model.index());
  f.Choice("kind", kind, kKindNames, "Which model; the other members are its parameters.");
  DescribeParameters(f, model);
}

std::string ModelParametersJson(const ModelParameters& model) {
  ModelParameters copy = model;
  return DumpFields([&copy](Fields& f) { DescribeParameters(f, copy); }).dump();
}

ModelRun RunModelReplications(const ModelParameters& model, uint64_t seed, int64_t replications,
                              int threads, const std::atomic<bool>* stop,
                              std::atomic<int64_t>* done) {
  struct Block {
    ModelOutputs outputs;
    int64_t ran = 0;
  };
  const int64_t size = BlockSize(replications);
  const int64_t count = (replications + size - 1) / size;
  std::vector<Block> blocks(static_cast<size_t>(count));
  std::atomic<int64_t> next{0};
  const auto work = [&] {
    for (int64_t b = next++; b < count; b = next++) {
      Block& block = blocks[static_cast<size_t>(b)];
      for (int64_t r = b * size; r < std::min((b + 1) * size, replications); ++r) {
        if (stop != nullptr && stop->load(std::memory_order_relaxed)) return;
        ModelOutputs one;
        std::visit([&](const auto& m) { RunModel(m, ReplicationSeed(seed, r), &one); }, model);
        block.outputs.Merge(one);
        ++block.ran;
        if (done != nullptr) done->fetch_add(1, std::memory_order_relaxed);
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (int64_t i = 1; i < std::min<int64_t>(threads, count); ++i) others.emplace_back(work);
    work();
  }
  ModelRun run;
  for (int64_t b = 0; b < count; ++b) {
    const Block& block = blocks[static_cast<size_t>(b)];
    run.outputs.Merge(block.outputs);
    run.replications += block.ran;
    if (block.ran < std::min((b + 1) * size, replications) - b * size) break;
  }
  run.interrupted = run.replications < replications;
  return run;
}

}  // namespace squall
