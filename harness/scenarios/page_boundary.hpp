#pragma once

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"
#include "harness/programs/script/script_builder.hpp"

namespace pidmap_stress {

/// In the explorer, page 1 empties and refills. Page 0 empties at most once, so that its own faults
/// do not interfere: under `member`, the threads' own pids are on it; otherwise it was filled and
/// emptied before they run. Page 1 has its memory: which thread installs it is another matter, and
/// would treble the executions.
struct small_page_boundary {
    using setting = explore::pidmap_setting;

    /// The hint moves from pid to pid, so every allocation takes one that was never used; behind
    /// the last one it would wrap to page 0.
    [[nodiscard]] static std::optional<std::string> refuses(const setting& s) {
        const bool stays = s.how == discipline::lookup && s.variation == explore::resident_last;
        const unsigned needed = s.threads * s.turns + (stays ? 2 : 1);
        const unsigned there = (s.pages - 1) * s.bits;
        if (needed > there)
            return fmt::format(
                "--threads {} --turns {} use {} pids behind page 0, and there are {}", s.threads,
                s.turns, needed, there);
        if (s.how == discipline::member && s.threads > s.bits - 1)
            return fmt::format("--threads {} need a larger page than --bits {}", s.threads, s.bits);
        return explore::refuses_leaving(s);
    }

    [[nodiscard]] static explore::script calls(const setting& s) {
        const auto first_of_page_one = static_cast<pid_nr>(s.bits);
        explore::script made = explore::begin_script(s, first_of_page_one);
        if (s.how == discipline::member) explore::seat_members(made, 1);
        if (s.how == discipline::lookup)
            made.threads[0].holds = {
                {.nr = s.variation == explore::resident_apart ? 1 : first_of_page_one}};
        explore::take_turns(made, s);
        return made;
    }

    static constexpr explore::explored_scenario info{.name = "page_boundary",
                                                     .summary = "page 1 empties and refills",
                                                     .variations = explore::who_leaves,
                                                     .refuses = refuses,
                                                     .calls = calls};
};

/// Only three pids at the end of page 0 and three at the beginning of page 1 are available, so page
/// 1 empties and refills all the time.
class page_boundary final : public scenario {
    static constexpr std::array<std::string_view, 2> marks{"the last pid of a page was allocated",
                                                           "the only pid of page 1 was freed"};
    static constexpr pid_nr on_each_side = 3;

public:
    static constexpr explore::explored_scenario small = small_page_boundary::info;
    static constexpr scenario_info info{.name = "page_boundary",
                                        .summary = "a page empties and refills all the time",
                                        .marks = marks};

    [[nodiscard]] pid_nr highest_pid_max(pid_nr /*wanted*/, unsigned /*workers*/) const override {
        return 32768 + on_each_side;
    }

    void prepare(stage& set) override {
        table_slot& slot = set.add_slot();
        tested_namespace* const ns = set.create();
        if (ns == nullptr) return;
        worker& main = set.main();
        const auto boundary = static_cast<pid_nr>(set.under_test().bits_per_page());
        while (main.alloc_in(*ns)) {
        }
        find_ends(main, *ns);
        // The pids at the boundary are left to the workers.
        for (std::size_t n = main.held.size(); n-- > 0;)
            if (main.held[n].nr >= boundary - on_each_side) main.free_at(n);
        set.seat_workers_on_held(slot, *ns);
    }

    void work(worker& me) override {
        table_slot& slot = me.set().slot(0);
        const auto boundary = static_cast<pid_nr>(me.set().under_test().bits_per_page());
        while (me.running()) {
            if (me.held.empty() || (me.held.size() < 3 && me.chance().one_in(2))) {
                if (me.alloc(slot) && me.held.back().nr == boundary - 1) me.hit(0);
                // A map that is exhausted here soon has a free pid again, from another worker.
            } else {
                const held_pid mine = me.held.back();
                if (mine.nr >= boundary && mine.ns->alone_on_page(mine.nr)) me.hit(1);
                me.free_last();
            }
        }
    }

private:
    /// The map is full. Each pid at an end of the map or of a page must be found when it is the
    /// only free one, with the search beginning at each of the others.
    static void find_ends(worker& main, tested_namespace& ns) {
        const auto boundary = static_cast<pid_nr>(main.set().under_test().bits_per_page());
        const std::array<pid_nr, 5> ends{main.set().under_test().reserved_pids(), boundary - 2,
                                         boundary - 1, boundary, boundary + on_each_side - 1};
        pid_nr last = ends.back();
        for (const pid_nr from : ends)
            for (const pid_nr to : ends) {
                if (from == to) continue;
                if (from != last) main.find_sole(ns, from);
                main.find_sole(ns, to);
                last = to;
            }
    }
};

}  // namespace pidmap_stress
