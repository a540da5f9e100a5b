#pragma once

#include <array>

#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/run/program.hpp"

/// Chase and Lev's deque, of a fixed size: its owner pushes and takes at the bottom, others steal
/// at the top.
/// \source N. M. Lê et al., "Correct and Efficient Work-Stealing for Weak Memory Models", PPoPP
/// 2013
namespace pidmap_stress::explore::classics {

/// The orders are those of the source. The fences order what is relaxed: that of push() with the
/// acquire of the bottom in steal(); those of take() and steal() with each other.
///
/// \tparam Fence  Of its two fences. seq_cst: whoever takes or steals the last item must see that
///                somebody else is about to.
template <class World, std::memory_order Fence>
class chase_lev_deque {
public:
    void push(int item) {
        const int b = bottom_.load(relaxed);
        items_[static_cast<unsigned>(b)].store(item, relaxed);
        World::fence(release);
        bottom_.store(b + 1, relaxed);
    }
    /// \return 0: none is left.
    int take() {
        const int b = bottom_.load(relaxed) - 1;
        bottom_.store(b, relaxed);
        World::fence(Fence);
        int t = top_.load(relaxed);
        if (t > b) {
            bottom_.store(b + 1, relaxed);
            return 0;
        }
        const int item = items_[static_cast<unsigned>(b)].load(relaxed);
        if (t < b) return item;
        const bool won = top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed);
        bottom_.store(b + 1, relaxed);
        return won ? item : 0;
    }
    int steal() {
        int t = top_.load(acquire);
        World::fence(Fence);
        if (t >= bottom_.load(acquire)) return 0;
        const int item = items_[static_cast<unsigned>(t)].load(relaxed);
        return top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed) ? item : 0;
    }

private:
    using enum std::memory_order;
    typename World::template atomic<int> top_{0};
    typename World::template atomic<int> bottom_{0};
    std::array<typename World::template atomic<int>, 4> items_;
};

template <class World, std::memory_order Fence>
struct chase_lev_state {
    chase_lev_deque<World, Fence> deque;
    /// How often each item was used. An atomic: twice is what the check is to tell, not a race.
    std::array<typename World::template atomic<int>, 3> used;
    void use(int item) {
        used[static_cast<unsigned>(item)].fetch_add(1, std::memory_order::relaxed);
    }
};
template <class World, std::memory_order Fence>
[[nodiscard]] auto chase_lev_users() {
    using state = chase_lev_state<World, Fence>;
    return over<state>()
        .thread([](state& s) {
            s.deque.push(1);
            s.deque.push(2);
            s.use(s.deque.take());
            s.use(s.deque.take());
        })
        .threads(2, [](state& s, unsigned) { s.use(s.deque.steal()); })
        .finally([](state& s) {
            for (const unsigned item : {1U, 2U}) {
                check(s.used[item].load() != 0, "an item is lost");
                check(s.used[item].load() < 2, "an item is used twice");
            }
        });
}

}  // namespace pidmap_stress::explore::classics
