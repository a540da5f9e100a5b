#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "harness/programs/interpreter/execution.hpp"

/// The calls that the threads of an execution make: see execution.hpp.
namespace pidmap_stress::explore {

template <unsigned Spaces>
bool execution<Spaces>::holds_in(const thread_book<Spaces>& mine, unsigned in) const noexcept {
    for (unsigned i = 0; i < mine.count; ++i)
        if (plan_->is_within(mine.own[i].in, in)) return true;
    return false;
}

template <unsigned Spaces>
bool execution<Spaces>::refers_to(const thread_book<Spaces>& mine, unsigned in) const noexcept {
    for (unsigned one = 0; one < plan_->spaces.size(); ++one)
        if (mine.references[one] != 0 && plan_->is_within(one, in)) return true;
    return false;
}

template <unsigned Spaces>
bool execution<Spaces>::may_call(unsigned thread, const script_call& call) const noexcept {
    using enum script_call::kind;
    const thread_book<Spaces>& mine = books_[thread + 1];
    const bool of_own = call.what == free || call.what == find_own || call.what == get_object;
    if (of_own && call.which >= mine.count) return false;
    const own_pid* const pid = of_own ? &mine.own[call.which] : nullptr;
    if (call.what == put_object) return mine.object_count != 0;
    if ((call.what == find_own || call.what == get_object) && object_of(*pid) == nullptr)
        return false;
    if (call.what == get_object || call.what == find || call.what == find_own)
        if (mine.object_count == thread_book<Spaces>::most_objects) return false;
    const unsigned in = call.what == free ? pid->in : call.in;
    if (!space(in).ns) return false;
    if (call.what == put && mine.references[in] == 0) return false;
    if (call.what == abandon)
        return mine.references[in] == 1 && mine.count != 0 && mine.own[mine.count - 1].in == in &&
               std::ranges::count_if(
                   std::span(mine.own).first(mine.count),
                   [&](const own_pid& one) { return plan_->is_within(one.in, in); }) == 1;
    switch (plan_->of.how) {
        case discipline::member:
            return holds_in(mine, in) || refers_to(mine, in);
        case discipline::reference:
            // A thread may free a pid without a reference if it made the pid's namespace itself.
            return refers_to(mine, in) || (call.what == free && plan_->spaces[in].maker != 0);
        case discipline::lookup:
            return call.what != get || mine.count != 0;
    }
    return false;
}

template <unsigned Spaces>
void execution<Spaces>::run(unsigned thread) {
    const std::vector<script_call>& does = plan_->of.threads[thread].does;
    for (std::size_t i = 0; i < does.size(); ++i)
        if (may_call(thread, does[i])) call(thread, does[i], plan_->created[thread][i]);
}

template <unsigned Spaces>
void execution<Spaces>::call(unsigned thread, const script_call& one, unsigned created) {
    using enum script_call::kind;
    thread_book<Spaces>& mine = book_of(thread);
    switch (one.what) {
        case alloc:
            return call_alloc(thread, one.in);
        case free:
            return call_free(thread, one.which);
        case get:
            label("get");
            in_book(operation_kind::get, [&] { space(one.in).ns.get(); });
            ++mine.references[one.in];
            return;
        case put:
            label("put");
            --mine.references[one.in];
            in_book(operation_kind::put, [&] { space(one.in).ns.put(); });
            return;
        case create:
            return call_create(thread, one.in, created);
        case close:
            return call_close(thread, one.in);
        case abandon:
            return call_abandon(thread, one.in);
        case make:
            return call_make(thread);
        case find:
            return call_find(thread, static_cast<pid_nr>(one.which));
        case find_own:
            return call_find(thread, mine.own[one.which].at(0));
        case get_object:
            label("get pid");
            variant_.get_pid(*object_of(mine.own[one.which]));
            mine.objects[mine.object_count++] = object_of(mine.own[one.which]);
            return;
        case put_object:
            label("put pid");
            return variant_.put_pid(*mine.take_object());
        case set_pid_max:
            label("set pid_max");
            limit_ = std::max(limit_, static_cast<pid_nr>(one.which));
            return pid_max_.store(static_cast<pid_nr>(one.which), std::memory_order::relaxed);
    }
}

template <unsigned Spaces>
alloc_result execution<Spaces>::alloc_numbers(unsigned in, own_pid& into) {
    into.in = static_cast<std::uint8_t>(in);
    if (in == 0) {
        const alloc_result got = first_.ns.alloc_pidmap();
        if (got) into.numbers[0] = static_cast<std::uint8_t>(got.nr());
        return got;
    }
    std::array<pid_nr, most_script_levels> numbers{};
    const numbers_result got = space(in).ns.alloc_numbers(numbers);
    for (unsigned level = 0; got.result && level <= level_of(in); ++level)
        into.numbers[level] = static_cast<std::uint8_t>(numbers[level]);
    return got.result;
}

template <unsigned Spaces>
void execution<Spaces>::free_numbers(const own_pid& one) {
    const explored_namespace& ns = space(one.in).ns;
    if (one.has_object) {
        // Where two threads had one number, the second one's object is gone by then.
        pid_object_handle* const object = std::exchange(object_of(one), nullptr);
        return object == nullptr ? void() : ns.free_pid(*object);
    }
    if (one.in == 0) return ns.free_pidmap(one.at(0));
    std::array<pid_nr, most_script_levels> numbers{};
    for (unsigned level = 0; level <= level_of(one.in); ++level) numbers[level] = one.at(level);
    ns.free_numbers(std::span(numbers).first(level_of(one.in) + 1));
}

template <unsigned Spaces>
void execution<Spaces>::call_alloc(unsigned thread, unsigned in) {
    label("alloc");
    const std::size_t number = record(operation_kind::alloc);
    own_pid one;
    alloc_result got = alloc_error::namespace_dead;
    if (plan_->finds_in_table) {
        const read_section protects;
        // Acquire, from the set-up's store: the thread sees the namespace fully made.
        if (namespace_object* const found = table_.load(std::memory_order::acquire))
            got = variant_.alloc_pidmap(*found);
        if (got) one.numbers[0] = static_cast<std::uint8_t>(got.nr());
    } else {
        got = alloc_numbers(in, one);
    }
    calls_.returned(number, got);
    if (!got) return refused(thread, in, got.error());
    if (book_of(thread).knows_closed[in])
        expect(false, invariant::linearizable, "a closed namespace gives a pid");
    if (in != 0 && plan_->spaces[in].maker != 0 && !space(in).has_begun)
        // No other thread knows the namespace.
        expect(got.nr() == 1, invariant::pid_in_range,
               "the first pid of a namespace is its init, 1");
    take(thread, one);
    upwards(in, [&](unsigned at) { space(at).reuse.got(thread, one.at(level_of(at))); });
    tell_holders(thread);
}

template <unsigned Spaces>
void execution<Spaces>::refused(unsigned thread, unsigned in, alloc_error why) {
    const bool knows_closed = book_of(thread).knows_closed[in];
    if (knows_closed)
        expect(why == alloc_error::namespace_dead, invariant::linearizable,
               "a closed namespace does not say that it is dead");
    // Under contention, an answer that no pid was found is only advisory, and the explorer decides
    // whether there is no memory.
    bool roomy = true;
    bool closes = false;
    upwards(in, [&](unsigned at) {
        roomy &= space(at).reuse.roomy();
        closes |= plan_->closes[at];
    });
    if (why == alloc_error::exhausted && roomy && !knows_closed)
        expect(false, invariant::linearizable, "no pid is found, and there are many");
    if (!plan_->finds_in_table && !closes) judge_refusal(why);
}

template <unsigned Spaces>
void execution<Spaces>::take(unsigned thread, const own_pid& one) {
    upwards(one.in, [&](unsigned at) {
        space_book& of = space(at);
        const pid_nr nr = one.at(level_of(at));
        // Once the hint is beyond the reserved pids, only a wrap leads back, and it skips them.
        check(nr >= (of.beyond_reserved ? variant_.reserved_pids : 1) && nr < limit_,
              invariant::pid_in_range);
        plain<unsigned>& tenant = of.tenant_of(nr);
        const unsigned before = tenant.get();
        expect(before == 0 || before == nobody_any_more, invariant::unique_pid);
        expect(before != nobody_any_more, invariant::linearizable,
               "a pid that was freed after the closing is handed out again");
        tenant.set(thread + 1);
        of.has_begun = true;
    });
    thread_book<Spaces>& mine = book_of(thread);
    // If a pid has two tenants, there may be more of them than there is room for.
    check(mine.count < mine.own.size(), invariant::unique_pid);
    mine.add(one);
}

template <unsigned Spaces>
void execution<Spaces>::leave(unsigned thread, const own_pid& one) {
    upwards(one.in, [&](unsigned at) {
        plain<unsigned>& tenant = space(at).tenant_of(one.at(level_of(at)));
        expect(tenant.get() == thread + 1, invariant::unique_pid);
        tenant.set(book_of(thread).knows_closed[at] ? nobody_any_more : 0);
    });
}

/// Called after the number of a thread's pids has changed.
template <unsigned Spaces>
void execution<Spaces>::tell_holders(unsigned thread) {
    const thread_book<Spaces>& mine = book_of(thread);
    if (mine.count <= 1) holders_.set(thread, mine.count != 0);
    if (holders_at_home_) holders_at_home_->set(thread, holds_in(mine, plan_->home));
}

template <unsigned Spaces>
void execution<Spaces>::call_free(unsigned thread, unsigned which) {
    static constexpr std::array<const char*, most_explored_pids> labels{
        "free 0",  "free 1",  "free 2",  "free 3",  "free 4",  "free 5",  "free 6",  "free 7",
        "free 8",  "free 9",  "free 10", "free 11", "free 12", "free 13", "free 14", "free 15",
        "free 16", "free 17", "free 18", "free 19", "free 20", "free 21", "free 22", "free 23"};
    const own_pid one = book_of(thread).take(which);
    label(one.has_object ? "free pid" : labels[one.numbers[level_of(one.in)]]);
    if (book_of(thread).count == 0) holders_.set(thread, false);
    if (holders_at_home_) holders_at_home_->set(thread, holds_in(book_of(thread), plan_->home));
    leave(thread, one);
    in_book(operation_kind::free, [&] { free_numbers(one); }, one.at(0));
}

template <unsigned Spaces>
void execution<Spaces>::call_create(unsigned thread, unsigned in, unsigned created) {
    label("create");
    if (open(created, in)) book_of(thread).references[created] = 1;
}

template <unsigned Spaces>
void execution<Spaces>::call_close(unsigned thread, unsigned in) {
    label("close");
    space_book& of = space(in);
    const bool first = of.ns.disable_pid_allocation();
    book_of(thread).knows_closed[in] = true;
    if (!first || !plan_->closes[in]) return;
    if (plan_->leaves_to_closer(in)) {
        of.creator_stays = false;
    } else {
        std::uint16_t& mine = book_of(thread).references[in];
        if (mine == 0) return;  // It has put the creator's reference already.
        --mine;
    }
    label("put");
    of.ns.put();
}

template <unsigned Spaces>
void execution<Spaces>::call_abandon(unsigned thread, unsigned in) {
    label("abandon");
    thread_book<Spaces>& mine = book_of(thread);
    const own_pid one = mine.take(mine.count - 1);
    if (mine.count == 0) holders_.set(thread, false);
    leave(thread, one);
    mine.references[in] = 0;
    first_.ns.free_pidmap(one.at(0));
    space(in).ns.abandon(one.at(1));
}

template <unsigned Spaces>
void execution<Spaces>::call_make(unsigned thread) {
    label("alloc pid");
    const pid_object_result got = first_.ns.alloc_pid();
    if (got.object == nullptr) return refused(thread, 0, got.error);
    const own_pid one{.has_object = true,
                      .numbers = {static_cast<std::uint8_t>(variant_.number_of(*got.object, 0))}};
    if (book_of(thread).knows_closed[0])
        expect(false, invariant::linearizable, "a closed namespace gives a pid");
    take(thread, one);
    object_of(one) = got.object;
    first_.reuse.got(thread, one.at(0));
    tell_holders(thread);
}

template <unsigned Spaces>
void execution<Spaces>::call_find(unsigned thread, pid_nr nr) {
    thread_book<Spaces>& mine = book_of(thread);
    label("find pid");
    pid_object_handle* const found = [&] {
        const read_section protects;
        return first_.ns.find_pid(nr);
    }();
    for (unsigned i = 0; i < mine.count; ++i)
        if (mine.own[i].has_object && mine.own[i].at(0) == nr)
            expect(found == object_of(mine.own[i]), invariant::linearizable,
                   "a lookup of a number did not lead to the object that has it");
    if (found == nullptr) return;
    // The identity of an object never changes, and it exists as long as we have a reference.
    expect(variant_.number_of(*found, 0) == nr, invariant::linearizable,
           "a lookup of a number led to an object that never had it");
    mine.objects[mine.object_count++] = found;
}

}  // namespace pidmap_stress::explore
