#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct get_from_zero_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        if (ns.pages[page].nr_free.load(Namespace::orders::hint) != Namespace::capacity(page))
            return sound_steps::open_page(ns, page);
        ns.get();
        const page_answer answer = sound_steps::open_page(ns, page);
        ns.put();
        return answer;
    }
};

/// Mutant: the count is raised whatever it was, so a namespace that is being released is revived.
/// \source setns() by pidfd against the exit of the last process.
template <execution_policy P>
struct get_from_zero : pid_namespace<P, sound_orders, get_from_zero_steps> {
    using pid_namespace<P, sound_orders, get_from_zero_steps>::pid_namespace;
    static constexpr variant_info info{.name = "get_from_zero",
                                       .summary = "a dying count is raised from 0",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::no_get_from_zero}}};
};

}  // namespace pidmap_stress
