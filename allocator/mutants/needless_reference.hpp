#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct needless_reference_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        if (!ns.get_unless_zero()) return page_answer::namespace_dead;
        const page_answer answer = sound_steps::open_page(ns, page);
        ns.put();
        return answer;
    }
};

/// Equivalent: a second reference is held while a page is opened. If it cannot be taken, neither
/// could the reference of the page.
template <execution_policy P>
struct needless_reference : pid_namespace<P, sound_orders, needless_reference_steps> {
    using pid_namespace<P, sound_orders, needless_reference_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "needless_reference",
        .summary = "one more reference is held while a page is opened",
        .kind = variant_kind::mutant};
};

}  // namespace pidmap_stress
