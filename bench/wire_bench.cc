// What the wire costs, per dialect: a request written, a reply and a stream read, the diagnosis of
// every kind of fault as the mocks write it in that dialect's own words and in bodies of three
// sizes, and one exchange over loopback sockets, client and server on one thread.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bench/suite.h"
#include "engine/diagnose.h"
#include "engine/wire/dialect.h"
#include "engine/wire/http_transport.h"
#include "engine/wire/stream_decoder.h"
#include "mock_providers/faults.h"
#include "mock_providers/ground_truth.h"
#include "mock_providers/http_server.h"
#include "mock_providers/in_process.h"
#include "mock_providers/provider.h"

namespace squall::wire_bench {
namespace {

ChatRequest Question(int64_t prompt_tokens, int64_t answer_tokens) {
  TaskSpec task;
  task.kind = TaskKind::kExtract;
  task.number = 4711;
  task.answer_tokens = answer_tokens;
  ChatRequest request;
  request.id = "r4711";
  request.user = "user-17";
  request.messages.emplace_back(Role::kUser, TaskPrompt(1, task, prompt_tokens));
  return request;
}

HttpRequest Encoded(const Dialect& dialect, const ChatRequest& request) {
  HttpRequest out;
  dialect.encode(request, "large", request.max_tokens, "sk-squall", &out);
  return out;
}

ProviderConfig Speaking(const Dialect& dialect, std::string_view fault) {
  ProviderConfig config;
  config.name = "alpha";
  config.dialect = std::string(dialect.name);
  config.models.emplace_back();
  config.models[0].name = "large";
  if (!fault.empty()) config.faults[std::string(fault)].rate = 1;
  return config;
}

// What a client of the mock gets; `fault` is a row of FaultTable() or "" for a healthy reply.
HttpReply MockReply(const Dialect& dialect, std::string_view fault, bool stream, int64_t tokens) {
  GroundTruth truth;
  Provider provider(0, Speaking(dialect, fault), 1, nullptr, &truth);
  ChatRequest request = Question(0, tokens);
  request.stream = stream;
  return PlayedReply(provider.Plan(Encoded(dialect, request), kStart));
}

void Encoding(benchmark::State& state, const Dialect* dialect, int64_t prompt_tokens) {
  const ChatRequest request = Question(prompt_tokens, 60);
  HttpRequest out;
  for (auto _ : state) {
    out = HttpRequest();
    dialect->encode(request, "large", 1024, "sk-squall", &out);
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(out.body.size()));
}

void Decoding(benchmark::State& state, const Dialect* dialect, int64_t answer_tokens) {
  const auto decoder = dialect->make_decoder();
  const HttpReply reply = MockReply(*dialect, "", false, answer_tokens);
  for (auto _ : state) benchmark::DoNotOptimize(decoder->Decode(reply.body));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(reply.body.size()));
}

void DecodingStream(benchmark::State& state, const Dialect* dialect, int64_t answer_tokens) {
  const HttpReply reply = MockReply(*dialect, "", true, answer_tokens);
  for (auto _ : state) {
    StreamDecoder decoder(*dialect);
    const StreamedReply read = DecodeStream(reply.body, reply.error, &decoder);
    if (read.end != StreamEnd::kComplete) state.SkipWithError("a healthy stream was not complete");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(reply.body.size()));
}

// A JSON object that is `size` bytes long, by a member that says nothing; others are left alone.
std::string Padded(std::string body, size_t size) {
  const std::string member = R"("debug":"",)";
  if (!body.starts_with('{') || body.size() + member.size() > size) return body;
  std::string text = member;
  text.insert(text.size() - 2, size - body.size() - member.size(), 'x');
  return body.insert(1, text);
}

// From the reply's bytes: nothing has parsed them before.
void DiagnosingFault(benchmark::State& state, const HttpReply& reply) {
  Observation seen;
  seen.error = reply.error;
  seen.status = reply.status;
  seen.headers = &reply.headers;
  seen.bytes = reply.body;
  for (auto _ : state) benchmark::DoNotOptimize(Diagnose(seen));
  state.counters["bytes"] = static_cast<double>(reply.body.size());
}

void RegisterDialects() {
  for (const Dialect& dialect : Dialects()) {
    const std::string name(dialect.name);
    for (const int64_t tokens : {60, 4'000}) {
      const std::string end = name + "/" + std::to_string(tokens);
      Register("BM_Encode/" + end, Encoding, &dialect, tokens);
      Register("BM_Decode/" + end, Decoding, &dialect, tokens);
      Register("BM_DecodeStream/" + end, DecodingStream, &dialect, tokens);
    }
    for (const FaultRow& row : FaultTable()) {
      const HttpReply reply = MockReply(dialect, row.name, false, 60);
      const std::string full = "BM_DiagnoseFault/" + name + "/" + std::string(row.name) + "/";
      Register(full + "as_sent", DiagnosingFault, reply);
      for (const size_t kib : {1, 16}) {
        HttpReply padded = reply;
        padded.body = Padded(padded.body, kib << 10);
        if (padded.body.size() == reply.body.size()) continue;
        Register(full + std::to_string(kib) + "k", DiagnosingFault, std::move(padded));
      }
    }
  }
}
const bool registered = (RegisterDialects(), true);

Task<> Exchange(HttpTransport* transport, const HttpRequest* request, int64_t times, int64_t* ok) {
  for (int64_t i = 0; i < times; ++i) {
    const std::stop_token never;
    const HttpReply reply = co_await transport->Send(0, *request, kNever, never);
    *ok += reply.status == 200 ? 1 : 0;
  }
}

// One exchange after the other over a kept connection. Latencies are a thousandth of the mock's
// usual ones, so that what is measured is the work.
void BM_WireRoundTrip(benchmark::State& state) {
  constexpr int64_t kBatch = 20;
  const Dialect& dialect = *FindDialect("openai");
  const HttpRequest request = Encoded(dialect, Question(200, 60));
  RealEnv env(1e-6);
  GroundTruth truth;
  Provider provider(0, Speaking(dialect, ""), 1, nullptr, &truth);
  MockHttpServer server(env, provider);
  HttpTransport transport(env);
  const absl::StatusOr<uint16_t> port = server.Start();
  if (!port.ok() || !transport.AddProvider(HttpEndpoint{"127.0.0.1", *port, ""}).ok()) {
    state.SkipWithError("no socket");
    return;
  }
  int64_t ok = 0;
  int64_t sent = 0;
  for (auto _ : state) {
    sent += kBatch;
    Spawn(env.executor(), Exchange(&transport, &request, kBatch, &ok));
    env.io().restart();
    while (transport.in_flight() > 0 || ok < sent) {
      if (env.io().run_one_for(std::chrono::seconds(1)) == 0) break;
    }
  }
  if (ok != sent) state.SkipWithError("an exchange failed");
  transport.Close();
  Spawn(env.executor(), server.Stop());
  env.io().restart();
  env.io().run();
  state.SetItemsProcessed(sent);
}
SQUALL_BENCHMARK(BM_WireRoundTrip)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace squall::wire_bench
