#pragma once

#include <array>

#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"

namespace pidmap_stress {

/// Processes come and go in one namespace. Each worker holds up to some dozen pids, for times
/// between one and some hundred operations: most are short, some are long.
class churn final : public scenario {
    static constexpr std::array<std::string_view, 1> marks{"a pid was freed after others"};
    static constexpr std::size_t held_at_most = 48;

public:
    static constexpr scenario_info info{
        .name = "churn", .summary = "fork and exit in one namespace", .marks = marks};

    void prepare(stage& set) override {
        table_slot& slot = set.add_slot();
        if (tested_namespace* const ns = set.create()) set.seat_workers(slot, *ns);
    }

    void work(worker& me) override {
        table_slot& slot = me.set().slot(0);
        while (me.running()) {
            if (!me.held.empty()) {
                const std::size_t any =
                    me.chance().below(static_cast<std::uint32_t>(me.held.size()));
                const bool due = static_cast<std::int32_t>(me.now() - me.held[any].due) >= 0;
                if (due || me.held.size() >= held_at_most) {
                    if (any + 1 < me.held.size()) me.hit(0);
                    me.free_at(any);
                    continue;
                }
            }
            if (me.alloc(slot)) me.held.back().due = me.now() + hold_time(me.chance());
        }
    }

private:
    /// In operations: 1 to 2, 4, ... 512, each power equally likely.
    [[nodiscard]] static std::uint32_t hold_time(rng& chance) noexcept {
        const std::uint64_t draw = chance.next();
        return 1 + static_cast<std::uint32_t>((draw >> 8) & ((2U << (draw % 9)) - 1));
    }
};

}  // namespace pidmap_stress
