#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: a creation takes the reference on the parent first, and forgets it where it fails.
/// \source Linux before 0a01f2cc390e (2012).
struct failed_create_leaks_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[nodiscard]] static Namespace* create(const typename Namespace::pid_max_cell& pid_max,
                                               Namespace* parent) noexcept {
            if (parent != nullptr) parent->get();
            Namespace* const made = namespace_lifecycle::create(pid_max, parent);
            if (made != nullptr && parent != nullptr) parent->put();
            return made;
        }
    };
};

template <execution_policy P>
struct failed_create_leaks : pid_namespace<P, sound_orders, failed_create_leaks_steps> {
    using pid_namespace<P, sound_orders, failed_create_leaks_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "failed_create_leaks",
        .summary = "a creation that fails keeps the reference on the parent",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages, .shown_by = "nested"},
                   {.broken = invariant::nothing_leaked, .shown_by = "nested"},
                   {.broken = invariant::released_once, .shown_by = "nested"}}};
};

}  // namespace pidmap_stress
