#pragma once

#include <type_traits>

#include "allocator/execution_policy.hpp"

namespace pidmap_stress {

/// How a namespace begins, closes and ends: the same for every variant.
///
/// The part `lifecycle` of default_steps; a mutant overrides one of these in a nested struct:
///
///     struct my_steps : sound_steps {
///         struct lifecycle : namespace_lifecycle { ... };
///     };
struct namespace_lifecycle {
    /// Makes a namespace below `parent`, which it then keeps alive by a counted reference.
    ///
    /// The reference is taken when nothing can fail any more, so that there is none to give back.
    ///
    /// \param parent  nullptr for a root. \pre The caller keeps it alive meanwhile, and its level
    ///                is below the highest one.
    /// \returns  nullptr if there is no memory; then nothing has changed.
    template <class Namespace>
    [[nodiscard]] static Namespace* create(const typename Namespace::pid_max_cell& pid_max,
                                           Namespace* parent) noexcept {
        using P = typename Namespace::policy;
        Namespace* made = nullptr;
        if constexpr (std::is_constructible_v<Namespace, decltype(pid_max), Namespace*>)
            made = P::template create<Namespace>(pid_max, parent);
        else  // A variant of its own make, which does not nest.
            made = P::template create<Namespace>(pid_max);
        if (made == nullptr) return nullptr;
        if (!made->start()) {
            P::destroy(made);
            return nullptr;
        }
        if (parent != nullptr) parent->get();
        return made;
    }

    /// Whether an allocation that has claimed its pid may keep it.
    ///
    /// (D2) Relaxed, from (D1). A caller that has learned of the closing reads it by coherence. So
    /// does one that claims a bit that was cleared after the closing: F1 -> A1 lets it know. Every
    /// other success can be said to have come before the closing.
    template <class Namespace>
    [[nodiscard]] static bool still_open(const Namespace& ns) noexcept {
        return !ns.closed.load(std::memory_order::relaxed);
    }

    /// Gives back a pid that was never used, because an ancestor had none to go with it. If it was
    /// the very first, the next one is to be the first again: a namespace's init is pid 1.
    ///
    /// Relaxed: a hint. If the hint is no longer at 1, others have been here since, and it stays;
    /// it never returns to 1, as a wrap leads to `reserved_pids`, unless those begin there.
    template <class Namespace>
    static void take_back(Namespace& ns, pid_nr nr) noexcept {
        pid_nr first = 1;
        if (nr == first)
            ns.last_pid.compare_exchange_strong(first, 0, std::memory_order::relaxed,
                                                std::memory_order::relaxed);
        ns.free_pidmap(nr);
    }

    /// Undoes a creation that failed after the first pid was allocated: for want of memory for the
    /// task itself, say. \pre The caller has the creator's reference and the pid.
    template <class Namespace>
    static void abandon(Namespace& ns, pid_nr first) noexcept {
        ns.free_pidmap(first);
        ns.put();
    }

    /// The last reference is gone. The namespace goes, and with it a reference on its parent.
    ///
    /// A loop and not a recursion: a chain may be `max_level` deep, and a kernel's stack is small.
    /// \source Linux bbc2e3ef8785.
    template <class Namespace>
    static void release(Namespace& last) noexcept {
        Namespace* ns = &last;
        do {
            Namespace* const parent = ns->parent;  // Read while the namespace still exists.
            Namespace::policy::retire(ns);
            ns = parent;
        } while (ns != nullptr && ns->drop());
    }
};

}  // namespace pidmap_stress
