#pragma once

#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>

#include "harness/programs/pidmap_program.hpp"

namespace pidmap_stress::explore {

/// Page 0 empties and refills. Under `member`, the threads' own pids are on page 1, which they
/// fill; else page 1 is not used. Under `lookup`, page 0 has the resident at first, and was never
/// empty since its first pid.
struct page_zero {
    [[nodiscard]] static std::optional<std::string> refuses(const pidmap_setting& s) {
        if (s.how == discipline::member && s.threads > s.bits)
            return fmt::format("--threads {} need a larger page than --bits {}", s.threads, s.bits);
        return refuses_leaving(s);
    }

    class state;
    static constexpr explored_scenario info{
        .name = "page_zero",
        .summary = "page 0 empties and refills",
        // The resident is on the page that the threads use.
        .variations = std::span(who_leaves).first(resident_apart),
        .checks_cover = true,
        .refuses = refuses,
        .make = make_pidmap_program<state>};

    class state final : public pidmap_state {
        /// Page 1 ends behind the members' own pids.
        [[nodiscard]] static pid_nr limit_of(const pidmap_setting& s) noexcept {
            const unsigned members = s.how == discipline::member ? s.threads : 0;
            return static_cast<pid_nr>(s.bits + members);
        }

    public:
        state(const explored_allocator& variant, const pidmap_setting& s) noexcept
            : pidmap_state(variant, s, limit_of(s)) {}

        void set_up() noexcept {
            create();
            if (setting_.how == discipline::lookup) {
                seat_resident();
            } else {
                fill_page_zero();
                if (setting_.how == discipline::member) seat_members();
                clear_page_zero();
            }
            begin();
        }
    };
};

}  // namespace pidmap_stress::explore
