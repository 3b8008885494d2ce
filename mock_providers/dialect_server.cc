#include "mock_providers/dialect_server.h"

#include "engine/base/check.h"
#include "mock_providers/openai.h"

namespace squall {
namespace {

constexpr std::string_view kNames[] = {"openai"};

}  // namespace

std::span<const std::string_view> DialectServerNames() { return kNames; }

std::unique_ptr<DialectServer> MakeDialectServer(std::string_view dialect,
                                                 std::vector<std::string> models) {
  SQUALL_CHECK(dialect == "openai");  // the loader has checked the name
  return std::make_unique<OpenAiServer>(std::move(models));
}

}  // namespace squall
