// Programs whose executions were counted elsewhere, in numbers that a mistake in the search would
// hardly meet: families that grow, and whole structures.
//
// Source: the counts that GenMC's own tests expect (MPI-SWS/genmc, tests/correct), most of them
// under SC. For some programs only the counts were available: the ring of compare-exchanges, the
// hash table, the shared pointer and Fibonacci are programs of those names that yield all of them.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>

#include "harness/explorer/litmus/counted_programs.hpp"
#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

/// What is known of a program.
struct counted {
    std::optional<std::uint64_t> rc11{};
    std::optional<std::uint64_t> sc{};
};

void expect_executions(const program& p, const counted& known) {
    for (const model m : {model::rc11, model::sc}) {
        const auto& n = m == model::rc11 ? known.rc11 : known.sc;
        if (!n) continue;
        const result r = explore(p, {.model = m,
                                     .on_failure = cas_failure_order::as_success,
                                     .stop_at_first = false,
                                     .count_redundant = true});
        EXPECT_EQ(r.executions, *n) << (m == model::rc11 ? "rc11" : "sc");
        EXPECT_TRUE(r.ok() && r.complete && r.redundant == 0) << r.summary();
    }
}

struct xyz {
    atomic<int> x, y, z;
};

// --- Families -----------------------------------------------------------------------------------

TEST(PublishedCounts, OfIncrementsInARow) {
    for (const auto& [threads, n] : {std::pair{2U, 8U}, {3U, 216U}, {4U, 13'824U}})
        expect_executions(counted_programs::increments_in_a_row(threads), {.sc = n});
}

TEST(PublishedCounts, OfReadersThatWrite) {
    for (const auto& [threads, n] : {std::pair{2U, 4U}, {3U, 36U}, {4U, 576U}})
        expect_executions(over<xyz>().threads(threads,
                                              [](xyz& s, unsigned me) {
                                                  (void)s.x.load(relaxed);
                                                  s.x.store(static_cast<int>(me), release);
                                              }),
                          {.rc11 = n, .sc = n});
}

TEST(PublishedCounts, OfFiveWritersAndAReader) {
    expect_executions(
        over<xyz>()
            .threads(5, [](xyz& s, unsigned me) { s.x.store(static_cast<int>(me), release); })
            .thread([](xyz& s) { (void)s.x.load(acquire); }),
        {.sc = 720});
}

TEST(PublishedCounts, OfWritersThatOnlyTheModelTellsApart) {
    const std::array rc11{4U, 16U, 144U, 2'304U, 57'600U};
    const std::array sc{4U, 15U, 130U, 2'028U, 49'776U};
    for (unsigned writers = 0; writers < rc11.size(); ++writers)
        expect_executions(counted_programs::writers_told_apart(writers),
                          {.rc11 = rc11[writers], .sc = sc[writers]});
}

TEST(PublishedCounts, OfCompareExchangesInARing) {
    const std::array expected{2U, 5U, 14U, 43U, 144U, 523U, 2'048U, 8'597U};
    for (unsigned n = 0; n < expected.size(); ++n)
        expect_executions(over<xyz>().threads(n + 2,
                                              [](xyz& s, unsigned me) {
                                                  int mine = static_cast<int>(me);
                                                  s.x.compare_exchange_strong(mine, mine + 1,
                                                                              relaxed, relaxed);
                                              }),
                          {.sc = expected[n]});
}

TEST(PublishedCounts, OfFibonacci) {
    expect_executions(counted_programs::fibonacci(), {.sc = 218'243});
}

struct array {
    std::array<atomic<int>, 16> cells;
};
TEST(PublishedCounts, OfTheLastZero) {
    for (const auto& [threads, n] : {std::pair{5U, 64U}, {10U, 3'328U}})
        expect_executions(over<array>()
                              .thread([last = threads](array& s) {
                                  for (unsigned i = last; s.cells[i].load(acquire) != 0; --i) {
                                  }
                              })
                              .threads(threads,
                                       [](array& s, unsigned me) {
                                           const int before = s.cells[me].load(acquire);
                                           s.cells[me + 1].store(before + 1, release);
                                       }),
                          {.sc = n});
}

struct hash_table {
    std::array<atomic<unsigned>, 128> slots;
};
TEST(PublishedCounts, OfAHashTable) {
    for (const auto& [threads, n] : {std::pair{12U, 8U}, {15U, 4'096U}})
        expect_executions(
            over<hash_table>().threads(
                threads,
                [](hash_table& s, unsigned me) {
                    for (unsigned i = 1; i <= 4; ++i) {
                        const unsigned key = i * 11 + me;
                        for (unsigned at = key * 7 % 128;; at = (at + 1) % 128) {
                            unsigned free = 0;
                            if (s.slots[at].compare_exchange_strong(free, key, acq_rel, acquire))
                                break;
                        }
                    }
                }),
            {.sc = n});
}

struct sieve {
    std::array<atomic<int>, 5> numbers;
};
TEST(PublishedCounts, OfTheSieveOfEratosthenes) {
    const auto sift = [](sieve& s) {
        for (std::size_t i = 0; i < s.numbers.size(); ++i) {
            if (s.numbers[i].load(acquire) != 0) continue;
            s.numbers[i].store(1, release);
            for (std::size_t j = 2 * i + 2; j < s.numbers.size(); j += i + 2)
                s.numbers[j].store(2, release);
        }
    };
    expect_executions(over<sieve>().thread(sift).thread(sift), {.sc = 398});
}

struct two_and_a_pointer {
    atomic<int> x{3}, y{4};
    atomic<atomic<int>*> p;
};
TEST(PublishedCounts, OfASharedPointer) {
    const auto add = [](two_and_a_pointer& s, atomic<int>& mine, const atomic<int>& other) {
        s.p.store(&mine, release);
        for (int i = 0; i < 100; ++i) (void)other.load(acquire);
        atomic<int>* const to = s.p.load(acquire);
        to->store(to->load(acquire) + 3, release);
    };
    expect_executions(over<two_and_a_pointer>()
                          .thread([add](two_and_a_pointer& s) { add(s, s.y, s.x); })
                          .thread([add](two_and_a_pointer& s) { add(s, s.x, s.y); }),
                      {.sc = 410});
}

// --- Litmus tests -------------------------------------------------------------------------------

TEST(PublishedCounts, OfTwoReadersThatReadTwice) {
    const auto twice = [](xyz& s) {
        (void)s.x.load(acquire);
        (void)s.x.load(acquire);
    };
    expect_executions(over<xyz>()
                          .thread([](xyz& s) { s.x.store(1, release); })
                          .thread([](xyz& s) { s.x.store(2, release); })
                          .thread(twice)
                          .thread(twice),
                      {.sc = 72});
}

TEST(PublishedCounts, OfAReaderThatReadsFourTimes) {
    expect_executions(
        over<xyz>()
            .threads(3, [](xyz& s, unsigned me) { s.x.store(static_cast<int>(me) + 1, relaxed); })
            .thread([](xyz& s) {
                for (int i = 0; i < 4; ++i) (void)s.x.load(relaxed);
            }),
        {.sc = 210});
}

TEST(PublishedCounts, OfReadsThatAWriteIsCopiedBetween) {
    expect_executions(over<xyz>()
                          .thread([](xyz& s) { s.x.store(1, relaxed); })
                          .thread([](xyz& s) { s.y.store(s.x.load(relaxed), release); })
                          .thread([](xyz& s) {
                              (void)s.x.load(relaxed);
                              fence(acq_rel);
                              (void)s.y.load(relaxed);
                          })
                          .thread([](xyz& s) {
                              (void)s.y.load(relaxed);
                              fence(acq_rel);
                              (void)s.x.load(relaxed);
                          }),
                      {.sc = 27});
}

TEST(PublishedCounts, OfTwoUpdatesBehindARelease) {
    const auto raise = [](int from) {
        return [from](xyz& s) {
            int expected = from;
            s.y.compare_exchange_strong(expected, from + 1, relaxed, relaxed);
        };
    };
    expect_executions(over<xyz>()
                          .thread([](xyz& s) {
                              s.x.store(1, relaxed);
                              s.y.store(0, release);
                              s.y.store(1, relaxed);
                          })
                          .thread(raise(2))
                          .thread(raise(1))
                          .thread([](xyz& s) {
                              if (s.y.load(relaxed) <= 2) return;
                              fence(acquire);
                              s.x.store(2, relaxed);
                          }),
                      {.sc = 35});
}

TEST(PublishedCounts, OfUpdatesOfEveryOrder) {
    const auto twice = [](std::memory_order first) {
        return [first](xyz& s) {
            s.x.fetch_add(1, first);
            s.x.fetch_add(1, relaxed);
        };
    };
    expect_executions(over<xyz>()
                          .thread(twice(acquire))
                          .thread(twice(relaxed))
                          .thread([](xyz& s) { s.x.fetch_add(1, release); })
                          .thread([](xyz& s) { s.x.fetch_add(1, relaxed); }),
                      {.sc = 180});
}

// --- Structures ---------------------------------------------------------------------------------

/// Chase and Lev's deque of ten places, with fences.
struct deque {
    std::array<atomic<int>, 10> places;
    atomic<unsigned long> bottom, top;

    void push(int value) {
        const unsigned long b = bottom.load(relaxed);
        if (b - top.load(acquire) >= places.size()) return;
        places[b % places.size()].store(value, relaxed);
        bottom.store(b + 1, release);
    }
    void pop() {
        const unsigned long b = bottom.load(relaxed);
        bottom.store(b - 1, relaxed);
        fence(seq_cst);
        unsigned long t = top.load(relaxed);
        const auto left = static_cast<long>(b - t);
        if (left <= 0) return bottom.store(b, relaxed);
        (void)places[(b - 1) % places.size()].load(relaxed);
        if (left > 1) return;
        top.compare_exchange_strong(t, t + 1, acq_rel, acquire);
        bottom.store(b, relaxed);
    }
    void steal() {
        unsigned long t = top.load(relaxed);
        fence(seq_cst);
        if (static_cast<long>(bottom.load(acquire) - t) <= 0) return;
        (void)places[t % places.size()].load(relaxed);
        top.compare_exchange_strong(t, t + 1, release, relaxed);
    }
};
TEST(PublishedCounts, OfChaseAndLevsDeque) {
    expect_executions(over<deque>()
                          .thread([](deque& d) {
                              for (int i = 1; i <= 5; ++i) d.push(i);
                              for (int i = 0; i < 3; ++i) d.pop();
                              for (int i = 6; i <= 7; ++i) d.push(i);
                          })
                          .thread([](deque& d) { d.steal(); }),
                      {.sc = 59});
}

/// Waits by reading, and takes the lock by an exchange that may fail.
struct test_and_test_and_set {
    atomic<int> taken;
    plain<unsigned> owner;

    void lock() {
        do {
            while (taken.load(relaxed) != 0) {
            }
        } while (taken.exchange(1, acquire) != 0);
    }
    void unlock() { taken.store(0, release); }
};
TEST(PublishedCounts, OfATestAndTestAndSetLock) {
    if (!rounds_look_alike) GTEST_SKIP() << "a loop runs once more before that is noticed";
    expect_executions(
        over<test_and_test_and_set>().threads(2,
                                              [](test_and_test_and_set& s, unsigned me) {
                                                  s.lock();
                                                  s.owner.set(me);
                                                  s.unlock();
                                              }),
        {.sc = 4});
}

/// Herlihy and Wing's queue, by release and acquire.
struct queue {
    std::array<atomic<int>, 8> places;
    atomic<unsigned> back;

    void put(int value) { places[back.fetch_add(1, acq_rel)].store(value, release); }
    void take() {
        const unsigned end = back.load(acquire);
        for (unsigned at = 0;; ++at) {
            assume(at < end);
            if (places[at].exchange(0, acq_rel) != 0) return;
        }
    }
};
TEST(PublishedCounts, OfHerlihyAndWingsQueue) {
    expect_executions(over<queue>()
                          .thread([](queue& q) {
                              q.put(1);
                              q.take();
                          })
                          .thread([](queue& q) {
                              q.put(2);
                              q.put(3);
                          })
                          .thread([](queue& q) {
                              q.take();
                              q.put(4);
                          })
                          .thread([](queue& q) {
                              q.take();
                              q.take();
                          }),
                      {.sc = 5'155});
}

/// FreeBSD's ring buffer: both ends are claimed by a compare-exchange, and passed on in order.
struct ring {
    static constexpr unsigned mask = 7;
    struct end {
        atomic<unsigned> head, tail;
        /// Takes the place at `from`. A call that comes too late is not followed.
        void take(unsigned from) {
            unsigned expected = from;
            assume(head.compare_exchange_strong(expected, (from + 1) & mask, acq_rel, acquire));
        }
        void await_turn(unsigned place) {
            while (tail.load(relaxed) != place) {
            }
        }
    };
    end producers, consumers;
    std::array<atomic<unsigned>, mask + 1> places;

    void put(unsigned value) {
        const unsigned at = producers.head.load(relaxed);
        if (((at + 1) & mask) == consumers.tail.load(relaxed)) return;
        producers.take(at);
        fence(seq_cst);
        places[at].store(value, relaxed);
        producers.await_turn(at);
        producers.tail.store((at + 1) & mask, relaxed);
    }
    void take() {
        const unsigned at = consumers.head.load(relaxed);
        if (at == producers.tail.load(relaxed)) return;
        consumers.take(at);
        (void)places[at].load(relaxed);
        consumers.await_turn(at);
        fence(seq_cst);
        consumers.tail.store((at + 1) & mask, relaxed);
    }
};
TEST(PublishedCounts, OfARingBuffer) {
    if (!rounds_look_alike) GTEST_SKIP() << "a loop runs once more before that is noticed";
    expect_executions(over<ring>().threads(3,
                                           [](ring& r, unsigned me) {
                                               r.put(me + 1);
                                               r.take();
                                           }),
                      {.sc = 273});
}

}  // namespace
}  // namespace pidmap_stress::explore
