#pragma once

#include <array>

#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/run/program.hpp"

/// Michael and Scott's queue. Its nodes come from the caller, and stay.
/// \source M. M. Michael, M. L. Scott, "Simple, Fast, and Practical Non-Blocking and Blocking
///         Concurrent Queue Algorithms", PODC 1996
namespace pidmap_stress::explore::classics {

/// \tparam Link  The order in which a node is linked. Release, so that whoever finds it sees what
///               is in it.
template <class World, std::memory_order Link>
class michael_scott_queue {
public:
    struct node {
        typename World::template plain<int> value{0};
        typename World::template atomic<node*> next{nullptr};
    };

    explicit michael_scott_queue(node& first) : head_(&first), tail_(&first) {}

    void push(node& mine, int value) {
        mine.value.set(value);
        for (;;) {
            // Acquire, of the tail, the head and each next: what is in a node is seen by whoever
            // finds it, from the release of the exchange that linked it, or that moved a pointer to
            // it. Relaxed where an exchange fails: all is loaded again.
            node* last = tail_.load(acquire);
            node* next = last->next.load(acquire);
            if (next != nullptr) {  // Its push is not done: help.
                tail_.compare_exchange_strong(last, next, release, relaxed);
            } else if (last->next.compare_exchange_strong(next, &mine, Link, relaxed)) {
                tail_.compare_exchange_strong(last, &mine, release, relaxed);
                return;
            }
        }
    }
    /// \return 0: it is empty.
    int pop() {
        for (;;) {
            node* first = head_.load(acquire);
            node* last = tail_.load(acquire);
            node* const next = first->next.load(acquire);
            if (next == nullptr) return 0;
            // The head must not overtake the tail.
            if (first == last) tail_.compare_exchange_strong(last, next, release, relaxed);
            if (head_.compare_exchange_strong(first, next, acq_rel, relaxed))
                return next->value.get();
        }
    }

private:
    using enum std::memory_order;
    typename World::template atomic<node*> head_;
    typename World::template atomic<node*> tail_;
};

template <class World, std::memory_order Link>
struct michael_scott_state {
    using queue_type = michael_scott_queue<World, Link>;
    std::array<typename queue_type::node, 3> nodes;
    queue_type queue{nodes[0]};
    int popped = 0;
};
/// Two push, and one pops.
template <class World, std::memory_order Link>
[[nodiscard]] auto michael_scott_users() {
    using state = michael_scott_state<World, Link>;
    return over<state>()
        .thread([](state& s) { s.queue.push(s.nodes[1], 1); })
        .thread([](state& s) { s.queue.push(s.nodes[2], 2); })
        .thread([](state& s) { s.popped = s.queue.pop(); })
        .finally([](state& s) {
            int sum = s.popped;
            while (const int one = s.queue.pop()) sum += one;
            check(sum == 3, "a value is lost, or there twice");
            tell_outcome(s.popped == 0 ? "none" : s.popped == 1 ? "one" : "two");
        });
}

}  // namespace pidmap_stress::explore::classics
