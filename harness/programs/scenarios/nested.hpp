#pragma once

#include <array>
#include <optional>
#include <string>

#include "harness/programs/judged.hpp"
#include "harness/programs/namespace_book.hpp"
#include "harness/programs/pidmap_program.hpp"

namespace pidmap_stress::explore {

/// Namespaces below a root. Each thread keeps the root, or what it works in, by a task of its own
/// (`member`) or by a reference.
///
/// `own_children`: in a turn a thread makes a child of the root, puts a task into it, drops the
/// creator's reference, and ends the task, and with it the child. `shared_child`: there is one
/// child, and in a turn a thread starts and ends a task in it; the last one out releases both.
/// `failing`: as own_children, but memory may run out, and the root has one pid only for all of
/// them; a task that could not be started is tried once more, and one that was may be abandoned.
/// `full_root`: as shared_child, but the root has one pid only, so that a task that has its number
/// in the child may fail above. `empty_chain`: in a turn a thread makes a child of the root and a
/// child of that, and drops both, so that one put releases more than a namespace and its parent.
struct nested {
    static constexpr std::array<std::string_view, 5> shapes{"own_children", "shared_child",
                                                            "failing", "full_root", "empty_chain"};
    enum : unsigned { own_children, shared_child, failing, full_root, empty_chain };

    class state;
    static constexpr explored_scenario info{
        .name = "nested",
        .summary = "namespaces below a root come and go",
        .disciplines = discipline_set(discipline::member) | discipline::reference,
        .most_threads = 3,
        .most_turns = 3,
        .needs_nesting = true,
        .variations = shapes,
        .make = make_pidmap_program<state>};

    class state final : public release_hook {
        using numbers = std::array<pid_nr, max_level + 1>;
        static constexpr unsigned most_threads = 3;
        static constexpr unsigned most_turns = 3;
        static constexpr unsigned set_up_thread = most_threads;

    public:
        state(const explored_allocator& variant, const pidmap_setting& s) noexcept
            : variant_(variant), setting_(s) {}

        void set_up() noexcept;
        void run(unsigned thread) noexcept;
        void check_instant() const noexcept {
            judge_instant(root_.ns(), holders_.any());
            if (is_shared()) judge_instant(shared_.ns(), holders_.any());
        }
        void finish();

        void on_release(const void* ns) noexcept override {
            if (root_.is_of(ns)) return root_.released();
            if (shared_.is_of(ns)) return shared_.released();
            for (auto* const of_level : {&children_, &grandchildren_})
                for (auto& turns : *of_level)
                    for (namespace_book& one : turns)
                        if (one.is_of(ns)) one.released();
        }
        bool fails_here() noexcept override {
            const unsigned thread = this_thread();
            if (setting_.variation != failing || thread == 0 || failures_left_[thread - 1] == 0)
                return false;
            if (choose(2) == 0) return false;
            --failures_left_[thread - 1];
            return true;
        }

    private:
        [[nodiscard]] bool is_shared() const noexcept {
            return setting_.variation == shared_child || setting_.variation == full_root;
        }
        void fill_root() noexcept;
        void turn_in_own_child(unsigned thread, unsigned turn) noexcept;
        void turn_in_shared_child(unsigned thread) noexcept;
        void turn_of_empty_chain(unsigned thread, unsigned turn) noexcept;
        void judge_reuse(unsigned thread, pid_nr nr) noexcept;
        /// Starts a task. \returns Whether there was a number at every level.
        [[nodiscard]] bool start(unsigned thread, namespace_book& in, numbers& into) noexcept;
        void end(unsigned thread, namespace_book& in, const numbers& which) noexcept;
        void abandon(unsigned thread, namespace_book& in, const numbers& which) noexcept;
        [[nodiscard]] namespace_book& home() noexcept { return is_shared() ? shared_ : root_; }

        const explored_allocator& variant_;
        pidmap_setting setting_;
        pid_max_cell pid_max_{variant_.highest_pid_max()};
        namespace_book root_;
        namespace_book shared_;
        using books = std::array<std::array<namespace_book, most_turns>, most_threads>;
        books children_;
        books grandchildren_;
        /// The pids of the shared child that a thread got in its turns, a bit for each.
        std::array<std::uint64_t, most_threads> got_before_{};
        std::array<numbers, most_threads> own_{};
        holders holders_{setting_.threads};
        std::array<unsigned, most_threads> failures_left_{};
        std::array<pid_nr, most_explored_pids> fillers_{};
    };
};

// ------------------------------------------------------------------------------------------------

inline void nested::state::set_up() noexcept {
    current = this;
    failures_left_.fill(1);
    // Page 0 only, but where the search must not come round.
    const auto limit =
        static_cast<pid_nr>(setting_.bits) * (setting_.variation == full_root ? 2 : 1);
    pid_max_.store(limit, std::memory_order::relaxed);
    const auto root = explored_namespace::create(variant_, pid_max_);
    root_.open(root, limit);
    if (is_shared()) {
        shared_.open(explored_namespace::create(variant_, pid_max_, root), limit);
        root.put();  // The child keeps it.
    }
    for (unsigned t = 0; t < setting_.threads; ++t) {
        if (setting_.how == discipline::reference)
            home().ns().get();
        else
            need(start(t, home(), own_[t]), "the set-up got no pid");
        holders_.set(t, setting_.how == discipline::member);
    }
    if (setting_.variation == failing || setting_.variation == full_root) fill_root();
    home().ns().put();  // The creator's.
    check_instant();
}

/// But for one pid.
inline void nested::state::fill_root() noexcept {
    const explored_namespace& root = root_.ns();
    unsigned filled = 0;
    for (alloc_result got = root.alloc_pidmap(); got && filled < fillers_.size();
         got = root.alloc_pidmap()) {
        root_.take(set_up_thread, got.nr());
        fillers_[filled++] = got.nr();
    }
    need(filled != 0, "the set-up got no pid");
    if (filled == 0) return;
    root_.leave(set_up_thread, fillers_[0]);
    root.free_pidmap(fillers_[0]);
    fillers_[0] = 0;
}

inline void nested::state::run(unsigned thread) noexcept {
    for (unsigned turn = 0; turn < setting_.turns; ++turn)
        if (is_shared())
            turn_in_shared_child(thread);
        else if (setting_.variation == empty_chain)
            turn_of_empty_chain(thread, turn);
        else
            turn_in_own_child(thread, turn);
    if (setting_.how == discipline::reference) {
        label("put");
        home().ns().put();
        return;
    }
    holders_.set(thread, false);
    end(thread, home(), own_[thread]);
}

inline void nested::state::turn_in_own_child(unsigned thread, unsigned turn) noexcept {
    label("create");
    const auto made = explored_namespace::create(variant_, pid_max_, root_.ns());
    if (!made) return;
    namespace_book& child = children_[thread][turn];
    child.open(made, static_cast<pid_nr>(setting_.bits));
    numbers task{};
    bool started = start(thread, child, task);
    if (!started && setting_.variation == failing) started = start(thread, child, task);
    if (!started) {
        label("put");
        return made.put();
    }
    expect(task[made.level()] == 1, invariant::pid_in_range,
           "the first pid of a namespace is its init, 1");
    if (setting_.variation == failing && choose(2) == 1) return abandon(thread, child, task);
    label("put");
    made.put();
    end(thread, child, task);
}

inline void nested::state::turn_in_shared_child(unsigned thread) noexcept {
    numbers task{};
    if (!start(thread, shared_, task)) return;
    judge_reuse(thread, task[1]);
    end(thread, shared_, task);
}

/// A member's pids are the first of the child, which is roomy under `full_root`: so the hint was at
/// this pid or beyond when this thread got it, and nothing may lead it back.
inline void nested::state::judge_reuse(unsigned thread, pid_nr nr) noexcept {
    if (setting_.variation != full_root || setting_.how != discipline::member) return;
    const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(nr);
    expect((got_before_[thread] & bit) == 0, invariant::no_immediate_reuse);
    got_before_[thread] |= bit;
}

inline void nested::state::turn_of_empty_chain(unsigned thread, unsigned turn) noexcept {
    label("create");
    const auto limit = static_cast<pid_nr>(setting_.bits);
    const auto child = explored_namespace::create(variant_, pid_max_, root_.ns());
    children_[thread][turn].open(child, limit);
    const auto grandchild = explored_namespace::create(variant_, pid_max_, child);
    grandchildren_[thread][turn].open(grandchild, limit);
    label("put");
    child.put();
    grandchild.put();
}

inline bool nested::state::start(unsigned thread, namespace_book& in, numbers& into) noexcept {
    label("alloc");
    const explored_namespace& ns = in.ns();
    const numbers_result got = ns.alloc_numbers(into);
    if (!got.result) {
        judge_refusal(got.result.error());
        return false;
    }
    in.take(thread, into[ns.level()]);
    if (ns.level() > 0) root_.take(thread, into[0]);
    return true;
}

inline void nested::state::end(unsigned thread, namespace_book& in, const numbers& which) noexcept {
    label("free");
    const explored_namespace& ns = in.ns();
    in.leave(thread, which[ns.level()]);
    if (ns.level() > 0) root_.leave(thread, which[0]);
    ns.free_numbers(which);
}

inline void nested::state::abandon(unsigned thread, namespace_book& in,
                                   const numbers& which) noexcept {
    label("abandon");
    in.leave(thread, which[1]);
    root_.leave(thread, which[0]);
    root_.ns().free_pidmap(which[0]);
    in.ns().abandon(which[1]);
}

inline void nested::state::finish() {
    for (const pid_nr nr : fillers_) {
        if (nr == 0) continue;
        root_.leave(set_up_thread, nr);
        root_.ns().free_pidmap(nr);
    }
    root_.finish();
    shared_.finish();
    for (const auto* const books_of : {&children_, &grandchildren_})
        for (const auto& turns : *books_of)
            for (const namespace_book& one : turns) one.finish();
}

}  // namespace pidmap_stress::explore
