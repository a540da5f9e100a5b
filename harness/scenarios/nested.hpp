#pragma once

#include <array>
#include <string_view>

#include "harness/native/hand_over.hpp"
#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"
#include "harness/programs/script/script_builder.hpp"

namespace pidmap_stress {

/// In the explorer, namespaces below a root come and go. Each thread keeps the root, or what it
/// works in, by a task of its own (`member`) or by a reference.
///
/// `own_children`: in a turn a thread makes a child of the root, puts a task into it, drops the
/// creator's reference, and ends the task, and with it the child. `shared_child`: there is one
/// child, and in a turn a thread starts and ends a task in it; the last one out releases both.
/// `failing`: as own_children, but memory may run out, and the root has one pid only for all of
/// them, so a task is asked for twice. `abandoning`: as failing, but a child that has its task is
/// abandoned. `full_root`: as shared_child, but the root has one pid only, so that a task that has
/// its number in the child may fail above. `empty_chain`: in a turn a thread makes a child of the
/// root and a child of that, and drops both, so that one put releases more than a namespace and its
/// parent.
struct small_nested {
    using setting = explore::pidmap_setting;

    static constexpr std::array<std::string_view, 6> shapes{
        "own_children", "shared_child", "failing", "full_root", "empty_chain", "abandoning"};
    enum : unsigned { own_children, shared_child, failing, full_root, empty_chain, abandoning };

    [[nodiscard]] static explore::script calls(const setting& s) {
        using enum explore::script_call::kind;
        const bool is_member = s.how == discipline::member;
        const bool is_shared = s.variation == shared_child || s.variation == full_root;
        const bool fails = s.variation == failing || s.variation == abandoning;
        const unsigned home = is_shared ? 1 : 0;
        const unsigned kept = is_member ? 1 : 0;
        // Page 0 only, except where the search must not wrap.
        const auto limit = static_cast<pid_nr>(s.bits) * (s.variation == full_root ? 2 : 1);
        explore::script made = explore::begin_script(s, 0, limit);
        if (is_shared) made.before.push_back({.what = create});
        const pid_nr members = is_member ? static_cast<pid_nr>(s.threads) : 0;
        for (pid_nr n = 0; n < members; ++n) made.before.push_back({.what = alloc, .in = home});
        if (is_member) explore::seat_members(made, 1, home);
        if (fails || s.variation == full_root) {
            for (pid_nr nr = members + 1; nr < limit; ++nr) made.before.push_back({.what = alloc});
            made.before.push_back({.what = free, .which = static_cast<unsigned>(members)});
        }
        unsigned next = home + 1;
        for (explore::script_thread& one : made.threads) {
            one.failures = fails ? 1 : 0;
            explore::calls_of_thread does(one);
            for (unsigned turn = 0; turn < s.turns; ++turn) {
                if (is_shared) {
                    does.turns(1, kept, home);
                    continue;
                }
                const unsigned child = next++;
                does.add(create);
                if (s.variation == empty_chain) {
                    const unsigned grandchild = next++;
                    does.add(create, 0, child).add(put, 0, child).add(put, 0, grandchild);
                    continue;
                }
                does.add(alloc, 0, child);
                if (fails) does.add(alloc, 0, child);
                if (s.variation == abandoning) does.add(abandon, 0, child);
                does.add(put, 0, child).add(free, kept);
                if (fails) does.add(free, kept);
            }
            if (is_member)
                does.add(free);
            else
                does.add(put, 0, home);
        }
        return made;
    }

    static constexpr explore::explored_scenario info{
        .name = "nested",
        .summary = "namespaces below a root come and go",
        .disciplines = discipline_set(discipline::member) | discipline::reference,
        .most_threads = 3,
        .most_turns = 3,
        .needs_nesting = true,
        .variations = shapes,
        .calls = calls};
};

/// Containers in containers: chains of namespaces below a common root are created, have tasks, are
/// handed from worker to worker, and are released, all at once or one by one. The root has few
/// numbers, so an allocation that has succeeded at 32 levels may fail at the last.
class nested final : public scenario {
    static constexpr std::array<std::string_view, 6> marks{
        "a chain of 32 was released by one call", "a chain was released by its last task",
        "a creation failed for want of memory",   "a creation was undone after the first pid",
        "the root had no number for a task",      "a page failed at one of three levels"};
    static constexpr std::array<unsigned, 4> depths{1, 2, 31, 32};
    static constexpr std::size_t tasks_at_most = 6;
    static constexpr pid_nr for_each = 3;
    static constexpr pid_nr page = 32768;
    static constexpr unsigned large_one_in = 8;

public:
    static constexpr explore::explored_scenario small = small_nested::info;
    static constexpr scenario_info info{.name = "nested",
                                        .summary = "a task has a number at up to 33 levels",
                                        .marks = marks,
                                        .nests = true};

    [[nodiscard]] pid_nr highest_pid_max(pid_nr /*wanted*/, unsigned /*workers*/) const override {
        return page + 512;
    }
    [[nodiscard]] bool one_round_only() const override { return true; }
    [[nodiscard]] std::uint32_t longest_round() const override { return 512; }
    [[nodiscard]] std::size_t namespaces_each() const override { return 512; }

    void prepare(stage& set) override {
        tasks_ = std::make_unique<hand_over<held_task>>();
        references_ = std::make_unique<hand_over<tested_namespace*>>();
        worker& main = set.main();
        const bool large = rounds_++ % large_one_in == 1;
        set.set_pid_max(large ? page + 512
                              : set.under_test().reserved_pids() +
                                    for_each * static_cast<pid_nr>(set.workers()));
        table_slot& slot = set.add_slot();
        at_page_end_ = large ? chain_at_page_end(main) : nullptr;
        root_ = set.create();
        if (root_ == nullptr) return;
        slot.current.store(nullptr, std::memory_order::relaxed);
        if (large) return;
        // From here on the reserved ones are out of reach, and the root is soon full.
        (void)main.walk_to(*root_, set.under_test().reserved_pids());
    }

    void work(worker& me) override {
        if (root_ == nullptr) return;
        if (at_page_end_ != nullptr && me.number() == rounds_ % me.set().workers())
            fail_at_page_end(me);
        if (me.chance().one_in(4)) fail_creation(me);
        while (me.running()) step(me);
        // What no worker took by the end of the round gets an owner again.
        tasks_->take_all(me, [&me](held_task what) { me.tasks.push_back(std::move(what)); });
        references_->take_all(me, [&me](tested_namespace* ns) { me.references.push_back(ns); });
    }

private:
    // ---- Comings and goings ----

    void step(worker& me) {
        const std::uint32_t draw = me.chance().below(16);
        if (draw == 0) return enter(me);
        if (draw == 1) return leave_something(me);
        if (draw < 10 && me.tasks.size() < tasks_at_most) return fork(me);
        // A reference goes before the tasks, or after them: either may be the last to keep a chain.
        if (!me.references.empty() && (me.tasks.empty() || draw < 12)) return drop_reference(me);
        if (!me.tasks.empty()) return end_any(me);
    }

    /// A new task in a namespace that this worker keeps, or that a table leads to.
    void fork(worker& me) {
        if (me.set().how() == discipline::lookup) {
            table_slot& slot = me.set().slot(0);
            if (!me.with_found(slot, [&](tested_namespace& ns) { try_task(me, ns); })) enter(me);
        } else if (me.set().how() == discipline::reference && !me.references.empty()) {
            try_task(me, *me.references[any_of(me, me.references.size())]);
        } else if (!me.tasks.empty()) {
            try_task(me, me.tasks[any_of(me, me.tasks.size())].home());
        } else {
            enter(me);
        }
    }

    bool try_task(worker& me, tested_namespace& ns) {
        const task_result got = me.make_task(ns);
        if (!got && got.at_level == 0 && got.error == alloc_error::exhausted) me.hit(4);
        return static_cast<bool>(got);
    }

    void end_any(worker& me) {
        const std::size_t any = any_of(me, me.tasks.size());
        const tested_namespace& home = me.tasks[any].home();
        me.end_task(any);
        // The harness's object still exists when the namespace is gone.
        if (home.released()) me.hit(1);
    }

    void drop_reference(worker& me) {
        const std::size_t any = any_of(me, me.references.size());
        tested_namespace& ns = *me.references[any];
        me.references[any] = me.references.back();
        me.references.pop_back();
        release_chain(me, ns);
    }

    /// Drops a reference on the deepest of a chain. Parents stay known until the round ends.
    void release_chain(worker& me, tested_namespace& deepest) {
        const tested_namespace* first = &deepest;
        while (first->level > 1) first = first->parent();
        const bool before = first->released();
        me.put(deepest);
        if (!before && first->released() && deepest.level == max_level) me.hit(0);
    }

    void leave_something(worker& me) {
        if (me.set().how() == discipline::reference && !me.references.empty()) {
            tested_namespace* ns = me.references[any_of(me, me.references.size())];
            me.get(*ns);
            if (!references_->leave(me, ns)) me.put(*ns);
        } else if (!me.tasks.empty()) {
            std::swap(me.tasks[any_of(me, me.tasks.size())], me.tasks.back());
            if (tasks_->leave(me, me.tasks.back())) me.tasks.pop_back();
        }
    }

    void enter(worker& me) {
        held_task task;
        if (tasks_->take(me, task)) return me.tasks.push_back(std::move(task));
        tested_namespace* ns = nullptr;
        if (references_->take(me, ns)) return me.references.push_back(ns);
        if (tested_namespace* const deepest = create_chain(me)) inhabit(me, *deepest);
    }

    /// A chain below the root; the caller has a reference on its deepest. nullptr: it failed.
    [[nodiscard]] tested_namespace* create_chain(worker& me) {
        const unsigned depth = depths[me.chance().below(depths.size())];
        if (me.chance().one_in(4)) me.inject_failures(32);
        tested_namespace* deepest = root_;
        while (deepest->level < depth) {
            tested_namespace* const child = me.create(deepest);
            if (child == nullptr) break;
            if (deepest != root_) me.put(*deepest);  // Its child keeps it from now on.
            deepest = child;
        }
        me.inject_failures(0);
        if (deepest->level == depth) return deepest;
        if (deepest != root_) me.put(*deepest);
        if (me.out_of_namespaces())
            me.end_round();
        else
            me.hit(2);
        return nullptr;
    }

    /// The first task of a chain; but some creations fail before it, some at it, some after.
    void inhabit(worker& me, tested_namespace& deepest) {
        const std::uint32_t draw = me.chance().below(8);
        if (draw == 0) return release_chain(me, deepest);
        if (draw == 1 && me.alloc_in(deepest)) {
            me.hit(3);
            return me.abandon(deepest);
        }
        bool born = try_task(me, deepest);
        // The next one must be the init, because the first attempt has changed nothing.
        if (!born && !me.tasks.empty()) {
            end_any(me);
            born = try_task(me, deepest);
        }
        if (!born) return release_chain(me, deepest);
        if (me.set().how() == discipline::reference) return me.references.push_back(&deepest);
        if (me.set().how() == discipline::lookup) (void)me.publish(me.set().slot(0), deepest);
        me.put(deepest);
    }

    // ---- One failure after the other ----

    /// A creation fails for lack of each thing that it needs, and has changed nothing.
    void fail_creation(worker& me) {
        tested_namespace* const parent = me.create();
        if (parent == nullptr) return;
        tested_namespace* child = nullptr;
        const unsigned failed = me.fail_each_allocation(
            [&] {
                child = me.create(parent);
                return child != nullptr || me.out_of_namespaces();
            },
            [&] { me.audit_own(*parent); });
        if (failed != 0) me.hit(2);
        me.put(*parent);
        if (child != nullptr) me.put(*child);
    }

    /// Three levels, at each of which the next pid is the first one of a page without memory.
    [[nodiscard]] tested_namespace* chain_at_page_end(worker& main) {
        tested_namespace* ns = nullptr;
        for (unsigned level = 0; level < 3; ++level) {
            tested_namespace* const child = main.create(ns);
            if (child == nullptr) return nullptr;
            main.references.push_back(child);
            child->awaits_init = false;
            if (!main.walk_to(*child, page - 1)) return nullptr;
            main.free_last();
            ns = child;
        }
        return ns;
    }

    void fail_at_page_end(worker& me) {
        tested_namespace& deepest = *at_page_end_;
        const unsigned failed =
            me.fail_each_allocation([&] { return static_cast<bool>(me.make_task(deepest)); },
                                    [&] { me.audit_own(deepest); });
        if (failed != 0) me.hit(5);
        me.end_last_task();
    }

    [[nodiscard]] static std::size_t any_of(worker& me, std::size_t size) {
        return me.chance().below(static_cast<std::uint32_t>(size));
    }

    std::unique_ptr<hand_over<held_task>> tasks_;
    std::unique_ptr<hand_over<tested_namespace*>> references_;
    tested_namespace* root_ = nullptr;
    tested_namespace* at_page_end_ = nullptr;
    unsigned rounds_ = 0;
};

}  // namespace pidmap_stress
