// Programs that distinguish the memory models, and programs that show what no model has.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <type_traits>
#include <vector>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

/// What each read of a program has returned, in the order of the threads.
using outcome = std::vector<int>;

struct xy {
    atomic<int> x, y;
    std::array<std::vector<int>, 5> read{};
};
using body = std::function<std::vector<int>(xy&)>;

struct explored_model {
    std::uint64_t executions = 0;
    std::set<outcome> outcomes;
};

explored_model run_under(options how, const std::vector<body>& threads) {
    explored_model all;
    auto p = over<xy>();
    for (std::size_t t = 0; t < threads.size(); ++t)
        p.thread([&, t](xy& s) { s.read[t] = threads[t](s); });
    p.finally([&](xy& s) {
        outcome o;
        for (const auto& read : s.read) o.insert(o.end(), read.begin(), read.end());
        all.outcomes.insert(o);
    });
    how.stop_at_first = false;
    how.count_redundant = true;
    const result r = explore(p, how);
    EXPECT_THAT(r, holds_completely());
    all.executions = r.executions;
    return all;
}

struct counts {
    std::uint64_t rc11;
    std::uint64_t cxx20;
    std::uint64_t sc;
};
void expect_executions(const std::vector<body>& threads, const counts& expected) {
    EXPECT_EQ(run_under({.model = model::rc11}, threads).executions, expected.rc11) << "rc11";
    EXPECT_EQ(run_under({.model = model::cxx20}, threads).executions, expected.cxx20) << "cxx20";
    EXPECT_EQ(run_under({.model = model::sc}, threads).executions, expected.sc) << "sc";
}
void expect_allowed(const std::vector<body>& threads, const outcome& o,
                    const std::vector<model>& by) {
    for (const model m : {model::rc11, model::cxx20, model::sc})
        EXPECT_EQ(run_under({.model = m}, threads).outcomes.contains(o),
                  std::ranges::count(by, m) != 0)
            << to_string(m);
}

// --- What rc11 allows and the letter of the standard does not -----------------------------------

/// Store buffering, where each thread reads its own store back before it reads the other's.
std::vector<body> own_store_read_back(std::memory_order store_x, std::memory_order store_y) {
    return {[=](xy& s) -> outcome {
                s.x.store(1, store_x);
                const int a = s.x.load(seq_cst);
                return {a, s.y.load(seq_cst)};
            },
            [=](xy& s) -> outcome {
                s.y.store(1, store_y);
                const int c = s.y.load(seq_cst);
                return {c, s.x.load(seq_cst)};
            }};
}

// On x86 a release store and a seq_cst load are plain moves, and a thread reads its own store from
// its store buffer.
TEST(Models, OwnReleaseStoreReadBack) {
    for (const std::memory_order store : {release, relaxed}) {
        expect_executions(own_store_read_back(store, store), {4, 3, 3});
        expect_allowed(own_store_read_back(store, store), {1, 0, 1, 0}, {model::rc11});
    }
    expect_executions(own_store_read_back(seq_cst, seq_cst), {3, 3, 3});
}

// One of the stores waits for the buffer to drain, which does not help the other thread.
TEST(Models, OneOwnStoreReadBack) {
    const auto p = [](std::memory_order store_y) -> std::vector<body> {
        return {[](xy& s) -> outcome {
                    s.x.store(1, seq_cst);
                    return {s.y.load(seq_cst)};
                },
                [=](xy& s) -> outcome {
                    s.y.store(1, store_y);
                    const int c = s.y.load(seq_cst);
                    return {c, s.x.load(seq_cst)};
                }};
    };
    for (const std::memory_order store_y : {relaxed, release}) {
        expect_executions(p(store_y), {4, 3, 3});
        expect_allowed(p(store_y), {0, 1, 0}, {model::rc11});
    }
    expect_executions(p(seq_cst), {3, 3, 3});
}

// A seq_cst fence after the stores orders them in every model.
TEST(Models, FencesKeepStoreBufferingApart) {
    expect_executions({[](xy& s) -> outcome {
                           s.x.store(1, relaxed);
                           const int a = s.x.load(relaxed);
                           fence(seq_cst);
                           return {a, s.y.load(relaxed)};
                       },
                       [](xy& s) -> outcome {
                           s.y.store(1, relaxed);
                           const int c = s.y.load(relaxed);
                           fence(seq_cst);
                           return {c, s.x.load(relaxed)};
                       }},
                      {3, 3, 3});
}

// Independent reads of independent writes.
TEST(Models, ReadersNeedNotAgreeOnStoresThatAreNotSeqCst) {
    const auto p = [](std::memory_order store) -> std::vector<body> {
        return {[=](xy& s) -> outcome {
                    s.x.store(1, store);
                    return {};
                },
                [](xy& s) -> outcome {
                    const int a = s.x.load(seq_cst);
                    return {a, s.y.load(seq_cst)};
                },
                [](xy& s) -> outcome {
                    const int c = s.y.load(seq_cst);
                    return {c, s.x.load(seq_cst)};
                },
                [=](xy& s) -> outcome {
                    s.y.store(1, store);
                    return {};
                }};
    };
    for (const std::memory_order store : {relaxed, release}) {
        expect_executions(p(store), {16, 15, 15});
        expect_allowed(p(store), {1, 0, 1, 0}, {model::rc11});
    }
    expect_executions(p(seq_cst), {15, 15, 15});
}

// --- A read-modify-write is one operation -------------------------------------------------------

// Z6.U: the update synchronizes with the first thread, but nothing in its own thread comes before
// it. If it were a read and then a write, its write would come after the store of x.
TEST(Models, AnUpdateIsOneOperation) {
    const std::vector<body> z6u{[](xy& s) -> outcome {
                                    s.x.store(1, seq_cst);
                                    s.y.store(1, release);
                                    return {};
                                },
                                [](xy& s) -> outcome {
                                    const int b = s.y.fetch_add(1, seq_cst);
                                    return {b, s.y.load(relaxed)};
                                },
                                [](xy& s) -> outcome {
                                    s.y.store(3, seq_cst);
                                    return {s.x.load(seq_cst)};
                                }};
    expect_executions(z6u, {24, 24, 18});
    expect_allowed(z6u, {1, 3, 0}, {model::rc11, model::cxx20});
    EXPECT_EQ(run_under({.model = model::rc11, .fault = planted_fault::psc_splits_updates}, z6u)
                  .executions,
              22U);
}

// --- What no model has --------------------------------------------------------------------------

// Arm and Power may do the stores first, if the loads are relaxed. The explorer does not.
TEST(ModelLimits, NoLoadBuffering) {
    const std::vector<body> p{[](xy& s) -> outcome {
                                  const int a = s.x.load(relaxed);
                                  s.y.store(1, relaxed);
                                  return {a};
                              },
                              [](xy& s) -> outcome {
                                  const int b = s.y.load(relaxed);
                                  s.x.store(1, relaxed);
                                  return {b};
                              }};
    expect_executions(p, {3, 3, 3});
    expect_allowed(p, {1, 1}, {});
}

std::vector<body> message_read_by(std::memory_order load) {
    return {[](xy& s) -> outcome {
                s.x.store(1, relaxed);
                s.y.store(1, release);
                return {};
            },
            [=](xy& s) -> outcome {
                const int flag = s.y.load(load);
                // The place where y is read decides whether x is: a dependency, and more than that.
                return {flag, flag == 1 ? s.x.load(relaxed) : -1};
            }};
}
// A processor orders two loads if the address of one depends on the value of the other. The
// explorer treats consume as acquire, and has no other order by dependency.
TEST(ModelLimits, NoOrderByDependency) {
    expect_allowed(message_read_by(acquire), {1, 0}, {});
    expect_allowed(message_read_by(consume), {1, 0}, {});
    expect_allowed(message_read_by(relaxed), {1, 0}, {model::rc11, model::cxx20});
}

struct halves {
    std::int32_t low;
    std::int32_t high;
};
// A cell is a location of its own: nothing overlaps a part of it, so no thread sees a mixture.
TEST(ModelLimits, NoAccessOfParts) {
    static_assert(!std::is_constructible_v<atomic<std::int32_t>, std::int32_t*>);
    struct whole {
        atomic<halves> both;
    };
    const auto p = over<whole>()
                       .threads(2,
                                [](whole& s, unsigned me) {
                                    const auto value = static_cast<std::int32_t>(me) + 1;
                                    s.both.store({.low = value, .high = value}, relaxed);
                                })
                       .thread([](whole& s) {
                           const halves seen = s.both.load(relaxed);
                           check(seen.low == seen.high, "a mixture");
                       });
    for (const model m : {model::rc11, model::cxx20, model::sc})
        EXPECT_THAT(explore(p, {.model = m}), has_executions(6)) << to_string(m);
}

}  // namespace
}  // namespace pidmap_stress::explore
