#pragma once

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>

#include "harness/programs/pidmap_program.hpp"

namespace pidmap_stress::explore {

/// The search wraps, and the first pids of page 0 are reserved.
///
/// The hint is one before the last pid, so that one thread gets that and the next one wraps; the
/// threads' own pids are on page 0. `lowered`: page 1 has these instead, as the first pids that
/// were allocated there, and then pid_max goes down to the end of page 0: the hint and what they
/// hold are beyond it.
struct wraparound {
    static constexpr std::array<std::string_view, 2> shapes{"usual", "lowered"};
    enum : unsigned { usual, lowered };

    [[nodiscard]] static std::optional<std::string> refuses(const pidmap_setting& s) {
        // What is reserved, held or handed out must leave pids to find, be it on page 0 alone.
        const unsigned room = s.bits - static_cast<unsigned>(s.scenario->reserved_pids);
        if (s.threads > room)
            return fmt::format("--threads {} need a larger page than --bits {}", s.threads, s.bits);
        return std::nullopt;
    }

    class state;
    static constexpr explored_scenario info{.name = "wraparound",
                                            .summary = "the search wraps to the reserved pids",
                                            .reserved_pids = 3,
                                            .variations = shapes,
                                            .checks_cover = true,
                                            .refuses = refuses,
                                            .make = make_pidmap_program<state>};

    class state final : public pidmap_state {
    public:
        state(const explored_allocator& variant, const pidmap_setting& s) noexcept
            : pidmap_state(variant, s, variant.highest_pid_max()) {}

        void set_up() noexcept {
            create();
            const bool is_lowered = setting_.variation == lowered;
            if (is_lowered) fill_page_zero();
            if (setting_.how == discipline::member) seat_members();
            if (setting_.how == discipline::lookup) seat_resident();
            if (is_lowered) {
                visit();
                clear_page_zero();
                lower_pid_max(static_cast<pid_nr>(setting_.bits));
            } else {
                lead_hint_to(variant_.highest_pid_max() - 2);
            }
            begin();
        }
    };
};

}  // namespace pidmap_stress::explore
