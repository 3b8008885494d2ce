#include "mock_providers/edge_page.h"

#include "mock_providers/openai_errors.h"

namespace squall {

void WriteEdgePage(int status, std::string_view title, std::string_view text, ReplyPlan* plan) {
  ClearStream(plan);
  plan->status = status;
  plan->headers.clear();
  plan->headers.Add("content-type", "text/html; charset=UTF-8");
  plan->headers.Add("server", "cloudflare");
  plan->headers.Add("cache-control", "private, max-age=0, no-store");
  plan->body.assign("<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>");
  plan->body.append(title).append("</title></head>\n<body>\n<h1>").append(title);
  plan->body.append("</h1>\n<p>").append(text).append("</p>\n</body>\n</html>\n");
}

void WriteTooLargePage(ReplyPlan* plan) {
  WriteEdgePage(413, "413 Request Entity Too Large", "The request is larger than allowed.", plan);
}

}  // namespace squall
