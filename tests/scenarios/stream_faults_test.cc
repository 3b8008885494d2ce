// Every fault in a stream, in every dialect, from the bytes to the diagnosis.
#include <map>
#include <set>
#include <utility>

#include "engine/base/sim_env.h"
#include "engine/guard.h"
#include "engine/json_schema.h"
#include "engine/live_reply.h"
#include "mock_providers/faults.h"
#include "mock_providers/in_process.h"
#include "mock_providers/provider.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"

namespace squall::stream_faults_test {
namespace {

ReplyPlan PlanFor(std::string_view dialect, const ProviderConfig& config, const HttpRequest& http) {
  GroundTruth truth;
  Provider provider(0, InDialect(dialect, config), kTestSeed, nullptr, &truth);
  return provider.Plan(http, kStart + 100s);
}

// As the engine writes it.
HttpRequest StreamRequest(std::string_view dialect, const TaskSpec& task) {
  ChatRequest request;
  request.id = "r" + std::to_string(task.number);
  request.messages.emplace_back(Role::kUser, TaskPrompt(kTestSeed, task, 0));
  request.stream = true;
  HttpRequest http;
  FindDialect(dialect)->encode(request, "large", 1024, "key", &http);
  return http;
}

// What the engine makes of a reply that it reads along: how its stream ended, and then its answer,
// which goes to `content`.
Diagnosis Seen(std::string_view dialect, ReplyPlan plan, TaskKind kind,
               std::string* content = nullptr) {
  HttpReply reply = PlayedReply(std::move(plan));
  const std::string bytes = std::exchange(reply.body, "");
  const SimEnv env;
  LiveReply live(*FindDialect(dialect), StreamConfig(), env, nullptr);
  if (!bytes.empty()) live.OnBody(reply, bytes);
  const auto decoder = FindDialect(dialect)->make_decoder();
  StreamReading reading;
  if (live.is_stream()) reading = live.Read(reply.error);
  if (!live.is_stream()) reply.body = bytes;
  if (!live.is_stream() && reply.error == TransportError::kNone) {
    reading.body = decoder->Decode(reply.body);
  }
  Observation seen;
  seen.error = reply.error;
  seen.status = reply.status;
  seen.headers = &reply.headers;
  seen.body = &reading.body;
  seen.bytes = reply.body;
  seen.dialect = dialect;
  const Diagnosis diagnosis = live.is_stream() ? DiagnoseStream(seen, reading) : Diagnose(seen);
  if (content != nullptr) content->assign(reading.body.content);
  if (!diagnosis.ok() || reading.body.has_tool_calls) return diagnosis;
  const auto schema = JsonSchema::Compile(TaskSchema(kind));
  Guard guard{GuardConfig()};
  return guard.Check(reading.body.content, &*schema);
}

struct Miss {
  const char* variant;
  const char* dialect;  // "" for all
  const char* diagnosed;
};

// Where the diagnosis of bytes falls short of the truth, and what it says instead. Rows go when it
// learns better. A text that came twice or in another order shows only where events are numbered,
// or to the guard; the rest is there to be read.
constexpr Miss kMisses[] = {
    {"duplicate_event", "openai_responses", "malformed_response"},
    {"out_of_order", "openai_responses", "malformed_response"},
    {"duplicate_event", "", "schema_violation"},
    {"out_of_order", "", "schema_violation"},
};

const Miss* FindMiss(std::string_view dialect, std::string_view variant) {
  for (const Miss& miss : kMisses) {
    const std::string_view where(miss.dialect);
    if (variant == miss.variant && (where.empty() || where == dialect)) return &miss;
  }
  return nullptr;
}

void CheckDiagnosis(std::string_view dialect, const FaultRow& row, const FaultVariant& variant) {
  const Miss* miss = FindMiss(dialect, variant.name);
  ProviderConfig config = WithFault(row.name, 1, {{std::string(variant.name), 1}});
  config.faults[std::string(row.name)].retry_after_present = 1;
  for (uint64_t number = 0; number < 6; ++number) {
    const TaskSpec task = MakeTask(static_cast<TaskKind>(number % kTaskKindCount), number);
    const ReplyPlan plan = PlanFor(dialect, config, StreamRequest(dialect, task));
    REQUIRE(plan.fault.variant == variant.name);
    const Diagnosis got = Seen(dialect, plan, task.kind);
    CAPTURE(dialect, row.name, variant.name, number, got.rule, plan.status, plan.body);
    if (miss != nullptr) {
      CHECK(FailureClassName(got.failure) == miss->diagnosed);
      continue;
    }
    CHECK(FailureClassName(got.failure) == plan.fault.failure_class);
    CHECK(RetryDecisionName(got.retry) == plan.fault.retry_decision);
  }
}

TEST_CASE("stream faults: each is diagnosed as what it is, in every dialect", "[scenarios]") {
  for (const std::string_view dialect : kAllDialects) {
    for (const FaultRow& row : FaultTable()) {
      if (row.name == "silent_degradation") continue;  // perfect form
      for (const FaultVariant& variant : row.variants) CheckDiagnosis(dialect, row, variant);
    }
  }
}

TEST_CASE("stream faults: scrambled text is never taken for the right answer", "[scenarios]") {
  for (const std::string_view dialect : kAllDialects) {
    for (const char* variant : {"duplicate_event", "out_of_order"}) {
      const ProviderConfig config = WithFault("malformed_json", 1, {{variant, 1}});
      for (uint64_t number = 0; number < 20; ++number) {
        const TaskSpec task = MakeTask(static_cast<TaskKind>(number % kTaskKindCount), number);
        const ReplyPlan plan = PlanFor(dialect, config, StreamRequest(dialect, task));
        std::string content;
        const Diagnosis got = Seen(dialect, plan, task.kind, &content);
        CAPTURE(dialect, variant, number, got.rule, plan.body);
        CHECK_FALSE(OracleAccepts(kTestSeed, task, content));
      }
    }
  }
}

TEST_CASE("stream faults: arguments of a tool that stop in the middle are malformed",
          "[scenarios]") {
  for (const std::string_view dialect : kAllDialects) {
    for (const bool stream : {false, true}) {
      // Where arguments are an object, half of one cannot be written.
      const bool object = dialect == "gemini" || (dialect == "anthropic" && !stream);
      if (object) continue;
      Ask ask;
      ask.prompt = TaskPrompt(kTestSeed, MakeTask(TaskKind::kClassify, 3), 0);
      ask.stream = stream;
      ask.tool = true;
      const ReplyPlan plan =
          PlanFor(dialect, WithFault("malformed_json", 1, {{"arguments_cut", 1}}),
                  DialectHttp(dialect, ask, "r1"));
      HttpReply reply = PlayedReply(plan);
      Observation seen;
      seen.status = reply.status;
      seen.headers = &reply.headers;
      seen.bytes = reply.body;
      const Diagnosis got = stream ? Seen(dialect, plan, TaskKind::kClassify) : Diagnose(seen);
      CAPTURE(dialect, stream, got.rule, plan.body);
      CHECK(FailureClassName(got.failure) == "malformed_response");
      CHECK(plan.fault.failure_class == "malformed_response");
    }
  }
}

TEST_CASE("stream faults: a cut after n events comes after n events", "[scenarios]") {
  for (const std::string_view dialect : kAllDialects) {
    const TaskSpec task = MakeTask(TaskKind::kExtract, 4);
    const HttpRequest http = StreamRequest(dialect, task);
    const ReplyPlan good = PlanFor(dialect, OneModel("alpha"), http);
    for (const int64_t events : {1, 3, 9}) {
      for (const char* variant : {"cut", "no_terminal"}) {
        ProviderConfig config = WithFault("truncated", 1, {{variant, 1}});
        config.faults["truncated"].after_events = events;
        const ReplyPlan plan = PlanFor(dialect, config, http);
        CAPTURE(dialect, events, variant);
        CHECK(BytesSent(plan) == good.chunks[static_cast<size_t>(events) - 1].end);
        if (FindMiss(dialect, variant) != nullptr) continue;
        CHECK(FailureClassName(Seen(dialect, plan, task.kind).failure) == "truncated");
      }
    }
  }
}

}  // namespace
}  // namespace squall::stream_faults_test
