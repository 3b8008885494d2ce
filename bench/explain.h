// squall explain: what a name means, from the tables that the code itself goes by.
#pragma once

#include <string>
#include <vector>

#include "scenarios/scenario.h"

namespace squall {

// Everything that can be explained, by name, with a line on each; a name may stand there twice.
std::vector<BundledItem> ExplainTopics();
std::vector<BundledItem> MetricTopics();  // of these: metrics,
std::vector<BundledItem> ClaimTopics();   // and claims

// Explains each topic, or lists all where there is none. Exit code 2: an unknown one.
int Explain(const std::vector<std::string>& topics, int width);

// What a fault puts on the wire, as a mock provider of OpenAI's dialect sends it.
std::string ExplainFault(int kind, int width);

}  // namespace squall
