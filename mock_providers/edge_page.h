// A page of the edge in front of an API, in no dialect at all: HTML, no request id, no envelope.
#pragma once

#include <string_view>

#include "mock_providers/reply_plan.h"

namespace squall {

void WriteEdgePage(int status, std::string_view title, std::string_view text, ReplyPlan* plan);

// 413: the edge measures requests before anybody reads them.
void WriteTooLargePage(ReplyPlan* plan);

}  // namespace squall
