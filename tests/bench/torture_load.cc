#include "tests/bench/torture_load.h"

#include <algorithm>
#include <set>

#include "engine/base/cat.h"
#include "engine/base/random.h"

namespace squall {
namespace {

using nlohmann::json;

constexpr auto kThink = std::chrono::milliseconds(8);  // between the steps of a client
constexpr auto kReplyMost = std::chrono::seconds(8);
constexpr auto kSettleMost = std::chrono::seconds(30);
constexpr size_t kMistakesMost = 50;
constexpr double kOldKeyShare = 0.3;
constexpr double kLookShare = 0.3;
constexpr double kWaitShare = 0.4;

std::string TaskBody(uint64_t task, bool wait) {
  const json body = {
      {"model", "m"},
      {"messages",
       {{{"role", "user"}, {"content", TortureUpstream::Marker(task) + ": say hello."}}}},
      {"idempotency_key", Cat("key-", task)},
      {"wait", wait}};
  return body.dump();
}

std::string TextIn(const json& object, const char* name) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_string()) return "";
  return object[name].get<std::string>();
}

// The bytes under "result", which the gateway puts there as they are in the record.
std::string ResultBytes(const std::string& body) {
  constexpr std::string_view kFrom = R"(,"result":)";
  constexpr std::string_view kTo = R"(,"history":[)";
  const size_t from = body.find(kFrom);
  const size_t to = body.rfind(kTo);
  if (from == body.npos || to == body.npos || to < from) return "";
  return body.substr(from + kFrom.size(), to - from - kFrom.size());
}

// Replies that say that nothing was recorded.
bool SaysNothingWasDone(const std::string& code) {
  static const std::set<std::string> kCodes = {"record_unavailable", "gateway_memory", "refused"};
  return kCodes.contains(code);
}

}  // namespace

TortureLoad::TortureLoad(const TortureUpstream& upstream, size_t clients, size_t gateways,
                         bool at_most_once)
    : upstream_(upstream), at_most_once_(at_most_once), ports_(gateways) {
  for (auto& port : ports_) port = 0;
  for (size_t i = 0; i < clients; ++i) clients_.emplace_back([this, i] { Run(i); });
}

TortureLoad::~TortureLoad() {
  ended_ = true;
  for (std::thread& client : clients_) client.join();
}

void TortureLoad::Quiesce() {
  quiet_ = true;
  while (busy_ > 0) Pause(std::chrono::milliseconds(2));
}

void TortureLoad::Run(size_t client) {
  for (uint64_t step = 0; !ended_; ++step) {
    ++busy_;
    if (!quiet_) Step(client, step);
    --busy_;
    Pause(kThink);
  }
}

void TortureLoad::Step(size_t client, uint64_t step) {
  const auto draw = [&](uint64_t index) { return Draw(13, Stream("client"), client, step, index); };
  const auto gateway = static_cast<size_t>(draw(0) * static_cast<double>(ports_.size()));
  const uint16_t port = ports_[gateway];
  if (port == 0) return;
  uint64_t task = 0;
  bool used = false;
  bool told = false;
  {
    const std::lock_guard lock(mutex_);
    used = tasks_ > 0 && draw(1) < kOldKeyShare;
    task = used ? static_cast<uint64_t>(draw(2) * static_cast<double>(tasks_)) : tasks_++;
    told = told_.contains(task);
  }
  if (told && draw(3) < kLookShare) {
    Look(port, task);
  } else {
    Post(port, task, draw(4) < kWaitShare, used);
  }
}

void TortureLoad::Post(uint16_t port, uint64_t task, bool wait, bool used) {
  const GatewayReply reply =
      Ask(port, "POST", "/v1/chat/completions", TaskBody(task, wait), kReplyMost);
  const std::lock_guard lock(mutex_);
  Hear(task, reply, used);
}

void TortureLoad::Look(uint16_t port, uint64_t task) {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    id = told_[task].id;
  }
  const GatewayReply reply = Ask(port, "GET", "/v1/requests/" + id, "", kReplyMost);
  const json request = reply.Json();
  const std::lock_guard lock(mutex_);
  if (reply.status == 404) Mistake(task, "accepted, and then unknown");
  if (reply.status != 200) return;
  const std::string status = TextIn(request, "status");
  if (status == "completed") HearResult(task, id, 200, ResultBytes(reply.body));
  if (told_[task].status != 0 && status != "completed" && status != "failed") {
    Mistake(task, Cat("was finished, and now is ", status));
  }
}

void TortureLoad::Hear(uint64_t task, const GatewayReply& reply, bool used) {
  if (reply.status == 0) {
    ++counts_.broken;
    return;
  }
  const std::string code = reply.Code();
  if (SaysNothingWasDone(code)) {
    ++counts_.refused;
    return;
  }
  if (reply.status == 409) Mistake(task, "a conflict with itself");
  const json said = reply.Json();
  if (!said.is_object()) {
    Mistake(task, Cat("a reply that is no JSON: ", reply.body));
    return;
  }
  const bool accepted = TextIn(said, "object") == "chat.completion.async";
  const std::string id = accepted ? TextIn(said, "id") : reply.Header("x-request-id");
  const auto [told, fresh] = told_.try_emplace(task);
  if (fresh) ++counts_.accepted;
  if (fresh) told->second.id = id;
  if (told->second.id != id) Mistake(task, Cat("two ids, ", told->second.id, " and ", id));
  if (!accepted) {
    if (used && !reply.Header("x-squall-replayed").empty()) ++counts_.replayed;
    HearResult(task, id, reply.status, reply.body);
  }
}

void TortureLoad::HearResult(uint64_t task, const std::string& id, int status,
                             const std::string& result) {
  Told& told = told_[task];
  if (told.status == 0) {
    told.status = status;
    told.result = result;
  }
  if (told.id != id || told.status != status || told.result != result) {
    Mistake(task, Cat("two results, ", told.result, " and ", result));
  }
}

void TortureLoad::Settle(size_t gateway, bool all) {
  std::map<uint64_t, Told> told;
  {
    const std::lock_guard lock(mutex_);
    told = told_;
  }
  for (const auto& [task, its] : told) {
    const uint16_t next = ports_[(gateway + 1) % ports_.size()];
    const uint16_t port = ports_[gateway];
    if (all || !its.settled) SettleOne(port, next == 0 ? port : next, task, its);
  }
}

void TortureLoad::SettleOne(uint16_t port, uint16_t other, uint64_t task, const Told& told) {
  const auto until = std::chrono::steady_clock::now() + kSettleMost;
  const std::string target = "/v1/requests/" + told.id;
  GatewayReply reply;
  json request;
  std::string status;
  while (status != "completed" && status != "failed") {
    if (std::chrono::steady_clock::now() > until) break;
    if (reply.status != 0) Pause(std::chrono::milliseconds(5));
    reply = Ask(port, "GET", target, "", kReplyMost);
    request = reply.Json();
    status = TextIn(request, "status");
  }
  const GatewayReply again = Ask(other, "GET", target, "", kReplyMost);
  // Under its key, whether it is waited for or not.
  const GatewayReply replay =
      Ask(port, "POST", "/v1/chat/completions", TaskBody(task, task % 2 == 0), kReplyMost);
  const std::lock_guard lock(mutex_);
  told_[task].settled = true;
  if (status != "completed" && status != "failed") {
    Mistake(task, Cat("never finished: ", reply.status, " ", reply.body));
    return;
  }
  if (again.body != reply.body) Mistake(task, Cat("GET twice: ", reply.body, again.body));
  if (status == "completed") {
    HearResult(task, told.id, 200, ResultBytes(reply.body));
  } else if (replay.status == 200) {
    Mistake(task, "failed, and a result under its key");
  }
  Hear(task, replay, true);
  CompareAttempts(task, request, !told.settled);
}

// Nothing is executed again but after an attempt that failed or that nobody knows the end of, and
// nothing at all that was not recorded before.
void TortureLoad::CompareAttempts(uint64_t task, const json& request, bool first) {
  const json& history = request["history"];
  const TortureUpstream::Seen seen = upstream_.Of(task);
  int64_t unknown = 0;
  for (size_t i = 0; i < history.size(); ++i) {
    const std::string outcome = TextIn(history[i], "status");
    const bool last = i + 1 == history.size();
    if (history[i]["attempt_number"] != i + 1) Mistake(task, Cat("attempts: ", history.dump()));
    unknown += outcome == "unknown" ? 1 : 0;
    const bool again = outcome == "failed" || (outcome == "unknown" && !at_most_once_);
    const bool explains = again || (last && outcome == "unknown");
    const bool good = last && request["status"] == "completed" ? outcome == "succeeded" : explains;
    if (!good) Mistake(task, Cat("attempt ", i + 1, " ", outcome, ": ", request.dump()));
  }
  const auto attempts = static_cast<int64_t>(history.size());
  if (request["attempts"] != attempts) Mistake(task, "attempts are not counted right");
  if (seen.arrived > attempts) {
    Mistake(task, Cat("executed ", seen.arrived, " times in ", attempts, " attempts"));
  }
  if (seen.answered > 1 + unknown) {
    Mistake(task, Cat("answered ", seen.answered, " times: ", history.dump()));
  }
  if (request["status"] == "completed" && seen.answered == 0) Mistake(task, "answered by nobody");
  if (!first) return;
  ++(request["status"] == "completed" ? counts_.completed : counts_.failed);
  counts_.repeated += std::max<int64_t>(0, seen.arrived - 1);
  counts_.unknown += unknown;
}

void TortureLoad::Mistake(uint64_t task, const std::string& what) {
  if (mistakes_.size() < kMistakesMost) mistakes_.push_back(Cat("task ", task, ": ", what));
}

TortureCounts TortureLoad::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::vector<std::string> TortureLoad::mistakes() const {
  const std::lock_guard lock(mutex_);
  return mistakes_;
}

}  // namespace squall
