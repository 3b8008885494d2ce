#include "engine/return_odds.h"

#include "tests/catch.h"

namespace squall::return_odds_test {
namespace {

AttemptRecord Sent(ProviderId provider, FailureClass failure) {
  AttemptRecord attempt;
  attempt.provider = provider;
  attempt.sent = true;
  attempt.diagnosis.failure = failure;
  attempt.diagnosis.origin = Origin::kProvider;
  return attempt;
}

// Fails at provider 0, and comes back there by way of provider 1.
void Returns(ReturnOdds* odds, int times, FailureClass first, FailureClass second) {
  for (int i = 0; i < times; ++i) {
    const AttemptRecord attempts[] = {Sent(0, first), Sent(1, FailureClass::kTimeout),
                                      Sent(0, second)};
    odds->Learn(attempts);
  }
}

TEST_CASE("returns: from zero, and each return counts whatever lay between", "[engine]") {
  ReturnOdds odds(1);
  CHECK(odds.Chance(0, FailureClass::kServerError) == 0.5);
  Returns(&odds, 3, FailureClass::kServerError, FailureClass::kServerError);
  CHECK(odds.Chance(0, FailureClass::kServerError) == Approx(1.0 / 5));
  Returns(&odds, 1, FailureClass::kServerError, FailureClass::kOk);
  CHECK(odds.Chance(0, FailureClass::kServerError) == Approx(2.0 / 6));
  CHECK(odds.Chance(1, FailureClass::kServerError) == 0.5);  // where nobody has returned
}

TEST_CASE("returns: a kind that is hardly known is judged by all kinds there", "[engine]") {
  ReturnOdds odds(1);
  Returns(&odds, 30, FailureClass::kServerError, FailureClass::kOk);
  Returns(&odds, 9, FailureClass::kSchemaViolation, FailureClass::kSchemaViolation);
  CHECK(odds.Chance(0, FailureClass::kSchemaViolation) == Approx(31.0 / 41));
  Returns(&odds, 1, FailureClass::kSchemaViolation, FailureClass::kSchemaViolation);
  CHECK(odds.Chance(0, FailureClass::kSchemaViolation) == Approx(1.0 / 12));
  CHECK(odds.Chance(0, FailureClass::kServerError) == Approx(31.0 / 32));
}

TEST_CASE("returns: what has been is forgotten", "[engine]") {
  ReturnOdds odds(0.9);
  Returns(&odds, 100, FailureClass::kTimeout, FailureClass::kTimeout);
  CHECK(odds.Chance(0, FailureClass::kTimeout) < 0.1);
  Returns(&odds, 20, FailureClass::kTimeout, FailureClass::kOk);
  CHECK(odds.Chance(0, FailureClass::kTimeout) > 0.7);
}

TEST_CASE("returns: first attempts, cancelled ones and overtaken ones teach nothing", "[engine]") {
  ReturnOdds odds(1);
  const AttemptRecord first[] = {Sent(0, FailureClass::kTimeout), Sent(1, FailureClass::kOk)};
  odds.Learn(first);
  AttemptRecord cancelled[] = {Sent(0, FailureClass::kTimeout), Sent(0, FailureClass::kCancelled)};
  cancelled[1].diagnosis.origin = Origin::kSelf;
  odds.Learn(cancelled);
  AttemptRecord overtaken[] = {Sent(0, FailureClass::kTimeout), Sent(0, FailureClass::kOk)};
  overtaken[0].ended = kStart + 5s;
  overtaken[1].started = kStart + 1s;
  odds.Learn(overtaken);
  CHECK(odds.Chance(0, FailureClass::kTimeout) == 0.5);
  CHECK(odds.Chance(1, FailureClass::kTimeout) == 0.5);
}

}  // namespace
}  // namespace squall::return_odds_test
