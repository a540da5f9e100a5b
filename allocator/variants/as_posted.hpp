#pragma once

#include "allocator/pid_allocator.hpp"

namespace pidmap_stress {

/// The orders of the posted patch, in the terms of C++: what Linux calls fully ordered is an RMW
/// that is sequentially consistent, and clear_bit() and atomic_inc() are not ordered at all.
struct as_posted_orders {
    static constexpr auto hint = std::memory_order::relaxed;  // Relaxed: the kernel reads plainly.
    static constexpr auto page_seen = std::memory_order::acquire;     // (I2) from (I1)
    static constexpr auto page_install = std::memory_order::release;  // (I1) It held a spin lock.
    static constexpr auto claim = std::memory_order::seq_cst;         // (A1) test_and_set_bit()
    static constexpr auto clear = std::memory_order::relaxed;         // (F1) clear_bit()
    static constexpr auto account = std::memory_order::seq_cst;       // (C1, C2) atomic_*_return()
    static constexpr auto get = std::memory_order::relaxed;           // (R1, R2) atomic_inc()
    static constexpr auto put = std::memory_order::seq_cst;           // (R3) atomic_dec_and_test()
};

/// The steps of the posted patch, bug for bug.
struct as_posted_steps : default_steps {
    /// An object goes back to the slab cache of a namespace that may be gone by then.
    using objects = remembering_objects;
    /// The 1 of creation stands for page 0, and the creator takes another one for itself.
    static constexpr int initial_references = 2;

    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        return ns.pages[page].nr_free.load(Namespace::orders::hint) != 0 ? page_answer::open
                                                                         : page_answer::full;
    }

    /// The page is visibly non-empty already, and only now comes the get.
    template <class Namespace>
    static void bit_claimed(Namespace& ns, unsigned page) noexcept {
        const int free_pids = ns.pages[page].nr_free.fetch_sub(1, Namespace::orders::account) - 1;
        if (Namespace::steps::filled_first(page, free_pids, ns)) ns.get();
    }

    /// As posted, alloc does not correct for bit 0: on page 0 this is never so.
    template <class Namespace>
    [[nodiscard]] static bool filled_first(unsigned /*page*/, int free_pids,
                                           const Namespace&) noexcept {
        return free_pids == static_cast<int>(Namespace::geometry::bits_per_page) - 1;
    }

    /// A plain store, relaxed in the terms of C++: a slow allocation moves the hint backwards.
    template <class Namespace>
    static void advance_last_pid(Namespace& ns, pid_nr /*last*/, pid_nr nr) noexcept {
        ns.last_pid.store(nr, std::memory_order::relaxed);
    }

    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        int free_pids = ns.pages[page].nr_free.fetch_add(1, Namespace::orders::account) + 1;
        if (page == 0) ++free_pids;  // Bit 0 is never free.
        if (free_pids == static_cast<int>(Namespace::geometry::bits_per_page)) ns.put();
    }
};

/// How the posted form fails whatever its initial reference stands for.
///
/// Page 0 loses a reference each time that it empties, and the rest follows: once the count is one
/// too low, the namespace is released while it is in use, and then everything may break. Under
/// `lookup` the late get is enough. With a plain `last_pid` and an unordered clear, numbers come
/// back too early and without their last owner's writes. At their end, objects touch what may be
/// gone, unless page 0 has broken the namespace first.
/// be gone; where page 0 has not been first, that is.
inline constexpr breakage_list as_posted_breaks{
    {.broken = invariant::refcount_equals_pages, .shown_by = "page_zero"},
    {.broken = invariant::no_use_after_release, .shown_by = "page_zero"},
    {.broken = invariant::no_use_after_release, .shown_by = "outliving_pid"},
    {.broken = invariant::no_underflow, .shown_by = "outliving_pid"},
    {.broken = invariant::live_pid_pins_namespace, .shown_by = "outliving_pid"},
    {.broken = invariant::refcount_equals_pages, .shown_by = "outliving_pid"},
    {.broken = invariant::refcount_equals_pages, .shown_by = "many_pages"},
    {.broken = invariant::no_use_after_release, .shown_by = "many_pages"},
    {.broken = invariant::refcount_equals_pages, .shown_by = "many_references"},
    {.broken = invariant::no_use_after_release, .shown_by = "many_references"},
    {.broken = invariant::no_underflow, .shown_by = "page_zero"},
    {.broken = invariant::live_pid_pins_namespace, .shown_by = "page_zero"},
    {.broken = invariant::live_pid_pins_namespace,
     .where = discipline::lookup,
     .shown_by = "lookup"},
    {.broken = invariant::no_underflow, .where = discipline::lookup, .shown_by = "lookup"},
    {.broken = invariant::no_get_from_zero, .where = discipline::lookup, .shown_by = "lookup"},
    {.broken = invariant::released_once},
    {.broken = invariant::no_get_from_zero},
    {.broken = invariant::reference_covers_pages},
    {.broken = invariant::nothing_leaked},
    {.broken = invariant::no_immediate_reuse},
    {.broken = invariant::reuse_happens_after},
    {.broken = invariant::linearizable},
    // Whatever comes of the use of a released namespace: it has lost its pages with their bits, pid
    // 0's too, and new ones come in their place.
    {.broken = invariant::pid_in_range},
    {.broken = invariant::unique_pid},
    {.broken = invariant::bitmap_equals_held},
    {.broken = invariant::nr_free_equals_clear_bits},
};

/// The patch as it was posted in 2007; creation's reference is page 0's.
template <execution_policy P>
struct as_posted : pid_namespace<P, as_posted_orders, as_posted_steps> {
    using pid_namespace<P, as_posted_orders, as_posted_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "as_posted",
        .summary = "the 2007 patch; creation's reference is page 0's",
        .breaks = as_posted_breaks};
};

}  // namespace pidmap_stress
