#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>

#include "harness/programs/pidmap_program.hpp"

namespace pidmap_stress::explore {

/// Page 1 empties and refills. Page 0 empties once at most, so its own troubles stay out of it:
/// under `member`, the threads' own pids are on it; else it was filled and emptied before they run.
/// Page 1 has its memory: who installs it is another matter, and would treble the executions.
struct page_boundary {
    /// The hint goes from pid to pid, so every allocation takes one that was never used; behind
    /// the last one it would be page 0's turn.
    [[nodiscard]] static std::optional<std::string> refuses(const pidmap_setting& s) {
        const bool stays = s.how == discipline::lookup && s.variation == resident_last;
        const unsigned needed = s.threads * s.turns + (stays ? 2 : 1);
        const unsigned there = (s.pages - 1) * s.bits;
        if (needed > there)
            return fmt::format(
                "--threads {} --turns {} use {} pids behind page 0, and there are {}", s.threads,
                s.turns, needed, there);
        if (s.how == discipline::member && s.threads > s.bits - 1)
            return fmt::format("--threads {} need a larger page than --bits {}", s.threads, s.bits);
        return refuses_leaving(s);
    }

    class state;
    static constexpr explored_scenario info{.name = "page_boundary",
                                            .summary = "page 1 empties and refills",
                                            .variations = who_leaves,
                                            .checks_cover = true,
                                            .refuses = refuses,
                                            .make = make_pidmap_program<state>};

    class state final : public pidmap_state {
    public:
        state(const explored_allocator& variant, const pidmap_setting& s) noexcept
            : pidmap_state(variant, s, variant.highest_pid_max()) {}

        void set_up() noexcept {
            create();
            const bool is_lookup = setting_.how == discipline::lookup;
            const bool is_apart = setting_.variation == resident_apart;
            if (setting_.how == discipline::member) seat_members();
            if (is_apart) seat_resident();
            fill_page_zero();
            if (is_lookup && !is_apart)
                seat_resident();
            else
                visit();
            clear_page_zero();
            begin();
        }
    };
};

}  // namespace pidmap_stress::explore
