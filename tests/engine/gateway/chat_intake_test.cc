// Where the members of a client's JSON stand in its text.
#include "engine/gateway/chat_intake.h"

#include <nlohmann/json.hpp>

#include "tests/catch.h"

namespace squall::chat_intake_test {
namespace {

TEST_CASE("chat intake: members are found whatever their strings hold", "[gateway]") {
  // Every string of up to five of these characters, as JSON writes it.
  const std::string alphabet = "\"\\,}a";
  std::string text;
  for (int code = 0; code < 6 * 6 * 6 * 6 * 6; ++code) {
    text.clear();
    for (int left = code; left > 0; left /= 6) {
      if (left % 6 > 0) text.push_back(alphabet[static_cast<size_t>(left % 6 - 1)]);
    }
    const std::string value = nlohmann::json(text).dump();
    const std::string list = "[" + value + ",{\"k\":" + value + "}]";
    const std::string object = R"({ "first" : )" + value + " ,\n\"second\":" + list + "}";
    const auto members = TopMembers(object);
    INFO(object);
    REQUIRE(members.size() == 2);
    REQUIRE(members[0].key == "first");
    REQUIRE(members[0].value == value);
    REQUIRE(members[1].key == "second");
    REQUIRE(members[1].value == list);
  }
}

}  // namespace
}  // namespace squall::chat_intake_test
