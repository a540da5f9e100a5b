#pragma once

#include <array>

#include "harness/explore/pidmap_program.hpp"

namespace pidmap_stress::explore {

/// The map is full but for one pid less than there are threads, so that they fight for the last
/// ones. Before they run, a search that goes round must have found a sole free pid, wherever it is.
struct exhaustion {
    static constexpr explored_scenario info{.name = "exhaustion",
                                            .summary = "the map is full but for one or two pids",
                                            .checks_cover = true};

    template <pid_allocator V>
    class state final : public pidmap_state<V> {
        using base = pidmap_state<V>;
        static constexpr auto all = static_cast<unsigned>(highest_pid_max<typename V::geometry>);
        static constexpr unsigned bits = V::geometry::bits_per_page;

    public:
        explicit state(const pidmap_setting& s) noexcept
            : base(s, highest_pid_max<typename V::geometry>) {}

        void set_up() noexcept {
            this->create();
            if (this->setting_.how == discipline::member) this->seat_members();
            if (this->setting_.how == discipline::lookup) this->seat_resident();
            const unsigned seated = this->seated();
            for (unsigned n = seated + 1; n < all; ++n) fillers_[n] = this->alloc_for(0);
            expect(this->ns_->alloc_pidmap() == alloc_error::exhausted, invariant::linearizable,
                   "a full map does not say that it is full");
            // The ends of both pages, from another one and from the same; then, with the hint
            // inside a page, a pid before it there.
            find_sole(bits - 1);
            find_sole(all - 1);
            find_sole(all - 2);
            find_sole(all - 4);
            for (unsigned n = 1; n < this->setting_.threads; ++n) free_filler(all - n);
            if (this->setting_.threads == 1) free_filler(all - 1);
            this->begin();
        }

        void finish() {
            for (unsigned n = 1; n < all; ++n) free_filler(n);
            base::finish();
        }

    private:
        void free_filler(unsigned n) noexcept {
            if (const pid_nr nr = std::exchange(fillers_[n], 0); nr != 0) this->give_up(nr);
        }
        void find_sole(unsigned n) noexcept {
            const pid_nr sole = fillers_[n];
            free_filler(n);
            const alloc_result found = this->ns_->alloc_pidmap();
            expect(found == sole, invariant::linearizable, "a sole free pid is not found");
            if (!found) return;
            fillers_[n] = found.nr();
            this->keep(found.nr());
        }

        std::array<pid_nr, all> fillers_{};
    };
};

}  // namespace pidmap_stress::explore
