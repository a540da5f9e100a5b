#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "harness/native/hand_over.hpp"
#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"
#include "harness/programs/script/script_builder.hpp"

namespace pidmap_stress {

/// In the explorer, objects outlive their numbers, and their namespace.
///
/// Each thread keeps the namespace by an object of its own (`member`) or a reference. In a turn it
/// makes an object, looks its number up, which must lead to that object, keeps a counted reference,
/// and frees the number. When it has left the namespace, it drops the references that it kept: the
/// namespace may be gone by then.
///
/// `strangers`: in a turn a thread looks up the number of another one's own object, reads what it
/// says, and puts it, while the other one may be leaving. `member` only. `crowd`: there is one
/// object. Thread 1 ends it; in a turn each other thread looks it up and puts it. With three
/// threads, two lookups meet the end of one object, which no other program does. What keeps the
/// namespace alive is given up when all threads have ended.
struct small_outliving_pid {
    using setting = explore::pidmap_setting;

    static constexpr std::array<std::string_view, 3> shapes{"keepers", "strangers", "crowd"};
    enum : unsigned { keepers, strangers, crowd };

    [[nodiscard]] static std::optional<std::string> refuses(const setting& s) {
        if (s.variation == strangers && s.how != discipline::member)
            return "--variation strangers is for --discipline member";
        return std::nullopt;
    }

    [[nodiscard]] static explore::script calls(const setting& s) {
        using enum explore::script_call::kind;
        const bool is_member = s.how == discipline::member;
        explore::script made = explore::begin_script(s, 0, static_cast<pid_nr>(s.bits));
        const unsigned objects = is_member ? s.threads : s.variation == crowd ? 1 : 0;
        for (unsigned n = 0; n < objects; ++n) {
            made.before.push_back({.what = make});
            made.threads[n].holds = {{.nr = static_cast<pid_nr>(n) + 1}};
        }
        const unsigned kept = is_member ? 1 : 0;
        for (unsigned t = 0; t < s.threads; ++t) {
            explore::calls_of_thread does(made.threads[t]);
            if (s.variation == crowd && t == 0) {
                does.add(free);
                continue;
            }
            for (unsigned turn = 0; turn < s.turns; ++turn) {
                if (s.variation == keepers)
                    does.add(make)
                        .add(find_own, kept)
                        .add(put_object)
                        .add(get_object, kept)
                        .add(free, kept);
                else
                    does.add(find, s.variation == crowd ? 1 : (t + 1) % s.threads + 1)
                        .add(put_object);
            }
            if (s.variation == crowd) continue;
            if (is_member)
                does.add(free);
            else
                does.add(put);
            for (unsigned turn = 0; s.variation == keepers && turn < s.turns; ++turn)
                does.add(put_object);
        }
        return made;
    }

    static constexpr explore::explored_scenario info{
        .name = "outliving_pid",
        .summary = "objects outlive their numbers and the namespace",
        .disciplines = discipline_set(discipline::member) | discipline::reference,
        .most_threads = 3,
        .most_turns = 3,
        .needs_nesting = true,
        .variations = shapes,
        .refuses = refuses,
        .calls = calls};
};

/// Pid objects are found by number and kept, as an open /proc entry or a pidfd keeps one, until
/// their task, their number and often their namespace are long gone. Numbers are few, so that a
/// number has a new owner while the object of an earlier one is still kept.
///
/// Every other round is a crowd: the workers look up one number while the task that has it ends,
/// and they are slow at it, so that two or three of them are in the middle of a call on an object
/// that is about to end.
class outliving_pid final : public scenario {
    static constexpr std::array<std::string_view, 5> marks{
        "an object was kept when its task ended",
        "a number was handed out again while its old object was kept",
        "another worker's object was found", "an object failed for want of memory",
        "a number was looked up while its task ended"};
    static constexpr std::size_t tasks_at_most = 8;
    static constexpr std::size_t objects_at_most = 24;
    static constexpr pid_nr for_each = 10;
    static constexpr unsigned in_crowd = 4;

public:
    static constexpr explore::explored_scenario small = small_outliving_pid::info;
    static constexpr scenario_info info{
        .name = "outliving_pid",
        .summary = "pid objects are kept when number and namespace are gone",
        .marks = marks,
        .nests = true};

    [[nodiscard]] pid_nr highest_pid_max(pid_nr /*wanted*/, unsigned workers) const override {
        return 300 + for_each * static_cast<pid_nr>(workers);
    }
    [[nodiscard]] bool one_round_only() const override { return true; }
    [[nodiscard]] std::uint32_t longest_round() const override { return 2048; }

    void prepare(stage& set) override {
        tasks_ = std::make_unique<hand_over<held_task>>();
        references_ = std::make_unique<hand_over<tested_namespace*>>();
        // One namespace stays for the round, by a pid of the main thread's; its search has wrapped.
        table_slot& lasting = set.add_slot();
        set.add_slot();
        tested_namespace* const ns = set.create();
        if (ns == nullptr) return;
        worker& main = set.main();
        (void)main.alloc_in(*ns);
        (void)main.walk_to(*ns, set.under_test().reserved_pids());
        set.seat_workers(lasting, *ns);
        is_crowd_ = !is_crowd_;
        for (std::atomic<pid_nr>& number : numbers_) number.store(0, std::memory_order::relaxed);
    }

    void work(worker& me) override {
        if (me.chance().one_in(4)) fail_object(me);
        while (me.running())
            if (is_crowd_)
                step_in_crowd(me);
            else
                step(me);
        tasks_->take_all(me, [&me](held_task what) { me.tasks.push_back(std::move(what)); });
        references_->take_all(me, [&me](tested_namespace* ns) { me.references.push_back(ns); });
    }

private:
    void step(worker& me) {
        if (me.objects.size() >= objects_at_most) return drop_any(me);
        switch (me.chance().below(16)) {
            case 0:
                return enter(me);
            case 1:
                return leave_task(me);
            case 2:
                return drop_reference(me);
            case 3:
            case 4:
            case 5:
                return in_lasting(me, [&](tested_namespace& ns) { make(me, ns); });
            case 6:
            case 7:
                return fork(me);
            case 8:
            case 9:
            case 10:
                return end_any(me);
            case 11:
            case 12:
                return look_up_own(me);
            case 13:
                return in_lasting(me, [&](tested_namespace& ns) { look_up_any(me, ns); });
            default:
                return drop_any(me);
        }
    }

    // ---- A crowd ----

    /// One worker of each crowd starts and ends a task; the others look its number up.
    void step_in_crowd(worker& me) {
        const unsigned crowds = std::max(1U, me.set().workers() / in_crowd);
        std::atomic<pid_nr>& number = numbers_[me.number() % crowds];
        if (me.number() >= crowds && me.objects.size() < 3)
            return in_lasting(me, [&](tested_namespace& ns) { meet(me, ns, number); });
        if (me.number() >= crowds) return me.slowly([&] { drop_any(me); });
        if (me.tasks.empty())
            return in_lasting(me, [&](tested_namespace& ns) {
                if (make(me, ns))
                    number.store(me.tasks.back().pids.back().nr, std::memory_order::relaxed);
            });
        for (std::uint32_t n = me.chance().below(4); n > 0; --n) me.dawdle();
        if (me.chance().one_in(2)) return me.end_last_task();
        me.slowly([&] { me.end_last_task(); });
    }

    void meet(worker& me, tested_namespace& ns, const std::atomic<pid_nr>& number) {
        const pid_nr nr = number.load(std::memory_order::relaxed);
        bool found = false;
        me.slowly([&] { found = me.look_up(ns, nr); });
        // Relaxed, as above: nothing but the allocator may order this lookup and the end of the
        // task.
        if (!found && nr != 0 && number.load(std::memory_order::relaxed) == nr) me.hit(4);
        if (found && me.chance().one_in(2)) me.drop_object(me.objects.size() - 1);
    }

    // ---- Tasks ----

    template <class Use>
    void in_lasting(worker& me, Use use) {
        (void)me.with_current(me.set().slot(0), use);
    }

    bool make(worker& me, tested_namespace& ns) {
        if (me.tasks.size() >= tasks_at_most || !me.make_task_with_object(ns)) return false;
        const pid_nr nr = me.tasks.back().pids.back().nr;
        for (const held_object& old : me.objects)
            if (old.from == &ns && old.nr == nr && !old.outlives_its_namespace()) me.hit(1);
        return true;
    }

    /// In a namespace that comes and goes.
    void fork(worker& me) {
        if (me.set().how() == discipline::lookup) {
            table_slot& slot = me.set().slot(1);
            if (!me.with_found(slot, [&](tested_namespace& ns) { make(me, ns); })) enter(me);
        } else if (me.set().how() == discipline::reference && me.references.size() > 1) {
            make(me, *me.references[any_of(me, me.references.size())]);
        } else if (!me.tasks.empty()) {
            make(me, me.tasks[any_of(me, me.tasks.size())].home());
        }
    }

    void end_any(worker& me) {
        if (me.tasks.empty()) return;
        const std::size_t any = any_of(me, me.tasks.size());
        const pid_handle* const its = me.tasks[any].object;
        if (std::ranges::find(me.objects, its, &held_object::object) != me.objects.end()) me.hit(0);
        me.end_task(any);
    }

    void leave_task(worker& me) {
        if (me.tasks.empty()) return;
        std::swap(me.tasks[any_of(me, me.tasks.size())], me.tasks.back());
        if (tasks_->leave(me, me.tasks.back())) me.tasks.pop_back();
    }

    /// Not the first one, which keeps the lasting namespace.
    void drop_reference(worker& me) {
        if (me.set().how() != discipline::reference || me.references.size() < 2) return;
        tested_namespace* ns = me.references.back();
        me.references.pop_back();
        if (!references_->leave(me, ns)) me.put(*ns);
    }

    void enter(worker& me) {
        held_task task;
        if (tasks_->take(me, task)) return me.tasks.push_back(std::move(task));
        tested_namespace* ns = nullptr;
        if (references_->take(me, ns)) return me.references.push_back(ns);
        ns = me.create();
        if (ns != nullptr && me.chance().one_in(2)) {
            tested_namespace* const child = me.create(ns);
            me.put(*ns);
            ns = child;
        }
        if (ns == nullptr) return me.end_round();
        if (me.tasks.size() >= tasks_at_most) end_any(me);
        const bool born = make(me, *ns);
        if (born && me.set().how() == discipline::reference) return me.references.push_back(ns);
        if (born && me.set().how() == discipline::lookup) (void)me.publish(me.set().slot(1), *ns);
        me.put(*ns);
    }

    // ---- Objects ----

    void look_up_own(worker& me) {
        if (me.tasks.empty()) return;
        const held_task& mine = me.tasks[any_of(me, me.tasks.size())];
        me.look_up_own(mine, me.chance().below(mine.home().level + 1));
    }

    void look_up_any(worker& me, tested_namespace& ns) {
        const pid_nr reserved = me.set().under_test().reserved_pids();
        const pid_nr nr =
            reserved + static_cast<pid_nr>(me.chance().below(
                           static_cast<std::uint32_t>(me.set().highest_pid_max() - reserved)));
        if (!me.look_up(ns, nr)) return;
        for (const held_task& mine : me.tasks)
            if (mine.object == me.objects.back().object) return;
        me.hit(2);
    }

    void drop_any(worker& me) {
        if (me.objects.empty()) return;
        me.drop_object(any_of(me, me.objects.size()));
    }

    /// An object of a fresh namespace and of its parent fails for lack of each thing that it needs.
    /// None of these attempts has changed anything, and the object that is made at last is the
    /// init.
    void fail_object(worker& me) {
        tested_namespace* const parent = me.create();
        if (parent == nullptr) return;
        tested_namespace* const child = me.create(parent);
        me.put(*parent);
        if (child == nullptr) return;
        const unsigned failed = me.fail_each_allocation(
            [&] { return static_cast<bool>(me.make_task_with_object(*child)); },
            [&] { me.audit_own(*child); });
        if (failed != 0) me.hit(3);
        me.put(*child);
        me.end_last_task();
    }

    [[nodiscard]] static std::size_t any_of(worker& me, std::size_t size) {
        return me.chance().below(static_cast<std::uint32_t>(size));
    }

    std::unique_ptr<hand_over<held_task>> tasks_;
    std::unique_ptr<hand_over<tested_namespace*>> references_;
    bool is_crowd_ = false;
    /// The number of each crowd's task. Relaxed: it must order nothing.
    std::array<std::atomic<pid_nr>, max_workers / in_crowd> numbers_{};
};

}  // namespace pidmap_stress
