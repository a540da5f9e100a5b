#pragma once

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "harness/explorer/run/sanitizers.hpp"
#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"
#include "harness/programs/script/script_builder.hpp"

namespace pidmap_stress {

/// In the explorer, the search wraps, and the first pids of page 0 are reserved.
///
/// The hint is one before the last pid, so that one thread gets that and the next one wraps; the
/// threads' own pids are on page 0. `lowered`: page 1 has these instead, as the first pids that
/// were allocated there, and then pid_max is lowered to the end of page 0: the hint and the pids
/// that they hold are beyond it.
struct small_wraparound {
    using setting = explore::pidmap_setting;

    static constexpr std::array<std::string_view, 2> shapes{"usual", "lowered"};
    enum : unsigned { usual, lowered };

    [[nodiscard]] static std::optional<std::string> refuses(const setting& s) {
        // The pids that are not reserved, held or handed out must leave some to find, if only on
        // page 0.
        const unsigned room = s.bits - static_cast<unsigned>(s.scenario->reserved_pids);
        if (s.threads > room)
            return fmt::format("--threads {} need a larger page than --bits {}", s.threads, s.bits);
        return std::nullopt;
    }

    [[nodiscard]] static explore::script calls(const setting& s) {
        const auto bits = static_cast<pid_nr>(s.bits);
        const unsigned seated = s.how == discipline::member   ? s.threads
                                : s.how == discipline::lookup ? 1
                                                              : 0;
        const bool is_lowered = s.variation == lowered;
        explore::script made = explore::begin_script(s, 0);
        // Behind the seated pids, one is allocated and freed, or the hint is moved to the end.
        made.last = is_lowered ? bits + static_cast<pid_nr>(seated) : made.highest_pid_max() - 2;
        const pid_nr first = is_lowered ? bits : 1;
        if (is_lowered)
            made.before = {{.what = explore::script_call::kind::set_pid_max, .which = s.bits}};
        if (s.how == discipline::member) explore::seat_members(made, first);
        if (s.how == discipline::lookup) made.threads[0].holds = {{.nr = first}};
        explore::take_turns(made, s);
        return made;
    }

    static constexpr explore::explored_scenario info{
        .name = "wraparound",
        .summary = "the search wraps to the reserved pids",
        .reserved_pids = 3,
        .variations = shapes,
        .refuses = refuses,
        .calls = calls};
};

/// The search wraps again and again, under the pid_max values at which it could go wrong: the
/// lowest one, the last of page 0, one more, and the highest one (natively; it takes millions of
/// allocations to get there).
class wraparound final : public scenario {
    static constexpr std::array<std::string_view, 1> marks{"the search wrapped"};
    static constexpr std::array<pid_nr, 4> limits{301, 32768, 32769, 4194304};
    /// The highest limit is chosen this much more rarely, as preparing it is slow.
    static constexpr std::uint32_t highest_one_in = 32;

public:
    static constexpr explore::explored_scenario small = small_wraparound::info;
    static constexpr scenario_info info{.name = "wraparound",
                                        .summary = "the search wraps, under critical pid_max",
                                        .marks = marks};

    [[nodiscard]] pid_nr highest_pid_max(pid_nr wanted, unsigned /*workers*/) const override {
        if (wanted != 0) return wanted;
        return under_sanitizer ? limits[2] : limits[3];
    }
    [[nodiscard]] std::uint32_t longest_round() const override { return 8192; }

    void prepare(stage& set) override {
        worker& main = set.main();
        const pid_nr limit = choose(set);
        set.set_pid_max(limit);
        table_slot& slot = set.add_slot();
        tested_namespace* const ns = set.create();
        if (ns == nullptr) return;
        // Up to shortly before the end, so that the round surely wraps. One pid is held so that the
        // namespace stays alive, the lowest one, where it is in no worker's way.
        (void)main.alloc_in(*ns);
        for (pid_nr nr = 1; nr < limit - 100 && main.alloc_in(*ns); ++nr) main.free_last();
        set.seat_workers(slot, *ns);
    }

    void work(worker& me) override {
        table_slot& slot = me.set().slot(0);
        pid_nr before = 0;
        while (me.running()) {
            if (me.held.size() < 4 && (me.held.empty() || me.chance().one_in(2))) {
                if (!me.alloc(slot)) {
                    if (!me.held.empty()) me.free_any();
                    continue;
                }
                if (me.held.back().nr < before) me.hit(0);
                before = me.held.back().nr;
            } else {
                me.free_any();
            }
        }
        // With one pid to share, a worker that keeps it leaves nothing to the others.
        while (!me.held.empty()) me.free_last();
    }

private:
    [[nodiscard]] pid_nr choose(stage& set) {
        rng& chance = set.main().chance();
        if (++times_prepared_ > 8 && set.highest_pid_max() == limits[3] &&
            chance.one_in(highest_one_in))
            return limits[3];
        const pid_nr one = limits[chance.below(3)];
        return one <= set.highest_pid_max() ? one : set.highest_pid_max();
    }

    std::uint32_t times_prepared_ = 0;
};

}  // namespace pidmap_stress
