#pragma once

#include <array>

#include "harness/programs/judged.hpp"
#include "harness/programs/namespace_book.hpp"
#include "harness/programs/pidmap_program.hpp"

namespace pidmap_stress::explore {

/// A namespace is closed while others allocate in it. Its map is as good as full, so that what is
/// freed is soon asked for again.
///
/// Each thread keeps it by a pid of its own (`member`) or a reference. Thread 1 closes it, drops
/// the creator's reference, and then does as the others do: its turns of alloc and free. Under
/// `two_closers` thread 2 does the same, and who was first drops the reference. Of a `member` that
/// closes, its own pid is freed at once, so that it is there to be had. `short_of_memory`: the hint
/// is at the end of page 0, page 1 has no memory, and each thread may once find none: an error that
/// must not hide the closing. `child`: it is below another one, as all are that ever die.
struct dying_namespace {
    static constexpr std::array<std::string_view, 4> shapes{"one_closer", "two_closers",
                                                            "short_of_memory", "child"};
    enum : unsigned { one_closer, two_closers, short_of_memory, child };

    class state;
    static constexpr explored_scenario info{
        .name = "dying_namespace",
        .summary = "allocation is disabled while others allocate",
        .disciplines = discipline_set(discipline::member) | discipline::reference,
        .needs_nesting = true,
        .variations = shapes,
        .make = make_pidmap_program<state>};

    class state final : public release_hook {
        static constexpr unsigned most_threads = 4;

    public:
        state(const explored_allocator& variant, const pidmap_setting& s) noexcept
            : variant_(variant),
              setting_(s),
              limit_(
                  static_cast<pid_nr>(s.variation == short_of_memory ? 2 * s.bits : s.threads + 2)),
              pid_max_(limit_) {}

        void set_up() noexcept;
        void run(unsigned thread) noexcept;
        void check_instant() const noexcept { judge_instant(book_.ns(), holders_.any()); }
        void finish() {
            book_.finish();
            if (parent_) parent_.put();  // The creator's, and the last.
        }
        void on_release(const void* ns) noexcept override {
            if (book_.is_of(ns)) book_.released();
        }
        bool fails_here() noexcept override {
            const unsigned thread = this_thread();
            if (setting_.variation != short_of_memory || thread == 0) return false;
            if (std::exchange(may_fail_[thread - 1], false)) return choose(2) == 1;
            return false;
        }

    private:
        [[nodiscard]] bool closes(unsigned thread) const noexcept {
            return thread == 0 || (thread == 1 && setting_.variation == two_closers);
        }
        void lead_hint_to_page_end() noexcept;
        void close(unsigned thread) noexcept;
        void turn(unsigned thread, bool knows_closed) noexcept;
        void leave(unsigned thread, unsigned successor) noexcept;

        const explored_allocator& variant_;
        pidmap_setting setting_;
        pid_nr limit_;
        pid_max_cell pid_max_;
        explored_namespace parent_;
        namespace_book book_;
        std::array<pid_nr, most_threads> own_{};
        std::array<bool, most_threads> may_fail_{};
        holders holders_{setting_.threads};
    };
};

// ------------------------------------------------------------------------------------------------

inline void dying_namespace::state::set_up() noexcept {
    current = this;
    if (setting_.variation == child) parent_ = explored_namespace::create(variant_, pid_max_);
    const auto ns = explored_namespace::create(variant_, pid_max_, parent_);
    book_.open(ns, limit_);
    for (unsigned t = 0; t < setting_.threads; ++t) {
        if (setting_.how == discipline::reference) {
            ns.get();
            continue;
        }
        const alloc_result got = ns.alloc_pidmap();
        if (!got) judge_refusal(got.error());
        need(bool{got}, "the set-up got no pid");
        if (!got) return;
        book_.take(t, got.nr());
        own_[t] = got.nr();
        holders_.set(t, true);
    }
    may_fail_.fill(true);
    if (setting_.variation == short_of_memory) lead_hint_to_page_end();
    check_instant();
}

inline void dying_namespace::state::lead_hint_to_page_end() noexcept {
    const auto bits = static_cast<pid_nr>(setting_.bits);
    pid_nr got = 0;
    for (pid_nr n = 0; n < bits && got < bits - 1; ++n) {
        const alloc_result one = book_.ns().alloc_pidmap();
        need(bool{one}, "the set-up got no pid");
        if (!one) return;
        got = one.nr();
        book_.ns().free_pidmap(got);
    }
}

inline void dying_namespace::state::run(unsigned thread) noexcept {
    if (closes(thread)) close(thread);
    for (unsigned n = 0; n < setting_.turns; ++n) turn(thread, closes(thread));
    if (own_[thread] != 0) leave(thread, 0);
    if (setting_.how == discipline::member && !closes(thread)) return;
    label("put");
    book_.ns().put();
}

inline void dying_namespace::state::close(unsigned thread) noexcept {
    label("close");
    const explored_namespace& ns = book_.ns();
    if (setting_.how == discipline::member) ns.get();  // For its own calls that follow.
    const bool first = ns.disable_pid_allocation();
    if (own_[thread] != 0) leave(thread, namespace_book::nobody_any_more);
    if (!first) return;
    label("put");
    ns.put();  // The creator's.
}

inline void dying_namespace::state::turn(unsigned thread, bool knows_closed) noexcept {
    label("alloc");
    const explored_namespace& ns = book_.ns();
    const alloc_result got = ns.alloc_pidmap();
    if (knows_closed)
        expect(got == alloc_error::namespace_dead, invariant::linearizable,
               got ? "a closed namespace gives a pid"
                   : "a closed namespace does not say that it is dead");
    if (!got) return;
    book_.take(thread, got.nr());
    label("free");
    book_.leave(thread, got.nr());
    ns.free_pidmap(got.nr());
}

inline void dying_namespace::state::leave(unsigned thread, unsigned successor) noexcept {
    label("free");
    holders_.set(thread, false);
    const pid_nr nr = std::exchange(own_[thread], 0);
    book_.leave(thread, nr, successor);
    book_.ns().free_pidmap(nr);
}

}  // namespace pidmap_stress::explore
