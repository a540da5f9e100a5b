#pragma once

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>

#include "harness/explore/pidmap_program.hpp"

namespace pidmap_stress::explore {

/// The search wraps, and the first pids of page 0 are reserved.
///
/// The hint is one before the last pid, so that one thread gets that and the next one wraps; the
/// threads' own pids are on page 0. `lowered`: page 1 has these instead, as the first pids that
/// were allocated there, and then pid_max goes down to the end of page 0: the hint and what they
/// hold are beyond it.
struct wraparound {
    static constexpr pid_nr reserved_pids = 3;
    static constexpr std::array<std::string_view, 2> shapes{"usual", "lowered"};
    enum : unsigned { usual, lowered };

    [[nodiscard]] static std::optional<std::string> refuses(const pidmap_setting& s) {
        // What is reserved, held or handed out must leave pids to find, be it on page 0 alone.
        const unsigned room = s.bits - static_cast<unsigned>(reserved_pids);
        if (s.threads > room)
            return fmt::format("--threads {} need a larger page than --bits {}", s.threads, s.bits);
        return std::nullopt;
    }

    static constexpr explored_scenario info{.name = "wraparound",
                                            .summary = "the search wraps to the reserved pids",
                                            .variations = shapes,
                                            .checks_cover = true,
                                            .refuses = refuses};

    template <pid_allocator V>
    class state final : public pidmap_state<V> {
        static constexpr auto bits = static_cast<pid_nr>(V::geometry::bits_per_page);
        static constexpr auto all = highest_pid_max<typename V::geometry>;

    public:
        explicit state(const pidmap_setting& s) noexcept : pidmap_state<V>(s, all) {}

        void set_up() noexcept {
            this->create();
            const bool is_lowered = this->setting_.variation == lowered;
            if (is_lowered) this->fill_page_zero();
            if (this->setting_.how == discipline::member) this->seat_members();
            if (this->setting_.how == discipline::lookup) this->seat_resident();
            if (is_lowered) {
                this->visit();
                this->clear_page_zero();
                this->lower_pid_max(bits);
            } else {
                this->lead_hint_to(all - 2);
            }
            this->begin();
        }
    };
};

}  // namespace pidmap_stress::explore
