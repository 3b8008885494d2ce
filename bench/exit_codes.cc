#include "bench/exit_codes.h"

namespace squall {
namespace {

constexpr ExitCodeRow kExitCodes[] = {
    {kExitOk, "ok", "Everything asked for was done, and every gate passed."},
    {kExitInternal, "internal error",
     "A mistake in squall, or standard output could not be written."},
    {kExitUsage, "usage", "The command line is wrong, or a file cannot be written."},
    {kExitThreshold, "threshold failed", "A threshold failed on all of its interval."},
    {kExitRegression, "regression", "A result is worse than the base it was compared with."},
    {kExitInconclusive, "inconclusive",
     "The run is too short for a gate to pass or fail; --allow-inconclusive makes it 0."},
    {kExitInvalidScenario, "invalid scenario",
     "A scenario, preset, trace or file of rules is missing or wrong; the message names the "
     "place."},
    {kExitCorrupt, "corrupt result", "A result file is torn, or not of this format."},
    {kExitNetwork, "cannot bind or connect", "A socket could not be bound or connected."},
    {kExitNotDeterministic, "not deterministic", "A replay went another way than the result says."},
    {kExitInterrupted, "interrupted",
     "SIGINT (Ctrl-C); what had ended was printed and written, marked partial."},
    {kExitTerminated, "terminated", "The same after SIGTERM."},
};

}  // namespace

std::span<const ExitCodeRow> ExitCodeTable() { return kExitCodes; }

}  // namespace squall
