#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: the page's slot is given back, and with it perhaps the last reference, before the bit is
/// clear.
template <execution_policy P>
struct cleared_after_vacating : pid_namespace<P, sound_orders, sound_steps> {
    using pid_namespace<P, sound_orders, sound_steps>::pid_namespace;

    void free_pidmap(pid_nr nr) noexcept {
        const unsigned page = static_cast<unsigned>(nr) / P::geometry::bits_per_page;
        const unsigned bit = static_cast<unsigned>(nr) % P::geometry::bits_per_page;
        // Relaxed: the caller holds a pid of this page, so its installation happened before.
        page_bits<P>* const bits = this->pages[page].bits.load(std::memory_order::relaxed);
        sound_steps::vacate(*this, page);
        bits->clear(bit, sound_orders::clear);  // (F1)
    }
    static constexpr variant_info info{
        .name = "cleared_after_vacating",
        .summary = "the bit is cleared after the page was given back",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::no_use_after_release}}};
};

}  // namespace pidmap_stress
