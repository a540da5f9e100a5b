#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "harness/programs/interpreter/execution.hpp"

/// The end of an execution, and the checks on it: see execution.hpp.
namespace pidmap_stress::explore {

template <unsigned Spaces>
void execution<Spaces>::check_instant() const noexcept {
    judge_instant(first_.ns, holders_.any());
    if (holders_at_home_) judge_instant(space(plan_->home).ns, holders_at_home_->any());
    if (plan_->is_plain) judge_cover(first_.ns);
}

template <unsigned Spaces>
std::vector<pid_nr> execution<Spaces>::held_in(unsigned in) const {
    std::vector<pid_nr> held;
    for (const thread_book<Spaces>& one : books_)
        for (unsigned i = 0; i < one.count; ++i)
            if (plan_->is_within(one.own[i].in, in)) held.push_back(one.own[i].at(level_of(in)));
    return held;
}

template <unsigned Spaces>
unsigned execution<Spaces>::references_on(unsigned in) const noexcept {
    unsigned references = space(in).creator_stays ? 1 : 0;
    for (const thread_book<Spaces>& one : books_) references += one.references[in];
    // A child has a reference on its parent.
    for (unsigned other = 1; other < plan_->spaces.size(); ++other)
        if (plan_->spaces[other].parent == in && space(other).ns && space(other).releases == 0)
            ++references;
    return references;
}

template <unsigned Spaces>
void execution<Spaces>::audit_all() const {
    for (unsigned in = 0; in < plan_->spaces.size(); ++in) {
        const space_book& of = space(in);
        if (!of.ns) continue;
        expect(of.releases <= 1, invariant::released_once, "released more than once");
        const std::vector<pid_nr> held = held_in(in);
        judge_quiescent(of.ns, {.pid_max = limit_,
                                .releases = of.releases,
                                .references = references_on(in),
                                .held = held});
    }
}

/// What is left of a released namespace has been judged, and there is nothing to give back.
template <unsigned Spaces>
void execution<Spaces>::give_back_all() {
    for (unsigned in = static_cast<unsigned>(plan_->spaces.size()); in-- > 0;) {
        space_book& of = space(in);
        if (!of.ns || of.releases != 0) continue;
        for (thread_book<Spaces>& one : books_) {
            for (unsigned i = one.count; i-- > 0;)
                if (one.own[i].in == in) free_numbers(one.take(i));
            for (; one.references[in] != 0; --one.references[in]) of.ns.put();
        }
        if (std::exchange(of.creator_stays, false)) of.ns.put();
    }
    for (thread_book<Spaces>& one : books_)
        while (one.object_count != 0) variant_.put_pid(*one.take_object());
}

/// Whether an object is still in use. Whether it has references on its namespace is up to the
/// variant, so nothing can be said of the count until it is gone.
template <unsigned Spaces>
bool execution<Spaces>::any_object_left() const noexcept {
    return std::ranges::any_of(books_, [](const thread_book<Spaces>& one) {
        return one.object_count != 0 ||
               std::ranges::any_of(one.own, [](const own_pid& pid) { return pid.has_object; });
    });
}

template <unsigned Spaces>
void execution<Spaces>::finish() {
    if (plan_->is_plain) calls_.judge();
    if (!any_object_left()) audit_all();
    bool any_left = any_object_left();
    for (unsigned in = 0; in < plan_->spaces.size(); ++in)
        any_left |= space(in).ns && space(in).releases == 0;
    if (!any_left) return;
    give_back_all();
    // The last one out released it, unless a reference is left over.
    audit_all();
}

}  // namespace pidmap_stress::explore
