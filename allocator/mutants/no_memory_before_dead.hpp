#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct no_memory_before_dead_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[nodiscard]] static bool still_open(const Namespace& ns) noexcept {
            // Both relaxed: only looks, and their consequences are the mutant's own affair.
            const auto next =
                static_cast<unsigned>(ns.last_pid.load(std::memory_order::relaxed) + 1) /
                Namespace::geometry::bits_per_page;
            if (next < Namespace::geometry::max_pages &&
                ns.pages[next].bits.load(std::memory_order::relaxed) == nullptr)
                return true;
            return namespace_lifecycle::still_open(ns);
        }
    };
};

/// Mutant: a worker that reaches a page without memory does not ask whether the namespace was
/// closed, so that one which is short of memory never says that it is dead.
template <execution_policy P>
struct no_memory_before_dead : pid_namespace<P, sound_orders, no_memory_before_dead_steps> {
    using pid_namespace<P, sound_orders, no_memory_before_dead_steps>::pid_namespace;
    static constexpr variant_info info{.name = "no_memory_before_dead",
                                       .summary = "no_memory hides that the namespace is closed",
                                       .kind = variant_kind::mutant,
                                       .breaks = invariant::linearizable};
};

}  // namespace pidmap_stress
