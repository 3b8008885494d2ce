// ChatService: answers the two endpoints that ask a model, over the engine: reads the request,
// checks the client's limits, calls, and writes the answer or a clear error in the client's own
// API, whole or as a stream.
//
// Streams: unless the configuration says stream_through, nothing of an answer is shown before all
// of it has passed the engine's checks. A client that waits longer than streaming.keep_alive is
// sent signs of life; from the first of them on a failure is an error event.
//
// One thread. A client that leaves stops its call, unless the request is recorded
// (async_service.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/gateway/chat_call.h"
#include "engine/gateway/front_door.h"
#include "engine/gateway/request_id.h"

namespace squall {

class AsyncService;
class EventRelay;

// One request at the front door.
struct ChatVisit {
  ChatVisit(HttpExchange& exchange_in, std::shared_ptr<const GatewayState> state_in,
            size_t client_in, ApiShape shape_in, std::string_view path_in)
      : exchange(exchange_in),
        state(std::move(state_in)),
        client(client_in),
        shape(shape_in),
        path(path_in) {}

  HttpExchange& exchange;
  std::shared_ptr<const GatewayState> state;
  size_t client;
  ApiShape shape;
  std::string_view path;
  std::string id = NewRequestId();
  Time began{};
  std::shared_ptr<Route> route;
  ChatIntake intake;
  AccessEntry entry;
};

class ChatService {
 public:
  // Both outlive it. `async` may be nullptr: no record is kept.
  ChatService(GatewayCore& core, AsyncService* async) : core_(core), async_(async) {}

  // `visit` outlives the call.
  Task<> Serve(ChatVisit& visit);

  // Replies with an error in the shape of the visit's API.
  Task<> Refuse(ChatVisit& visit, ClientError error);

  // The key of the visit's conversation, 0 for none.
  uint64_t ConversationOf(const ChatVisit& visit) const;

 private:
  std::optional<ClientError> Read(ChatVisit* visit) const;
  Task<> Answer(ChatVisit& visit);
  Task<CallResult> AnswerWhole(ChatVisit& visit, Time deadline);
  Task<CallResult> AnswerStream(ChatVisit& visit, Time deadline);
  Task<> EndStream(ChatVisit& visit, EventRelay& relay, const CallResult& result,
                   AnswerEvents* events);
  std::string LastEvents(const ChatVisit& visit, const EventRelay& relay, const CallResult& result,
                         AnswerEvents* events) const;
  void NoteFirstByte(ChatVisit* visit);
  void Finish(ChatVisit* visit, const CallResult& result);

  GatewayCore& core_;
  AsyncService* async_;
};

// The headers that every reply to a visit has.
std::string VisitHeaders(const ChatVisit& visit, std::string_view content_type, int64_t attempts);

// Writes the log's line and counts the request; `status` as it was sent.
void EndVisit(ChatVisit* visit, int status, std::string_view error, GatewayCore* core);

}  // namespace squall
