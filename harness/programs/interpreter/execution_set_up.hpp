#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "harness/programs/interpreter/execution.hpp"

/// How an execution begins: see execution.hpp.
namespace pidmap_stress::explore {

template <unsigned Spaces>
bool execution<Spaces>::open(unsigned in, unsigned parent) {
    space_book& made = space(in);
    made.ns = in == 0 ? explored_namespace::create(variant_, pid_max_)
                      : explored_namespace::create(variant_, pid_max_, space(parent).ns);
    if (!made.ns) return false;
    made.tenants.resize(static_cast<std::size_t>(variant_.highest_pid_max()));
    made.creator_stays = plan_->leaves_to_closer(in);
    return true;
}

template <unsigned Spaces>
void execution<Spaces>::set_up() {
    using enum script_call::kind;
    current = this;
    (void)open(0, 0);
    allocate_in_order();
    if (!is_set_up()) return;
    give_back_what_nobody_holds();
    unsigned next = 1;
    for (const script_call& call : plan_->of.before) {
        if (!is_set_up()) return;
        if (call.what == create)
            need(open(next++, call.in), "the set-up could not create a namespace");
        else
            prepare(call);
    }
    if (!is_set_up()) return;
    seat_threads();
    begin();
}

template <unsigned Spaces>
void execution<Spaces>::allocate_in_order() {
    for (pid_nr nr = 1; nr <= plan_->of.last; ++nr) {
        const alloc_result got = first_.ns.alloc_pidmap();
        if (!got) judge_refusal(got.error());
        need(got && got.nr() == nr, "the set-up did not get its pids in order");
        if (!is_set_up()) return;
        books_[0].add({.numbers = {static_cast<std::uint8_t>(nr)}});
    }
    first_.beyond_reserved = plan_->of.last >= plan_->of.reserved;
}

template <unsigned Spaces>
void execution<Spaces>::give_back_what_nobody_holds() {
    std::array<bool, most_explored_pids> kept{};
    for (const script_thread& one : plan_->of.threads)
        for (const script_pid& pid : one.holds)
            if (pid.in == 0) kept[static_cast<unsigned>(pid.nr)] = true;
    thread_book<Spaces>& mine = books_[0];
    unsigned left = 0;
    for (unsigned i = 0; i < mine.count; ++i) {
        const own_pid one = mine.own[i];
        if (kept[static_cast<unsigned>(one.at(0))])
            mine.own[left++] = one;
        else
            first_.ns.free_pidmap(one.at(0));
    }
    for (unsigned i = left; i < mine.count; ++i) mine.own[i] = {};
    mine.count = left;
}

template <unsigned Spaces>
void execution<Spaces>::prepare(const script_call& call) {
    using enum script_call::kind;
    thread_book<Spaces>& mine = books_[0];
    if (call.what == alloc || call.what == make) {
        prepare_alloc(call.in, call.what == make);
    } else if (call.what == get) {
        space(call.in).ns.get();
        ++mine.references[call.in];
    } else if (call.what == set_pid_max) {
        limit_ = static_cast<pid_nr>(call.which);
        pid_max_.store(limit_, std::memory_order::relaxed);
    } else if (call.what == free && call.which < mine.count) {
        free_numbers(mine.take(call.which));
    }
}

/// No other thread is running, so it is known what is free.
template <unsigned Spaces>
void execution<Spaces>::prepare_alloc(unsigned in, bool as_object) {
    bool room = true;
    std::array<std::array<bool, most_explored_pids>, most_script_levels> used{};
    const thread_book<Spaces>& mine = books_[0];
    for (unsigned i = 0; i < mine.count; ++i)
        upwards(mine.own[i].in, [&](unsigned at) {
            if (plan_->is_within(in, at))
                used[level_of(at)][static_cast<unsigned>(mine.own[i].at(level_of(at)))] = true;
        });
    const auto may_be_had = [&](unsigned at, pid_nr nr) {
        const pid_nr first = space(at).beyond_reserved ? variant_.reserved_pids : 1;
        return nr >= first && nr < limit_ && !used[level_of(at)][static_cast<unsigned>(nr)];
    };
    upwards(in, [&](unsigned at) {
        bool any = false;
        for (pid_nr nr = 1; nr < limit_; ++nr) any |= may_be_had(at, nr);
        room &= any;
    });
    own_pid one;
    const alloc_result got = [&]() -> alloc_result {
        if (!as_object) return alloc_numbers(in, one);
        const pid_object_result object = space(in).ns.alloc_pid();
        if (object.object == nullptr) return object.error;
        one.has_object = true;
        one.numbers[0] = static_cast<std::uint8_t>(variant_.number_of(*object.object, 0));
        object_of(one) = object.object;
        return one.at(0);
    }();
    if (!got) {
        judge_refusal(got.error());
        need(!room, "the set-up got no pid, and there is one");
        return;
    }
    need(room, "a full map does not say that it is full");
    bool right = true;
    upwards(in, [&](unsigned at) { right &= may_be_had(at, one.at(level_of(at))); });
    need(right, "the set-up got a pid that was not available");
    if (!is_set_up()) return;
    books_[0].add(one);
    upwards(in, [&](unsigned at) {
        space(at).beyond_reserved |= one.at(level_of(at)) >= variant_.reserved_pids;
    });
}

/// Gives threads what they hold, and pids their tenants.
template <unsigned Spaces>
void execution<Spaces>::seat_threads() {
    thread_book<Spaces>& mine = books_[0];
    for (unsigned t = 0; t < plan_->threads; ++t) {
        const script_thread& of = plan_->of.threads[t];
        if (plan_->of.how == discipline::reference) {
            space(plan_->home).ns.get();
            book_of(t).references[plan_->home] = 1;
        }
        if (of.is_creator) ++book_of(t).references[0];
        for (const script_pid& pid : of.holds) {
            unsigned which = 0;
            while (which < mine.count &&
                   (mine.own[which].in != pid.in || mine.own[which].at(level_of(pid.in)) != pid.nr))
                ++which;
            need(which < mine.count, "the set-up did not get a pid that a thread is to hold");
            if (!is_set_up()) return;
            book_of(t).add(mine.take(which));
        }
    }
    for (unsigned t = 0; t <= plan_->threads; ++t)
        for (unsigned i = 0; i < books_[t].count; ++i)
            upwards(books_[t].own[i].in, [&](unsigned at) {
                // The set-up frees no pid meanwhile, so its pids may count as thread 1's.
                space(at).tenant_of(books_[t].own[i].at(level_of(at))).set(t == 0 ? 1 : t);
            });
}

template <unsigned Spaces>
void execution<Spaces>::begin() {
    if (plan_->home != 0) holders_at_home_.emplace(plan_->threads);
    for (unsigned t = 0; t < plan_->threads; ++t) {
        holders_.set(t, book_of(t).count != 0);
        if (holders_at_home_) holders_at_home_->set(t, holds_in(book_of(t), plan_->home));
    }
    if (plan_->finds_in_table) table_.store(first_.ns.object());
    name_cells();
    const bool has_creator = std::ranges::any_of(plan_->of.threads, &script_thread::is_creator);
    for (unsigned in = plan_->home + 1; in-- > 0;)
        if (!plan_->leaves_to_closer(in) && !(in == 0 && has_creator)) space(in).ns.put();
    if (plan_->is_plain) calls_.begin({.references = references_on(0), .held = held_in(0)});
    for (unsigned in = 0; in < plan_->spaces.size(); ++in) {
        const auto held = in <= plan_->home ? static_cast<unsigned>(held_in(in).size()) : 0;
        space(in).reuse.begin(static_cast<unsigned>(limit_ - variant_.reserved_pids),
                              held + plan_->takes[in]);
    }
    check_instant();  // Before any thread's first step, which may give up its pid.
}

template <unsigned Spaces>
void execution<Spaces>::name_cells() noexcept {
    static constexpr std::array<const char*, most_explored_pages> nr_free{
        "nr_free of page 0", "nr_free of page 1", "nr_free of page 2"};
    static constexpr std::array<const char*, most_explored_pages> bitmap{
        "bitmap of page 0", "bitmap of page 1", "bitmap of page 2"};
    static constexpr std::array<const char*, most_explored_pages> page_names{"page 0", "page 1",
                                                                             "page 2"};
    if (plan_->home != 0) return;  // Other namespaces' cells would get the same names.
    name_peeked({.name = "refcount"}, [this] { (void)first_.ns.peek_refcount(); });
    for (unsigned page = 0; page < variant_.max_pages; ++page) {
        const auto index = static_cast<std::uint8_t>(page);
        name_peeked({nr_free[page], index}, [&] { (void)first_.ns.peek_nr_free(page); });
        // Peeking at that also peeks at the page's cell, which then gets its own name.
        if (first_.ns.peek_installed(page))
            name_peeked({bitmap[page], index}, [&] { (void)first_.ns.peek_bitmap(page); });
        name_peeked({page_names[page], index}, [&] { (void)first_.ns.peek_installed(page); });
    }
}

}  // namespace pidmap_stress::explore
