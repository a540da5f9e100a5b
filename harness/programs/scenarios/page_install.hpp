#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>

#include "harness/programs/pidmap_program.hpp"

namespace pidmap_stress::explore {

/// As page_boundary, but page 1 has no memory when the threads come to it: one of them installs it.
/// Page 0 is left alone, or emptied before they run.
struct page_install {
    [[nodiscard]] static std::optional<std::string> refuses(const pidmap_setting& s) {
        const unsigned needed = s.threads * s.turns;
        const unsigned there = (s.pages - 1) * s.bits;
        if (needed > there)
            return fmt::format(
                "--threads {} --turns {} use {} pids behind page 0, and there are {}", s.threads,
                s.turns, needed, there);
        if (s.how == discipline::member && s.threads > s.bits - 1)
            return fmt::format("--threads {} need a larger page than --bits {}", s.threads, s.bits);
        return std::nullopt;
    }

    class state;
    static constexpr explored_scenario info{
        .name = "page_install",
        .summary = "page 1 has no memory at first",
        .disciplines = discipline_set(discipline::member) | discipline::reference,
        .checks_cover = true,
        .refuses = refuses,
        .make = make_pidmap_program<state>};

    class state final : public pidmap_state {
    public:
        state(const explored_allocator& variant, const pidmap_setting& s) noexcept
            : pidmap_state(variant, s, variant.highest_pid_max()) {}

        void set_up() noexcept {
            create();
            if (setting_.how == discipline::member) seat_members();
            fill_page_zero();
            clear_page_zero();
            begin();
        }
    };
};

}  // namespace pidmap_stress::explore
