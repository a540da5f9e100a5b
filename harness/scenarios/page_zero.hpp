#pragma once

#include <fmt/format.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"
#include "harness/programs/script/script_builder.hpp"

namespace pidmap_stress {

/// In the explorer, page 0 empties and refills. Under `member`, the threads' own pids are on page
/// 1, which they fill; otherwise page 1 is not used. Under `lookup`, page 0 has the resident at
/// first, and was never empty since its first pid.
struct small_page_zero {
    using setting = explore::pidmap_setting;

    [[nodiscard]] static std::optional<std::string> refuses(const setting& s) {
        if (s.how == discipline::member && s.threads > s.bits)
            return fmt::format("--threads {} need a larger page than --bits {}", s.threads, s.bits);
        return explore::refuses_leaving(s);
    }

    [[nodiscard]] static explore::script calls(const setting& s) {
        const auto page_one = static_cast<pid_nr>(s.bits);
        if (s.how == discipline::lookup) {
            explore::script made = explore::begin_script(s, 1, page_one);
            made.threads[0].holds = {{.nr = 1}};
            explore::take_turns(made, s);
            return made;
        }
        // Page 1 ends behind the members' own pids.
        const auto members =
            s.how == discipline::member ? static_cast<pid_nr>(s.threads) : pid_nr{0};
        explore::script made = explore::begin_script(s, page_one + members - 1, page_one + members);
        if (s.how == discipline::member) explore::seat_members(made, page_one);
        explore::take_turns(made, s);
        return made;
    }

    static constexpr explore::explored_scenario info{
        .name = "page_zero",
        .summary = "page 0 empties and refills",
        // The resident is on the page that the threads use.
        .variations = std::span(explore::who_leaves).first(explore::resident_apart),
        .refuses = refuses,
        .calls = calls};
};

/// Page 1 is full, so everything that is allocated comes from page 0, which empties and refills
/// while page 1 is live: what alloc and free do about bit 0 must balance.
class page_zero final : public scenario {
    static constexpr std::array<std::string_view, 1> marks{"the only pid of page 0 was freed"};

public:
    static constexpr explore::explored_scenario small = small_page_zero::info;
    static constexpr scenario_info info{.name = "page_zero",
                                        .summary = "page 0 empties and refills while page 1 lives",
                                        .marks = marks};

    [[nodiscard]] pid_nr highest_pid_max(pid_nr /*wanted*/, unsigned workers) const override {
        return 32768 + 1 + static_cast<pid_nr>(workers);
    }

    void prepare(stage& set) override {
        table_slot& slot = set.add_slot();
        tested_namespace* const ns = set.create();
        if (ns == nullptr) return;
        worker& main = set.main();
        const auto page_one = static_cast<pid_nr>(set.under_test().bits_per_page());
        // To the end of page 0, then page 1 is filled as far as pid_max allows.
        (void)main.alloc_in(*ns);
        if (main.walk_to(*ns, page_one - 1))
            while (main.alloc_in(*ns) && main.held.back().nr != set.highest_pid_max() - 1) {
            }
        for (std::size_t i = main.held.size(); i-- > 0;)
            if (main.held[i].nr < page_one) main.free_at(i);
        set.seat_workers_on_held(slot, *ns);
    }

    void work(worker& me) override {
        table_slot& slot = me.set().slot(0);
        while (me.running()) {
            if (me.held.empty()) {
                (void)me.alloc(slot);
            } else {
                const held_pid mine = me.held.back();
                if (me.chance().one_in(16) && mine.ns->alone_on_page(mine.nr)) me.hit(0);
                me.free_last();
                // Now and then a pause, so that the page is surely empty at times.
                if (me.chance().one_in(4)) me.dawdle();
            }
        }
    }
};

}  // namespace pidmap_stress
