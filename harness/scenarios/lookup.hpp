#pragma once

#include <array>

#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"

namespace pidmap_stress {

/// Namespaces die with their last pid, while workers find them in a table and want a pid of them: a
/// dead one must say so, and must stay dead.
class lookup final : public scenario {
    static constexpr std::array<std::string_view, 2> marks{
        "a namespace was released by its last pid", "a namespace died between lookup and use"};
    static constexpr std::size_t table_size = 2;
    static constexpr std::size_t held_at_most = 2;

public:
    static constexpr scenario_info info{.name = "lookup",
                                        .summary = "dying namespaces are found in a table",
                                        .disciplines = discipline::lookup,
                                        .marks = marks};

    void prepare(stage& set) override {
        for (std::size_t n = 0; n < table_size; ++n) set.add_slot();
    }
    [[nodiscard]] bool one_round_only() const override { return true; }
    [[nodiscard]] std::uint32_t longest_round() const override { return 1024; }

    void work(worker& me) override {
        me.linger(2);
        while (me.running()) {
            if (me.held.size() < held_at_most && (me.held.empty() || me.chance().one_in(3))) {
                table_slot& slot = me.set().slot(me.chance().below(table_size));
                const alloc_result got = me.alloc(slot);
                if (!got && got.error() == alloc_error::namespace_dead) me.hit(1);
            } else {
                tested_namespace* const ns = me.held.back().ns;
                me.free_last();
                // The object outlives the namespace, so it can be asked.
                if (ns->released()) me.hit(0);
            }
        }
    }
};

}  // namespace pidmap_stress
