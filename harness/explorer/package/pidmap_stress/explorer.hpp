#pragma once

/// The explorer, for code of any kind: every interleaving of a small concurrent program under the
/// memory model of C++20. What is in it: the README of harness/explorer.
#include "harness/explorer/native/run_natively.hpp"
#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/replay/pinned.hpp"
#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/run/program.hpp"
#include "harness/explorer/search/estimate.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/explorer/sync/condition_variable.hpp"
#include "harness/explorer/sync/latch.hpp"
#include "harness/explorer/sync/mutex.hpp"
#include "harness/explorer/sync/per_thread.hpp"
#include "harness/explorer/sync/semaphore.hpp"
#include "harness/explorer/sync/stop_token.hpp"
#include "harness/explorer/sync/thread.hpp"
