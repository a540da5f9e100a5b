#pragma once

#include <array>
#include <atomic>

#include "harness/native/scenario.hpp"
#include "harness/native/worker.hpp"

namespace pidmap_stress {

/// Namespaces are created, filled, emptied and released all the time. The last one to leave one
/// releases it.
///
/// Workers hand each other what keeps a namespace alive: a pid (`member`), or a reference, so that
/// the last one out is any of them.
class lifecycle final : public scenario {
    static constexpr std::array<std::string_view, 2> marks{
        "a namespace was taken over from another worker", "a worker left a namespace for good"};
    static constexpr std::size_t held_at_most = 12;
    static constexpr std::size_t exchange_places = 4;

public:
    static constexpr scenario_info info{
        .name = "lifecycle",
        .summary = "namespaces come and go; last one out releases",
        .disciplines = discipline_set(discipline::member) | discipline::reference,
        .marks = marks};

    void prepare(stage& set) override {
        for (std::size_t n = 0; n < exchange_places; ++n) set.add_slot();
        offers_ = std::make_unique<std::array<offer, exchange_places>>();
    }
    [[nodiscard]] bool one_round_only() const override { return true; }
    [[nodiscard]] std::uint32_t longest_round() const override { return 2048; }

    void work(worker& me) override {
        const bool by_reference = me.set().how() == discipline::reference;
        while (me.running())
            if (by_reference)
                step_by_reference(me);
            else
                step_by_pid(me);
        take_back_offer(me);
    }

private:
    /// What one worker offers to the others; `full` hands it over.
    struct alignas(64) offer {
        enum : int { empty, busy, full };
        std::atomic<int> state{empty};
        held_pid what{};
    };

    /// Puts `mine` into a place, or takes what is in it. \returns What was taken, if anything.
    [[nodiscard]] bool exchange(worker& me, held_pid mine, bool offers, held_pid& taken) {
        offer& place = (*offers_)[me.chance().below(exchange_places)];
        int wanted = offers ? offer::empty : offer::full;
        // Acquire and release: the next owner is to see what the last one did to the namespace, as
        // any hand-over of a pid would ensure.
        if (!place.state.compare_exchange_strong(wanted, offer::busy, std::memory_order::acquire,
                                                 std::memory_order::relaxed))
            return false;
        if (offers)
            place.what = mine;
        else
            taken = place.what;
        place.state.store(offers ? offer::full : offer::empty, std::memory_order::release);
        return true;
    }

    void step_by_pid(worker& me) {
        if (me.held.empty() || me.chance().one_in(64)) return enter(me);
        const std::uint32_t draw = me.chance().below(16);
        const std::size_t any = me.chance().below(static_cast<std::uint32_t>(me.held.size()));
        held_pid nothing;
        if (draw == 0 && me.held[any].ns != nullptr) {
            // The pid goes to another worker, cell and all.
            held_pid mine = me.held[any];
            me.disown(mine);
            if (exchange(me, mine, true, nothing)) {
                me.held[any] = me.held.back();
                me.held.pop_back();
            } else {
                me.own(mine);
            }
        } else if (draw < 8 && me.held.size() < held_at_most) {
            (void)me.alloc_in(*me.held[any].ns);  // A fork: the parent holds its own pid meanwhile.
        } else {
            if (me.held.size() == 1) me.hit(1);
            me.free_at(any);
        }
    }

    /// Joins a namespace that is on offer, or makes a new one.
    void enter(worker& me) {
        held_pid taken;
        if (exchange(me, {}, false, taken)) {
            me.hit(0);
            if (taken.nr != 0) {
                me.own(taken);
                me.held.push_back(taken);
            } else {
                me.references.push_back(taken.ns);
            }
            return;
        }
        tested_namespace* const ns = me.create();
        if (ns == nullptr) return me.end_round();
        if (me.set().how() == discipline::reference) {
            me.references.push_back(ns);
        } else {
            // The first process: from here on the pids keep the namespace.
            (void)me.alloc_in(*ns);
            me.put(*ns);
        }
    }

    void step_by_reference(worker& me) {
        if (me.references.empty() || me.chance().one_in(64)) return enter(me);
        const std::uint32_t draw = me.chance().below(16);
        const std::size_t any = me.chance().below(static_cast<std::uint32_t>(me.references.size()));
        tested_namespace& ns = *me.references[any];
        held_pid nothing;
        if (draw == 0) {
            me.get(ns);
            if (!exchange(me, {&ns, 0}, true, nothing)) me.put(ns);
        } else if (draw < 8 && me.held.size() < held_at_most) {
            (void)me.alloc_in(ns);
        } else if (draw < 14 && !me.held.empty()) {
            me.free_any();
        } else {
            // It may well have pids left, which keep it alive.
            me.references[any] = me.references.back();
            me.references.pop_back();
            me.hit(1);
            me.put(ns);
        }
    }

    /// What no worker took by the end of the round gets an owner again.
    void take_back_offer(worker& me) {
        for (offer& place : *offers_) {
            int full = offer::full;
            if (!place.state.compare_exchange_strong(full, offer::busy, std::memory_order::acquire,
                                                     std::memory_order::relaxed))
                continue;
            const held_pid what = place.what;
            if (what.nr != 0) {
                me.own(what);
                me.held.push_back(what);
            } else {
                me.references.push_back(what.ns);
            }
            place.state.store(offer::empty, std::memory_order::release);
        }
    }

    std::unique_ptr<std::array<offer, exchange_places>> offers_;
};

}  // namespace pidmap_stress
