#pragma once

#include <array>

#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/run/program.hpp"

/// Left-right: two copies. Readers never wait; a writer changes the copy that nobody reads.
/// \source P. Ramalhete, A. Correia, "Left-Right: A Concurrency Control Technique with Wait-Free
///         Population Oblivious Reads", 2013
namespace pidmap_stress::explore::classics {

/// \tparam Waits  Whether the writer waits for those who came before it toggled the side, and may
///                still read the other copy.
template <class World, bool Waits>
class left_right {
public:
    [[nodiscard]] int read() {
        const unsigned version = version_.load(seq_cst);
        // seq_cst, with the writer's store of the side: it sees the reader, or the reader the side.
        readers_[version].fetch_add(1, seq_cst);
        const int value = copies_[side_.load(seq_cst)].get();
        readers_[version].fetch_sub(1, release);  // Read by the writer's wait.
        return value;
    }
    /// \pre One writer at a time.
    void write(int value) {
        const unsigned side = side_.load(relaxed);  // Only the writer stores it, and the version.
        copies_[1 - side].set(value);
        side_.store(1 - side, seq_cst);  // Release too: readers see the copy as it is now.
        if constexpr (Waits) {
            // New readers count elsewhere, so each wait ends.
            const unsigned version = version_.load(relaxed);
            until_empty(1 - version);
            version_.store(1 - version, seq_cst);
            until_empty(version);
        }
        copies_[side].set(value);
    }

private:
    using enum std::memory_order;
    void until_empty(unsigned version) {
        (void)await(readers_[version], [](int now) { return now == 0; }, seq_cst);
    }

    std::array<typename World::template plain<int>, 2> copies_;
    typename World::template atomic<unsigned> side_{0};
    typename World::template atomic<unsigned> version_{0};
    std::array<typename World::template atomic<int>, 2> readers_;
};

template <class World, bool Waits>
[[nodiscard]] auto left_right_users() {
    using state = left_right<World, Waits>;
    return over<state>().thread([](state& s) { s.write(1); }).thread([](state& s) {
        const int value = s.read();
        tell_outcome(value == 0 ? "old" : "new");
    });
}

}  // namespace pidmap_stress::explore::classics
