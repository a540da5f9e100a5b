#pragma once

#include <cstdint>

#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/run/program.hpp"

/// A split reference count: how often a pointer was taken is counted beside the pointer, and how
/// often it was given back in the object. Whoever replaces the pointer puts the two together.
/// \source A. Williams, "C++ Concurrency in Action", 2nd edition, 7.2.4
namespace pidmap_stress::explore::classics {

/// \tparam GiveBack  The order in which a reference is given back. Release, so that the object is
///                   destroyed after each use; and acquire, for the one that destroys it.
template <class World, std::memory_order GiveBack>
class split_count {
public:
    struct object {
        typename World::template plain<int> value{0};
        typename World::template atomic<std::int64_t> count{0};
    };

    explicit split_count(object* first) : shared_({.pointer = first, .taken = 0}) {}

    /// \return nullptr: it is gone.
    [[nodiscard]] object* take() {
        // Relaxed: used only if the exchange finds it there, which acquires as clear() does.
        counted seen = shared_.load(relaxed);
        do {
            if (seen.pointer == nullptr) return nullptr;
        } while (!shared_.compare_exchange_strong(
            seen, {.pointer = seen.pointer, .taken = seen.taken + 1}, acquire, relaxed));
        return seen.pointer;
    }
    void give_back(object* mine) {
        if (mine->count.fetch_sub(1, GiveBack) == 1) World::destroy(mine);
    }
    void clear() {
        // Acquire, from whoever stored the pointer: the object is seen as made.
        const counted last = shared_.exchange({}, acquire);
        if (last.pointer == nullptr) return;
        // The count has been going down from 0: now it is that of the references that are left.
        // Acquire, from give_back(): all uses come before the end. Release, read by the give_back()
        // that is last, which destroys.
        if (last.pointer->count.fetch_add(last.taken, acq_rel) == -last.taken)
            World::destroy(last.pointer);
    }

private:
    using enum std::memory_order;
    struct counted {
        object* pointer = nullptr;
        std::int64_t taken = 0;
    };
    typename World::template atomic<counted> shared_;
};

template <class World, std::memory_order GiveBack>
struct split_count_state {
    using count_type = split_count<World, GiveBack>;
    count_type shared{World::template create<typename count_type::object>()};
};
/// Two use the object while one takes it away.
template <class World, std::memory_order GiveBack>
[[nodiscard]] auto split_count_users() {
    using state = split_count_state<World, GiveBack>;
    return over<state>()
        .threads(2,
                 [](state& s, unsigned) {
                     if (auto* const mine = s.shared.take()) {
                         check(mine->value.get() == 0, "it is destroyed");
                         s.shared.give_back(mine);
                     }
                 })
        .thread([](state& s) { s.shared.clear(); });
}

}  // namespace pidmap_stress::explore::classics
