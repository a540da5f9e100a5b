#pragma once

#include <array>
#include <mutex>

#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/run/program.hpp"

/// A queue with room for two, a mutex and two condition variables.
namespace pidmap_stress::explore::classics {

/// \tparam TellsAll  Whether a push of several values wakes all that wait. With notify_one, one of
///                   two that wait stays asleep although there is something for it.
template <class World, bool TellsAll>
class bounded_queue {
    using lock_type = std::unique_lock<typename World::mutex>;
    static constexpr unsigned room = 2;

public:
    void push_both(int first, int second) {
        {
            lock_type held(lock_);
            emptied_.wait(held, [&] { return count_.get() == 0; });
            items_[0].set(first);
            items_[1].set(second);
            count_.set(room);
        }
        if constexpr (TellsAll)
            filled_.notify_all();
        else
            filled_.notify_one();
    }
    [[nodiscard]] int pop() {
        lock_type held(lock_);
        filled_.wait(held, [&] { return count_.get() != 0; });
        const unsigned left = count_.get() - 1;
        count_.set(left);
        const int item = items_[left].get();
        if (left == 0) emptied_.notify_one();
        return item;
    }

private:
    typename World::mutex lock_;
    typename World::condition_variable filled_;
    typename World::condition_variable emptied_;
    std::array<typename World::template plain<int>, room> items_;
    typename World::template plain<unsigned> count_{0U};
};

template <class World, bool TellsAll>
struct bounded_queue_state {
    bounded_queue<World, TellsAll> queue;
    std::array<int, 2> popped{};
};
/// One pushes two values, and two pop one each.
template <class World, bool TellsAll>
[[nodiscard]] auto bounded_queue_users() {
    using state = bounded_queue_state<World, TellsAll>;
    return over<state>()
        .thread([](state& s) { s.queue.push_both(1, 2); })
        .threads(2, [](state& s, unsigned which) { s.popped[which] = s.queue.pop(); })
        .finally([](state& s) {
            check(s.popped[0] + s.popped[1] == 3, "a value is lost, or there twice");
        });
}

}  // namespace pidmap_stress::explore::classics
