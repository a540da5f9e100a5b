#pragma once

#include <array>
#include <cstdint>

#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/run/program.hpp"

/// Treiber's stack, whose nodes are used again at once.
/// \source R. K. Treiber, "Systems Programming: Coping with Parallelism", IBM RJ 5118, 1986
namespace pidmap_stress::explore::classics {

/// \tparam Tagged  Whether the top has a tag, which each push changes. Without one, a pop may
///                 exchange a top that was popped and pushed again meanwhile (ABA), and takes a
///                 node for the next one that is in use elsewhere.
template <class World, bool Tagged>
class treiber_stack {
public:
    struct node {
        typename World::template atomic<node*> next{nullptr};
    };

    void push(node& mine) {
        top seen = top_.load(relaxed);  // Used only if the exchange finds it there.
        top next;
        do {
            mine.next.store(seen.first, relaxed);  // Published by the exchange.
            next = {.first = &mine, .tag = Tagged ? seen.tag + 1 : 0};
            // Release, read by the acquires of pop(): it sees the node's next.
        } while (!top_.compare_exchange_strong(seen, next, release, relaxed));
    }
    node* pop() {
        // Acquire, and where the exchange fails too: a push's node is seen with its next. Pops are
        // read-modify-writes, so the release sequence of that push goes on through them.
        top seen = top_.load(acquire);
        while (seen.first != nullptr) {
            // Relaxed: the node may be in use elsewhere by now, and then the exchange fails.
            const top next{.first = seen.first->next.load(relaxed), .tag = seen.tag};
            if (top_.compare_exchange_strong(seen, next, acquire, acquire)) break;
        }
        return seen.first;
    }

private:
    using enum std::memory_order;
    struct top {
        node* first = nullptr;
        std::uint64_t tag = 0;
    };
    typename World::template atomic<top> top_{top{}};
};

template <class World, bool Tagged>
struct treiber_state {
    using stack_type = treiber_stack<World, Tagged>;
    stack_type stack;
    std::array<typename stack_type::node, 2> nodes;
};
/// One thread pops both nodes and pushes the first again, while the other one pops.
template <class World, bool Tagged>
[[nodiscard]] auto treiber_users() {
    using state = treiber_state<World, Tagged>;
    return over<state>()
        .first([](state& s) {
            for (auto& one : s.nodes) s.stack.push(one);
        })
        .thread([](state& s) { (void)s.stack.pop(); })
        .thread([](state& s) {
            auto* const first = s.stack.pop();
            auto* const second = s.stack.pop();
            if (first == nullptr || second == nullptr) return;
            s.stack.push(*first);
            check(s.stack.pop() != second, "a node is popped that is in use");
        });
}

}  // namespace pidmap_stress::explore::classics
