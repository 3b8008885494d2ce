#include "mock_providers/reply_bytes.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace squall {
namespace {

// Small, so that an ordinary answer takes more than one and clients have to put them together.
constexpr size_t kChunkBytes = 1 << 10;

// RFC 9110 section 15. Statuses that providers made up, such as 529, have no phrase, which is
// allowed.
std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "";
  }
}

// The first `sent` bytes of `body` in chunks of a fixed size. The chunk that the end falls into
// announces its whole size.
void AppendChunked(std::string_view body, size_t sent, std::string* out) {
  for (size_t at = 0; at < sent; at += kChunkBytes) {
    const std::string_view chunk = body.substr(at, kChunkBytes);
    absl::StrAppend(out, absl::Hex(chunk.size()), "\r\n");
    out->append(chunk.substr(0, sent - at));
    if (at + chunk.size() <= sent) out->append("\r\n");
  }
}

bool IsChunked(const ReplyPlan& plan, const ReplyForm& form) {
  return plan.framing == Framing::kChunked && form.chunked_allowed;
}

}  // namespace

ReplyBytes RenderReply(const ReplyPlan& plan, const ReplyForm& form) {
  ReplyBytes reply;
  if (plan.status == 0) return reply;
  std::string& head = reply.head;
  head.reserve(128 + plan.headers.block().size());
  absl::StrAppend(&head, "HTTP/1.1 ", plan.status, " ");
  head.append(ReasonPhrase(plan.status)).append("\r\n");
  head.append(plan.headers.block());
  if (!form.keep_alive) head.append("Connection: close\r\n");
  const bool never_has_body = plan.status < 200 || plan.status == 204 || plan.status == 304;
  if (never_has_body) {
    head.append("\r\n");
    return reply;
  }
  const bool whole = plan.end == End::kClean;
  const size_t sent = BytesSent(plan);
  const bool now = !form.without_body && plan.chunks.empty();
  if (IsChunked(plan, form)) {
    head.append("Transfer-Encoding: chunked\r\n\r\n");
    if (!now) return reply;
    AppendChunked(plan.body, sent, &head);
    if (whole) head.append("0\r\n\r\n");
    return reply;
  }
  absl::StrAppend(&head, "Content-Length: ", DeclaredLength(plan), "\r\n\r\n");
  if (now) reply.body = std::string_view(plan.body).substr(0, sent);
  return reply;
}

std::string RenderChunk(const ReplyPlan& plan, size_t index, const ReplyForm& form) {
  std::string out;
  if (form.without_body) return out;
  const size_t from = index == 0 ? 0 : plan.chunks[index - 1].end;
  const size_t size = plan.chunks[index].end - from;
  const size_t sent = BytesSent(plan);
  const std::string_view bytes =
      std::string_view(plan.body).substr(from, std::min(size, sent - std::min(sent, from)));
  if (!IsChunked(plan, form)) return std::string(bytes);
  if (!bytes.empty()) {
    absl::StrAppend(&out, absl::Hex(size), "\r\n");
    out.append(bytes);
    if (bytes.size() == size) out.append("\r\n");
  }
  if (plan.end == End::kClean && index + 1 == plan.chunks.size()) out.append("0\r\n\r\n");
  return out;
}

}  // namespace squall
