#pragma once

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/run/program.hpp"

/// Litmus tests with so many executions that a benchmark and estimates use them, too. How many,
/// other tools have counted: see litmus_peers_test.cpp and litmus_published_test.cpp.
namespace pidmap_stress::explore::counted_programs {

struct wxyz {
    atomic<int> w, x, y, z;
};

/// Two that read four locations, and two that write two of them each.
[[nodiscard]] inline program_over<wxyz> big0() {
    using enum std::memory_order;
    return over<wxyz>()
        .thread([](wxyz& s) {
            for (atomic<int>* v : {&s.x, &s.y, &s.z, &s.w, &s.x, &s.y, &s.z})
                (void)v->load(acquire);
        })
        .thread([](wxyz& s) {
            for (atomic<int>* v : {&s.x, &s.y, &s.z}) (void)v->load(acquire);
        })
        .thread([](wxyz& s) {
            for (int i = 1; i <= 3; ++i)
                for (atomic<int>* v : {&s.x, &s.y}) v->store(i, release);
        })
        .thread([](wxyz& s) {
            for (int i = 1; i <= 3; ++i)
                for (atomic<int>* v : {&s.z, &s.w}) v->store(i, release);
        });
}

/// Threads that each increment three locations, one after another.
[[nodiscard]] inline program_over<wxyz> increments_in_a_row(unsigned threads) {
    return over<wxyz>().threads(threads, [](wxyz& s, unsigned) {
        for (atomic<int>* v : {&s.x, &s.y, &s.z}) v->fetch_add(1, std::memory_order::relaxed);
    });
}

/// Writers of two locations, and two threads that read one of these each.
[[nodiscard]] inline program_over<wxyz> writers_told_apart(unsigned writers) {
    using enum std::memory_order;
    const auto reads = [](atomic<int> wxyz::* other, int value) {
        return [=](wxyz& s) {
            s.x.store(value, release);
            (void)(s.*other).load(acquire);
            (void)s.x.load(acquire);
        };
    };
    return over<wxyz>()
        .thread(reads(&wxyz::y, 1))
        .thread(reads(&wxyz::z, 2))
        .threads(writers, [](wxyz& s, unsigned me) {
            s.y.store(static_cast<int>(me), release);
            s.z.store(static_cast<int>(me), release);
        });
}

/// Two that add up each other's sums, and one that looks.
[[nodiscard]] inline program_over<wxyz> fibonacci() {
    using enum std::memory_order;
    const auto adds = [](atomic<int> wxyz::* to) {
        return [=](wxyz& s) {
            for (int i = 0; i < 5; ++i) {
                const int x = s.x.load(acquire);
                (s.*to).store(x + s.y.load(acquire), release);
            }
        };
    };
    return over<wxyz>()
        .first([](wxyz& s) {
            s.x.store(1);
            s.y.store(1);
        })
        .thread(adds(&wxyz::x))
        .thread(adds(&wxyz::y))
        .thread([](wxyz& s) {
            (void)s.x.load(acquire);
            (void)s.y.load(acquire);
        });
}

}  // namespace pidmap_stress::explore::counted_programs
