#pragma once

#include <array>

#include "harness/programs/judged.hpp"
#include "harness/programs/namespace_book.hpp"
#include "harness/programs/pidmap_program.hpp"

namespace pidmap_stress::explore {

/// Objects outlive their numbers, and their namespace.
///
/// Each thread keeps the namespace by an object of its own (`member`) or a reference. In a turn it
/// makes an object, looks its number up, which must lead to that object, keeps a counted reference,
/// and frees the number. When it has left the namespace, it drops the references that it kept:
/// the namespace may be gone by then.
///
/// `strangers`: in a turn a thread looks up the number of another one's own object, reads what it
/// says, and puts it, while the other one may be leaving. `member` only. `crowd`: there is one
/// object. Thread 1 ends it; in a turn each other thread looks it up and puts it. With three
/// threads, two lookups meet the end of one object, which happens in no other shape. What keeps the
/// namespace alive is given up when all threads have ended.
struct outliving_pid {
    static constexpr std::array<std::string_view, 3> shapes{"keepers", "strangers", "crowd"};
    enum : unsigned { keepers, strangers, crowd };

    [[nodiscard]] static std::optional<std::string> refuses(const pidmap_setting& s) {
        if (s.variation == strangers && s.how != discipline::member)
            return "outliving_pid/strangers is for --discipline member";
        return std::nullopt;
    }

    class state;
    static constexpr explored_scenario info{
        .name = "outliving_pid",
        .summary = "objects outlive their numbers and the namespace",
        .disciplines = discipline_set(discipline::member) | discipline::reference,
        .most_threads = 3,
        .most_turns = 3,
        .needs_nesting = true,
        .variations = shapes,
        .refuses = refuses,
        .make = make_pidmap_program<state>};

    class state final : public release_hook {
        using object = pid_object_handle;
        static constexpr unsigned most_threads = 3;
        static constexpr unsigned most_turns = 3;

    public:
        state(const explored_allocator& variant, const pidmap_setting& s) noexcept
            : variant_(variant), setting_(s) {}

        void set_up() noexcept;
        void run(unsigned thread) noexcept;
        void check_instant() const noexcept { judge_instant(book_.ns(), holders_.any()); }
        void finish();
        void on_release(const void* /*ns*/) noexcept override { book_.released(); }

    private:
        [[nodiscard]] pid_nr limit() const noexcept { return static_cast<pid_nr>(setting_.bits); }
        [[nodiscard]] pid_nr number_of(const object& of) const noexcept {
            return variant_.number_of(of, 0);
        }
        /// Makes an object. \returns nullptr if there is none to be had.
        [[nodiscard]] object* make(unsigned thread) noexcept;
        void keep_one(unsigned thread, unsigned turn) noexcept;
        /// Looks up a number that the object of `whose` has, or had.
        void meet(unsigned whose) noexcept;
        void leave(unsigned thread) noexcept;
        /// Who has this number: with a reference, or nullptr.
        [[nodiscard]] object* look_up(pid_nr nr) noexcept;
        void free(unsigned thread, object& which) noexcept;

        const explored_allocator& variant_;
        pidmap_setting setting_;
        pid_max_cell pid_max_{limit()};
        namespace_book book_;
        std::array<object*, most_threads> own_{};
        std::array<pid_nr, most_threads> own_numbers_{};
        std::array<std::array<object*, most_turns>, most_threads> kept_{};
        holders holders_{setting_.threads};
    };
};

// ------------------------------------------------------------------------------------------------

inline void outliving_pid::state::set_up() noexcept {
    current = this;
    const auto ns = explored_namespace::create(variant_, pid_max_);
    book_.open(ns, limit());
    for (unsigned t = 0; t < setting_.threads; ++t) {
        if (setting_.how == discipline::reference) ns.get();
        const bool has_object =
            setting_.how == discipline::member || (setting_.variation == crowd && t == 0);
        if (!has_object) continue;
        own_[t] = make(t);
        need(own_[t] != nullptr, "the set-up got no pid");
        if (own_[t] == nullptr) continue;
        own_numbers_[t] = number_of(*own_[t]);
        holders_.set(t, true);
    }
    ns.put();  // The creator's.
    check_instant();
}

inline void outliving_pid::state::run(unsigned thread) noexcept {
    if (setting_.variation == crowd && thread == 0) return leave(thread);
    for (unsigned turn = 0; turn < setting_.turns; ++turn)
        if (setting_.variation == strangers)
            meet((thread + 1) % setting_.threads);
        else if (setting_.variation == crowd)
            meet(0);
        else
            keep_one(thread, turn);
    if (setting_.variation == crowd) return;
    if (own_[thread] != nullptr) {
        leave(thread);
    } else {
        label("put");
        book_.ns().put();
    }
    for (object* const one : kept_[thread]) {
        if (one == nullptr) continue;
        label("put pid");
        variant_.put_pid(*one);
    }
}

inline void outliving_pid::state::finish() {
    if (setting_.variation == crowd)
        for (unsigned t = 0; t < setting_.threads; ++t) {
            if (own_[t] != nullptr) leave(t);
            if (setting_.how == discipline::reference) book_.ns().put();
        }
    book_.finish();
}

inline void outliving_pid::state::leave(unsigned thread) noexcept {
    holders_.set(thread, false);
    free(thread, *std::exchange(own_[thread], nullptr));
}

inline auto outliving_pid::state::make(unsigned thread) noexcept -> object* {
    label("alloc pid");
    const auto got = book_.ns().alloc_pid();
    if (got.object == nullptr) {
        judge_refusal(got.error);
        return nullptr;
    }
    book_.take(thread, number_of(*got.object));
    return got.object;
}

inline void outliving_pid::state::keep_one(unsigned thread, unsigned turn) noexcept {
    object* const mine = make(thread);
    if (mine == nullptr) return;
    object* const found = look_up(number_of(*mine));
    expect(found == mine, invariant::linearizable,
           "a lookup of a number did not lead to the object that has it");
    if (found != nullptr) variant_.put_pid(*found);
    variant_.get_pid(*mine);
    kept_[thread][turn] = mine;
    free(thread, *mine);
}

inline void outliving_pid::state::meet(unsigned whose) noexcept {
    const pid_nr nr = own_numbers_[whose];
    object* const found = look_up(nr);
    if (found == nullptr) return;
    // What it is known by never changes, and it is there as long as we have a reference.
    expect(number_of(*found) == nr, invariant::linearizable,
           "a lookup of a number led to an object that never had it");
    label("put pid");
    variant_.put_pid(*found);
}

inline auto outliving_pid::state::look_up(pid_nr nr) noexcept -> object* {
    label("find pid");
    const read_section protects;
    return book_.ns().find_pid(nr);
}

inline void outliving_pid::state::free(unsigned thread, object& which) noexcept {
    label("free pid");
    book_.leave(thread, number_of(which));
    book_.ns().free_pid(which);
}

}  // namespace pidmap_stress::explore
