#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>

#include "harness/explore/pidmap_program.hpp"

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

    static constexpr explored_scenario info{.name = "page_zero",
                                            .summary = "page 0 empties and refills",
                                            .variations = who_leaves,
                                            .checks_cover = true,
                                            .refuses = refuses};

    template <pid_allocator V>
    class state final : public pidmap_state<V> {
        static constexpr auto bits = static_cast<pid_nr>(V::geometry::bits_per_page);

        /// Page 1 ends behind the members' own pids.
        [[nodiscard]] static pid_nr limit_of(const pidmap_setting& s) noexcept {
            return s.how == discipline::member ? bits + static_cast<pid_nr>(s.threads) : bits;
        }

    public:
        explicit state(const pidmap_setting& s) noexcept : pidmap_state<V>(s, limit_of(s)) {}

        void set_up() noexcept {
            this->create();
            if (this->setting_.how == discipline::lookup) {
                this->seat_resident();
            } else {
                this->fill_page_zero();
                if (this->setting_.how == discipline::member) this->seat_members();
                this->clear_page_zero();
            }
            this->begin();
        }
    };
};

}  // namespace pidmap_stress::explore
