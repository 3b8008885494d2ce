// A gateway under test, its upstreams and its clients on one event loop. Upstreams are scripts
// (tests/engine/wire/scripted_server.h), so that a test says byte for byte what a provider does.
#pragma once

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/cat.h"
#include "engine/gateway/gateway.h"
#include "tests/catch.h"
#include "tests/engine/wire/scripted_server.h"

namespace squall {

using nlohmann::json;

// Long enough for a machine under load, far shorter than what must not be waited for.
inline constexpr auto kPatience = std::chrono::seconds(10);

// A client that sends and receives bytes.
class RawClient {
 public:
  RawClient(asio::io_context& io, uint16_t port) : io_(io), socket_(io) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    Spawn(io.get_executor(), ReadAll());
  }
  ~RawClient() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    while (reading_) io_.run_one_for(std::chrono::seconds(1));
  }
  void Send(const std::string& bytes) {
    boost::system::error_code ec;
    asio::write(socket_, asio::buffer(bytes), ec);
  }
  void Close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  const std::string& got() const { return got_; }
  bool ended() const { return !reading_; }

 private:
  Task<> ReadAll() {
    std::array<char, 65536> bytes;
    boost::system::error_code ec;
    while (!ec) {
      const auto room = asio::buffer(bytes);
      const size_t count =
          co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
      got_.append(bytes.data(), count);
    }
    reading_ = false;
  }

  asio::io_context& io_;
  asio::ip::tcp::socket socket_;
  std::string got_;
  bool reading_ = true;
};

struct ClientReply {
  int status = 0;
  std::string head;
  std::string body;  // chunks joined

  std::string Header(const std::string& name) const {
    const size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
  json Json() const { return json::parse(body, nullptr, false); }
};

inline std::string JoinChunks(std::string_view rest) {
  std::string body;
  while (!rest.empty()) {
    const size_t line = rest.find("\r\n");
    const size_t size = std::stoul(std::string(rest.substr(0, line)), nullptr, 16);
    if (size == 0) break;
    body.append(rest.substr(line + 2, size));
    rest.remove_prefix(line + 2 + size + 2);
  }
  return body;
}

inline ClientReply ReadReply(const std::string& bytes) {
  ClientReply reply;
  const size_t end = bytes.find("\r\n\r\n");
  REQUIRE(end != std::string::npos);
  reply.head = bytes.substr(0, end + 2);
  reply.status = std::stoi(reply.head.substr(9, 3));
  reply.body = bytes.substr(end + 4);
  if (reply.Header("Transfer-Encoding") == "chunked") reply.body = JoinChunks(reply.body);
  return reply;
}

// One reply of an upstream, in whole.
inline ServerScript Answers(int status, const std::string& body, const std::string& headers = "",
                            const std::string& type = "application/json") {
  return ServerScript(Cat("HTTP/1.1 ", status, " X\r\nContent-Type: ", type, "\r\n", headers,
                          "Content-Length: ", body.size(), "\r\n\r\n", body),
                      Then::kNextRequest);
}

inline std::string ChatReplyBody(const std::string& content) {
  const json body = {
      {"id", "chatcmpl-up"},
      {"object", "chat.completion"},
      {"created", 1700000000},
      {"model", "up-large"},
      {"system_fingerprint", "fp_1"},
      {"choices",
       {{{"index", 0},
         {"message", {{"role", "assistant"}, {"content", content}}},
         {"finish_reason", "stop"}}}},
      {"usage", {{"prompt_tokens", 10}, {"completion_tokens", 5}, {"total_tokens", 15}}}};
  return body.dump();
}

inline std::string MessageReplyBody(const std::string& content) {
  const json body = {{"id", "msg_up"},
                     {"type", "message"},
                     {"role", "assistant"},
                     {"model", "claude-up"},
                     {"content", {{{"type", "text"}, {"text", content}}}},
                     {"stop_reason", "end_turn"},
                     {"stop_sequence", nullptr},
                     {"usage", {{"input_tokens", 7}, {"output_tokens", 3}}}};
  return body.dump();
}

class GatewayWorld {
 public:
  // `dialects` of the upstreams "up0", "up1", ..., each with the model "large"; the route "m" goes
  // to all of them. `changes` are merged over that configuration.
  explicit GatewayWorld(const json& changes = json::object(),
                        const std::vector<std::string>& dialects = {"openai"}) {
    json config = {{"listen", {{"port", 0}}},
                   {"access_log", ""},
                   {"engine", {{"retry", {{"backoff", {{"base", "1ms"}, {"cap", "2ms"}}}}}}}};
    for (const std::string& dialect : dialects) {
      servers_.push_back(std::make_unique<ScriptedServer>(env_.io()));
      const std::string name = Cat("up", servers_.size() - 1);
      config["upstreams"].push_back(
          {{"name", name},
           {"dialect", dialect},
           {"url", Cat("http://127.0.0.1:", servers_.back()->port())},
           {"models", {{{"name", "large"}, {"usd_per_mtok_in", 1.0}, {"usd_per_mtok_out", 2.0}}}}});
      targets_.push_back(name + "/large");
    }
    config["routes"] = {{{"model", "m"}, {"targets", targets_}}};
    config.merge_patch(changes);
    text_ = config;
    Start();
  }
  ~GatewayWorld() {
    clients_.clear();
    if (gateway_ != nullptr && !gateway_->drained()) Spawn(env_.executor(), gateway_->Drain());
    for (const auto& server : servers_) server->Stop();
    const auto until = std::chrono::steady_clock::now() + kPatience;
    env_.io().restart();
    while (gateway_ != nullptr && !gateway_->drained() &&
           std::chrono::steady_clock::now() < until) {
      env_.io().run_one_for(std::chrono::milliseconds(50));
    }
    env_.io().run_for(std::chrono::milliseconds(500));
    CHECK((gateway_ == nullptr || gateway_->counts().open == 0));
    CHECK((gateway_ == nullptr || gateway_->counts().buffered == 0));
  }

  RealEnv& env() { return env_; }
  Gateway& gateway() { return *gateway_; }
  ScriptedServer& up(size_t i = 0) { return *servers_[i]; }
  uint16_t port() const { return port_; }
  const json& config() const { return text_; }
  const std::vector<std::string>& said() const { return said_; }

  absl::StatusOr<GatewayConfig> Read(const json& config) const {
    return ReadGatewayConfig(config.dump(), "test.json", NoPresets());
  }

  template <class Done>
  void RunUntil(Done done) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    env_.io().restart();
    while (!done() && std::chrono::steady_clock::now() < until) {
      env_.io().run_one_for(std::chrono::milliseconds(50));
    }
    REQUIRE(done());
  }
  void RunFor(std::chrono::milliseconds time) {
    env_.io().restart();
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
      env_.io().run_one_for(std::chrono::milliseconds(5));
    }
  }

  RawClient& Connect() {
    clients_.push_back(std::make_unique<RawClient>(env_.io(), port_));
    return *clients_.back();
  }

  // Sends bytes, and reads until the gateway closes.
  std::string Raw(const std::string& bytes) {
    RawClient& client = Connect();
    client.Send(bytes);
    RunUntil([&] { return client.ended(); });
    return client.got();
  }

  static std::string RequestText(const std::string& method, const std::string& target,
                                 const std::string& body, const std::string& headers = "") {
    return Cat(method, " ", target, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", headers,
               body.empty() ? "" : Cat("Content-Length: ", body.size(), "\r\n"), "\r\n", body);
  }

  ClientReply Ask(const std::string& method, const std::string& target, const std::string& body,
                  const std::string& headers = "") {
    return ReadReply(Raw(RequestText(method, target, body, headers)));
  }
  ClientReply Get(const std::string& target, const std::string& headers = "") {
    return Ask("GET", target, "", headers);
  }
  ClientReply Chat(const json& body, const std::string& headers = "") {
    return Ask("POST", "/v1/chat/completions", body.dump(), headers);
  }
  ClientReply Message(const json& body, const std::string& headers = "") {
    return Ask("POST", "/v1/messages", body.dump(), headers);
  }

  // The body of the n-th request that an upstream got.
  json Received(size_t up, size_t n) {
    const std::string& text = servers_[up]->requests().at(n);
    return json::parse(text.substr(text.find("\r\n\r\n") + 4), nullptr, false);
  }

 private:
  static PresetReader NoPresets() {
    return [](const std::string&, const std::string&, EngineConfig*) {
      return absl::StatusOr<std::string>("got a preset, expected none");
    };
  }

  void Start() {
    const absl::StatusOr<GatewayConfig> config = Read(text_);
    INFO(config.status());
    REQUIRE(config.ok());
    absl::StatusOr<std::unique_ptr<Gateway>> gateway =
        Gateway::Create(env_, *config, [this](const std::string& line) { said_.push_back(line); });
    INFO(gateway.status());
    REQUIRE(gateway.ok());
    gateway_ = *std::move(gateway);
    const absl::StatusOr<uint16_t> port = gateway_->Open();
    REQUIRE(port.ok());
    port_ = *port;
  }

  RealEnv env_;
  std::vector<std::unique_ptr<ScriptedServer>> servers_;
  std::vector<std::string> targets_;
  std::vector<std::string> said_;
  json text_;
  std::unique_ptr<Gateway> gateway_;
  uint16_t port_ = 0;
  std::vector<std::unique_ptr<RawClient>> clients_;
};

// Changes of the configuration, whose braces could be anything to a constructor.
inline json Changes(json changes) { return changes; }

inline json ChatBody(const std::string& text = "hello") {
  return {{"model", "m"}, {"messages", {{{"role", "user"}, {"content", text}}}}};
}
inline json MessageBody(const std::string& text = "hello") {
  json body = ChatBody(text);
  body["max_tokens"] = 100;
  return body;
}

}  // namespace squall
