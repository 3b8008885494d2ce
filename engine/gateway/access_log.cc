#include "engine/gateway/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "engine/base/cat.h"
#include "engine/base/json_text.h"
#include "engine/gateway/record_time.h"

namespace squall {
namespace {

constexpr size_t kMostPending = 8 << 20;  // bytes
constexpr size_t kFlushAt = 64 << 10;
constexpr size_t kMostAttempts = 32;  // in one line

// Thousandths are enough for milliseconds and too many for nobody.
void AppendFixed(double value, int digits, std::string* out) {
  if (!std::isfinite(value)) value = 0;
  const auto scale = static_cast<int64_t>(std::pow(10, digits));
  const int64_t whole = std::llround(std::abs(value) * static_cast<double>(scale));
  const std::string fraction = std::to_string(whole % scale);
  AppendTo(out, value < 0 && whole > 0 ? "-" : "", whole / scale, ".",
           std::string(static_cast<size_t>(digits) - fraction.size(), '0'), fraction);
}

void AppendText(std::string_view name, std::string_view value, std::string* out) {
  AppendTo(out, ",\"", name, "\":");
  AppendJsonString(value, out);
}

void AppendAttempt(const Route& route, const AttemptRecord& attempt, std::string* out) {
  const ProviderInfo& provider = route.providers()[attempt.provider];
  out->append("{\"upstream\":");
  AppendJsonString(provider.name, out);
  AppendText("model", provider.models[attempt.model].name, out);
  AppendText("action", attempt.strategy, out);
  AppendText("class", FailureClassName(attempt.diagnosis.failure), out);
  if (!attempt.diagnosis.ok()) AppendText("rule", attempt.diagnosis.rule, out);
  if (attempt.purpose != Purpose::kAnswer) {
    AppendText("purpose", attempt.purpose == Purpose::kJudgement ? "judgement" : "opinion", out);
  }
  if (attempt.error != TransportError::kNone) {
    AppendText("transport", TransportErrorName(attempt.error), out);
  }
  AppendTo(out, ",\"sent\":", attempt.sent ? "true" : "false", ",\"status\":", attempt.status,
           ",\"ms\":");
  AppendFixed(Millis(attempt.ended - attempt.started), 3, out);
  out->append("}");
}

}  // namespace

std::string AccessLine(const AccessEntry& entry) {
  std::string line = Cat("{\"time\":\"", Rfc3339(WallNow()), "\"");
  AppendText("id", entry.id, &line);
  AppendText("peer", entry.peer, &line);
  if (!entry.client.empty()) AppendText("client", entry.client, &line);
  AppendText("method", entry.method, &line);
  AppendText("path", entry.path, &line);
  if (!entry.route.empty()) AppendText("model", entry.route, &line);
  if (!entry.mode.empty()) AppendText("mode", entry.mode, &line);
  AppendTo(&line, ",\"stream\":", entry.stream ? "true" : "false", ",\"status\":", entry.status);
  if (!entry.error.empty()) AppendText("error", entry.error, &line);
  line.append(",\"ms\":");
  AppendFixed(entry.ms, 3, &line);
  if (entry.first_byte_ms > 0) {
    line.append(",\"first_byte_ms\":");
    AppendFixed(entry.first_byte_ms, 3, &line);
  }
  if (entry.result != nullptr && entry.target != nullptr) {
    const CallResult& result = *entry.result;
    AppendText("stop", result.stop_reason, &line);
    if (!result.answered_by.empty()) AppendText("answered_by", result.answered_by, &line);
    AppendTo(&line, ",\"prompt_tokens\":", entry.usage.prompt_tokens,
             ",\"completion_tokens\":", entry.usage.completion_tokens, ",\"usd\":");
    AppendFixed(entry.usd, 6, &line);
    line.append(",\"attempts\":[");
    for (size_t i = 0; i < result.attempts.size() && i < kMostAttempts; ++i) {
      if (i > 0) line.push_back(',');
      AppendAttempt(*entry.target, result.attempts[i], &line);
    }
    line.append("]");
  }
  return line + "}\n";
}

absl::StatusOr<std::unique_ptr<AccessLog>> AccessLog::Open(const std::string& path) {
  int fd = -1;
  if (path == "-") {
    fd = ::dup(STDOUT_FILENO);
  } else if (!path.empty()) {
    fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  }
  if (fd < 0 && !path.empty()) {
    return absl::UnavailableError(
        Cat("/access_log: cannot open ", path, ": ", std::strerror(errno)));
  }
  return std::unique_ptr<AccessLog>(new AccessLog(fd));
}

AccessLog::~AccessLog() {
  Flush();
  if (fd_ >= 0) ::close(fd_);
}

void AccessLog::Add(const AccessEntry& entry) {
  if (!kept()) return;
  if (pending_.size() >= kMostPending) {
    ++dropped_;
    return;
  }
  pending_.append(AccessLine(entry));
  ++pending_lines_;
  if (pending_.size() >= kFlushAt) Flush();
}

// Whole lines or none: what could not be written is dropped, so that no line is torn in two.
void AccessLog::Flush() {
  if (pending_.empty()) return;
  size_t done = 0;
  while (done < pending_.size()) {
    const ssize_t written = ::write(fd_, pending_.data() + done, pending_.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    done += static_cast<size_t>(written);
  }
  if (done < pending_.size()) dropped_ += pending_lines_;
  pending_.clear();
  pending_lines_ = 0;
}

}  // namespace squall
