// Rules: from evidence to class, retry decision and origin. One ordered table; the first row that
// applies decides. Order: filters and bad output, too long, money before rates, capacity before
// rates, windows, then the caller's faults, then the provider's, then the status.
// Sources per row group are named in diagnose_rules.cc.
#pragma once

#include <string_view>
#include <vector>

#include "engine/diagnose_evidence.h"
#include "engine/diagnosis.h"

namespace squall {

// What an error means. `status` is that of HTTP, 0 when unknown, below 400 for an error inside a
// success. The wait is not filled in.
Diagnosis DecideError(const Evidence& evidence, int status);

// What a success is worth, by its envelope: evidence.error is false.
Diagnosis DecideReply(const Evidence& evidence, bool cut);

// What the status alone says; 400 and above.
Diagnosis DecideStatus(int status);

// The usual origin, safety and retry decision of a class.
Diagnosis OfClass(FailureClass failure, std::string_view rule);

// The names of the rules of the tables that give this class, in their order, each once: of errors,
// of statuses and of how an answer ended.
std::vector<std::string_view> RulesOf(FailureClass failure);

}  // namespace squall
