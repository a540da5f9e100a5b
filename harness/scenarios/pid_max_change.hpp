#pragma once

#include <array>

#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"

namespace pidmap_stress {

/// pid_max shrinks and grows under load. Pids that are now above it can still be freed.
class pid_max_change final : public scenario {
    static constexpr std::array<std::string_view, 2> marks{"pid_max was changed under load",
                                                           "a pid above pid_max was freed"};
    static constexpr std::array<pid_nr, 3> limits{600, 32768, 65536};
    static constexpr std::size_t held_at_most = 24;

public:
    static constexpr scenario_info info{.name = "pid_max_change",
                                        .summary = "pid_max shrinks and grows under load",
                                        .marks = marks};

    [[nodiscard]] pid_nr highest_pid_max(pid_nr /*wanted*/, unsigned /*workers*/) const override {
        return limits.back();
    }

    void prepare(stage& set) override {
        set.set_pid_max(limits.front());  // The judges are to know the lowest one.
        table_slot& slot = set.add_slot();
        tested_namespace* const ns = set.create();
        if (ns == nullptr) return;
        (void)set.main().alloc_in(*ns);
        set.seat_workers(slot, *ns);
        set.under_test().set_pid_max(limits.back());
    }

    void work(worker& me) override {
        table_slot& slot = me.set().slot(0);
        while (me.running()) {
            if (me.number() == 0 && me.chance().one_in(64)) {
                me.set_pid_max(limits[me.chance().below(limits.size())]);
                me.hit(0);
            }
            if (me.held.empty() || (me.held.size() < held_at_most && me.chance().one_in(2))) {
                if (me.alloc(slot) || me.held.empty()) continue;
            }
            const std::size_t any = me.chance().below(static_cast<std::uint32_t>(me.held.size()));
            if (me.held[any].nr >= me.set().under_test().pid_max()) me.hit(1);
            me.free_at(any);
        }
    }
};

}  // namespace pidmap_stress
