#include <set>

#include "mock_providers/config.h"
#include "tests/catch.h"

namespace squall::mock_config_test {
namespace {

// Visits a description and notes what a person would miss: a text that is no sentence, a name given
// twice, a default outside its own range, a rule that is broken.
class Reviewer : public Fields {
 public:
  void Bool(std::string_view name, bool&, std::string_view doc) override { Note(name, doc); }
  void Int(std::string_view name, int64_t& value, IntRange range, std::string_view doc) override {
    Note(name, doc);
    CHECK((value >= range.min && value <= range.max));
  }
  void Number(std::string_view name, double& value, NumberRange range,
              std::string_view doc) override {
    Note(name, doc);
    CHECK((value >= range.min && value <= range.max));
  }
  void Text(std::string_view name, std::string&, std::string_view doc) override { Note(name, doc); }
  void Span(std::string_view name, Duration& value, SpanRange range,
            std::string_view doc) override {
    Note(name, doc);
    CHECK((value >= range.min && value <= range.max));
  }
  void TextList(std::string_view name, std::vector<std::string>&, std::string_view doc) override {
    Note(name, doc);
  }
  void Choice(std::string_view name, int& index, std::span<const std::string_view> names,
              std::string_view doc) override {
    Note(name, doc);
    CHECK((index >= 0 && static_cast<size_t>(index) < names.size()));
  }
  void Object(std::string_view name, absl::FunctionRef<void(Fields&)> body,
              std::string_view doc) override {
    Note(name, doc);
    Reviewer inner;
    body(inner);
  }
  void ObjectList(std::string_view name, size_t, absl::FunctionRef<void(size_t)>,
                  absl::FunctionRef<void(Fields&, size_t)>, std::string_view doc) override {
    Note(name, doc);
  }
  void ObjectMap(std::string_view name, const std::vector<std::string>&,
                 absl::FunctionRef<void(Fields&, const std::string&)>,
                 std::string_view doc) override {
    Note(name, doc);
  }
  void NumberMap(std::string_view name, std::map<std::string, double>&, NumberRange,
                 std::string_view doc) override {
    Note(name, doc);
  }
  void Require(bool ok, std::string_view) override { broken += !ok; }

  std::set<std::string> seen;
  int broken = 0;

 private:
  void Note(std::string_view name, std::string_view doc) {
    CAPTURE(name, doc);
    CHECK(seen.insert(std::string(name)).second);
    CHECK(doc.size() > 10);
    CHECK(doc.ends_with('.'));
  }
};

template <class Config>
Reviewer Review(Config config) {
  Reviewer reviewer;
  Describe(reviewer, config);
  return reviewer;
}

TEST_CASE("mock config: every field is described once, and its default is in range") {
  CHECK(Review(ModelConfig()).seen.size() == 10);
  CHECK(Review(LatencyConfig()).seen.size() == 4);
  CHECK(Review(ServiceConfig()).seen.size() == 3);
  CHECK(Review(CapacityConfig()).seen.size() == 4);
  CHECK(Review(FaultConfig()).seen.size() == 15);
  CHECK(Review(ClimateConfig()).seen.size() == 15);
  CHECK(Review(ProviderConfig()).seen.size() == 7);
}

TEST_CASE("mock config: the shared parts of a rate fit into it") {
  FaultConfig config;
  CHECK(Review(config).broken == 0);
  config.request_bound = 0.6;
  config.common_cause = 0.4;
  CHECK(Review(config).broken == 0);
  config.common_cause = 0.5;
  CHECK(Review(config).broken == 1);
}

TEST_CASE("mock config: an outage or a ramp ends after it begins") {
  ClimateConfig config;
  config.name = "weather";
  config.from = 10s;
  config.to = 10s;
  CHECK(Review(config).broken == 1);
  config.kind = ClimateKind::kRamp;
  CHECK(Review(config).broken == 1);
  config.to = 11s;
  CHECK(Review(config).broken == 0);
  config.kind = ClimateKind::kGilbertElliott;
  config.to = 0s;
  CHECK(Review(config).broken == 0);
}

}  // namespace
}  // namespace squall::mock_config_test
