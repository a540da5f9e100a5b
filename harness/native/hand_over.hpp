#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <utility>

#include "harness/native/worker.hpp"

namespace pidmap_stress {

/// Places where workers leave things that keep a namespace alive, for others to take.
///
/// A worker that takes something sees what the last owner did, and nothing else is ordered by it:
/// as if a process had been handed over, and not as if a lock had been taken.
template <class What>
class hand_over {
public:
    /// Leaves `mine` at some place. \returns Whether one was free; if not, `mine` is as it was.
    [[nodiscard]] bool leave(worker& me, What& mine) {
        place& here = places_[me.chance().below(count)];
        if (!here.change(empty, busy)) return false;
        me.disown(mine);
        here.what = std::move(mine);
        here.state.store(full, std::memory_order::release);
        return true;
    }
    /// Takes what lies at some place. \returns Whether there was anything.
    [[nodiscard]] bool take(worker& me, What& into) {
        return take_from(places_[me.chance().below(count)], me, into);
    }
    /// Takes whatever is left, as no worker may come for it any more.
    template <class Keep>
    void take_all(worker& me, Keep keep) {
        What taken;
        for (place& here : places_)
            if (take_from(here, me, taken)) keep(std::move(taken));
    }

private:
    static constexpr std::size_t count = 4;
    enum : int { empty, busy, full };

    struct alignas(64) place {
        std::atomic<int> state{empty};
        What what{};

        [[nodiscard]] bool change(int from, int to) {
            return state.compare_exchange_strong(from, to, std::memory_order::acquire,
                                                 std::memory_order::relaxed);
        }
    };

    [[nodiscard]] bool take_from(place& here, worker& me, What& into) {
        if (!here.change(full, busy)) return false;
        into = std::move(here.what);
        me.own(into);
        here.state.store(empty, std::memory_order::release);
        return true;
    }

    std::array<place, count> places_{};
};

}  // namespace pidmap_stress
