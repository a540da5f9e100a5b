#pragma once

#include <algorithm>
#include <array>

#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"

namespace pidmap_stress {

/// Up to all 128 pages are non-empty at once, most of them with one or two pids, and each of them
/// empties and refills all the time. So the number of non-empty pages varies between a few and 128,
/// and the references of workers add hundreds to the count.
///
/// With alloc and free alone, the search reaches the next page only after 32768 allocations: a full
/// turn through the map takes 4194304 calls, a tenth of a second on one thread at full speed and
/// seconds under a sanitizer, and each page changes once in that time. Smaller pages would need a
/// second instantiation of every variant. So the workers set last_pid to where they want a pid, as
/// checkpoint and restore does, and every build has the kernel's geometry.
class many_pages final : public scenario {
    static constexpr std::array<std::string_view, 5> marks{
        "17 pages were in use at once", "100 pages were in use at once",
        "all 128 pages were in use at once", "the only pid of a page was freed",
        "300 references were held at once"};
    static constexpr pid_nr all_pids = 4194304;
    static constexpr unsigned all_pages = 128;
    static constexpr pid_nr page = all_pids / all_pages;
    static constexpr int many = 300;

public:
    static constexpr scenario_info info{.name = "many_pages",
                                        .summary = "up to 128 pages empty and refill",
                                        .marks = marks,
                                        .nests = true};

    [[nodiscard]] pid_nr highest_pid_max(pid_nr /*wanted*/, unsigned /*workers*/) const override {
        return all_pids;
    }
    [[nodiscard]] std::uint32_t longest_round() const override { return 16384; }
    [[nodiscard]] std::size_t namespaces_each() const override { return 2; }

    /// Begins with one pid on each page and many references, shared out among the workers.
    void prepare(stage& set) override {
        table_slot& slot = set.add_slot();
        tested_namespace* const ns = set.create();
        if (ns == nullptr) return;
        worker& main = set.main();
        for (unsigned n = 0; n < all_pages; ++n) {
            main.set_last_pid(*ns, first_of(n, set) - 1);
            if (!main.alloc_in(*ns)) break;
        }
        for (int n = 0; n < many; ++n) {
            main.get(*ns);
            set.at(static_cast<unsigned>(n) % set.workers()).references.push_back(ns);
        }
        // What the discipline depends on stays on one page, a different one each time.
        main.set_last_pid(*ns, first_of(main.chance().below(all_pages), set) - 1);
        if (set.how() == discipline::lookup) (void)main.alloc_in(*ns);
        set.seat_workers(slot, *ns);
        const std::size_t kept = set.how() == discipline::lookup ? 1 : 0;
        for (unsigned n = 0; main.held.size() > kept; ++n) {
            const held_pid what = main.held.front();
            main.held.erase(main.held.begin());
            worker& to = set.at(n % set.workers());
            main.disown(what);
            to.own(what);
            to.held.push_back(what);
        }
    }

    void work(worker& me) override {
        plan mine(me);
        while (me.running())
            if (me.chance().one_in(3))
                step_references(me, mine);
            else if (mine.pages_grow)
                take_page(me, mine);
            else
                leave_page(me, mine);
    }

private:
    /// What a worker is doing now: growing or shrinking, and how far.
    struct plan {
        explicit plan(worker& me) {
            for (const held_pid& what : me.held) add(what.nr);
            pages_grow = me.chance().one_in(2);
            references_grow = me.chance().one_in(2);
            turn_pages(me);
            turn_references(me);
        }
        void add(pid_nr nr) { pages += own[static_cast<unsigned>(nr / page)]++ == 0 ? 1U : 0U; }
        void remove(pid_nr nr) { pages -= --own[static_cast<unsigned>(nr / page)] == 0 ? 1U : 0U; }

        /// How far to grow. Mostly a share, such that all workers together have one or two pids on
        /// each page; now and then one worker alone goes up to the maximum.
        [[nodiscard]] static unsigned draw(worker& me, unsigned for_one, unsigned for_all) {
            const unsigned workers = me.set().workers();
            if (me.chance().one_in(std::max(4U, workers))) return for_one;
            return 1 + me.chance().below(std::clamp(for_all / workers, 1U, for_one));
        }
        void turn_pages(worker& me) {
            pages_grow = !pages_grow;
            until_pages = pages_grow ? draw(me, all_pages, 2 * all_pages) : me.chance().below(8);
        }
        void turn_references(worker& me) {
            references_grow = !references_grow;
            until_references = references_grow ? draw(me, many, 2 * many) : me.chance().below(16);
        }

        std::array<unsigned, all_pages> own{};  ///< Pids of this worker, by page.
        unsigned pages = 0;                     ///< How many of these are not 0.
        bool pages_grow = false;
        unsigned until_pages = 0;
        bool references_grow = false;
        unsigned until_references = 0;
    };

    /// The first pid of a page that is not reserved.
    [[nodiscard]] static pid_nr first_of(unsigned number, stage& set) {
        return std::max(static_cast<pid_nr>(number) * page, set.under_test().reserved_pids());
    }

    /// Takes a pid on a page where this worker has none; or elsewhere, if another worker moves the
    /// hint first.
    void take_page(worker& me, plan& mine) {
        if (mine.pages >= mine.until_pages) return mine.turn_pages(me);
        unsigned number = me.chance().below(all_pages);
        while (mine.own[number] != 0) number = (number + 1) % all_pages;
        const pid_nr first = first_of(number, me.set());
        const pid_nr end = static_cast<pid_nr>(number + 1) * page;
        // At either end of the page, or anywhere.
        const std::uint32_t draw = me.chance().below(4);
        const pid_nr wanted = draw == 0   ? end - 1
                              : draw == 1 ? first + static_cast<pid_nr>(me.chance().below(
                                                        static_cast<std::uint32_t>(end - first)))
                                          : first;
        const bool found = me.with_current(me.set().slot(0), [&](tested_namespace& ns) {
            me.set_last_pid(ns, wanted - 1);
            if (me.alloc_in(ns)) mine.add(me.held.back().nr);
        });
        if (!found) return me.end_round();
        if (mine.pages >= 17) me.hit(0);
        if (mine.pages >= 100) me.hit(1);
        if (mine.pages == all_pages) me.hit(2);
    }

    void leave_page(worker& me, plan& mine) {
        if (me.held.size() <= mine.until_pages) return mine.turn_pages(me);
        const std::size_t any = me.chance().below(static_cast<std::uint32_t>(me.held.size()));
        const held_pid what = me.held[any];
        if (me.chance().one_in(8) && what.ns->alone_on_page(what.nr)) me.hit(3);
        mine.remove(what.nr);
        me.free_at(any);
    }

    /// Takes or drops a reference. The first one stays, as the discipline may depend on it.
    void step_references(worker& me, plan& mine) {
        const std::size_t seat = me.set().how() == discipline::reference ? 1 : 0;
        if (mine.references_grow) {
            if (me.references.size() >= mine.until_references) return mine.turn_references(me);
            tested_namespace* const ns = kept_by(me);
            if (ns == nullptr) return;
            me.get(*ns);
            me.references.push_back(ns);
            if (ns->external.load(std::memory_order::relaxed) >= many) me.hit(4);
        } else {
            if (me.references.size() <= mine.until_references + seat)
                return mine.turn_references(me);
            tested_namespace& ns = *me.references.back();
            me.references.pop_back();
            me.put(ns);
        }
    }

    /// The namespace, if something of this worker's own keeps it.
    [[nodiscard]] static tested_namespace* kept_by(worker& me) {
        if (!me.references.empty()) return me.references.front();
        if (!me.anchors.empty()) return me.anchors.front().ns;
        return me.held.empty() ? nullptr : me.held.front().ns;
    }
};

}  // namespace pidmap_stress
