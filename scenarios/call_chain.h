// CallChain: the engine under test and the layers above it, each of which calls the one below and
// repeats what fails by a preset of its own: an agent over a framework over an SDK over a gateway.
// Retries of n layers multiply; a layer that says so (announces_retries, as a header such as
// X-Retry-Owner would) is believed by all below, which then try once (ChatRequest::caller_retries).
//
// Each layer is a real Engine whose only provider is the layer below. Between layers a request
// passes as it was asked, and an answer as an OpenAI chat completion or an error with the status of
// the last attempt below; there is no network between them and no time passes. What a layer changes
// in a request (a smaller model, a shorter prompt) does not reach those below.
//
// One thread, that of its Env.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "reports/result.h"
#include "scenarios/scenario.h"

namespace squall {

class CallChain {
 public:
  // The arguments outlive it. `events` hears of the attempts of the engine under test only.
  CallChain(const Scenario& scenario, std::vector<ProviderInfo> providers, uint64_t seed, Env* env,
            Transport* transport, EventSink* events, const Foresight* foresight);
  ~CallChain();

  // Of the outermost layer.
  Task<CallResult> Call(ChatRequest request, const JsonSchema* schema, Time deadline,
                        std::stop_token stop, AnswerSink* caller);

  // The one under test, below all layers.
  Engine& engine() { return *engine_; }

  // Adds what each layer was asked and asked for, from the outermost one down, the engine under
  // test not included.
  void AddLoads(std::vector<LayerLoad>* loads) const;

 private:
  class Layer;

  // What the outermost layer was asked, by request id.
  struct Asked {
    ChatRequest request;
    const JsonSchema* schema = nullptr;
    int calls = 0;  // under way
  };

  Task<CallResult> CallAbove(ChatRequest request, const JsonSchema* schema, Time deadline,
                             std::stop_token stop);

  std::unique_ptr<Engine> engine_;
  std::vector<std::unique_ptr<Layer>> layers_;     // the outermost one last
  absl::flat_hash_map<std::string, Asked> asked_;  // looked up, never iterated
};

// What a service answers to its caller when its own call to the providers ended so.
HttpReply ReplyOf(const CallResult& result, Time now, Time deadline);

}  // namespace squall
