// A Transport for engine tests: each provider answers from a script, in virtual time.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/env.h"
#include "engine/wire/transport.h"

namespace squall {

struct ScriptedReply {
  Duration after = 100ms;
  TransportError error = TransportError::kNone;  // kTimeout: hangs until the deadline
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // With a sink: the body in pieces, each after the one before it; then `error`, at once or, for
  // kTimeout, when the client gives up.
  std::vector<std::pair<Duration, std::string>> pieces = {};
};

inline std::string ChatBody(const std::string& content_json, const std::string& finish = "stop") {
  return R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[)"
         R"({"index":0,"message":{"role":"assistant","content":)" +
         content_json + R"(,"refusal":null},"logprobs":null,"finish_reason":")" + finish +
         R"("}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}})";
}

// {"n":7} as an answer.
inline ScriptedReply Good() {
  ScriptedReply reply;
  reply.body = ChatBody(R"("{\"n\":7}")");
  return reply;
}

inline ScriptedReply Status(int status, std::string retry_after = "") {
  ScriptedReply reply;
  reply.status = status;
  reply.body = R"({"error":{"message":"no","type":"server_error","param":null,"code":null}})";
  if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", std::move(retry_after));
  return reply;
}

inline ScriptedReply Broken(TransportError error) {
  ScriptedReply reply;
  reply.error = error;
  return reply;
}

inline ScriptedReply After(Duration delay, ScriptedReply reply) {
  reply.after = delay;
  return reply;
}

inline ScriptedReply Answer(std::string body) {
  ScriptedReply reply;
  reply.body = std::move(body);
  return reply;
}

class ScriptedTransport final : public Transport {
 public:
  struct Sent {
    ProviderId provider;
    Time at;
    std::string body;
  };

  explicit ScriptedTransport(Env* env) : env_(*env) {}

  // What `provider` answers next; the last one repeats.
  void Script(ProviderId provider, std::deque<ScriptedReply> replies) {
    scripts_[provider] = std::move(replies);
  }

  using Transport::Send;
  Task<HttpReply> Send(ProviderId provider, const HttpRequest& request, Time deadline,
                       std::stop_token stop, BodySink* sink) override {
    sent.push_back(Sent{provider, env_.Now(), request.body});
    const ScriptedReply script = Next(provider);
    if (sink != nullptr) {
      HttpReply streamed = co_await SendPieces(script, deadline, stop, sink);
      co_return streamed;
    }
    HttpReply reply;
    const bool hangs = script.error == TransportError::kTimeout;
    const Time due = env_.Now() + script.after;
    const Time until = hangs || due > deadline ? deadline : due;
    const bool reached = co_await env_.SleepUntil(until, stop);
    if (!reached) {
      reply.error = TransportError::kCancelled;
      co_return reply;
    }
    if (hangs || due > deadline) {
      reply.error = TransportError::kTimeout;
      co_return reply;
    }
    reply.error = script.error;
    if (reply.error == TransportError::kNone) {
      reply.status = script.status;
      reply.body = script.body;
      for (const auto& [name, value] : script.headers) reply.headers.Add(name, value);
    }
    co_return reply;
  }

  std::vector<Sent> sent;

 private:
  Task<HttpReply> SendPieces(ScriptedReply script, Time deadline, std::stop_token stop,
                             BodySink* sink) {
    HttpReply reply;
    reply.status = script.status;
    for (const auto& [name, value] : script.headers) reply.headers.Add(name, value);
    if (script.pieces.empty()) script.pieces.emplace_back(script.after, script.body);
    if (script.error == TransportError::kTimeout) script.pieces.emplace_back(1'000h, "never");
    Time due = env_.Now();
    for (const auto& [after, bytes] : script.pieces) {
      due += after;
      const Time patience = std::min(deadline, sink->give_up_at());
      const Time until = std::min(due, patience);
      const bool reached = co_await env_.SleepUntil(until, stop);
      if (!reached || due > patience) {
        reply.error = reached ? TransportError::kTimeout : TransportError::kCancelled;
        co_return reply;
      }
      if (!bytes.empty() && !sink->OnBody(reply, bytes)) co_return reply;
    }
    reply.error = script.error;
    co_return reply;
  }

  ScriptedReply Next(ProviderId provider) {
    std::deque<ScriptedReply>& script = scripts_[provider];
    if (script.empty()) return Good();
    ScriptedReply reply = script.front();
    if (script.size() > 1) script.pop_front();
    return reply;
  }

  Env& env_;
  std::map<ProviderId, std::deque<ScriptedReply>> scripts_;
};

}  // namespace squall
