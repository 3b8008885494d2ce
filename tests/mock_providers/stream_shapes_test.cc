// Streams in unusual forms: what each does to the bytes and writes, and that the answer survives
// it.
#include "mock_providers/faults.h"
#include "mock_providers/provider.h"
#include "tests/catch.h"
#include "tests/mock_providers/dialect_testing.h"

namespace squall::stream_shapes_test {
namespace {

ReplyPlan PlanFor(std::string_view dialect, const ProviderConfig& config,
                  bool include_usage = true) {
  Ask ask;
  ask.prompt = TaskPrompt(kTestSeed, MakeTask(TaskKind::kExtract, 5), 0);
  ask.stream = true;
  ask.include_usage = include_usage;
  GroundTruth truth;
  Provider provider(0, InDialect(dialect, config), kTestSeed, nullptr, &truth);
  return provider.Plan(DialectHttp(dialect, ask, "r"), kStart + 100s);
}

ReplyPlan Shaped(std::string_view dialect, const char* variant) {
  return PlanFor(dialect, WithFault("stream_shape", 1, {{variant, 1}}));
}

bool Contains(const ReplyPlan& plan, std::string_view text) {
  return plan.body.find(text) != std::string::npos;
}

int64_t Count(std::string_view text, std::string_view what) {
  int64_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

TEST_CASE("stream shapes: line ends, marks, lines and comments are where their names say") {
  for (const std::string_view dialect : kAllDialects) {
    const ReplyPlan good = PlanFor(dialect, OneModel("alpha"));
    const auto events = static_cast<int64_t>(good.chunks.size());
    CAPTURE(dialect);
    const ReplyPlan crlf = Shaped(dialect, "crlf");
    CHECK(Count(crlf.body, "\n") == Count(crlf.body, "\r\n"));
    CHECK(Count(crlf.body, "\n") == Count(good.body, "\n"));
    const ReplyPlan cr = Shaped(dialect, "cr");
    CHECK_FALSE(Contains(cr, "\n"));
    CHECK(Count(cr.body, "\r") == Count(good.body, "\n"));
    CHECK(Shaped(dialect, "byte_order_mark").body == "\xef\xbb\xbf" + good.body);
    CHECK(Count(Shaped(dialect, "multi_line_data").body, "data: ") >= 2 * events - 3);
    const ReplyPlan dense = Shaped(dialect, "no_space");
    CHECK(Contains(dense, "data:{"));
    CHECK_FALSE(Contains(dense, "data: "));
    CHECK(Count(Shaped(dialect, "comments").body, "\n: and here\n") == events);
  }
}

TEST_CASE("stream shapes: the same bytes in other writes") {
  for (const std::string_view dialect : kAllDialects) {
    const ReplyPlan good = PlanFor(dialect, OneModel("alpha"));
    CAPTURE(dialect);
    const ReplyPlan merged = Shaped(dialect, "merged_events");
    CHECK(merged.body == good.body);
    CHECK(merged.chunks.size() == (good.chunks.size() + 2) / 3);
    CHECK(EndOf(merged) == EndOf(good));
    const ReplyPlan pieces = Shaped(dialect, "split_events");
    CHECK(pieces.body == good.body);
    CHECK(pieces.chunks.size() > 3 * good.chunks.size());
    CHECK(EndOf(pieces) == EndOf(good));
    const ReplyPlan split = Shaped(dialect, "split_character");
    REQUIRE(split.chunks.size() == good.chunks.size() + 1);
    int64_t inside = 0;
    for (const Chunk& chunk : split.chunks) {
      if (chunk.end == split.body.size()) continue;
      inside += (static_cast<unsigned char>(split.body[chunk.end]) & 0xc0) == 0x80;
    }
    CHECK(inside == 1);
  }
}

TEST_CASE("stream shapes: a last marker or the token counts may be missing, if there are any") {
  for (const std::string_view dialect : kAllDialects) {
    const Understood good = ReadReply(dialect, PlanFor(dialect, OneModel("alpha")));
    const Understood no_done = ReadReply(dialect, Shaped(dialect, "no_done"));
    const bool marker = dialect != "gemini" && dialect != "openai_responses";
    CAPTURE(dialect);
    CHECK(no_done.complete == !marker);
    CHECK(no_done.content == good.content);
    CHECK(no_done.finish == good.finish);
    const Understood no_usage = ReadReply(dialect, Shaped(dialect, "no_usage"));
    CHECK_FALSE(no_usage.completion_tokens.has_value());
    CHECK(no_usage.content == good.content);
  }
}

TEST_CASE("stream shapes: a reply in one piece comes when the stream would have ended") {
  for (const std::string_view dialect : kAllDialects) {
    const ReplyPlan good = PlanFor(dialect, OneModel("alpha"));
    const ReplyPlan whole = Shaped(dialect, "json_instead");
    CAPTURE(dialect, whole.body);
    CHECK(whole.headers.Find("content-type")->starts_with("application/json"));
    CHECK(IsJson(whole.body));
    CHECK(std::abs(Seconds(EndOf(whole) - EndOf(good))) < 1e-6);
  }
}

TEST_CASE("stream shapes: no shape changes how long a clairvoyant would wait") {
  GroundTruth truth;
  Provider shaped(0, WithFault("stream_shape", 1), kTestSeed, nullptr, &truth);
  Provider plain(0, OneModel("alpha"), kTestSeed, nullptr, &truth);
  const Outlook seen = shaped.Peek(1, "", 0, 0, 60, kStart);
  CHECK(seen.right);
  CHECK(seen.latency == plain.Peek(1, "", 0, 0, 60, kStart).latency);
}

}  // namespace
}  // namespace squall::stream_shapes_test
