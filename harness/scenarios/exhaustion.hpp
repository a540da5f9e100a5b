#pragma once

#include <array>

#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"

namespace pidmap_stress {

/// The map is full most of the time: an allocation fails, one pid is freed, and it is found again.
/// Before the workers run, each pid in turn is the only free one, and must be found.
class exhaustion final : public scenario {
    static constexpr std::array<std::string_view, 2> marks{"the map was full",
                                                           "a pid was found in a map just full"};
    /// Pids above the reserved ones, for each worker.
    static constexpr pid_nr for_each = 8;

public:
    static constexpr scenario_info info{
        .name = "exhaustion", .summary = "the map is full, and one pid is freed", .marks = marks};

    [[nodiscard]] pid_nr highest_pid_max(pid_nr /*wanted*/, unsigned workers) const override {
        return 300 + for_each * static_cast<pid_nr>(workers);
    }
    [[nodiscard]] std::uint32_t longest_round() const override { return 4096; }

    void prepare(stage& set) override {
        table_slot& slot = set.add_slot();
        tested_namespace* const ns = set.create();
        if (ns == nullptr) return;
        // After this the search wraps, and the reserved ones are out of reach.
        worker& main = set.main();
        (void)main.alloc_in(*ns);
        if (main.walk_to(*ns, set.under_test().reserved_pids())) find_each(main, *ns);
        set.seat_workers(slot, *ns);
    }

    void work(worker& me) override {
        table_slot& slot = me.set().slot(0);
        bool full = false;
        while (me.running()) {
            const alloc_result got = me.alloc(slot);
            if (got) {
                if (full) me.hit(1);
                full = false;
                continue;
            }
            if (got.error() != alloc_error::exhausted) continue;
            me.hit(0);
            full = true;
            if (!me.held.empty()) me.free_any();
        }
        // Half of them, so that each worker finds something in the next round.
        for (std::size_t half = me.held.size() / 2; half > 0; --half) me.free_any();
    }

private:
    /// \pre The first pid that is not reserved has just been handed out, and is the last of `held`.
    static void find_each(worker& main, tested_namespace& ns) {
        const std::size_t kept = main.held.size();
        const pid_nr first = main.held.back().nr;
        while (main.alloc_in(ns)) {
        }
        const pid_nr last = main.held.back().nr;
        // First with the shortest way for the search, then with the longest.
        for (pid_nr nr = first; nr <= last; ++nr) main.find_sole(ns, nr);
        for (pid_nr nr = last - 1; nr >= first; --nr) main.find_sole(ns, nr);
        while (main.held.size() > kept) main.free_last();
    }
};

}  // namespace pidmap_stress
