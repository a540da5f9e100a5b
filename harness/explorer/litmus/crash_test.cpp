// Goal: show that a crash of the code under test is a finding like any other: it ends its own
// execution and no other, it happens again on its schedule, and nothing else is lost.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/controlled.hpp"
#include "harness/explorer/search/gtest.hpp"

#undef NDEBUG
#include <cassert>

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;
using ::testing::HasSubstr;

struct cells {
    atomic<int> x{0};
    atomic<int> y{0};
};
struct members {
    long before;
    atomic<int> cell;
};

// Volatile, so that the compiler cannot know the result.
members* volatile nowhere_at_all = nullptr;
volatile int zero = 0;
volatile int depth = 0;

[[gnu::noinline]] int recurse(int n) {
    depth = n;
    if (zero != 0) return n;  // For the compiler's sake.
    const int below = recurse(n + 1);
    return below + depth;
}
/// With large frames, so that not too many steps fit in.
[[gnu::noinline]] int recurse_over(atomic<int>& cell, const volatile char* above) {
    volatile char frame[4096];
    frame[zero] = above[zero];
    if (zero != 0) return 0;
    const int read = cell.load(relaxed);
    return recurse_over(cell, frame) + read + frame[zero + 1];
}

struct way_to_crash {
    const char* what;
    void (*crash)(cells& s);
    bool by_steps = false;  ///< It takes steps, which no invariant may do.
};
const way_to_crash ways[] = {
    {"a null pointer", [](cells&) { depth = static_cast<int>(nowhere_at_all->before); }},
    {"a null pointer", [](cells&) { (void)nowhere_at_all->cell.load(); }},
    {"the stack is used up", [](cells&) { depth = recurse(1); }},
    {"the stack is used up", [](cells& s) { depth = recurse_over(s.x, ""); }, true},
    {"a division by zero", [](cells&) { depth = depth / zero; }},
    {"an illegal instruction", [](cells&) { __builtin_trap(); }},
    {"abort() is called", [](cells&) { std::abort(); }},
    {"the assertion `zero == 1' fails", [](cells&) { assert(zero == 1); }},
    {"memory is used that is not there",
     [](cells&) { depth = *reinterpret_cast<volatile int*>(0x5a5a5a5a5a5a5a5aU); }},
    {"a variable is used that was never made",
     [](cells&) {
         alignas(members) unsigned char bytes[sizeof(members)];
         std::fill(std::begin(bytes), std::end(bytes), 0x7f);
         (void)reinterpret_cast<members*>(bytes)->cell.load();
     }},
};

class Crash : public ::testing::Test {
protected:
    void SetUp() override {
        if (under_sanitizer) GTEST_SKIP() << "sanitizers have handlers of their own";
    }
};

const finding* crash_in(const std::vector<finding>& all) {
    for (const finding& f : all)
        if (f.kind == finding_kind::crash) return &f;
    return nullptr;
}

/// Crashes in the one of two executions in which thread 1 is late.
program_over<cells> crashes_late(const way_to_crash& way) {
    return over<cells>()
        .thread([way](cells& s) {
            if (s.x.load(relaxed) == 1) way.crash(s);
            s.y.store(1, relaxed);
        })
        .thread([](cells& s) { s.x.store(1, relaxed); })
        .finally([](cells& s) { check(s.y.load(relaxed) == 1, "y was stored"); });
}

// Each kind, under each strategy: the crash is found, and its schedule crashes in the same way
// again.
TEST_F(Crash, IsAFindingThatReplays) {
    for (const way_to_crash& way : ways)
        for (const strategy by : {strategy::random, strategy::bounded, strategy::exhaustive,
                                  strategy::stateful, strategy::portfolio}) {
            const auto p = crashes_late(way);
            const result r = explore(p, {.strategy = by, .walks = 50, .stop_at_first = false});
            ASSERT_EQ(r.findings.size(), 1U) << way.what << to_string(by) << r.summary();
            const finding& f = r.findings.front();
            EXPECT_EQ(f.kind, finding_kind::crash) << r.summary();
            EXPECT_THAT(f.what, HasSubstr(way.what)) << to_string(by);
            EXPECT_EQ(f.thread, 1U);
            EXPECT_TRUE(f.replayed) << way.what << to_string(by);
            const replay_result again = replay(p, f.schedule, {});
            EXPECT_TRUE(again.exact);
            ASSERT_EQ(again.findings.size(), 1U);
            EXPECT_TRUE(again.findings[0].same_as(f));
        }
}

// The search continues after it: the other execution is met, and no completeness is claimed that
// crashes would break.
TEST_F(Crash, EndsItsOwnExecutionOnly) {
    for (const way_to_crash& way : ways) {
        const result r = explore(crashes_late(way), {.stop_at_first = false});
        EXPECT_EQ(r.executions, 1U) << way.what << r.summary();
        EXPECT_EQ(r.stopped, 1U) << way.what << r.summary();
        EXPECT_TRUE(r.complete);
    }
}

// Where no thread runs: in the set-up, at an instant, in the final check, and when the state is
// destroyed.
struct dies_late {
    atomic<int> x{0};
    bool dies = false;
    ~dies_late() {
        if (dies) std::abort();
    }
};
TEST_F(Crash, IsFoundWhereNoThreadRuns) {
    for (const way_to_crash& way : ways)
        for (const strategy by : {strategy::random, strategy::exhaustive}) {
            const options how{.strategy = by, .walks = 20, .stop_at_first = false};
            const auto body = [](cells& s) { s.x.store(1, relaxed); };
            const auto expect_crash = [&](const program& p, const std::string& call) {
                const result r = explore(p, how);
                const finding* const f = crash_in(r.findings);
                ASSERT_TRUE(f) << way.what << " in " << call << ": " << r.summary();
                EXPECT_THAT(f->what, HasSubstr(way.what));
                EXPECT_TRUE(f->replayed) << way.what << " in " << call;
                EXPECT_EQ(f->call, call);
            };
            expect_crash(over<cells>().thread(body).first(way.crash), "the set-up");
            expect_crash(over<cells>().thread(body).finally(way.crash), "the final check");
            if (way.by_steps) continue;
            expect_crash(over<cells>().thread(body).always([way](const cells& s) {
                if (s.x.peek() == 1) way.crash(const_cast<cells&>(s));
            }),
                         "");
        }
    const auto at_the_end = over<dies_late>().thread([](dies_late& s) { s.dies = true; });
    const result r = explore(at_the_end);
    ASSERT_TRUE(crash_in(r.findings)) << r.summary();
    EXPECT_EQ(r.executions, 0U);
}

// Other faults are found too, in the other executions.
TEST_F(Crash, HidesNoOtherFinding) {
    const auto p = over<cells>()
                       .thread([](cells& s) {
                           if (s.x.load(relaxed) == 1) std::abort();
                           check(s.y.load(relaxed) == 0, "y is 0");
                       })
                       .thread([](cells& s) {
                           s.y.store(1, relaxed);
                           s.x.store(1, relaxed);
                       });
    const result r = explore(p, {.stop_at_first = false});
    EXPECT_EQ(r.findings.size(), 2U) << r.summary();
    EXPECT_TRUE(crash_in(r.findings));
    EXPECT_THAT(r, breaks(finding_kind::assertion));
}

// Crashes on several OS threads at once change nothing.
TEST_F(Crash, IsTheSameWhateverTheJobs) {
    for (const way_to_crash& way : ways) {
        if (way.by_steps) continue;  // They read what others write: there would be too many.
        const auto p = over<cells>().threads(3, [way](cells& s, unsigned t) {
            s.x.fetch_add(1, relaxed);
            if (s.y.fetch_add(1, relaxed) == 1 && t == 1) way.crash(s);
        });
        for (const std::uint64_t budget : {0ULL, 10'000ULL}) {
            const options alone{.budget = budget, .stop_at_first = false};
            options shared = alone;
            shared.jobs = 4;
            const result one = explore(p, alone);
            const result four = explore(p, shared);
            EXPECT_EQ(one.summary(), four.summary());
            EXPECT_GT(one.stopped, 0U);
            ASSERT_EQ(one.findings.size(), four.findings.size());
            for (std::size_t i = 0; i < one.findings.size(); ++i)
                EXPECT_EQ(one.findings[i].schedule, four.findings[i].schedule);
        }
    }
}

// Memory of executions that crashed is available again for the next one.
TEST_F(Crash, LeavesNoMemoryInUse) {
    struct large {
        atomic<int> cell;
        char rest[200 * 1024];
    };
    using policy = explored<tiny_geometry<8, 2>>;
    const auto p = over<cells>()
                       .thread([](cells& s) {
                           auto* const made = policy::create<large>();
                           check(made != nullptr, "there is memory");
                           if (s.x.load(relaxed) != 2) std::abort();
                       })
                       .thread([](cells& s) { s.x.store(1, relaxed); });
    const result r =
        explore(p, {.strategy = strategy::random, .walks = 200, .stop_at_first = false});
    EXPECT_EQ(r.findings.size(), 1U) << r.summary();
    EXPECT_EQ(r.stopped, 200U);
}

// A crash of the engine itself is not a finding: the process ends by it, and says that it is its
// own.
class crashes_itself final : public step_observer {
public:
    void on_step(const step&) override { depth = static_cast<int>(nowhere_at_all->before); }
};
TEST_F(Crash, OfTheEngineIsNotMasked) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto p = over<cells>().thread([](cells& s) { s.x.store(1, relaxed); });
    const auto crash_in_engine = [&] {
        const memory_rules rules;
        machine m(p, rules, {});
        crashes_itself observer;
        m.observe(&observer);
        graph g(rules);
        repeat first_option({});
        first_option.restart();
        (void)m.run(g, first_option);
    };
    EXPECT_EXIT(crash_in_engine(), ::testing::KilledBySignal(SIGSEGV),
                "the explorer itself crashed");
}

// A signal from another process, or one that arrives while nothing is explored, is not ours.
TEST_F(Crash, OfAnybodyElseIsNotMasked) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto explore_and = [](const auto& then) {
        (void)explore(over<cells>().thread([](cells& s) { s.x.store(1, relaxed); }));
        then();
    };
    EXPECT_EXIT(explore_and([] { std::abort(); }), ::testing::KilledBySignal(SIGABRT), "");
    EXPECT_EXIT(explore_and([] { depth = static_cast<int>(nowhere_at_all->before); }),
                ::testing::KilledBySignal(SIGSEGV), "");
    EXPECT_EXIT(explore_and([] { assert(zero == 1); }), ::testing::KilledBySignal(SIGABRT),
                "Assertion `zero == 1' failed");
    const auto struck = over<cells>().thread([](cells& s) {
        s.x.store(1, relaxed);
        ::kill(::getpid(), SIGSEGV);
        for (;;) depth = 1;
    });
    EXPECT_EXIT((void)explore(struck), ::testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace pidmap_stress::explore
