// Failures below HTTP: what a TransportError means, and what the words of other client libraries
// mean, for replies that squall's own transport did not fetch.
#pragma once

#include <string_view>
#include <vector>

#include "engine/diagnosis.h"
#include "engine/wire/http.h"

namespace squall {

// `status` is that of the response so far, 0 when none had arrived.
Diagnosis OfTransport(TransportError error, int status);

// From a client library's message, such as "ECONNRESET" or "ReadTimeout". kConnection for words
// that are not known.
Diagnosis OfTransportText(std::string_view text);

// The names of the rules on such words that give this class, each once.
std::vector<std::string_view> TransportRulesOf(FailureClass failure);

}  // namespace squall
