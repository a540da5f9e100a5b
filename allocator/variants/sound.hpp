#pragma once

#include "allocator/pid_allocator.hpp"

namespace pidmap_stress {

struct sound_orders {
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
    /// (C1) release, read by (C2): the get (R2) that backs a page happens before the put (R3) of
    /// the worker that empties it.
    static constexpr auto reserve = std::memory_order::release;
    /// (C2) release, so that the worker that empties the page later sees all that this caller did
    /// to the namespace; acquire, so that the put that follows comes after all that. Partners: (C1)
    /// and (C2) of all that came before on this page, whose release sequences are all RMWs.
    static constexpr auto vacate = std::memory_order::acq_rel;
    /// (R1, R2) relaxed: taking a reference publishes nothing. That the namespace was set up is
    /// known from whatever led the caller to it.
    static constexpr auto get = std::memory_order::relaxed;
    /// (R3) release, so that the last put sees what every earlier one's caller did to the
    /// namespace; acquire, so that the release of it comes after all that. Partner: (R3) itself.
    static constexpr auto put = std::memory_order::acq_rel;
};

/// A reference for every non-empty page, taken before the page can become non-empty and dropped
/// after it became empty.
///
/// A slot of the page is reserved in nr_free before a bit is claimed, and given back after the bit
/// is clear, so a page with a bit set is always one with a slot reserved. The reservation that
/// leaves `capacity` behind is a CAS, made with a fresh reference in hand, which becomes the
/// page's; so at every instant the count is at least the number of pages with a slot reserved.
/// The worker that takes nr_free back to `capacity` drops that one reference: each departure from
/// `capacity` has one get, each return one put, and between them the count cannot be 0.
///
/// A dead namespace has every page at `capacity`, and leaving it takes a reference that can no
/// longer be taken: so it stays dead, and says so.
///
/// Lock-free: each loop is repeated only because another worker's CAS or RMW on the same cell took
/// effect, and no worker waits for a particular other one.
struct sound_steps : default_steps {
    /// The creator's.
    static constexpr int initial_references = 1;

    /// Reserves a slot.
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        bool reference_in_hand = false;
        page_answer answer = page_answer::full;
        int free_pids = nr_free.load(Namespace::orders::hint);
        while (free_pids > 0) {
            const bool was_empty = free_pids == Namespace::capacity(page);
            if (was_empty && !reference_in_hand) {
                if (!ns.get_unless_zero()) return page_answer::namespace_dead;
                reference_in_hand = true;
            }
            if (nr_free.compare_exchange_strong(free_pids, free_pids - 1,  // (C1)
                                                Namespace::orders::reserve,
                                                Namespace::orders::hint)) {
                if (was_empty) reference_in_hand = false;  // It is the page's now.
                answer = page_answer::open;
                break;
            }
        }
        if (reference_in_hand) ns.put();  // Another worker was first to fill the page.
        return answer;
    }

    /// Gives the slot back.
    template <class Namespace>
    static void close_page(Namespace& ns, unsigned page) noexcept {
        Namespace::steps::vacate(ns, page);
    }

    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        if (ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate) + 1 ==  // (C2)
            Namespace::capacity(page))
            ns.put();
    }
};

/// Page-level counting that holds under every discipline.
template <execution_policy P>
struct sound : pid_namespace<P, sound_orders, sound_steps> {
    using pid_namespace<P, sound_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "sound",
        .summary = "a reference for every non-empty page, taken first and dropped last"};
};

}  // namespace pidmap_stress
