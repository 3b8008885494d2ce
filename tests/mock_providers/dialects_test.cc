// Every dialect through a whole provider: requests as its clients write them, replies read by what
// the formats' documentation says (dialect_replies.cc).
#include <map>
#include <set>

#include "mock_providers/dialect_server.h"
#include "mock_providers/faults.h"
#include "mock_providers/provider.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"

namespace squall::dialects_test {
namespace {

constexpr Time kNow = kStart + 100s;

ReplyPlan PlanFor(std::string_view dialect, const ProviderConfig& config, const Ask& ask) {
  GroundTruth truth;
  Provider provider(0, InDialect(dialect, config), kTestSeed, nullptr, &truth);
  return provider.Plan(DialectHttp(dialect, ask, "r1"), kNow);
}

Ask TaskAsk(const TaskSpec& task, bool stream = false) {
  Ask ask;
  ask.prompt = TaskPrompt(kTestSeed, task, 0);
  ask.stream = stream;
  return ask;
}

std::string FinishOf(std::string_view dialect, bool out_of_tokens) {
  static const std::map<std::string_view, std::pair<std::string, std::string>> table = {
      {"openai", {"stop", "length"}},     {"azure", {"stop", "length"}},
      {"deepseek", {"stop", "length"}},   {"anthropic", {"end_turn", "max_tokens"}},
      {"gemini", {"STOP", "MAX_TOKENS"}}, {"openai_responses", {"completed", "incomplete"}},
  };
  const auto& [stop, length] = table.at(dialect);
  return out_of_tokens ? length : stop;
}

TEST_CASE("dialects: the table holds those that the tests know") {
  const auto names = DialectServerNames();
  CHECK(std::set<std::string_view>(names.begin(), names.end()) ==
        std::set<std::string_view>(std::begin(kAllDialects), std::end(kAllDialects)));
}

TEST_CASE("dialects: the right answer to a task arrives whole or in events") {
  for (const std::string_view dialect : kAllDialects) {
    for (const bool stream : {false, true}) {
      const TaskSpec task = MakeTask(TaskKind::kExtract, 7);
      Ask ask = TaskAsk(task, stream);
      ask.include_usage = true;
      const ReplyPlan plan = PlanFor(dialect, OneModel("alpha"), ask);
      const Understood got = ReadReply(dialect, plan);
      CAPTURE(dialect, stream, got.problem, plan.body);
      REQUIRE(plan.status == 200);
      CHECK(got.well_formed);
      CHECK_FALSE(got.error);
      CHECK(got.complete);
      CHECK(OracleAccepts(kTestSeed, task, got.content));
      CHECK(got.finish == FinishOf(dialect, false));
      CHECK(got.model == "large");
      CHECK(got.tool.empty());
      CHECK(got.prompt_tokens >= CountTokens(ask.prompt.size()));
      CHECK(got.completion_tokens == plan.completion_tokens);
      CHECK(plan.chunks.empty() == !stream);
    }
  }
}

TEST_CASE("dialects: an answer past its bound says so in the dialect's words") {
  for (const std::string_view dialect : kAllDialects) {
    for (const bool stream : {false, true}) {
      Ask ask = TaskAsk(MakeTask(TaskKind::kExtract, 7), stream);
      ask.max_tokens = 5;
      const Understood got = ReadReply(dialect, PlanFor(dialect, OneModel("alpha"), ask));
      CAPTURE(dialect, stream, got.problem);
      CHECK(got.well_formed);
      CHECK(got.finish == FinishOf(dialect, true));
      CHECK(got.content.size() == 20);
    }
  }
}

TEST_CASE("dialects: a forced tool is called with the answer as its arguments") {
  for (const std::string_view dialect : kAllDialects) {
    for (const bool stream : {false, true}) {
      const TaskSpec task = MakeTask(TaskKind::kClassify, 3);
      Ask ask = TaskAsk(task, stream);
      ask.tool = true;
      const ReplyPlan plan = PlanFor(dialect, OneModel("alpha"), ask);
      const Understood got = ReadReply(dialect, plan);
      CAPTURE(dialect, stream, got.problem, plan.body);
      CHECK(got.well_formed);
      CHECK(got.complete);
      CHECK(got.tool == "record");
      CHECK(OracleAccepts(kTestSeed, task, got.content));
    }
  }
}

TEST_CASE("dialects: a forced tool outside the tasks gets arguments that fit its schema") {
  for (const std::string_view dialect : kAllDialects) {
    for (const bool stream : {false, true}) {
      Ask ask;
      ask.stream = stream;
      ask.tool = true;
      ask.schema = R"({"type":"object","properties":{"city":{"type":"string"},)"
                   R"("days":{"type":"integer","minimum":3}},"required":["city","days"]})";
      const Understood got = ReadReply(dialect, PlanFor(dialect, OneModel("alpha"), ask));
      CAPTURE(dialect, stream, got.problem);
      CHECK(got.well_formed);
      CHECK(got.tool == "record");
      CHECK(ParseJson(got.content) == json({{"city", "text"}, {"days", 3}}));
    }
  }
}

TEST_CASE("dialects: schema drift shows in the arguments of a client's own tool") {
  for (const std::string_view dialect : kAllDialects) {
    for (const char* variant : {"renamed_key", "wrong_type"}) {
      Ask ask;
      ask.tool = true;
      ask.schema = R"({"type":"object","properties":{"city":{"type":"string"}}})";
      const ProviderConfig config = WithFault("schema_drift", 1, {{variant, 1}});
      const Understood got = ReadReply(dialect, PlanFor(dialect, config, ask));
      CAPTURE(dialect, variant, got.problem);
      CHECK(got.well_formed);
      CHECK(ParseJson(got.content) != json({{"city", "text"}}));
      CHECK(ParseJson(got.content).is_object());
    }
  }
}

TEST_CASE("dialects: a tool asked for by name ends a chat completion of OpenAI's with stop") {
  const std::map<std::string_view, std::string> finishes = {
      {"openai", "stop"}, {"azure", "stop"}, {"deepseek", "tool_calls"}};
  for (const auto& [dialect, by_name] : finishes) {
    for (const bool stream : {false, true}) {
      Ask ask;
      ask.stream = stream;
      ask.tool = true;
      CAPTURE(dialect, stream);
      HttpRequest request = DialectHttp(dialect, ask);
      GroundTruth truth;
      Provider provider(0, InDialect(dialect, OneModel("alpha")), kTestSeed, nullptr, &truth);
      CHECK(ReadReply(dialect, provider.Plan(request, kNow)).finish == by_name);
      json body = ParseJson(request.body);
      body["tool_choice"] = "required";
      request.body = body.dump();
      CHECK(ReadReply(dialect, provider.Plan(request, kNow)).finish == "tool_calls");
    }
  }
}

TEST_CASE("dialects: the official names of events come in the official order") {
  const TaskSpec task = MakeTask(TaskKind::kArithmetic, 1, 0);
  const auto names = [&](std::string_view dialect) {
    std::vector<std::string> unique;
    for (const std::string& name :
         ReadReply(dialect, PlanFor(dialect, OneModel("alpha"), TaskAsk(task, true))).events) {
      if (unique.empty() || unique.back() != name) unique.push_back(name);
    }
    return unique;
  };
  CHECK(names("anthropic") == std::vector<std::string>{"message_start", "content_block_start",
                                                       "ping", "content_block_delta",
                                                       "content_block_stop", "message_delta",
                                                       "message_stop"});
  CHECK(names("openai_responses") ==
        std::vector<std::string>{"response.created", "response.in_progress",
                                 "response.output_item.added", "response.content_part.added",
                                 "response.output_text.delta", "response.output_text.done",
                                 "response.content_part.done", "response.output_item.done",
                                 "response.completed"});
  for (const std::string_view dialect : {"openai", "azure", "deepseek", "gemini"}) {
    CHECK(names(dialect) == std::vector<std::string>{""});
  }
}

TEST_CASE("dialects: token counts of a chat stream come only to those who ask, but from DeepSeek") {
  for (const std::string_view dialect : {"openai", "azure", "deepseek"}) {
    for (const bool asked : {false, true}) {
      Ask ask = TaskAsk(MakeTask(TaskKind::kExtract, 1), true);
      ask.include_usage = asked;
      const ReplyPlan plan = PlanFor(dialect, OneModel("alpha"), ask);
      CAPTURE(dialect, asked);
      CHECK(ReadReply(dialect, plan).completion_tokens.has_value() ==
            (asked || dialect == "deepseek"));
      CHECK((plan.body.find("\"usage\"") != std::string::npos) == (asked || dialect == "deepseek"));
    }
  }
}

TEST_CASE("dialects: a stream begins at its first token and ends when the whole reply would") {
  for (const std::string_view dialect : kAllDialects) {
    const TaskSpec task = MakeTask(TaskKind::kExtract, 7, 200);
    const ReplyPlan whole = PlanFor(dialect, OneModel("alpha"), TaskAsk(task, false));
    const ReplyPlan stream = PlanFor(dialect, OneModel("alpha"), TaskAsk(task, true));
    CAPTURE(dialect);
    CHECK(stream.at < EndOf(whole));
    CHECK(std::abs(Seconds(EndOf(stream) - EndOf(whole))) < 1e-6);
    REQUIRE(stream.chunks.size() > 50);
    CHECK(stream.chunks.back().end == stream.body.size());
  }
}

TEST_CASE("dialects: pieces of a stream are whole code points") {
  for (const std::string_view dialect : kAllDialects) {
    const TaskSpec task = MakeTask(TaskKind::kExtract, 7, 100);
    const ProviderConfig config = WithFault("silent_degradation", 1, {{"wrong_language", 1}});
    const ReplyPlan plan = PlanFor(dialect, config, TaskAsk(task, true));
    CAPTURE(dialect, plan.body);
    CHECK(ReadReply(dialect, plan).well_formed);  // the JSON reader refuses broken UTF-8
  }
}

TEST_CASE("dialects: a missing credential is refused in the dialect's words, but by openai") {
  const std::map<std::string_view, int> statuses = {{"openai", 200},           {"anthropic", 401},
                                                    {"gemini", 403},           {"azure", 401},
                                                    {"openai_responses", 401}, {"deepseek", 401}};
  for (const std::string_view dialect : kAllDialects) {
    Ask ask;
    ask.credential = false;
    const ReplyPlan plan = PlanFor(dialect, OneModel("alpha"), ask);
    CAPTURE(dialect, plan.body);
    CHECK(plan.status == statuses.at(dialect));
    if (plan.status == 200) continue;
    if (dialect == "deepseek") {
      CHECK(plan.body == "Authentication Fails (governor)");
      CHECK_FALSE(plan.headers.Find("content-type").has_value());
    } else {
      CHECK(ReadReply(dialect, plan).well_formed);
    }
  }
}

TEST_CASE("dialects: what is no request is refused with the dialect's envelope") {
  for (const std::string_view dialect : kAllDialects) {
    HttpRequest broken = DialectHttp(dialect, {});
    broken.body.resize(broken.body.size() / 2);
    HttpRequest empty = DialectHttp(dialect, {});
    empty.body = "{}";
    HttpRequest lost = DialectHttp(dialect, {});
    lost.target = "/nowhere";
    Ask unknown;
    unknown.model = "nobody";
    for (const HttpRequest& request : {broken, empty, lost, DialectHttp(dialect, unknown)}) {
      GroundTruth truth;
      Provider provider(0, InDialect(dialect, OneModel("alpha")), kTestSeed, nullptr, &truth);
      const ReplyPlan plan = provider.Plan(request, kNow);
      const Understood got = ReadReply(dialect, plan);
      CAPTURE(dialect, request.target, request.body, plan.body, got.problem);
      CHECK(plan.status >= 400);
      CHECK(plan.status < 500);
      CHECK(got.well_formed);
      CHECK_FALSE(got.error_message.empty());
    }
  }
}

TEST_CASE("dialects: replies carry the dialect's request id") {
  const std::map<std::string_view, std::string_view> names = {{"openai", "x-request-id"},
                                                              {"anthropic", "request-id"},
                                                              {"azure", "apim-request-id"},
                                                              {"openai_responses", "x-request-id"},
                                                              {"deepseek", "x-ds-trace-id"}};
  for (const auto& [dialect, header] : names) {
    for (const char* fault : {"", "server_error"}) {
      ProviderConfig config = OneModel("alpha");
      if (*fault != 0) config = WithFault(fault, 1, {{"500", 1}});
      CAPTURE(dialect, fault);
      CHECK(PlanFor(dialect, config, {}).headers.Find(header).has_value());
    }
  }
  CHECK(PlanFor("azure", OneModel("alpha"), {}).headers.Find("apim-request-id")->size() == 36);
}

TEST_CASE("dialects: every fault shows in every dialect, whole and in a stream") {
  for (const std::string_view dialect : kAllDialects) {
    for (const FaultRow& row : FaultTable()) {
      for (const FaultVariant& variant : row.variants) {
        for (const bool stream : {false, true}) {
          const TaskSpec task = MakeTask(TaskKind::kExtract, 9);
          const ProviderConfig config = WithFault(row.name, 1, {{std::string(variant.name), 1}});
          const ReplyPlan plan = PlanFor(dialect, config, TaskAsk(task, stream));
          const Understood got = ReadReply(dialect, plan);
          CAPTURE(dialect, row.name, variant.name, stream, plan.body, got.problem);
          REQUIRE(plan.fault.variant == variant.name);
          const std::string type(plan.headers.Find("content-type").value_or(""));
          const bool html = type.starts_with("text/html");
          if (plan.status >= 400 && !html) CHECK((got.well_formed && got.error));
          if (!plan.chunks.empty()) CHECK(plan.chunks.back().end == plan.body.size());
          const bool complete = got.complete || variant.name == "no_done";
          const bool well_formed = got.well_formed || variant.name == "no_usage";
          const bool delivered = plan.status == 200 && plan.end == End::kClean && complete &&
                                 well_formed && !got.error;
          CHECK((delivered && OracleAccepts(kTestSeed, task, got.content)) == row.impairment);
        }
      }
    }
  }
}

TEST_CASE("dialects: faults of streams do to the events what their names say") {
  for (const std::string_view dialect : kAllDialects) {
    const Ask ask = TaskAsk(MakeTask(TaskKind::kExtract, 9), true);
    const ReplyPlan good = PlanFor(dialect, OneModel("alpha"), ask);
    const Understood healthy = ReadReply(dialect, good);
    const auto with = [&](const char* row, const char* variant) {
      return PlanFor(dialect, WithFault(row, 1, {{variant, 1}}), ask);
    };
    CAPTURE(dialect);
    const ReplyPlan stall = with("timeout", "stall");
    CHECK(stall.end == End::kHang);
    CHECK(stall.at == good.at);
    CHECK(EndOf(stall) == kNever);
    CHECK(BytesSent(stall) < good.body.size());
    CHECK(good.body.starts_with(std::string_view(stall.body).substr(0, BytesSent(stall))));

    const ReplyPlan quiet = with("timeout", "keep_alives_only");
    CHECK(SplitEvents(quiet.body).empty());
    CHECK(quiet.chunks.size() > 10);

    const ReplyPlan drip = with("slow", "drip");
    CHECK(drip.at == good.at);
    CHECK(drip.body == good.body);
    CHECK(EndOf(drip) - drip.at > (EndOf(good) - good.at) * 7);

    const Understood open = ReadReply(dialect, with("truncated", "no_terminal"));
    CHECK_FALSE(open.complete);
    CHECK_FALSE(open.content.empty());
    CHECK(healthy.content.starts_with(open.content));
    CHECK(open.content.size() < healthy.content.size());

    const ReplyPlan cut = with("truncated", "cut");
    CHECK(cut.end == End::kCut);
    CHECK(cut.framing == Framing::kChunked);

    CHECK_FALSE(ReadReply(dialect, with("malformed_json", "unbalanced")).well_formed);
    const Understood twice = ReadReply(dialect, with("malformed_json", "duplicate_event"));
    CHECK(twice.events.size() == healthy.events.size() + 1);

    const Understood failed = ReadReply(dialect, with("server_error", "error_event"));
    CHECK(failed.error);
    CHECK_FALSE(failed.content.empty());
    const Understood at_once = ReadReply(dialect, with("server_error", "error_event_first"));
    CHECK(at_once.error);
    CHECK(at_once.content.empty());
    CHECK_FALSE(at_once.error_message.empty());
  }
}

TEST_CASE("dialects: a hint stands where the dialect puts it") {
  for (const std::string_view dialect : kAllDialects) {
    ProviderConfig config = WithFault("rate_limit", 1, {{"with_hint", 1}});
    config.faults["rate_limit"].retry_after = 6s;
    const ReplyPlan plan = PlanFor(dialect, config, {});
    const std::string text = ReadReply(dialect, plan).error_message;
    const auto header = plan.headers.Find("retry-after");
    CAPTURE(dialect, text);
    CHECK(plan.status == 429);
    const bool told = dialect != "deepseek";  // it has no place for a hint
    CHECK(plan.retry_not_before == (told ? plan.at + 6s : kStart));
    if (dialect == "gemini") {
      CHECK_FALSE(header.has_value());
      CHECK(text.ends_with("Please retry in 6s."));
      CHECK(plan.body.find(R"("retryDelay":"6s")") != std::string::npos);
    } else if (dialect == "deepseek") {
      CHECK_FALSE(header.has_value());
    } else {
      CHECK(header == "6");
    }
    if (dialect == "azure") {
      CHECK(plan.headers.Find("retry-after-ms") == "6000");
      CHECK(text.find("Please retry after 6 seconds.") != std::string::npos);
    }
  }
}

TEST_CASE("dialects: DeepSeek keeps a waiting connection busy with blank lines or comments") {
  ProviderConfig config = OneModel("alpha");
  config.latency.ttft_median = 9s;
  config.latency.ttft_sigma = 0;
  config.latency.per_token_median = 0s;
  const TaskSpec task = MakeTask(TaskKind::kExtract, 1);
  const ReplyPlan whole = PlanFor("deepseek", config, TaskAsk(task));
  CHECK(whole.body.starts_with("\n\n\n\n{"));
  CHECK(whole.at == kNow + 2s);
  CHECK(EndOf(whole) == kNow + 9s);
  CHECK(whole.framing == Framing::kChunked);
  const ReplyPlan stream = PlanFor("deepseek", config, TaskAsk(task, true));
  CHECK(stream.body.starts_with(": keep-alive\n\n: keep-alive\n\n"));
  CHECK(EndOf(stream) == kNow + 9s);
  CHECK(ReadReply("deepseek", stream).complete);
}

TEST_CASE("dialects: Gemini streams an array to those who do not ask for events") {
  HttpRequest request = DialectHttp("gemini", TaskAsk(MakeTask(TaskKind::kExtract, 1), true));
  request.target.resize(request.target.find('?'));
  GroundTruth truth;
  Provider provider(0, InDialect("gemini", OneModel("alpha")), kTestSeed, nullptr, &truth);
  const ReplyPlan plan = provider.Plan(request, kNow);
  const json body = ParseJson(plan.body);
  REQUIRE(body.is_array());
  CHECK(body.size() == plan.chunks.size());
  CHECK(body.back()["candidates"][0]["finishReason"] == "STOP");
}

}  // namespace
}  // namespace squall::dialects_test
