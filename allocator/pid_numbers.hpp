#pragma once

#include <span>

#include "allocator/pid_namespace.hpp"

/// A task has a number in its own namespace and in each one above: all of them or none.
namespace pidmap_stress {

/// The result of an allocation at several levels.
struct numbers_result {
    /// The number in the deepest namespace, or why there is no pid.
    alloc_result result;
    /// Which level had none; that of the deepest namespace if there is nothing to report.
    unsigned at_level;
};

/// Takes a pid at every level, from the deepest to the root. If one level has none, the deeper ones
/// get back what they gave, and are as they were before.
///
/// \param numbers  For the pids, by level. \pre numbers.size() > deepest.level.
/// \pre   As for alloc_pidmap(), for `deepest`, which keeps the ones above alive.
/// \source alloc_pid() of Linux since 2.6.24.
template <class Namespace>
[[nodiscard]] numbers_result alloc_numbers(Namespace& deepest, std::span<pid_nr> numbers) noexcept;

/// Returns what alloc_numbers() took. This may be the end of any of the namespaces.
///
/// From the deepest up: a namespace that goes drops its reference on the one above, whose own
/// number keeps it until its turn has come.
///
/// \pre The caller holds the numbers.
template <class Namespace>
void free_numbers(Namespace& deepest, std::span<const pid_nr> numbers) noexcept;

// ------------------------------------------------------------------------------------------------

namespace detail {
/// Gives back what one namespace gave. \returns The one above.
template <class Namespace>
Namespace* take_back_number(Namespace& ns, std::span<const pid_nr> numbers) noexcept {
    // The parent is read first: what follows may be the end of this one.
    auto* const parent = static_cast<Namespace*>(ns.parent);
    Namespace::lifecycle::take_back(ns, numbers[ns.level]);
    return parent;
}

/// Undoes alloc_numbers() for the levels below `until`.
template <class Namespace>
void take_back_numbers(Namespace& deepest, std::span<const pid_nr> numbers,
                       unsigned until) noexcept {
    for (Namespace* ns = &deepest; ns->level > until;) ns = take_back_number(*ns, numbers);
}

/// Undoes alloc_numbers().
template <class Namespace>
void take_back_all_numbers(Namespace& deepest, std::span<const pid_nr> numbers) noexcept {
    for (Namespace* ns = &deepest; ns != nullptr;) ns = take_back_number(*ns, numbers);
}
}  // namespace detail

template <class Namespace>
numbers_result alloc_numbers(Namespace& deepest, std::span<pid_nr> numbers) noexcept {
    for (Namespace* ns = &deepest; ns != nullptr; ns = static_cast<Namespace*>(ns->parent)) {
        const unsigned level = ns->level;
        const alloc_result got = ns->alloc_pidmap();
        if (!got) {
            detail::take_back_numbers(deepest, numbers, level);
            return {.result = got, .at_level = level};
        }
        numbers[level] = got.nr();
    }
    return {.result = numbers[deepest.level], .at_level = deepest.level};
}

template <class Namespace>
void free_numbers(Namespace& deepest, std::span<const pid_nr> numbers) noexcept {
    for (Namespace* ns = &deepest; ns != nullptr;) {
        const unsigned level = ns->level;
        auto* const parent = static_cast<Namespace*>(ns->parent);
        ns->free_pidmap(numbers[level]);
        ns = parent;
    }
}

}  // namespace pidmap_stress
