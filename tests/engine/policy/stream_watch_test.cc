#include "engine/policy/stream_watch.h"

#include "tests/catch.h"

namespace squall::stream_watch_test {
namespace {

int AsInt(Stall stall) { return static_cast<int>(stall); }

TEST_CASE("stream watch: only a piece of the answer stops the first clock", "[policy]") {
  StreamWatchConfig config;
  config.first_piece = 5s;
  StreamWatch watch(config, kStart + 1s);
  CHECK(AsInt(watch.Check(kStart + 6s - 1ns)) == AsInt(Stall::kNone));
  CHECK(AsInt(watch.Check(kStart + 6s)) == AsInt(Stall::kFirstPiece));
  CHECK(watch.GiveUpAt() == kStart + 6s);
  watch.OnProgress(kStart + 5s, 1);
  CHECK(AsInt(watch.Check(kStart + 1h)) == AsInt(Stall::kNone));
  CHECK(watch.GiveUpAt() == kNever);
}

TEST_CASE("stream watch: a pause between pieces is measured from the last one", "[policy]") {
  StreamWatchConfig config;
  config.between = 2s;
  StreamWatch watch(config, kStart);
  CHECK(AsInt(watch.Check(kStart + 1h)) == AsInt(Stall::kNone));
  watch.OnProgress(kStart + 10s, 4);
  watch.OnProgress(kStart + 11s, 4);
  CHECK(AsInt(watch.Check(kStart + 13s - 1ns)) == AsInt(Stall::kNone));
  CHECK(AsInt(watch.Check(kStart + 13s)) == AsInt(Stall::kBetween));
  CHECK(watch.GiveUpAt() == kStart + 13s);
}

TEST_CASE("stream watch: a drip keeps the gaps short and still is too slow", "[policy]") {
  StreamWatchConfig config;
  config.between = 2s;
  config.min_bytes_per_s = 3;
  config.rate_window = 8s;
  StreamWatch watch(config, kStart);
  Time stalled = kNever;
  for (int i = 0; i < 30 && stalled == kNever; ++i) {
    const Time now = kStart + 1s + 1s * i;
    if (watch.Check(now) != Stall::kNone) stalled = now;
    if (stalled == kNever) watch.OnProgress(now, i < 4 ? 20 : 1);
  }
  // 80 bytes came in the first four seconds. A window still holds 24 of them until it has slid past
  // the third: seconds 3 to 10 hold 20 + 7, seconds 4 to 11 hold 8.
  CHECK(stalled == kStart + 1s + 12s);
  CHECK(AsInt(watch.Check(stalled)) == AsInt(Stall::kTooSlow));
}

TEST_CASE("stream watch: the rate is not judged before one window has passed", "[policy]") {
  StreamWatchConfig config;
  config.min_bytes_per_s = 1000;
  config.rate_window = 8s;
  StreamWatch watch(config, kStart);
  watch.OnProgress(kStart + 3s, 1);
  CHECK(AsInt(watch.Check(kStart + 11s - 1ns)) == AsInt(Stall::kNone));
  CHECK(watch.GiveUpAt() == kStart + 11s);
  CHECK(AsInt(watch.Check(kStart + 11s)) == AsInt(Stall::kTooSlow));
}

TEST_CASE("stream watch: it says beforehand when it will give up", "[policy]") {
  StreamWatchConfig config;
  config.first_piece = 4s;
  config.between = 3s;
  config.min_bytes_per_s = 2;
  config.rate_window = 4s;
  for (int pieces = 0; pieces < 12; ++pieces) {
    CAPTURE(pieces);
    StreamWatch watch(config, kStart);
    for (int i = 0; i < pieces; ++i) watch.OnProgress(kStart + 1s * i, 10);
    const Time from = pieces == 0 ? kStart : kStart + 1s * (pieces - 1);
    const Time told = watch.GiveUpAt();
    CHECK(watch.Check(told) != Stall::kNone);
    Time found = from;
    while (watch.Check(found) == Stall::kNone) found += 50ms;
    CHECK(told <= found);
    CHECK(found - told < 50ms);
  }
}

TEST_CASE("stream watch: no clock, no stall", "[policy]") {
  StreamWatch watch(StreamWatchConfig(), kStart);
  CHECK(AsInt(watch.Check(kStart + 1000h)) == AsInt(Stall::kNone));
  watch.OnProgress(kStart, 0);
  CHECK(AsInt(watch.Check(kStart + 1000h)) == AsInt(Stall::kNone));
  CHECK(watch.GiveUpAt() == kNever);
}

}  // namespace
}  // namespace squall::stream_watch_test
