#pragma once

#include <array>
#include <string_view>

#include "harness/programs/pidmap_program.hpp"

namespace pidmap_stress::explore {

/// The map is full except for one pid fewer than there are threads, so that they fight for the last
/// ones. Before they run, a search that goes round must have found a sole free pid, wherever it is.
///
/// `every_pid`: each pid that a search may find is the sole free one in turn, first upwards, then
/// downwards, so that the search has the shortest and the longest way to it.
struct exhaustion {
    static constexpr std::array<std::string_view, 2> shapes{"usual", "every_pid"};
    enum : unsigned { usual, every_pid };

    class state;
    static constexpr explored_scenario info{.name = "exhaustion",
                                            .summary = "the map is full except for one or two pids",
                                            // A wrap then reaches a pid that no thread holds, and
                                            // at which the very first search does not begin.
                                            .reserved_pids = 3,
                                            .variations = shapes,
                                            .checks_cover = true,
                                            .make = make_pidmap_program<state>};

    class state final : public pidmap_state {
        using base = pidmap_state;

    public:
        state(const explored_allocator& variant, const pidmap_setting& s) noexcept
            : base(variant, s, variant.highest_pid_max()) {}

        void set_up() noexcept {
            create();
            if (setting_.how == discipline::member) seat_members();
            if (setting_.how == discipline::lookup) seat_resident();
            const unsigned first = seated() + 1;
            for (unsigned n = first; n < all(); ++n) fillers_[n] = alloc_for(0);
            expect(ns_.alloc_pidmap() == alloc_error::exhausted, invariant::linearizable,
                   "a full map does not say that it is full");
            const auto reserved = static_cast<unsigned>(variant_.reserved_pids);
            if (setting_.variation == every_pid) {
                for (unsigned n = reserved; n < all(); ++n) find_sole(n);
                for (unsigned n = all(); n-- > reserved;) find_sole(n);
            }
            // The ends of both pages, from another one and from the same; then, with the hint
            // inside a page, a pid before it there; and the first one after a wrap.
            find_sole(setting_.bits - 1);
            find_sole(all() - 1);
            find_sole(all() - 2);
            find_sole(all() - 4);
            find_sole(reserved);
            for (unsigned n = 1; n < setting_.threads; ++n) free_filler(all() - n);
            if (setting_.threads == 1) free_filler(all() - 1);
            begin();
        }

        void finish() {
            for (unsigned n = 1; n < all(); ++n) free_filler(n);
            base::finish();
        }

    private:
        [[nodiscard]] unsigned all() const noexcept {
            return static_cast<unsigned>(variant_.highest_pid_max());
        }
        void free_filler(unsigned n) noexcept {
            if (const pid_nr nr = std::exchange(fillers_[n], 0); nr != 0) give_up(nr);
        }
        /// Does nothing if a thread holds the pid.
        void find_sole(unsigned n) noexcept {
            const pid_nr sole = fillers_[n];
            if (sole == 0) return;
            free_filler(n);
            const alloc_result found = ns_.alloc_pidmap();
            expect(found == sole, invariant::linearizable, "a sole free pid is not found");
            if (!found) return;
            fillers_[n] = found.nr();
            keep(found.nr());
        }

        std::array<pid_nr, most_explored_pids> fillers_{};
    };
};

}  // namespace pidmap_stress::explore
