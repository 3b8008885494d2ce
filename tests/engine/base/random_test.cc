#include "engine/base/random.h"

#include <cmath>
#include <set>
#include <vector>

#include "tests/catch.h"

namespace squall::random_test {
namespace {

constexpr int kDraws = 200'000;

double MeanOf(double (*sample)(double u)) {
  double sum = 0;
  for (uint64_t i = 0; i < kDraws; ++i) sum += sample(Draw(7, Stream("test"), i));
  return sum / kDraws;
}

TEST_CASE("a draw depends on every part of its key and on nothing else", "[base]") {
  const uint64_t draw = DrawBits(1, Stream("a"), 2, 3, 4);
  CHECK(draw == DrawBits(1, Stream("a"), 2, 3, 4));
  const std::set<uint64_t> others = {draw,
                                     DrawBits(2, Stream("a"), 2, 3, 4),
                                     DrawBits(1, Stream("b"), 2, 3, 4),
                                     DrawBits(1, Stream("a"), 3, 3, 4),
                                     DrawBits(1, Stream("a"), 2, 4, 4),
                                     DrawBits(1, Stream("a"), 2, 3, 5)};
  CHECK(others.size() == 6);
}

TEST_CASE("draws are the same on every machine", "[base]") {
  CHECK(DrawBits(0, 0) == DrawBits(0, 0, 0, 0, 0));
  CHECK(Mix(0) == 0xe220a8397b1dcdafu);  // first output of splitmix64 seeded with 0
}

TEST_CASE("uniform draws fill the unit interval evenly", "[base]") {
  // Chi-square over 100 cells; 99.9 % bound for 99 degrees of freedom is 148.2.
  std::vector<int> cells(100);
  for (uint64_t i = 0; i < kDraws; ++i) {
    const double u = Draw(3, Stream("cells"), i);
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    ++cells[static_cast<size_t>(u * 100)];
  }
  double chi_square = 0;
  for (const int count : cells) {
    const double expected = kDraws / 100.0;
    chi_square += (count - expected) * (count - expected) / expected;
  }
  CHECK(chi_square < 148.2);
}

TEST_CASE("distributions have the means they state", "[base]") {
  // Four standard errors of the mean at 200,000 draws.
  const double root_n = std::sqrt(static_cast<double>(kDraws));
  CHECK(std::abs(MeanOf([](double u) { return Exponential(u, 2.0); }) - 2.0) < 4 * 2.0 / root_n);
  CHECK(std::abs(MeanOf(&NormalQuantile)) < 4 / root_n);
  const double lognormal = MeanOf([](double u) { return LogNormal(u, 1.0, 0.5); });
  CHECK(std::abs(lognormal - std::exp(0.125)) < 4 * 0.604 / root_n);
}

TEST_CASE("the normal quantile agrees with the tables", "[base]") {
  const std::pair<double, double> rows[] = {
      {0.5, 0.0}, {0.975, 1.959963985}, {0.001, -3.090232306}, {0.9999, 3.719016485}};
  for (const auto& [p, quantile] : rows) CHECK(std::abs(NormalQuantile(p) - quantile) < 1e-7);
  CHECK(std::isfinite(NormalQuantile(0.0)));
}

TEST_CASE("one categorical draw gives each weight its share and leaves the rest", "[base]") {
  const double weights[] = {0.1, 0.0, 0.25};
  CHECK(PickWeighted(0.0, weights) == 0);
  CHECK(PickWeighted(0.0999, weights) == 0);
  CHECK(PickWeighted(0.1, weights) == 2);
  CHECK(PickWeighted(0.3499, weights) == 2);
  CHECK(PickWeighted(0.36, weights) == -1);
}

}  // namespace
}  // namespace squall::random_test
