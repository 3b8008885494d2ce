#include "engine/gateway/chat_service.h"

#include <algorithm>
#include <utility>

#include "engine/base/cat.h"
#include "engine/base/random.h"
#include "engine/gateway/async_names.h"
#include "engine/gateway/async_service.h"
#include "engine/gateway/record_time.h"

namespace squall {

// Gathers the pieces of a streamed answer as bytes for the client, and wakes who writes them.
class EventRelay final : public AnswerSink {
 public:
  explicit EventRelay(AnswerEvents* events) : events_(*events) {}

  void OnDelta(const StreamDelta& delta) override {
    if (!any_) bytes_ = events_.Begin();
    any_ = true;
    bytes_.append(events_.Piece(delta));
    Wake();
  }
  void OnRestart(std::string_view) override {}
  bool CanRestart() const override { return false; }  // the vendors' streams have no word for it

  void Wake() { wake_.request_stop(); }
  // For one more sleep.
  std::stop_token NextWake() {
    wake_ = std::stop_source();
    return wake_.get_token();
  }
  bool any() const { return any_; }  // pieces, so far
  std::string TakeBytes() { return std::exchange(bytes_, std::string()); }
  bool waiting() const { return !bytes_.empty(); }

 private:
  AnswerEvents& events_;
  std::stop_source wake_;
  std::string bytes_;
  bool any_ = false;
};

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kEvents = "text/event-stream; charset=utf-8";

// A call that runs beside the one who writes its stream.
struct StreamedCall {
  explicit StreamedCall(EventRelay* relay_in) : relay(relay_in) {}
  EventRelay* relay;
  CallResult result;
  bool done = false;
};

Task<> RunStreamed(Engine& engine, ChatRequest request, const JsonSchema* schema, Time deadline,
                   std::stop_token stop, StreamedCall* call) {
  AnswerSink* const sink = call->relay;
  CallResult result = co_await engine.Call(std::move(request), schema, deadline, stop, sink);
  call->result = std::move(result);
  call->done = true;
  call->relay->Wake();
}

ClientError NoSuchModel(const std::string& model) {
  ClientError error(404, "model_not_found",
                    Cat("The model \"", model.substr(0, 128), "\" is not served here."));
  error.param = "model";
  error.retry = false;
  return error;
}

}  // namespace

std::string VisitHeaders(const ChatVisit& visit, std::string_view content_type, int64_t attempts) {
  std::string headers = Cat("Content-Type: ", content_type, "\r\nx-request-id: ", visit.id, "\r\n");
  if (visit.shape == ApiShape::kAnthropic) AppendTo(&headers, "request-id: ", visit.id, "\r\n");
  if (attempts >= 0) AppendTo(&headers, "x-squall-attempts: ", attempts, "\r\n");
  if (content_type == kEvents) headers.append("Cache-Control: no-cache\r\n");
  return headers;
}

void EndVisit(ChatVisit* visit, int status, std::string_view error, GatewayCore* core) {
  AccessEntry& entry = visit->entry;
  entry.id = visit->id;
  entry.peer = visit->exchange.peer();
  entry.client = visit->state->ClientName(visit->client);
  entry.method = "POST";
  entry.path = visit->path;
  entry.stream = visit->intake.wants_stream;
  entry.status = status;
  entry.error = error;
  entry.ms = Millis(core->env.Now() - visit->began);
  if (visit->route != nullptr) {
    entry.route = visit->route->model();
    entry.target = visit->route.get();
  }
  core->log->Add(entry);
  core->metrics.OnRequest(entry.route, visit->path, status, entry.ms / 1000);
}

std::optional<ClientError> ChatService::Read(ChatVisit* visit) const {
  const GatewayConfig& config = visit->state->config;
  const HttpRequest& request = visit->exchange.request();
  std::optional<ClientError> error =
      ReadChat(request.body, visit->shape, config.default_max_tokens, &visit->intake);
  if (error.has_value()) return error;
  visit->route = visit->state->fleet->Find(visit->intake.model);
  if (visit->route == nullptr) return NoSuchModel(visit->intake.model);
  error = ChooseProviders(*visit->route, &visit->intake);
  if (error.has_value()) return error;
  const auto key = request.headers.Find("idempotency-key");
  if (key.has_value() && visit->intake.idempotency_key.empty() && async_ != nullptr) {
    if (!IsIdempotencyKey(*key)) {
      return ClientError(400, "invalid_value",
                         "Idempotency-Key must be 1 to 255 printable characters.");
    }
    visit->intake.idempotency_key = std::string(*key);
  }
  const auto conversation = request.headers.Find("x-squall-conversation");
  if (conversation.has_value()) visit->intake.conversation = std::string(*conversation);
  return std::nullopt;
}

// Of this client: two clients may call theirs the same.
uint64_t ChatService::ConversationOf(const ChatVisit& visit) const {
  const std::string& name = visit.intake.conversation;
  if (name.empty()) return 0;
  return HashText(Cat(visit.state->ClientName(visit.client), "\n", name)) | 1;
}

Task<> ChatService::Serve(ChatVisit& visit) {
  visit.began = core_.env.Now();
  std::optional<ClientError> error = Read(&visit);
  if (error.has_value()) {
    ClientError& refusal = *error;
    co_await Refuse(visit, std::move(refusal));
    co_return;
  }
  const bool asks = visit.intake.wait.has_value() || !visit.intake.idempotency_key.empty();
  if (asks && async_ != nullptr) {
    co_await async_->Serve(visit, *this);
    co_return;
  }
  if (asks) {
    const std::string_view member = visit.intake.wait.has_value() ? "wait" : "idempotency_key";
    ClientError none(
        400, "unsupported_parameter",
        Cat("This gateway keeps no record of requests, which \"", member, "\" asks for."));
    none.param = member;
    none.retry = false;
    co_await Refuse(visit, std::move(none));
    co_return;
  }
  co_await Answer(visit);
}

Task<> ChatService::Answer(ChatVisit& visit) {
  ClientLimits& limits = *visit.state->limits[visit.client];
  const ClientLoad load = ExpectedLoad(*visit.route, visit.intake, limits.CountsLoad());
  ClientError error;
  const Time now = core_.env.Now();
  const auto permit = limits.Enter(load, ConversationOf(visit), now, &error);
  if (!permit.has_value()) {
    core_.metrics.Count(Metric::kLimited, error.code);
    co_await Refuse(visit, std::move(error));
    co_return;
  }
  visit.intake.request.id = visit.id;
  if (!visit.intake.conversation.empty()) {
    // For the engine's own limits of a conversation; a plain request does not pass it on.
    visit.intake.request.user =
        Cat(visit.state->ClientName(visit.client), "\n", visit.intake.conversation);
  }
  const Time deadline = SaturatingAdd(now, visit.state->config.deadline);
  CallResult result;
  visit.entry.result = &result;
  if (visit.intake.wants_stream) {
    result = co_await AnswerStream(visit, deadline);
  } else {
    result = co_await AnswerWhole(visit, deadline);
  }
  limits.Settle(*permit, UsedLoad(*visit.route, result), core_.env.Now());
  Finish(&visit, result);
}

void ChatService::Finish(ChatVisit* visit, const CallResult& result) {
  CountCall(*visit->route, result, &core_);
  visit->entry.usage = UsageOf(result);
  visit->entry.usd = CostOf(*visit->route, result);
  if (visit->exchange.gone().stop_requested()) {
    core_.metrics.Count(Metric::kCancelled, visit->route->model());
    EndVisit(visit, 499, "client_left", &core_);
    return;
  }
  const ClientError error =
      result.ok ? ClientError(200, "", "") : CallError(result, core_.env.Now());
  EndVisit(visit, error.status, error.code, &core_);
}

Task<CallResult> ChatService::AnswerWhole(ChatVisit& visit, Time deadline) {
  Engine& engine = visit.route->engine();
  const JsonSchema* const schema = visit.intake.schema.get();
  const std::stop_token gone = visit.exchange.gone();
  ChatRequest request = visit.intake.request;
  CallResult result = co_await engine.Call(std::move(request), schema, deadline, gone);
  if (gone.stop_requested()) co_return result;
  const int64_t attempts = SentAttempts(result);
  std::string headers = VisitHeaders(visit, kJson, attempts);
  if (result.ok) {
    const std::string body =
        AnswerBody(AnswerOf(*visit.route, visit.intake, result, visit.id), visit.shape);
    co_await visit.exchange.Reply(200, headers, body);
  } else {
    const ClientError error = CallError(result, core_.env.Now());
    headers.append(ErrorHeaders(error));
    const std::string body = ErrorBody(error, visit.shape, visit.id);
    co_await visit.exchange.Reply(error.status, headers, body);
  }
  co_return result;
}

// What is left to write once the call has ended.
std::string ChatService::LastEvents(const ChatVisit& visit, const EventRelay& relay,
                                    const CallResult& result, AnswerEvents* events) const {
  if (!result.ok) return events->Fail(CallError(result, core_.env.Now()));
  if (relay.any()) return events->End(result.finish, AnswerUsage(result));
  const ChatAnswer answer = AnswerOf(*visit.route, visit.intake, result, visit.id);
  const int64_t piece = visit.state->config.streaming.piece_bytes;
  if (visit.intake.whole && !answer.reply.empty()) {
    std::string whole = EventsOfReply(answer.reply, visit.shape, piece, visit.intake.wants_usage);
    if (!whole.empty()) return whole;
  }
  std::string all = events->Begin();
  return all.append(EventsOf(answer, piece, events));
}

Task<CallResult> ChatService::AnswerStream(ChatVisit& visit, Time deadline) {
  EventsOptions options;
  options.id = visit.id;
  options.created = UnixSeconds(WallNow());
  options.model = visit.intake.model;
  options.usage = visit.intake.wants_usage;
  const std::unique_ptr<AnswerEvents> events = MakeAnswerEvents(visit.shape, options);
  EventRelay relay(events.get());
  StreamedCall call(&relay);
  HttpExchange& exchange = visit.exchange;
  const std::stop_token gone = exchange.gone();
  ChatRequest request = visit.intake.request;
  Spawn(core_.env.executor(), RunStreamed(visit.route->engine(), std::move(request),
                                          visit.intake.schema.get(), deadline, gone, &call));
  const Duration every = visit.state->config.streaming.keep_alive;
  while (!call.done) {
    bool quiet = false;
    if (!relay.waiting()) {
      const std::stop_token wake = relay.NextWake();
      quiet = co_await core_.env.SleepUntil(core_.env.Now() + every, wake);
    }
    if (gone.stop_requested()) relay.TakeBytes();  // for nobody
    if (gone.stop_requested() || call.done || (!quiet && !relay.waiting())) continue;
    if (!exchange.begun()) {
      const std::string headers = VisitHeaders(visit, kEvents, -1);
      co_await exchange.BeginStream(200, headers);
    }
    if (relay.any() && visit.entry.first_byte_ms == 0) NoteFirstByte(&visit);
    const std::string bytes = relay.waiting() ? relay.TakeBytes() : events->KeepAlive();
    co_await exchange.Write(bytes);
  }
  if (gone.stop_requested()) co_return std::move(call.result);
  co_await EndStream(visit, relay, call.result, events.get());
  co_return std::move(call.result);
}

void ChatService::NoteFirstByte(ChatVisit* visit) {
  visit->entry.first_byte_ms = Millis(core_.env.Now() - visit->began);
  core_.metrics.OnFirstByte(visit->route->model(), visit->entry.first_byte_ms / 1000);
}

// An error that comes before anything was sent keeps its status.
Task<> ChatService::EndStream(ChatVisit& visit, EventRelay& relay, const CallResult& result,
                              AnswerEvents* events) {
  HttpExchange& exchange = visit.exchange;
  const int64_t attempts = SentAttempts(result);
  if (!exchange.begun() && !result.ok) {
    const ClientError error = CallError(result, core_.env.Now());
    const std::string headers = VisitHeaders(visit, kJson, attempts) + ErrorHeaders(error);
    const std::string body = ErrorBody(error, visit.shape, visit.id);
    co_await exchange.Reply(error.status, headers, body);
    co_return;
  }
  std::string bytes = relay.TakeBytes();
  bytes.append(LastEvents(visit, relay, result, events));
  if (visit.entry.first_byte_ms == 0) NoteFirstByte(&visit);
  if (!exchange.begun()) {
    const std::string headers = VisitHeaders(visit, kEvents, attempts);
    co_await exchange.BeginStream(200, headers);
  }
  // In pieces, so that a slow client holds no more than one of them twice.
  constexpr size_t kMost = 64 << 10;
  std::string_view rest = bytes;
  bool open = true;
  while (open && !rest.empty()) {
    const std::string_view piece = rest.substr(0, kMost);
    rest.remove_prefix(piece.size());
    open = co_await exchange.Write(piece);
  }
  if (open) co_await exchange.EndStream();
}

Task<> ChatService::Refuse(ChatVisit& visit, ClientError error) {
  const std::string headers = VisitHeaders(visit, kJson, 0) + ErrorHeaders(error);
  const std::string body = ErrorBody(error, visit.shape, visit.id);
  co_await visit.exchange.Reply(error.status, headers, body);
  EndVisit(&visit, error.status, error.code, &core_);
}

}  // namespace squall
