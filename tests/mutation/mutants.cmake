# Deliberate bugs, one per row. For each, ctest builds the mutated source with the named tests and
# passes only if those tests notice: a mutant that survives is a claim that no test checks.
#
#   squall_mutant(
#     NAME    breaker_never_opens                 # ctest entry mutant/breaker_never_opens
#     FILE    engine/policy/breaker.cc            # a .cc of a layer
#     FIND    [[calls >= config_.minimum_calls]]  # text that occurs exactly once in FILE
#     REPLACE [[calls < 0]]                       # what stands there instead
#     TEST    tests/engine/policy/breaker_test.cc # the test source that must notice
#     FILTER  "breaker: *")                       # its Catch2 test cases, by name or [tag]
#
# FIND and REPLACE may span lines. When a row's FIND no longer matches, configuring stops and says so.
