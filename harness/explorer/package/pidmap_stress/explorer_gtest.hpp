#pragma once

/// GoogleTest matchers for what the explorer shows: `EXPECT_THAT(explore(p), holds_completely())`.
/// Needs GoogleTest with gmock; the explorer itself does not.
#include "harness/explorer/search/gtest.hpp"
#include "pidmap_stress/explorer.hpp"
