#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"
#include "harness/programs/script/script_builder.hpp"

namespace pidmap_stress {

/// In the explorer, a namespace is closed while others allocate in it. Its map is almost full, so
/// that a freed pid is soon allocated again.
///
/// Each thread keeps it by a pid of its own (`member`) or a reference. Thread 1 closes it, which
/// drops the creator's reference, and then does as the others do: its turns of alloc and free.
/// Under `two_closers` thread 2 does the same. A `member` that closes frees its own pid at once, so
/// that it can be allocated. `short_of_memory`: the hint is at the end of page 0, page 1 has no
/// memory, and each thread's attempt to get some may fail once, an error that must not hide the
/// closing. `child`: it is below another one, as every namespace is that ever dies.
struct small_dying_namespace {
    using setting = explore::pidmap_setting;

    static constexpr std::array<std::string_view, 4> shapes{"one_closer", "two_closers",
                                                            "short_of_memory", "child"};
    enum : unsigned { one_closer, two_closers, short_of_memory, child };

    [[nodiscard]] static explore::script calls(const setting& s) {
        using enum explore::script_call::kind;
        const bool is_member = s.how == discipline::member;
        const bool is_short = s.variation == short_of_memory;
        const unsigned in = s.variation == child ? 1 : 0;
        const pid_nr members = is_member ? static_cast<pid_nr>(s.threads) : 0;
        explore::script made = explore::begin_script(
            s, is_short ? static_cast<pid_nr>(s.bits) - 1 : members,
            is_short ? static_cast<pid_nr>(2 * s.bits) : static_cast<pid_nr>(s.threads) + 2);
        if (in != 0) {
            made.last = 0;
            made.before = {{.what = create}};
            for (pid_nr n = 0; n < members; ++n) made.before.push_back({.what = alloc, .in = in});
        }
        if (is_member) explore::seat_members(made, 1, in);
        for (unsigned t = 0; t < s.threads; ++t) {
            made.threads[t].failures = is_short ? 1 : 0;
            explore::calls_of_thread does(made.threads[t]);
            const bool closes = t == 0 || (t == 1 && s.variation == two_closers);
            if (closes && is_member) does.add(get, 0, in);  // For its own calls that follow.
            if (closes) does.add(close, 0, in);
            if (closes && is_member) does.add(free);
            does.turns(s.turns, is_member && !closes ? 1 : 0, in);
            if (is_member && !closes)
                does.add(free);
            else
                does.add(put, 0, in);
        }
        return made;
    }

    static constexpr explore::explored_scenario info{
        .name = "dying_namespace",
        .summary = "allocation is disabled while others allocate",
        .disciplines = discipline_set(discipline::member) | discipline::reference,
        .needs_nesting = true,
        .variations = shapes,
        .calls = calls};
};

/// An init exits: its namespace is closed for allocations while others are forking in it. From then
/// on they are told that it is dead, they leave, and the last one out releases it.
class dying_namespace final : public scenario {
    static constexpr std::array<std::string_view, 5> marks{
        "a worker closed a namespace", "a worker was told of the closing by another one",
        "a closed namespace was released by the last one out", "an open namespace was full",
        "there was no memory in an open namespace"};
    static constexpr std::size_t namespaces = 8;
    static constexpr std::size_t in_table = 2;
    static constexpr std::size_t held_at_most = 16;
    static constexpr std::uint32_t close_one_in = 64;
    /// A namespace that others make in its place begins with an empty map, and is to be full once.
    static constexpr std::uint32_t close_one_in_table = 1024;
    static constexpr pid_nr for_each = 2;
    static constexpr pid_nr page = 32768;
    /// Moving a hint to the end of a page takes longer than the rest of a round.
    static constexpr unsigned short_of_memory_one_in = 16;

public:
    static constexpr explore::explored_scenario small = small_dying_namespace::info;
    static constexpr scenario_info info{.name = "dying_namespace",
                                        .summary = "allocation is disabled under its users",
                                        .marks = marks,
                                        .nests = true};

    [[nodiscard]] pid_nr highest_pid_max(pid_nr /*wanted*/, unsigned /*workers*/) const override {
        return page + 512;
    }
    [[nodiscard]] bool one_round_only() const override { return true; }
    [[nodiscard]] std::uint32_t longest_round() const override { return 4096; }

    void prepare(stage& set) override {
        const bool by_lookup = set.how() == discipline::lookup;
        worker& main = set.main();
        const pid_nr reserved = set.under_test().reserved_pids();
        short_of_memory_ = rounds_++ % short_of_memory_one_in == 2;
        set.set_pid_max(short_of_memory_
                            ? page + 512
                            : reserved + for_each * static_cast<pid_nr>(set.workers()));
        if (short_of_memory_) return prepare_short_of_memory(set);
        tested_namespace* const above = by_lookup ? nullptr : set.create();
        for (std::size_t n = 0; n < (by_lookup ? in_table : namespaces); ++n) {
            table_slot& slot = set.add_slot();
            if (by_lookup) continue;
            // Those that ever die are below another one; but a root is to die too.
            tested_namespace* const ns = set.create(n % 4 < 2 ? above : nullptr);
            if (ns == nullptr) return;
            ns->may_be_closed = true;
            // Every other one is soon full, because its search has wrapped.
            if (n % 2 == 0 && main.walk_to(*ns, reserved)) main.free_last();
            set.seat_workers(slot, *ns);
            // The last one out is to be a worker.
            if (std::erase(main.references, ns) != 0) main.put(*ns);
        }
    }

    void work(worker& me) override {
        if (short_of_memory_) me.inject_failures(1);
        if (me.set().how() == discipline::lookup) {
            me.linger(2);
            while (me.running()) step_by_lookup(me);
            return;
        }
        std::vector<std::size_t> entered(me.set().slots());
        for (std::size_t n = 0; n < entered.size(); ++n) entered[n] = n;
        while (me.running() && !entered.empty()) {
            const std::size_t any = me.chance().below(static_cast<std::uint32_t>(entered.size()));
            tested_namespace* const ns =
                me.set().slot(entered[any]).current.load(std::memory_order::relaxed);
            if (ns != nullptr && still_open(me, *ns)) continue;
            if (ns != nullptr) leave(me, *ns);
            entered[any] = entered.back();
            entered.pop_back();
        }
    }

private:
    void prepare_short_of_memory(stage& set) {
        worker& main = set.main();
        table_slot& slot = set.add_slot();
        tested_namespace* const ns = set.create();
        if (ns == nullptr) return;
        ns->may_be_closed = true;
        // What keeps it comes first: the workers' own pids, or the resident of the table.
        const unsigned seats = set.how() == discipline::member   ? set.workers()
                               : set.how() == discipline::lookup ? 1
                                                                 : 0;
        for (unsigned n = 0; n < seats; ++n) (void)main.alloc_in(*ns);
        if (main.walk_to(*ns, page - 1)) main.free_last();
        set.seat_workers_on_held(slot, *ns);
        if (std::erase(main.references, ns) != 0) main.put(*ns);
    }

    /// One thing or another is done in the namespace. \returns Whether it said that it is dead.
    [[nodiscard]] bool still_open(worker& me, tested_namespace& ns) {
        const bool seldom = me.set().how() == discipline::lookup && !short_of_memory_;
        const bool closes = me.chance().one_in(seldom ? close_one_in_table : close_one_in);
        if (closes) {
            me.disable(ns);
            me.hit(0);
        } else if (me.held.size() >= held_at_most) {
            me.free_any();
            return true;
        }
        const alloc_result got = me.alloc_in_closing(ns);
        if (got == alloc_error::exhausted) me.hit(3);
        if (got == alloc_error::no_memory) me.hit(4);
        if (got != alloc_error::namespace_dead) return true;
        if (!closes) me.hit(1);
        return false;
    }

    /// It stays dead; then this worker gives up all that it has of it.
    void leave(worker& me, tested_namespace& ns) {
        for (std::uint32_t more = me.chance().below(3); more > 0; --more) {
            me.dawdle();
            (void)me.alloc_in_closing(ns);
        }
        free_all_of(me, ns);
        const auto anchor = std::ranges::find(me.anchors, &ns, &held_pid::ns);
        if (anchor != me.anchors.end()) {
            const held_pid mine = *anchor;
            me.anchors.erase(anchor);
            me.free_pid(mine);
        }
        if (std::erase(me.references, &ns) != 0) me.put(ns);
        if (ns.released()) me.hit(2);
    }

    void free_all_of(worker& me, const tested_namespace& ns) {
        for (std::size_t n = me.held.size(); n > 0; --n)
            if (me.held[n - 1].ns == &ns) me.free_at(n - 1);
    }

    void step_by_lookup(worker& me) {
        if (me.held.size() >= held_at_most) return me.free_any();
        table_slot& slot =
            me.set().slot(me.chance().below(static_cast<std::uint32_t>(me.set().slots())));
        tested_namespace* dead = nullptr;
        const bool found = me.with_found(slot, [&](tested_namespace& ns) {
            if (!still_open(me, ns)) dead = &ns;
        });
        if (!found) (void)me.alloc(slot);  // A new one takes its place.
        if (dead == nullptr) return;
        free_all_of(me, *dead);
        if (dead->closed.load(std::memory_order::relaxed) && dead->released()) me.hit(2);
    }

    bool short_of_memory_ = false;
    unsigned rounds_ = 0;
};

}  // namespace pidmap_stress
