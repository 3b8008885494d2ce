#include "tests/bench/torture_upstream.h"

#include <cstdlib>
#include <iterator>

#include "engine/base/cat.h"
#include "engine/base/check.h"
#include "engine/base/random.h"

namespace squall {
namespace {

constexpr std::string_view kTaskWord = "task-";

std::string TortureAnswer(uint64_t task, uint32_t arrival) {
  return Cat(R"({"id":"chatcmpl-)", task, "-", arrival,
             R"(","object":"chat.completion","created":1700000000,"model":"x","choices":[)",
             R"({"index":0,"message":{"role":"assistant","content":"Answer to task-)", task,
             ", arrival ", arrival,
             R"(."},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,)",
             R"("total_tokens":15}})");
}

// What the fate makes of the plan of a healthy answer.
void Befall(TortureFate fate, ReplyPlan* plan) {
  switch (fate) {
    case TortureFate::kAnswer: break;
    case TortureFate::kSlowAnswer: plan->at += 120ms; break;
    case TortureFate::kError500:
      plan->status = 500;
      plan->body = R"({"error":{"message":"The server had an error."}})";
      break;
    case TortureFate::kError429:
      plan->status = 429;
      plan->headers.Add("retry-after-ms", "5");
      plan->body = R"({"error":{"message":"Rate limit reached.","type":"requests"}})";
      break;
    case TortureFate::kReset:
      plan->status = 0;
      plan->end = End::kReset;
      break;
    case TortureFate::kCut:
      plan->end = End::kCut;
      plan->body_sent = plan->body.size() / 2;
      break;
    case TortureFate::kGarbage: plan->body = "<html><body>It works!</body></html>"; break;
    case TortureFate::kHang:
      plan->at = kNever;
      plan->end = End::kHang;
      break;
    case TortureFate::kRefusal:
      plan->status = 400;
      plan->body = R"({"error":{"message":"No such seed.","type":"invalid_request_error"}})";
      break;
  }
}

bool IsHealthy(TortureFate fate) {
  return fate == TortureFate::kAnswer || fate == TortureFate::kSlowAnswer;
}

}  // namespace

std::string TortureUpstream::Marker(uint64_t task) { return Cat(kTaskWord, task); }

TortureFate TortureUpstream::UsualFate(uint64_t task, uint32_t arrival) {
  struct Row {
    TortureFate fate;
    double share;
  };
  static constexpr Row kRows[] = {
      {TortureFate::kSlowAnswer, 0.10}, {TortureFate::kError500, 0.10},
      {TortureFate::kError429, 0.05},   {TortureFate::kReset, 0.06},
      {TortureFate::kCut, 0.05},        {TortureFate::kGarbage, 0.05},
      {TortureFate::kHang, 0.03},       {TortureFate::kRefusal, 0.03},
  };
  double u = Draw(11, Stream("torture"), task, arrival);
  for (const Row& row : kRows) {
    if (u < row.share) return row.fate;
    u -= row.share;
  }
  return TortureFate::kAnswer;
}

class TortureUpstream::Source final : public ReplySource {
 public:
  explicit Source(TortureUpstream* owner) : owner_(*owner) {}

  ReplyPlan Plan(const HttpRequest& request, Time now) override {
    const size_t at = request.body.find(kTaskWord);
    SQUALL_CHECK(at != std::string::npos);
    ReplyPlan plan;
    plan.request_key = std::strtoull(request.body.c_str() + at + kTaskWord.size(), nullptr, 10);
    {
      const std::lock_guard lock(owner_.mutex_);
      plan.arrival = static_cast<uint32_t>(owner_.seen_[plan.request_key].arrived++);
    }
    const double u = Draw(12, Stream("latency"), plan.request_key, plan.arrival);
    plan.at = now + Duration(static_cast<int64_t>(u * 20e6));
    plan.headers.Add("content-type", "application/json");
    plan.body = TortureAnswer(plan.request_key, plan.arrival);
    const TortureFate fate = owner_.fates_(plan.request_key, plan.arrival);
    plan.run = IsHealthy(fate) ? 1 : 0;
    Befall(fate, &plan);
    return plan;
  }

  void Played(const ReplyPlan& plan) override {
    if (plan.run == 0) return;
    const std::lock_guard lock(owner_.mutex_);
    ++owner_.seen_[plan.request_key].answered;
  }

 private:
  TortureUpstream& owner_;
};

TortureUpstream::TortureUpstream(size_t providers, Fates fates) : fates_(std::move(fates)) {
  for (size_t i = 0; i < providers; ++i) {
    sources_.push_back(std::make_unique<Source>(this));
    servers_.push_back(std::make_unique<MockHttpServer>(env_, *sources_.back()));
    const absl::StatusOr<uint16_t> port = servers_.back()->Start();
    SQUALL_CHECK(port.ok());
    ports_.push_back(*port);
  }
  thread_ = std::thread([this] { env_.io().run(); });
}

TortureUpstream::~TortureUpstream() {
  for (const auto& server : servers_) Spawn(env_.executor(), server->Stop());
  thread_.join();
}

TortureUpstream::Seen TortureUpstream::Of(uint64_t task) const {
  const std::lock_guard lock(mutex_);
  const auto found = seen_.find(task);
  return found == seen_.end() ? Seen() : found->second;
}

int64_t TortureUpstream::arrivals() const {
  const std::lock_guard lock(mutex_);
  int64_t sum = 0;
  for (const auto& [unused, seen] : seen_) sum += seen.arrived;
  return sum;
}

}  // namespace squall
