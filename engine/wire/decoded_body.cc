#include "engine/wire/decoded_body.h"

namespace squall {

std::string_view FinishWord(Finish finish) {
  switch (finish) {
    case Finish::kStop: return "stop";
    case Finish::kLength: return "length";
    case Finish::kToolCalls: return "tool_calls";
    case Finish::kContentFilter: return "content_filter";
    case Finish::kAbsent:
    case Finish::kInterrupted:
    case Finish::kOther: break;
  }
  return {};
}

}  // namespace squall
