#include "mock_providers/reply_bytes.h"

#include "tests/catch.h"

namespace squall::reply_bytes_test {
namespace {

ReplyPlan PlanOf(int status, std::string body) {
  ReplyPlan plan;
  plan.status = status;
  plan.headers.Add("content-type", "text/plain");
  plan.body = std::move(body);
  return plan;
}

std::string Wire(const ReplyPlan& plan, const ReplyForm& form = {}) {
  const ReplyBytes reply = RenderReply(plan, form);
  return reply.head + std::string(reply.body);
}

TEST_CASE("a whole reply is its status line, its headers, its length and its body") {
  CHECK(Wire(PlanOf(200, "hello")) ==
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(Wire(PlanOf(529, "")) ==
        "HTTP/1.1 529 \r\ncontent-type: text/plain\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("a chunked reply ends with the empty chunk") {
  ReplyPlan plan = PlanOf(200, "hello");
  plan.framing = Framing::kChunked;
  CHECK(Wire(plan).ends_with("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
  plan.body = std::string(1025, 'x');
  CHECK(Wire(plan).ends_with("x\r\n1\r\nx\r\n0\r\n\r\n"));
  plan.body.clear();
  CHECK(Wire(plan).ends_with("\r\n\r\n0\r\n\r\n"));
}

TEST_CASE("a cut reply declares more than it sends") {
  ReplyPlan plan = PlanOf(200, "hello");
  plan.end = End::kCut;
  plan.body_sent = 2;
  CHECK(Wire(plan).ends_with("Content-Length: 5\r\n\r\nhe"));
  plan.body_sent = 5;
  CHECK(Wire(plan).ends_with("Content-Length: 6\r\n\r\nhello"));
  plan.body_sent = 99;
  CHECK(Wire(plan).ends_with("Content-Length: 6\r\n\r\nhello"));
  plan.framing = Framing::kChunked;
  plan.body_sent = 2;
  CHECK(Wire(plan).ends_with("\r\n\r\n5\r\nhe"));
  plan.body_sent = 0;
  CHECK(Wire(plan).ends_with("chunked\r\n\r\n"));
  plan.body_sent = 5;
  CHECK(Wire(plan).ends_with("5\r\nhello\r\n"));
}

TEST_CASE("a plan without a status sends nothing") {
  ReplyPlan plan = PlanOf(0, "hello");
  plan.end = End::kReset;
  CHECK(Wire(plan).empty());
}

TEST_CASE("the request decides about the form of the reply") {
  ReplyPlan plan = PlanOf(200, "hello");
  CHECK(Wire(plan, {.without_body = true}).ends_with("Content-Length: 5\r\n\r\n"));
  CHECK(Wire(plan, {.keep_alive = false}).find("Connection: close\r\n") != std::string::npos);
  plan.framing = Framing::kChunked;
  CHECK(Wire(plan, {.chunked_allowed = false}).ends_with("Content-Length: 5\r\n\r\nhello"));
  for (const int status : {204, 304}) {
    CHECK(Wire(PlanOf(status, "hello")).ends_with("content-type: text/plain\r\n\r\n"));
  }
}

}  // namespace
}  // namespace squall::reply_bytes_test
