#pragma once

#include <cstdint>

#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/run/program.hpp"

/// A reference count that is taken and dropped by one addition each. Its last drop does not end it:
/// whoever takes a reference before the count is marked dead has revived it.
/// \source Linux, lib/rcuref.c (2023)
namespace pidmap_stress::explore::classics {

/// \tparam Exchanges  Whether the last one out marks it dead only if the count is still that of no
///                    reference.
template <class World, bool Exchanges>
class rcuref {
public:
    /// \return whether the object is alive. Not, if it is dead: the count stays in the dead zone,
    ///         however many try.
    [[nodiscard]] bool get() {
        // Relaxed: whoever led here knows the object, and a drop orders the uses before the end.
        if (count_.fetch_add(1, relaxed) + 1 >= 0) return true;
        // Below 0 it was dead; -1 plus 1 is 0, and has revived it.
        count_.store(dead, relaxed);  // It stays dead, however many try.
        return false;
    }
    /// \return whether this was the last reference: the caller destroys the object.
    [[nodiscard]] bool put() {
        // Release, read by the acquire below: all uses come before the end.
        if (count_.fetch_sub(1, release) - 1 >= 0) return false;
        if constexpr (Exchanges) {
            std::int32_t expected = no_reference;
            return count_.compare_exchange_strong(expected, dead, acquire, relaxed);
        } else {
            count_.store(dead, relaxed);
            World::fence(acquire);
            return true;
        }
    }

private:
    using enum std::memory_order;
    static constexpr std::int32_t one_reference = 0;
    static constexpr std::int32_t no_reference = -1;
    static constexpr std::int32_t dead = INT32_MIN / 4 * 3;
    typename World::template atomic<std::int32_t> count_{one_reference};
};

/// The object's memory stays, as RCU would have it.
template <class World, bool Exchanges>
struct rcuref_state {
    rcuref<World, Exchanges> count;
    typename World::template plain<bool> destroyed{false};
    void drop() {
        if (count.put()) destroyed.set(true);
    }
};
template <class World, bool Exchanges>
[[nodiscard]] auto rcuref_users() {
    using state = rcuref_state<World, Exchanges>;
    return over<state>()
        .thread([](state& s) { s.drop(); })
        .threads(2,
                 [](state& s, unsigned) {
                     if (!s.count.get()) return;
                     check(!s.destroyed.get(), "a destroyed object is used");
                     s.drop();
                 })
        .finally([](state& s) { check(s.destroyed.get(), "the object is leaked"); });
}

}  // namespace pidmap_stress::explore::classics
