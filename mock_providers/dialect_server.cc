#include "mock_providers/dialect_server.h"

#include <algorithm>
#include <iterator>

#include "engine/base/check.h"
#include "mock_providers/anthropic.h"
#include "mock_providers/azure.h"
#include "mock_providers/deepseek.h"
#include "mock_providers/gemini.h"
#include "mock_providers/openai.h"
#include "mock_providers/responses.h"

namespace squall {
namespace {

using Models = std::vector<std::string>;

template <class Server>
std::unique_ptr<DialectServer> Make(Models models) {
  return std::make_unique<Server>(std::move(models));
}

struct Row {
  std::string_view name;
  std::unique_ptr<DialectServer> (*make)(Models models);
};

constexpr Row kTable[] = {
    {"openai", Make<OpenAiServer>},
    {"anthropic", Make<AnthropicServer>},
    {"gemini", Make<GeminiServer>},
    {"azure", Make<AzureServer>},
    {"openai_responses", Make<ResponsesServer>},
    {"deepseek", Make<DeepSeekServer>},
};

}  // namespace

std::vector<std::string_view> DialectServerNames() {
  std::vector<std::string_view> names;
  for (const Row& row : kTable) names.push_back(row.name);
  return names;
}

std::unique_ptr<DialectServer> MakeDialectServer(std::string_view dialect, Models models) {
  const auto row = std::find_if(std::begin(kTable), std::end(kTable),
                                [dialect](const Row& r) { return r.name == dialect; });
  SQUALL_CHECK(row != std::end(kTable));  // the loader has checked the name
  return row->make(std::move(models));
}

}  // namespace squall
