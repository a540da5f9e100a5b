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

/// In the explorer, as page_boundary, but page 1 has no memory when the threads reach it: one of
/// them installs it. Page 0 is left alone, or emptied before they run.
struct small_page_install {
    using setting = explore::pidmap_setting;

    [[nodiscard]] static std::optional<std::string> refuses(const setting& s) {
        const unsigned needed = s.threads * s.turns;
        const unsigned there = (s.pages - 1) * s.bits;
        if (needed > there)
            return fmt::format(
                "--threads {} --turns {} use {} pids behind page 0, and there are {}", s.threads,
                s.turns, needed, there);
        if (s.how == discipline::member && s.threads > s.bits - 1)
            return fmt::format("--threads {} need a larger page than --bits {}", s.threads, s.bits);
        return std::nullopt;
    }

    [[nodiscard]] static explore::script calls(const setting& s) {
        explore::script made = explore::begin_script(s, static_cast<pid_nr>(s.bits) - 1);
        if (s.how == discipline::member) explore::seat_members(made, 1);
        explore::take_turns(made, s);
        return made;
    }

    static constexpr explore::explored_scenario info{
        .name = "page_install",
        .summary = "page 1 has no memory at first",
        .disciplines = discipline_set(discipline::member) | discipline::reference,
        .refuses = refuses,
        .calls = calls};
};

/// Many workers reach a page that has no memory yet, at once, and some of them get none. One
/// installs it, the others' pages are freed, and a failure changes nothing.
class page_install final : public scenario {
    static constexpr std::array<std::string_view, 2> marks{
        "a pid of a fresh page was allocated", "an allocation failed for want of memory"};
    static constexpr std::size_t namespaces = 4;
    static constexpr std::uint32_t fail_one_in = 3;

public:
    static constexpr explore::explored_scenario small = small_page_install::info;
    static constexpr scenario_info info{
        .name = "page_install", .summary = "workers race to install a page", .marks = marks};

    [[nodiscard]] pid_nr highest_pid_max(pid_nr /*wanted*/, unsigned /*workers*/) const override {
        return 2 * 32768;
    }
    [[nodiscard]] bool one_round_only() const override { return true; }
    [[nodiscard]] std::uint32_t longest_round() const override { return 256; }

    void prepare(stage& set) override {
        worker& main = set.main();
        const auto page_one = static_cast<pid_nr>(set.under_test().bits_per_page());
        for (std::size_t n = 0; n < namespaces; ++n) {
            table_slot& slot = set.add_slot();
            tested_namespace* const ns = set.create();
            if (ns == nullptr) return;
            // The workers' pids come first, then the hint goes to the end of page 0.
            (void)main.alloc_in(*ns);
            for (unsigned w = 0; w < set.workers(); ++w) (void)main.alloc_in(*ns);
            (void)main.walk_to(*ns, page_one - 1);
            set.seat_workers_on_held(slot, *ns);
        }
    }

    void work(worker& me) override {
        me.inject_failures(fail_one_in);
        const auto page_one = static_cast<pid_nr>(me.set().under_test().bits_per_page());
        std::size_t at = 0;
        while (me.running()) {
            table_slot& slot = me.set().slot(at % me.set().slots());
            at += me.chance().one_in(2) ? 1 : 0;
            if (me.held.size() >= 16) me.free_any();
            const alloc_result got = me.alloc(slot);
            if (!got && got.error() == alloc_error::no_memory) me.hit(1);
            if (got && got.nr() >= page_one) me.hit(0);
        }
    }
};

}  // namespace pidmap_stress
