#pragma once

#include "allocator/last_pid.hpp"
#include "allocator/namespace_lifecycle.hpp"
#include "allocator/object_steps.hpp"
#include "allocator/pid_search.hpp"
#include "allocator/pidmap.hpp"

namespace pidmap_stress {

/// A page's answer to an allocation that reaches it.
enum class page_answer : std::uint8_t { open, full, namespace_dead };

/// Every seam of a pid_namespace, with what most variants do there. A variant inherits this, and a
/// mutant inherits its variant's steps; each overrides what it does differently.
///
/// Three members have no default, as they are what variants differ in:
///
///     static constexpr int initial_references;         // What the count of a new namespace is.
///     page_answer open_page(Namespace& ns, unsigned page);  // May a bit be claimed on this page?
///     void vacate(Namespace& ns, unsigned page);       // The bit of a pid is clear again.
///
/// A step that calls another one calls it as `Namespace::steps::...`, so that an override is seen
/// everywhere. Each access is ordered by `Namespace::orders`.
struct default_steps {
    /// Where a search goes: a type like pid_search.
    template <geometry_trait G>
    using search = pid_search<G>;
    /// How a namespace begins, closes and ends.
    using lifecycle = namespace_lifecycle;
    /// What a pid object has to do with its namespace, and how it is counted.
    using objects = forgetful_objects;

    /// Before the search. \returns Whether to search: false means that the namespace is dead.
    template <class Namespace>
    [[nodiscard]] static bool enter(Namespace&) noexcept {
        return true;
    }

    /// Makes a page's bitmap and installs it, or takes the one of a worker that was faster.
    /// \returns nullptr if there is no memory.
    template <class Namespace>
    [[nodiscard]] static page_bits<typename Namespace::policy>* install(Namespace& ns,
                                                                        unsigned page) noexcept {
        using P = typename Namespace::policy;
        page_bits<P>* const fresh = P::template create<page_bits<P>>();
        if (fresh == nullptr) return nullptr;
        page_bits<P>* winner = nullptr;
        // (I1) Publishes the zeroed page; the loser of the race takes the winner's, as (I2) does.
        if (ns.pages[page].bits.compare_exchange_strong(
                winner, fresh, Namespace::orders::page_install, Namespace::orders::page_seen))
            return fresh;
        P::destroy(fresh);
        return winner;
    }

    /// Claims one bit of an open page. \returns Whether it was clear, so that it is the caller's.
    template <class Namespace, class Bits>
    [[nodiscard]] static bool claim(Namespace&, Bits& bits, unsigned bit) noexcept {
        return bits.test_and_set(bit, Namespace::orders::claim);  // (A1)
    }

    /// A bit of an open page is claimed.
    template <class Namespace>
    static void bit_claimed(Namespace&, unsigned /*page*/) noexcept {}

    /// Moves the hint forward. \param last  Its value when the search began.
    template <class Namespace>
    static void advance_last_pid(Namespace& ns, pid_nr last, pid_nr nr) noexcept {
        advance_last_pid_forward(ns, last, nr);
    }

    /// An open page turned out to have no bit to claim.
    template <class Namespace>
    static void close_page(Namespace&, unsigned /*page*/) noexcept {}

    /// The search found no pid. This may end the namespace.
    template <class Namespace>
    static void leave(Namespace&) noexcept {}

    /// Drops a reference. \returns Whether it was the last one.
    template <class Namespace>
    [[nodiscard]] static bool drop(Namespace& ns) noexcept {
        return ns.refcount.fetch_sub(1, Namespace::orders::put) == 1;  // (R3)
    }
};

}  // namespace pidmap_stress
