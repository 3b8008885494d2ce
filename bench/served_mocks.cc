#include "bench/served_mocks.h"

namespace squall {
namespace {

// Clients come for as long as the server runs, and nobody takes what is known of their requests.
constexpr size_t kMaxRequests = 1 << 16;

}  // namespace

class ServedMocks::Source final : public ReplySource {
 public:
  Source(ServedMocks* mocks, size_t provider) : mocks_(*mocks), provider_(provider) {
    const ProviderConfig& config = mocks->scenario_.providers[provider];
    name_ = JsonText(config.name);
    for (const ModelConfig& model : config.models) models_.push_back(JsonText(model.name));
  }

  ReplyPlan Plan(const HttpRequest& request, Time now) override {
    const Duration begun = mocks_.origin_ - kStart;
    ReplyPlan plan = provider().Plan(request, now - begun);
    const bool known = plan.model >= 0;
    mocks_.log_->Add(now - begun, name_, known ? models_[static_cast<size_t>(plan.model)] : "null",
                     request, plan);
    ++replies_[StatusSent(plan)];
    plan.at = SaturatingAdd(plan.at, begun);
    if (plan.retry_not_before > kStart) {
      plan.retry_not_before = SaturatingAdd(plan.retry_not_before, begun);
    }
    plan.run = mocks_.run_;
    return plan;
  }

  void Played(const ReplyPlan& plan) override {
    if (plan.run == mocks_.run_) provider().Played(plan);
  }
  void Left(const ReplyPlan& plan) override {
    if (plan.run == mocks_.run_) provider().Left(plan);
  }

  void Forget() { replies_.clear(); }
  Provider& provider() { return *mocks_.mocks_->providers[provider_]; }
  const std::map<int, int64_t>& replies() const { return replies_; }

 private:
  ServedMocks& mocks_;
  size_t provider_;
  std::string name_;  // as JSON, like the next
  std::vector<std::string> models_;
  std::map<int, int64_t> replies_;
};

ServedMocks::ServedMocks(const Scenario& scenario, uint64_t seed)
    : scenario_(scenario),
      seed_(seed),
      mocks_(std::make_unique<MockSide>(scenario, seed, kMaxRequests)),
      log_(std::make_unique<ArrivalLog>()) {
  for (size_t i = 0; i < scenario.providers.size(); ++i) {
    sources_.push_back(std::make_unique<Source>(this, i));
  }
}

ServedMocks::~ServedMocks() = default;

ReplySource& ServedMocks::source(size_t provider) { return *sources_[provider]; }

const ServedMocks::Faults& ServedMocks::faults(size_t provider) const {
  return sources_[provider]->provider().config().faults;
}

void ServedMocks::ReplaceFaults(size_t provider, const Faults& faults) {
  sources_[provider]->provider().ReplaceFaults(faults);
}

void ServedMocks::Restart(Time now) {
  ++run_;
  origin_ = now;
  mocks_ = std::make_unique<MockSide>(scenario_, seed_, kMaxRequests);
  log_ = std::make_unique<ArrivalLog>();
  for (const auto& source : sources_) source->Forget();
}

const std::map<int, int64_t>& ServedMocks::replies(size_t provider) const {
  return sources_[provider]->replies();
}

}  // namespace squall
