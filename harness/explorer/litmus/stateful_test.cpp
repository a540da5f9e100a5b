// The stateful search against the exhaustive one, which knows nothing of states: both must see the
// same outcomes and the same findings, on small random programs and on waiting loops.

#include "harness/explorer/search/stateful.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/gtest.hpp"
#include "harness/explorer/search/search.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

enum class kind : std::uint8_t {
    load,
    store,
    add,
    cas,
    weak_cas,
    fence,
    choose,
    read_plain,
    write_plain,
    use_memory,
    release_memory,
    skip_if_zero,
};

struct operation {
    kind what;
    unsigned cell;
    int value;
    std::memory_order order;
};
using thread_code = std::vector<operation>;
using code = std::vector<thread_code>;

constexpr unsigned most_threads = 4;
using geometry = tiny_geometry<2, 2>;

struct shared_object {
    atomic<int> in{0};
};

struct cells {
    std::array<atomic<int>, 3> at;
    plain<int> unprotected;
    shared_object* object = explored<geometry>::create<shared_object>();
    std::array<int, most_threads> last{};  // What a thread has read is all that it remembers.
};

/// \return what the thread has read.
int perform_one(cells& s, const operation& o) {
    atomic<int>& cell = s.at[o.cell];
    const auto as_load = is_acquire(o.order) ? o.order == seq_cst ? seq_cst : acquire : relaxed;
    const auto as_store = is_release(o.order) ? o.order == seq_cst ? seq_cst : release : relaxed;
    int expected = 0;
    switch (o.what) {
        case kind::load:
            return cell.load(as_load);
        case kind::store:
            cell.store(o.value, as_store);
            return 0;
        case kind::add:
            return cell.fetch_add(o.value, o.order);
        case kind::cas:
            return cell.compare_exchange_strong(expected, o.value, o.order, relaxed) ? 0 : expected;
        case kind::weak_cas:
            return cell.compare_exchange_weak(expected, o.value, o.order, relaxed) ? 0 : 4;
        case kind::fence:
            fence(o.order);
            return 0;
        case kind::choose:
            return static_cast<int>(choose(2));
        case kind::read_plain:
            return s.unprotected.get();
        case kind::write_plain:
            s.unprotected.set(o.value);
            return 0;
        case kind::use_memory:
            return s.object->in.fetch_add(1, relaxed);
        case kind::release_memory:
            explored<geometry>::destroy(s.object);
            return 0;
        case kind::skip_if_zero:
            break;
    }
    return 0;
}

void perform(cells& s, const thread_code& t, unsigned thread) {
    for (std::size_t i = 0; i < t.size(); ++i) {
        if (t[i].what == kind::skip_if_zero)
            i += s.last[thread] == 0 ? 1 : 0;
        else if (const int got = perform_one(s, t[i]); got != 0 || t[i].what == kind::load)
            s.last[thread] = got;
    }
}

/// \param hard  Whether there are fences and strong operations, which make states hard to tell.
code random_code(std::uint64_t seed, bool hard) {
    dice d(seed, hard ? 78 : 77);
    constexpr std::array orders{relaxed, acquire, release, acq_rel, acq_rel};
    code c(2 + d.below(2));
    for (thread_code& t : c) {
        const unsigned length = 2 + d.below(c.size() == 2 ? 4 : 3);
        for (unsigned i = 0; i < length; ++i) {
            const unsigned dial = d.below(24);
            kind what = dial < 6    ? kind::load
                        : dial < 10 ? kind::store
                        : dial < 13 ? kind::add
                        : dial < 15 ? kind::cas
                        : dial < 16 ? kind::weak_cas
                        : dial < 17 ? kind::choose
                        : dial < 18 ? kind::read_plain
                        : dial < 19 ? kind::write_plain
                        : dial < 20 ? kind::use_memory
                        : dial < 21 ? kind::release_memory
                                    : kind::skip_if_zero;
            if (hard && d.below(8) == 0) what = kind::fence;
            auto order = orders[d.below(orders.size())];
            if (hard && d.below(3) == 0) order = seq_cst;
            t.push_back({.what = what,
                         .cell = d.below(3),
                         .value = 1 + static_cast<int>(d.below(2)),
                         .order = order});
        }
    }
    return c;
}

/// What an exploration shows: how executions end, and what goes wrong.
struct sights {
    std::set<std::array<int, most_threads + 5>> ends;
    std::set<std::string> findings;
    /// What a racy read returns, and which thread's release is the second one, depends on the order
    /// in which the engine runs its threads, and so does everything after that.
    [[nodiscard]] bool undefined() const {
        return findings.contains("data race: unordered accesses to a plain variable") ||
               findings.contains("double free: memory is released twice");
    }
};

enum class memory : std::uint8_t { flat, not_flat };

sights all_sights(const code& c, options how, memory where) {
    sights seen;
    auto p = over<cells>();
    for (unsigned t = 0; t < c.size(); ++t)
        p.thread([code = c[t], t](cells& s) { perform(s, code, t); });
    p.finally([&seen](cells& s) {
        seen.ends.insert({s.last[0], s.last[1], s.last[2], s.last[3], s.at[0].peek(),
                          s.at[1].peek(), s.at[2].peek(), s.unprotected.peek(),
                          s.object->in.peek()});
    });
    p.always([&seen](const cells& s) {
        // Of cells that only updates change, an instant is well defined.
        if (s.object->in.peek() == 2) seen.findings.insert("two have been there");
    });
    if (where == memory::flat) p.flat();
    how.stop_at_first = false;
    how.limits.spurious_failures = 1;
    const result r = explore(p, how);
    EXPECT_TRUE(r.complete);
    for (const finding& f : r.findings)
        seen.findings.insert(std::string(to_string(f.kind)) + ": " + f.what);
    for (const finding& f : r.findings) EXPECT_TRUE(f.replayed || seen.undefined()) << f.what;
    return seen;
}

/// Random walks would find by themselves what is to be found here.
constexpr std::uint64_t no_lessons = 0;

/// \return what the stateful search does not see right, or nothing.
std::string judge(const code& c, model m, memory where, planted_fault fault,
                  std::uint64_t lessons = no_lessons) {
    const sights expected = all_sights(c, {.model = m}, where);
    const sights seen = all_sights(
        c, {.model = m, .strategy = strategy::stateful, .walks = lessons, .fault = fault}, where);
    if (seen.undefined() != expected.undefined()) return "a race, or none";
    if (seen.undefined()) return {};
    if (seen.ends != expected.ends) return "other ends";
    if (seen.findings != expected.findings) return "other findings";
    return {};
}

constexpr operation then{.what = kind::skip_if_zero, .cell = 0, .value = 0, .order = relaxed};
constexpr operation store(unsigned cell, int value, std::memory_order order) {
    return {.what = kind::store, .cell = cell, .value = value, .order = order};
}
constexpr operation load(unsigned cell, std::memory_order order) {
    return {.what = kind::load, .cell = cell, .value = 0, .order = order};
}

/// Programs in which one value comes from two writers, one of which publishes more than the other:
/// a thread that read the value from it knows more than one that read the silent writer's value,
/// even if that came later. Each program comes with its threads in every order, as a search that
/// mistakes the two for one state may happen to meet the right one first.
std::vector<code> code_with_two_writers() {
    const operation write{.what = kind::write_plain, .cell = 0, .value = 1, .order = relaxed};
    const operation read{.what = kind::read_plain, .cell = 0, .value = 0, .order = relaxed};
    const operation fence{.what = kind::fence, .cell = 0, .value = 0, .order = acquire};
    const thread_code outspoken{write, store(0, 1, release), store(1, 1, relaxed)};
    const thread_code silent{load(1, relaxed), then, store(0, 1, relaxed)};
    std::vector<code> made{
        {outspoken, {load(0, acquire), then, store(2, 1, relaxed), then, read}, silent},
        {outspoken, {load(0, relaxed), then, fence, then, read}, silent},
        // The same by way of a third writer, which ends, and with an old write that matters to the
        // fourth.
        {{store(2, 1, relaxed), store(1, 1, release)},
         {load(1, acquire), then, store(0, 1, release)},
         {load(1, relaxed), then, store(1, 1, relaxed)},
         {load(0, acquire), then, store(0, 2, relaxed), load(2, relaxed)}}};
    std::vector<code> all;
    for (const code& one : made) {
        std::vector<std::size_t> order(one.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        do {
            code permuted;
            for (const std::size_t t : order) permuted.push_back(one[t]);
            all.push_back(permuted);
        } while (std::ranges::next_permutation(order).found);
    }
    return all;
}

TEST(Stateful, SeesWhatTheExhaustiveSearchSeesOnRandomPrograms) {
    for (const bool hard : {false, true})
        for (std::uint64_t seed = 1; seed <= 400; ++seed)
            for (const model m : {model::rc11, model::sc})
                for (const memory where : {memory::flat, memory::not_flat})
                    ASSERT_EQ(judge(random_code(seed, hard), m, where, planted_fault::none), "")
                        << "seed " << seed << (hard ? ", hard" : "")
                        << (m == model::sc ? ", sc" : ", rc11")
                        << (where == memory::flat ? ", flat" : "");
}

TEST(Stateful, TellsWhatAThreadKnowsByWhomItRead) {
    for (const code& c : code_with_two_writers())
        for (const memory where : {memory::flat, memory::not_flat})
            EXPECT_EQ(judge(c, model::rc11, where, planted_fault::none), "");
}

TEST(Stateful, LearnsFromRandomWalks) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        EXPECT_EQ(
            judge(random_code(seed, false), model::rc11, memory::flat, planted_fault::none, 100),
            "");
}

// --- Waiting ------------------------------------------------------------------------------------

struct spin_lock {
    atomic<bool> taken;
    plain<int> guarded;
    void lock() {
        for (;;) {
            while (taken.load(relaxed)) {
            }
            if (!taken.exchange(true, acquire)) return;
        }
    }
    void unlock() { taken.store(false, release); }
};

program_over<spin_lock> lockers(unsigned n) {
    return over<spin_lock>()
        .threads(n,
                 [](spin_lock& s, unsigned) {
                     s.lock();
                     s.guarded.set(s.guarded.get() + 1);
                     s.unlock();
                 })
        .finally([n](spin_lock& s) { check(s.guarded.get() == static_cast<int>(n)); })
        .flat();
}

TEST(Stateful, ComesToAnEndWhereThreadsWait) {
    const result r = explore(lockers(3), {.strategy = strategy::stateful});
    EXPECT_THAT(r, holds_completely());
    EXPECT_GT(r.waited, 0U);
    EXPECT_FALSE(r.nobody_waits());
    EXPECT_THAT(check_progress(lockers(2), {.strategy = strategy::stateful}),
                breaks(finding_kind::progress));
}

TEST(Stateful, FindsDeadlocksAndLivelocks) {
    struct two_locks {
        spin_lock locks[2];
    };
    const auto crossed = over<two_locks>()
                             .threads(2,
                                      [](two_locks& s, unsigned me) {
                                          s.locks[me].lock();
                                          s.locks[1 - me].lock();
                                          s.locks[1 - me].unlock();
                                          s.locks[me].unlock();
                                      })
                             .flat();
    EXPECT_THAT(explore(crossed, {.strategy = strategy::stateful}), breaks(finding_kind::deadlock));
    struct flags {
        atomic<int> wants[2];
    };
    const auto polite = over<flags>()
                            .threads(2,
                                     [](flags& s, unsigned me) {
                                         for (;;) {
                                             s.wants[me].store(1, relaxed);
                                             if (s.wants[1 - me].load(relaxed) == 0) break;
                                             s.wants[me].store(0, relaxed);
                                         }
                                         s.wants[me].store(0, relaxed);
                                     })
                            .flat();
    EXPECT_THAT(explore(polite, {.strategy = strategy::stateful}), breaks(finding_kind::livelock));
}

TEST(Stateful, NobodyWaitsInALoopThatOthersStepsAloneKeepGoing) {
    struct counter {
        atomic<int> n;
    };
    const auto p =
        over<counter>()
            .threads(3,
                     [](counter& s, unsigned) {
                         int seen = s.n.load(relaxed);
                         while (!s.n.compare_exchange_strong(seen, seen + 1, relaxed, relaxed)) {
                         }
                     })
            .flat();
    for (const strategy how : {strategy::stateful, strategy::exhaustive}) {
        const result r = explore(p, {.strategy = how});
        EXPECT_TRUE(r.nobody_waits()) << r.summary();
    }
}

class StateFaultTest : public testing::TestWithParam<int> {};

TEST_P(StateFaultTest, IsNoticed) {
    const auto fault = static_cast<planted_fault>(GetParam());
    const bool hard = fault == planted_fault::state_without_graph;
    std::vector<code> programs = code_with_two_writers();
    for (std::uint64_t seed = 1; seed <= 1'000; ++seed) programs.push_back(random_code(seed, hard));
    for (const code& c : programs)
        for (const memory where : {memory::flat, memory::not_flat})
            if (!judge(c, model::rc11, where, fault).empty()) return;
    FAIL() << "fault " << GetParam() << " went unnoticed";
}
INSTANTIATE_TEST_SUITE_P(EachPart, StateFaultTest,
                         testing::Range(first_state_fault, planted_fault_count));

}  // namespace
}  // namespace pidmap_stress::explore
