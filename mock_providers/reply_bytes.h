// The bytes of a ReplyPlan in HTTP/1.1, up to the point where the plan ends: the step between a
// plan and a socket, without the socket. Framing headers are added here and declare the whole body
// even where less of it is sent, which is what makes a cut a cut. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "mock_providers/reply_plan.h"

namespace squall {

// How the request constrains the form of its reply.
struct ReplyForm {
  bool keep_alive = true;       // else the reply says "Connection: close"
  bool chunked_allowed = true;  // HTTP/1.0 does not know it
  bool without_body = false;    // answers HEAD
};

// To be written one after the other. Both are empty for a plan with status 0. Of a plan with chunks
// this is the head alone.
struct ReplyBytes {
  ReplyBytes() {}
  std::string head;       // status line and headers; with a chunked body also that
  std::string_view body;  // points into the plan
};

ReplyBytes RenderReply(const ReplyPlan& plan, const ReplyForm& form);

// The bytes of one chunk, up to where the plan ends; empty beyond that. The last one, of a plan
// that ends clean, brings the end of the body.
std::string RenderChunk(const ReplyPlan& plan, size_t index, const ReplyForm& form);

}  // namespace squall
