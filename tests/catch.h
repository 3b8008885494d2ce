// The one place that knows which Catch2 is installed: Debian 12 has version 2, later systems have
// version 3. Tests use only what both have: TEST_CASE, SECTION, REQUIRE, CHECK, CAPTURE, INFO,
// FAIL, GENERATE and Approx. Catch2 owns the name CHECK; our own assertion is SQUALL_CHECK.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
