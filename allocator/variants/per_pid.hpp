#pragma once

#include "allocator/pid_allocator.hpp"

namespace pidmap_stress {

struct per_pid_orders {
    /// Relaxed: where to search, and what to expect. Every step that counts is an RMW.
    static constexpr auto hint = std::memory_order::relaxed;
    /// (I2) acquire, from (I1): the page is seen zeroed.
    static constexpr auto page_seen = std::memory_order::acquire;
    /// (I1) release, read by (I2).
    static constexpr auto page_install = std::memory_order::release;
    /// (A1) acquire, from (F1): the new owner sees all that the last one did. Other workers' RMWs
    /// on the word continue the release sequence of F1 ([intro.races]/5), so acquire is enough.
    static constexpr auto claim = std::memory_order::acquire;
    /// (F1) release, read by (A1).
    static constexpr auto clear = std::memory_order::release;
    /// (C1, C2) relaxed: nr_free is a hint here. No reference depends on it, and by atomicity
    /// alone it counts right.
    static constexpr auto account = std::memory_order::relaxed;
    /// (R1, R2) relaxed: taking a reference publishes nothing. That the namespace was set up is
    /// known from whatever led the caller to it.
    static constexpr auto get = std::memory_order::relaxed;
    /// (R3) release, so that the last put sees what every earlier one's caller did to the
    /// namespace; acquire, so that the release of it comes after all that. Partner: (R3) itself.
    static constexpr auto put = std::memory_order::acq_rel;
};

/// A reference for every pid, taken before the search and dropped after the bit is clear again.
struct per_pid_steps : default_steps {
    /// The reference of a pid serves the same purpose in Linux: it lasts as long as the object.
    using objects = counted_objects;
    /// The creator's.
    static constexpr int initial_references = 1;

    template <class Namespace>
    [[nodiscard]] static bool enter(Namespace& ns) noexcept {
        return ns.get_unless_zero();
    }

    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        return ns.pages[page].nr_free.load(Namespace::orders::hint) != 0 ? page_answer::open
                                                                         : page_answer::full;
    }

    template <class Namespace>
    static void bit_claimed(Namespace& ns, unsigned page) noexcept {
        ns.pages[page].nr_free.fetch_sub(1, Namespace::orders::account);
    }

    template <class Namespace>
    static void leave(Namespace& ns) noexcept {
        ns.put();
    }

    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        ns.pages[page].nr_free.fetch_add(1, Namespace::orders::account);
        ns.put();
    }
};

/// What the patch wanted to replace, and what Linux does to this day.
template <execution_policy P>
struct per_pid : pid_namespace<P, per_pid_orders, per_pid_steps> {
    using pid_namespace<P, per_pid_orders, per_pid_steps>::pid_namespace;
    static constexpr variant_info info{.name = "per_pid",
                                       .summary = "a reference for every pid: the baseline",
                                       .counts = counting::per_pid};
};

}  // namespace pidmap_stress
