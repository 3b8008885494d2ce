// What diagnosis costs, per class and body size, from raw bytes: mean, p50 and p99 of batches,
// blocks allocated per call, the median time that one nlohmann parse of the same body takes, in the
// same run, and what reading the clock adds to each of these figures.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/allocations.h"
#include "bench/suite.h"
#include "engine/base/cpu_clock.h"
#include "engine/diagnose.h"

namespace squall::diagnose_bench {
namespace {

constexpr int kBatch = 16;  // calls per reading of the clock, which costs as much as one

// The headers of a real reply are about twenty.
Headers UsualHeaders(const char* extra_name, const char* extra_value) {
  Headers headers;
  headers.Add("date", "Sun, 06 Nov 1994 08:49:37 GMT");
  headers.Add("content-type", "application/json");
  headers.Add("openai-organization", "org-a");
  headers.Add("openai-processing-ms", "116");
  headers.Add("openai-version", "2020-10-01");
  for (const char* kind : {"requests", "tokens"}) {
    headers.Add(std::string("x-ratelimit-limit-") + kind, "10000");
    headers.Add(std::string("x-ratelimit-remaining-") + kind, "9999");
    headers.Add(std::string("x-ratelimit-reset-") + kind, "6ms");
  }
  headers.Add("x-request-id", "req_0123456789abcdef0123456789abcdef");
  headers.Add("strict-transport-security", "max-age=31536000; includeSubDomains; preload");
  headers.Add("server", "cloudflare");
  headers.Add("cf-ray", "0123456789abcdef-IAD");
  headers.Add("alt-svc", "h3=\":443\"; ma=86400");
  if (*extra_name != '\0') headers.Add(extra_name, extra_value);
  return headers;
}

double Quantile(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1))];
}

// The median of batches of `call`, per call.
template <class Call>
double MedianNs(Call&& call) {
  const int kBatches = AtMost(200);
  std::vector<double> batches;
  for (int i = 0; i < kBatches; ++i) {
    const int64_t begin = RealNanoseconds();
    for (int j = 0; j < kBatch; ++j) call();
    batches.push_back(static_cast<double>(RealNanoseconds() - begin) / kBatch);
  }
  std::sort(batches.begin(), batches.end());
  return Quantile(batches, 0.5);
}

void DiagnoseBytes(benchmark::State& state, int status, const std::string& body,
                   const Headers& headers) {
  Observation seen;
  seen.status = status;
  seen.headers = &headers;
  seen.bytes = body;
  std::vector<double> batches;
  batches.reserve(1 << 20);
  const int64_t blocks_before = AllocatedBlocks();
  int64_t calls = 0;
  for (auto _ : state) {
    const int64_t begin = RealNanoseconds();
    for (int i = 0; i < kBatch; ++i) benchmark::DoNotOptimize(Diagnose(seen));
    const int64_t took = RealNanoseconds() - begin;
    calls += kBatch;
    if (batches.size() < batches.capacity()) {
      batches.push_back(static_cast<double>(took) / kBatch);
    }
  }
  state.counters["blocks"] =
      static_cast<double>(AllocatedBlocks() - blocks_before) / static_cast<double>(calls);
  std::sort(batches.begin(), batches.end());
  state.counters["p50_ns"] = Quantile(batches, 0.5);
  state.counters["p99_ns"] = Quantile(batches, 0.99);
  state.counters["clock_ns"] =
      MedianNs([] { benchmark::DoNotOptimize(RealNanoseconds()); }) / kBatch;
  if (body.starts_with('{')) {
    const double parse =
        MedianNs([&] { benchmark::DoNotOptimize(nlohmann::json::parse(body, nullptr, false)); });
    state.counters["nlohmann_ns"] = parse;
    state.counters["of_nlohmann"] = Quantile(batches, 0.5) / parse;
  }
}

std::string Error(const std::string& message, const char* type, const char* code) {
  return "{\n  \"error\": {\n    \"message\": \"" + message + "\",\n    \"type\": \"" + type +
         "\",\n    \"param\": null,\n    \"code\": " + code + "\n  }\n}";
}

// An error of Google's with all its details: about 1 KiB.
std::string LongError() {
  return R"({"error":{"code":429,"message":"You exceeded your current quota, please check your )"
         R"(plan and billing details. For more information see the documentation of limits.\n* )"
         R"(Quota exceeded for metric: example.test/requests, limit: 25, model: m\nPlease retry )"
         R"(in 22.941621227s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":)"
         R"("type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":)"
         R"("example.test/generate_requests","quotaId":"RequestsPerMinutePerProjectPerModel",)"
         R"("quotaDimensions":{"location":"global","model":"m"},"quotaValue":"250"}]},{"@type":)"
         R"("type.googleapis.com/google.rpc.Help","links":[{"description":"Learn more about )"
         R"(quotas","url":"https://example.test/docs/rate-limits"}]},{"@type":)"
         R"("type.googleapis.com/google.rpc.RetryInfo","retryDelay":"22s"}]}})";
}

// A kibibyte of prose that says nothing until its end, and the same inside an error that a gateway
// put into the text of its own.
std::string LongText() {
  std::string text;
  while (text.size() < 850) text += "The request that was sent could not be completed this time. ";
  return text + "Please try again in 20s.";
}
std::string NestedLongText() {
  return Error(R"(x.RateLimitError: YException - {\"error\":{\"message\":\")" + LongText() +
                   R"(\",\"type\":\"rate_limit_error\"}})",
               "None", "\"429\"");
}

void RegisterDiagnoses() {
  struct Row {
    const char* name;
    int status;
    std::string body;
    const char* header = "";
    const char* value = "";
  };
  const std::string limit =
      "Rate limit reached for m in organization org-a on tokens per min (TPM): Limit 50000, Used "
      "47949, Requested 3006. Please try again in 1.146s. Visit https://example.test for more.";
  const std::string page = "<!DOCTYPE html><html><head><title>a | 502: Bad gateway</title></head>";
  const std::string chunk = R"(data: {"choices":[{"delta":{"content":"word "}}]})";
  std::string stream;
  for (int i = 0; i < 20; ++i) stream += chunk + "\n\n";
  const Row rows[] = {
      {"status_and_headers", 429, "", "retry-after", "2"},
      {"rate_limit", 429, Error(limit, "tokens", "\"rate_limit_exceeded\"")},
      {"rate_limit_1k", 429, LongError()},
      {"long_text_1k", 429, Error(LongText(), "requests", "\"rate_limit_exceeded\"")},
      {"nested_text_1k", 429, NestedLongText()},
      {"quota_exhausted", 429, Error("You exceeded your quota.", "x", "\"insufficient_quota\"")},
      {"auth_failure", 401, Error("Incorrect API key provided: a.", "x", "\"invalid_api_key\"")},
      {"context_length", 400,
       Error("This model's maximum context length is 9 tokens.", "x", "null")},
      {"server_error", 500, Error("The server had an error.", "server_error", "null")},
      {"overloaded", 529,
       R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"},
      {"nested", 400,
       Error(R"(x.BadRequestError: y - b'{\"error\":{\"message\":\"prompt is too long\"}}')",
             "None", "\"400\"")},
      {"html_16k", 502, page + std::string(16 << 10, 'x')},
      {"stream_without_end", 200, stream},
  };
  for (const Row& row : rows) {
    Register(std::string("BM_DiagnoseBytes/") + row.name,
             [row, headers = UsualHeaders(row.header, row.value)](benchmark::State& state) {
               DiagnoseBytes(state, row.status, row.body, headers);
             });
  }
}
const bool registered = (RegisterDiagnoses(), true);

// An answer that its decoder has read: diagnosis may cost next to nothing and must not allocate.
void BM_DiagnoseOk(benchmark::State& state) {
  const auto decoder = FindDialect("openai")->make_decoder();
  std::string body = R"({"choices":[{"message":{"content":"An answer."},"finish_reason":"stop"}]})";
  const DecodedBody decoded = decoder->Decode(body);
  const Headers headers = UsualHeaders("retry-after", "2");
  Observation seen;
  seen.status = 200;
  seen.headers = &headers;
  seen.body = &decoded;
  seen.bytes = body;
  const int64_t before = AllocatedBlocks();
  for (auto _ : state) benchmark::DoNotOptimize(Diagnose(seen));
  state.counters["blocks"] = static_cast<double>(AllocatedBlocks() - before);
}
SQUALL_BENCHMARK(BM_DiagnoseOk);

}  // namespace
}  // namespace squall::diagnose_bench
