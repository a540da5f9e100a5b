#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"
#include "harness/programs/script/script_builder.hpp"

namespace pidmap_stress {

/// In the explorer, the map has one free pid less than there are threads, so that they compete for
/// the last ones. Before they run, a search all the way around must have found a sole free pid,
/// wherever it is.
///
/// `every_pid`: each pid that a search may find is the sole free one in turn, first upwards, then
/// downwards, so that the search has the shortest and the longest way to it.
struct small_exhaustion {
    using setting = explore::pidmap_setting;

    static constexpr std::array<std::string_view, 2> shapes{"usual", "every_pid"};
    enum : unsigned { usual, every_pid };

    /// Fills the map, and lets searches find what is freed.
    class filler {
    public:
        explicit filler(explore::script& s) : script_(s) {
            for (pid_nr nr = 1; nr < s.highest_pid_max(); ++nr) {
                script_.before.push_back({.what = explore::script_call::kind::alloc});
                own_.push_back(nr);
            }
            // Once more: a full map says that it is full.
            script_.before.push_back({.what = explore::script_call::kind::alloc});
        }
        void free(pid_nr nr) {
            const auto at = std::ranges::find(own_, nr);
            script_.before.push_back({.what = explore::script_call::kind::free,
                                      .which = static_cast<unsigned>(at - own_.begin())});
            own_.erase(at);
        }
        void find_sole(pid_nr nr) {
            free(nr);
            script_.before.push_back({.what = explore::script_call::kind::alloc});
            own_.push_back(nr);
        }

    private:
        explore::script& script_;
        std::vector<pid_nr> own_;
    };

    [[nodiscard]] static explore::script calls(const setting& s) {
        explore::script made = explore::begin_script(s, 0);
        filler fill(made);
        if (s.how == discipline::member) explore::seat_members(made, 1);
        if (s.how == discipline::lookup) made.threads[0].holds = {{.nr = 1}};
        const pid_nr end = made.highest_pid_max();
        const auto seated = static_cast<pid_nr>(s.how == discipline::member   ? s.threads
                                                : s.how == discipline::lookup ? 1
                                                                              : 0);
        const auto find_sole = [&](pid_nr nr) {
            if (nr > seated) fill.find_sole(nr);  // Otherwise a thread holds it.
        };
        if (s.variation == every_pid) {
            for (pid_nr nr = made.reserved; nr < end; ++nr) find_sole(nr);
            for (pid_nr nr = end; nr-- > made.reserved;) find_sole(nr);
        }
        // The ends of both pages, with the search coming from the other page and from the same one;
        // then, with the hint inside a page, a pid before it there; and the first pid after a wrap.
        find_sole(static_cast<pid_nr>(s.bits) - 1);
        for (const pid_nr before_end : {1, 2, 4}) find_sole(end - before_end);
        find_sole(made.reserved);
        for (unsigned n = 1; n < std::max(s.threads, 2U); ++n)
            fill.free(end - static_cast<pid_nr>(n));
        explore::take_turns(made, s);
        return made;
    }

    static constexpr explore::explored_scenario info{
        .name = "exhaustion",
        .summary = "the map is full except for one or two pids",
        // Then a wrap reaches a pid that no thread holds, and at which the very first search does
        // not begin.
        .reserved_pids = 3,
        .variations = shapes,
        .calls = calls};
};

/// The map is full most of the time: an allocation fails, one pid is freed, and it is found again.
/// Before the workers run, each pid in turn is the only free one, and must be found.
class exhaustion final : public scenario {
    static constexpr std::array<std::string_view, 2> marks{"the map was full",
                                                           "a pid was found in a map just full"};
    /// Pids above the reserved ones, for each worker.
    static constexpr pid_nr for_each = 8;

public:
    static constexpr explore::explored_scenario small = small_exhaustion::info;
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
