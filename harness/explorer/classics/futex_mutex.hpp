#pragma once

#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/run/program.hpp"

/// A mutex on wait and notify: free, held, or held while somebody may wait.
/// \source U. Drepper, "Futexes Are Tricky", 2011, the third mutex
namespace pidmap_stress::explore::classics {

/// \tparam StaysContended  Whether one that has waited takes the lock as held while somebody may
///                         wait. Otherwise the others that wait are forgotten.
template <class World, bool StaysContended>
class futex_mutex {
public:
    /// Acquire, where it is taken, from the release in unlock(): what was done under the lock is
    /// seen. Relaxed, where it is not: nothing follows from what is seen.
    void lock() {
        int seen = free;
        if (state_.compare_exchange_strong(seen, held, acquire, relaxed)) return;
        if (seen != contended) seen = state_.exchange(contended, acquire);
        while (seen != free) {
            state_.wait(contended, relaxed);
            seen = state_.exchange(StaysContended ? contended : held, acquire);
        }
    }
    void unlock() {
        if (state_.exchange(free, release) == contended) state_.notify_one();
    }

private:
    using enum std::memory_order;
    static constexpr int free = 0;
    static constexpr int held = 1;
    static constexpr int contended = 2;
    typename World::template atomic<int> state_{free};
};

template <class World, bool StaysContended>
struct futex_mutex_state {
    futex_mutex<World, StaysContended> lock;
    typename World::template plain<unsigned> guarded{0U};
};
template <class World, bool StaysContended>
[[nodiscard]] auto futex_mutex_users(unsigned threads) {
    using state = futex_mutex_state<World, StaysContended>;
    return over<state>()
        .threads(threads,
                 [](state& s, unsigned) {
                     s.lock.lock();
                     s.guarded.set(s.guarded.get() + 1);
                     s.lock.unlock();
                 })
        .finally([=](state& s) { check(s.guarded.get() == threads, "an increment is lost"); });
}

}  // namespace pidmap_stress::explore::classics
