#pragma once

#include <algorithm>
#include <array>

#include "harness/native/hand_over.hpp"
#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"

namespace pidmap_stress {

/// One namespace has hundreds of children and hundreds of references, and one of its objects has
/// hundreds of references. All of them come and go all the time, so the counts vary between a few
/// and many. In addition, there are parents that only their children keep alive.
class many_references final : public scenario {
    static constexpr std::array<std::string_view, 4> marks{
        "a parent had 200 children at once", "a namespace had 600 references at once",
        "one worker had 300 references on an object",
        "a parent was released by the last of its children"};
    static constexpr unsigned many = 300;
    static constexpr int many_children = 200;
    static constexpr unsigned family_at_most = 8;
    static constexpr std::size_t tasks_at_most = 16;
    static constexpr pid_nr for_each = 32;

public:
    static constexpr scenario_info info{
        .name = "many_references",
        .summary = "hundreds of children, and of references on an object",
        .marks = marks,
        .nests = true};

    [[nodiscard]] pid_nr highest_pid_max(pid_nr /*wanted*/, unsigned workers) const override {
        return 300 + for_each * static_cast<pid_nr>(workers + 1);
    }
    [[nodiscard]] std::uint32_t longest_round() const override { return 8192; }
    [[nodiscard]] std::size_t namespaces_each() const override { return 512; }

    /// Begins with many of everything, shared out among the workers.
    void prepare(stage& set) override {
        places_ = std::make_unique<hand_over<tested_namespace*>>();
        table_slot& slot = set.add_slot();
        parent_ = set.create();
        if (parent_ == nullptr) return;
        worker& main = set.main();
        // The main thread's task keeps the parent alive. Its object is the one that all look up.
        if (!main.make_task_with_object(*parent_)) return;
        const auto worker_of = [&set](unsigned n) -> worker& { return set.at(n % set.workers()); };
        for (unsigned n = 0; n < static_cast<unsigned>(many_children); ++n)
            if (tested_namespace* const child = main.create(parent_))
                worker_of(n).references.push_back(child);
        for (unsigned n = 0; n < many; ++n) {
            main.get(*parent_);
            worker_of(n).references.push_back(parent_);
            main.look_up_own(main.tasks.front(), 0);
        }
        for (unsigned n = 0; n < main.objects.size(); ++n)
            worker_of(n).objects.push_back(main.objects[n]);
        main.objects.clear();
        set.seat_workers(slot, *parent_);
    }

    void work(worker& me) override {
        if (parent_ == nullptr || me.set().main().tasks.empty()) return;
        plan mine(me);
        while (me.running()) step(me, mine);
        places_->take_all(me, [&me](tested_namespace* ns) { me.references.push_back(ns); });
    }

private:
    /// What a worker is doing now: growing or shrinking, and how far.
    struct plan {
        explicit plan(worker& me) {
            turn(me, references);
            turn(me, objects);
        }
        struct way {
            bool up = false;
            unsigned until = 0;
        };
        /// Now and then one worker alone goes as far as all of them together usually do.
        static void turn(worker& me, way& which) {
            which.up = !which.up;
            const std::uint32_t most = !which.up               ? 16
                                       : me.chance().one_in(4) ? 2 * many
                                                               : 2 * many / me.set().workers() + 1;
            which.until = which.up ? most / 2 + me.chance().below(most) : me.chance().below(most);
        }
        way references;
        way objects;
    };

    void step(worker& me, plan& mine) {
        switch (me.chance().below(16)) {
            case 0:
                return hand_over_any(me);
            case 1:
                return take_over(me);
            case 2:
                return start_task(me);
            case 3:
                return end_task(me);
            case 4:
                return make_family(me);
            case 5:
            case 6:
            case 7:
            case 8:
            case 9:
                return step_objects(me, mine.objects);
            default:
                return step_references(me, mine.references);
        }
    }

    // ---- Children and references ----

    void step_references(worker& me, plan::way& way) {
        const bool enough =
            way.up ? me.references.size() >= way.until : me.references.size() <= way.until + 1;
        if (enough) return plan::turn(me, way);
        if (!way.up) return drop_any(me);
        const bool wants_child = me.chance().one_in(2);
        (void)me.with_current(me.set().slot(0), [&](tested_namespace& parent) {
            if (!wants_child) return take_reference(me, parent);
            tested_namespace* const child = me.create(&parent);
            if (child == nullptr) return;
            me.references.push_back(child);
            if (parent.children.load(std::memory_order::relaxed) >= many_children) me.hit(0);
        });
    }

    /// \pre The namespace was found as with_current() does. A lookup alone does not keep it alive,
    /// so then the worker must have a reference.
    void take_reference(worker& me, tested_namespace& ns) {
        if (me.set().how() == discipline::lookup &&
            std::ranges::find(me.references, &ns) == me.references.end())
            return;
        me.get(ns);
        me.references.push_back(&ns);
        if (ns.external.load(std::memory_order::relaxed) >= 2 * static_cast<int>(many)) me.hit(1);
    }

    /// Keeps the last one on the parent, as the discipline may depend on it.
    void drop_any(worker& me) {
        const std::size_t any = any_of(me, me.references.size());
        tested_namespace& ns = *me.references[any];
        if (&ns == parent_ && std::ranges::count(me.references, parent_) < 2) return;
        me.references[any] = me.references.back();
        me.references.pop_back();
        const tested_namespace* const above = ns.parent();
        const bool before = above == nullptr || above->released();
        me.put(ns);
        if (!before && above->released()) me.hit(3);
    }

    /// A parent whose only references are its children's.
    void make_family(worker& me) {
        if (me.references.size() > 2 * many) return;
        tested_namespace* const above = me.create();
        if (above == nullptr) return;
        for (unsigned n = me.chance().below(family_at_most) + 1; n > 0; --n)
            if (tested_namespace* const child = me.create(above)) me.references.push_back(child);
        me.put(*above);
    }

    void hand_over_any(worker& me) {
        if (me.references.empty()) return;
        std::swap(me.references[any_of(me, me.references.size())], me.references.back());
        tested_namespace* ns = me.references.back();
        if (ns != parent_ && places_->leave(me, ns)) me.references.pop_back();
    }
    void take_over(worker& me) {
        tested_namespace* ns = nullptr;
        if (places_->take(me, ns)) me.references.push_back(ns);
    }

    // ---- Tasks and objects ----

    void start_task(worker& me) {
        if (me.references.empty() || me.tasks.size() >= tasks_at_most) return;
        tested_namespace& ns = *me.references[any_of(me, me.references.size())];
        if (&ns != parent_) (void)me.make_task(ns);
    }
    void end_task(worker& me) {
        if (!me.tasks.empty()) me.end_task(any_of(me, me.tasks.size()));
    }

    void step_objects(worker& me, plan::way& way) {
        const bool enough =
            way.up ? me.objects.size() >= way.until : me.objects.size() <= way.until;
        if (enough) return plan::turn(me, way);
        if (!way.up) return me.drop_object(any_of(me, me.objects.size()));
        (void)me.with_current(me.set().slot(0), [&](tested_namespace&) {
            me.look_up_own(me.set().main().tasks.front(), 0);
        });
        if (me.objects.size() >= many) me.hit(2);
    }

    [[nodiscard]] static std::size_t any_of(worker& me, std::size_t size) {
        return me.chance().below(static_cast<std::uint32_t>(size));
    }

    std::unique_ptr<hand_over<tested_namespace*>> places_;
    tested_namespace* parent_ = nullptr;
};

}  // namespace pidmap_stress
