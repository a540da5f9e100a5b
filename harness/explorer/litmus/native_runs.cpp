#include "harness/explorer/litmus/native_runs.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <memory>
#include <thread>
#include <unordered_set>
#include <utility>

#include "harness/explorer/search/strategies.hpp"

namespace pidmap_stress::explore::straight_line {
namespace {

using enum std::memory_order;

// --- Operations ---------------------------------------------------------------------------------

/// An operation, with its orders compiled into it. The calls keep the compiler from reordering what
/// the program orders, and cost too little to keep the processor from doing so.
using native_operation = int (*)(std::atomic<int>& cell, int value, int expected);

template <std::memory_order Order, std::memory_order Failure>
int compare_exchange(std::atomic<int>& cell, int value, int expected) {
    cell.compare_exchange_strong(expected, value, Order, Failure);
    return expected;
}

template <std::memory_order Order>
[[nodiscard]] native_operation operation_with(kind what, std::memory_order failure) {
    switch (what) {
        case kind::load:
            if constexpr (Order != release && Order != acq_rel)
                return [](std::atomic<int>& cell, int, int) { return cell.load(Order); };
            break;
        case kind::store:
            if constexpr (Order != acquire && Order != consume && Order != acq_rel)
                return [](std::atomic<int>& cell, int value, int) {
                    cell.store(value, Order);
                    return 0;
                };
            break;
        case kind::add:
            return
                [](std::atomic<int>& cell, int value, int) { return cell.fetch_add(value, Order); };
        case kind::exchange:
            return
                [](std::atomic<int>& cell, int value, int) { return cell.exchange(value, Order); };
        case kind::cas:
            return failure == seq_cst   ? compare_exchange<Order, seq_cst>
                   : failure == acquire ? compare_exchange<Order, acquire>
                                        : compare_exchange<Order, relaxed>;
        case kind::fence:
            return [](std::atomic<int>&, int, int) {
                std::atomic_thread_fence(Order);
                return 0;
            };
        case kind::weak_cas:
            break;
    }
    return nullptr;
}

[[nodiscard]] native_operation native(const operation& o) {
    switch (o.order) {
        case relaxed:
            return operation_with<relaxed>(o.what, o.failure);
        case consume:
            return operation_with<consume>(o.what, o.failure);
        case acquire:
            return operation_with<acquire>(o.what, o.failure);
        case release:
            return operation_with<release>(o.what, o.failure);
        case acq_rel:
            return operation_with<acq_rel>(o.what, o.failure);
        case seq_cst:
            return operation_with<seq_cst>(o.what, o.failure);
    }
    return nullptr;
}

struct native_step {
    native_operation perform;
    std::size_t cell;
    int value;
    int expected;
};

// --- Meeting ------------------------------------------------------------------------------------

// Neighbouring lines are fetched together.
constexpr std::size_t apart = 128;

/// Waits without giving up the processor, as the next step is to begin at once; but the other
/// thread may have lost its own.
template <class Condition>
void spin_until(Condition holds) {
    constexpr unsigned long_enough = 1U << 20U;
    for (unsigned turns = 0; !holds(); ++turns)
        if (turns >= long_enough) std::this_thread::yield();
}

/// Where two threads wait for each other, again and again.
class meeting {
public:
    void join(unsigned me, std::uint64_t time) noexcept {
        // Each sees what the other did before: cells that were reset, and what was read.
        arrived_[me].at.store(time, release);  // By the acquire below.
        spin_until([&] { return arrived_[1 - me].at.load(acquire) >= time; });
    }

private:
    struct alignas(apart) counter {
        std::atomic<std::uint64_t> at{0};
    };
    std::array<counter, 2> arrived_;
};

// --- Runs ---------------------------------------------------------------------------------------

/// What one thread has read in one run, eight bits each; for the first thread, with what the cells
/// held in the end above it.
using packed = std::uint64_t;
constexpr unsigned value_bits = 8;
static_assert((longest_thread + max_cells) * value_bits <= 64);

struct packed_outcome {
    std::array<packed, 2> of;
    friend bool operator==(const packed_outcome&, const packed_outcome&) = default;
};
struct hash_outcome {
    std::size_t operator()(const packed_outcome& o) const noexcept {
        return (o.of[0] ^ (o.of[1] * 0x9e3779b97f4a7c15ULL)) * 0xd1b54a32d192ed03ULL >> 16U;
    }
};

class experiment {
public:
    experiment(const code& c, std::uint64_t seed)
        : copies_(std::make_unique<std::array<copy, batch>>()), seed_(seed) {
        for (std::size_t t = 0; t < 2; ++t)
            for (const operation& o : c[t])
                steps_[t].push_back({.perform = native(o),
                                     .cell = o.cell,
                                     .value = o.value,
                                     .expected = o.expected});
    }

    void run(unsigned me, std::uint64_t batches) {
        std::uint64_t time = 0;
        dice delays(seed_, me + 1U);
        for (std::uint64_t b = 0; b < batches; ++b) {
            // Each thread resets half of the copies: it matters, too, which thread had a line last.
            for (std::size_t i = me; i < batch; i += 2)
                for (cell& one : (*copies_)[i].cells) one.at.store(0, relaxed);
            // The same for both threads.
            dice shared(seed_, b + 3U);
            const unsigned distance = 1U << shared.below(4);
            const unsigned longest_delay = 1U << shared.below(9);
            const std::size_t stride = 2U * shared.below(batch / 2) + 1U;
            meet_.join(me, ++time);
            for (std::size_t i = 0; i < batch; ++i) {
                if (i % distance == 0) {
                    meet_.join(me, ++time);
                    for (unsigned left = delays.below(longest_delay); left > 0; --left)
                        asm volatile("");
                }
                run_once(me, (*copies_)[i * stride % batch]);
            }
            meet_.join(me, ++time);
            if (me == 0) collect();
            meet_.join(me, ++time);
        }
    }

    [[nodiscard]] std::set<outcome> outcomes() const {
        std::set<outcome> all;
        for (const packed_outcome& one : seen_) {
            outcome o;
            for (std::size_t t = 0; t < 2; ++t)
                for (std::size_t i = 0; i < steps_[t].size(); ++i) o.push_back(value(one.of[t], i));
            for (std::size_t i = 0; i < max_cells; ++i)
                o.push_back(value(one.of[0], longest_thread + i));
            all.insert(o);
        }
        return all;
    }

    static constexpr std::size_t batch = 256;

private:
    struct alignas(apart) cell {
        std::atomic<int> at;
    };
    struct alignas(apart) result {
        packed read = 0;
    };
    struct copy {
        std::array<cell, max_cells> cells;
        std::array<result, 2> results;
    };
    [[nodiscard]] static int value(packed all, std::size_t i) noexcept {
        return static_cast<int>(all >> (i * value_bits) & 0xffU);
    }

    void run_once(unsigned me, copy& on) noexcept {
        packed read = 0;
        unsigned shift = 0;
        for (const native_step& s : steps_[me]) {
            const int value = s.perform(on.cells[s.cell].at, s.value, s.expected);
            read |= static_cast<packed>(value) << shift;
            shift += value_bits;
        }
        on.results[me].read = read;
    }

    /// \pre  Both threads are done with the batch, and have met since.
    void collect() {
        for (copy& c : *copies_) {
            packed_outcome o{.of = {c.results[0].read, c.results[1].read}};
            for (std::size_t i = 0; i < max_cells; ++i)
                o.of[0] |= static_cast<packed>(c.cells[i].at.load(relaxed))
                           << ((longest_thread + i) * value_bits);
            seen_.insert(o);
        }
    }

    std::array<std::vector<native_step>, 2> steps_;
    std::unique_ptr<std::array<copy, batch>> copies_;
    std::uint64_t seed_;
    meeting meet_;
    std::unordered_set<packed_outcome, hash_outcome> seen_;
};

void stay_on(unsigned processor) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(processor, &only);
    // If that fails, the scheduler decides, and fewer runs are parallel.
    (void)pthread_setaffinity_np(pthread_self(), sizeof only, &only);
}

}  // namespace

std::vector<unsigned> usable_processors() {
    std::vector<unsigned> all;
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return all;
    for (unsigned p = 0; p < CPU_SETSIZE; ++p)
        if (CPU_ISSET(p, &set)) all.push_back(p);
    return all;
}

bool runs_natively(const code& c) {
    int most = 0;
    for (const auto& thread : c)
        for (const operation& o : thread) {
            if (native(o) == nullptr || o.cell >= max_cells || o.value < 0) return false;
            most += o.value;
        }
    return c.size() == 2 && most <= largest_value &&
           std::ranges::all_of(c, [](const auto& t) { return t.size() <= longest_thread; });
}

native_outcomes run_natively(const code& c, std::uint64_t runs, std::uint64_t seed) {
    assert(runs_natively(c));
    const std::vector<unsigned> processors = usable_processors();
    const auto count = static_cast<unsigned>(processors.size());
    assert(count >= 2);
    dice d(seed, 0);
    const unsigned first = d.below(count);
    const unsigned second = (first + 1U + d.below(count - 1U)) % count;
    const std::uint64_t batches = (runs + experiment::batch - 1) / experiment::batch;
    experiment e(c, seed);
    // Nor is this thread, which may run wherever it was allowed to.
    std::thread other([&] {
        stay_on(processors[second]);
        e.run(1, batches);
    });
    std::thread one([&] {
        stay_on(processors[first]);
        e.run(0, batches);
    });
    one.join();
    other.join();
    return {.seen = e.outcomes(), .runs = batches * experiment::batch};
}

}  // namespace pidmap_stress::explore::straight_line
