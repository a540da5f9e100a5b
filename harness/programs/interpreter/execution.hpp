#pragma once

#include <array>
#include <optional>
#include <vector>

#include "harness/programs/interpreter/books.hpp"
#include "harness/programs/interpreter/call_book.hpp"
#include "harness/programs/interpreter/judge.hpp"
#include "harness/programs/interpreter/judged.hpp"

namespace pidmap_stress::explore {

/// One execution of a script: the namespaces, and the books of the threads that use them.
/// Everything that it remembers lies in it, or on threads' stacks: see program_over::flat().
template <unsigned Spaces>
class execution final : public release_hook {
public:
    execution(const explored_allocator& variant, const plan& of)
        : variant_(variant), plan_(&of), pid_max_(of.of.pid_max), limit_(of.of.pid_max) {
        pid_max_.named("pid_max");
        table_.named("table");
        for (unsigned t = 0; t < plan_->threads; ++t)
            books_[t + 1].failures_left = plan_->of.threads[t].failures;
    }

    void set_up();
    void run(unsigned thread);
    void check_instant() const noexcept;
    void finish();

    void on_release(const void* ns) noexcept override {
        for (unsigned in = 0; in < plan_->spaces.size(); ++in)
            if (space(in).ns.object() == ns) ++space(in).releases;
        if (!plan_->finds_in_table) return;
        // Relaxed: a worker that looks it up now finds nothing, and nothing follows from that.
        table_.store(nullptr, std::memory_order::relaxed);
    }
    bool fails_here() noexcept override {
        unsigned& left = books_[this_thread()].failures_left;
        if (this_thread() == 0 || left == 0 || choose(2) == 0) return false;
        --left;
        return true;
    }

private:
    [[nodiscard]] space_book& space(unsigned in) noexcept { return spaces_[in]; }
    [[nodiscard]] const space_book& space(unsigned in) const noexcept { return spaces_[in]; }
    [[nodiscard]] thread_book<Spaces>& book_of(unsigned thread) noexcept {
        return books_[thread + 1];
    }
    [[nodiscard]] unsigned level_of(unsigned in) const noexcept { return plan_->spaces[in].level; }
    [[nodiscard]] pid_object_handle*& object_of(const own_pid& one) noexcept {
        return objects_[one.numbers[0]];
    }
    [[nodiscard]] pid_object_handle* object_of(const own_pid& one) const noexcept {
        return one.has_object ? objects_[one.numbers[0]] : nullptr;
    }
    /// Calls `visit` with each namespace from `in` upwards.
    template <class Visit>
    void upwards(unsigned in, const Visit& visit) const {
        for (;; in = plan_->spaces[in].parent) {
            visit(in);
            if (in == 0) return;
        }
    }

    // The set-up.
    [[nodiscard]] bool open(unsigned in, unsigned parent);
    void allocate_in_order();
    void give_back_what_nobody_holds();
    void prepare(const script_call& call);
    void prepare_alloc(unsigned in, bool as_object);
    void seat_threads();
    void name_cells() noexcept;
    void begin();

    // Calls.
    [[nodiscard]] bool may_call(unsigned thread, const script_call& call) const noexcept;
    void call(unsigned thread, const script_call& one, unsigned created);
    void call_alloc(unsigned thread, unsigned in);
    void call_free(unsigned thread, unsigned which);
    void call_create(unsigned thread, unsigned in, unsigned created);
    void call_close(unsigned thread, unsigned in);
    void call_abandon(unsigned thread, unsigned in);
    void call_make(unsigned thread);
    void call_find(unsigned thread, pid_nr nr);

    /// A pid in a namespace: its numbers are taken from the deepest level up to the root.
    [[nodiscard]] alloc_result alloc_numbers(unsigned in, own_pid& into);
    void free_numbers(const own_pid& one);
    /// A thread has got a pid.
    void take(unsigned thread, const own_pid& one);
    void leave(unsigned thread, const own_pid& one);
    void refused(unsigned thread, unsigned in, alloc_error why);
    [[nodiscard]] bool holds_in(const thread_book<Spaces>& mine, unsigned in) const noexcept;
    [[nodiscard]] bool refers_to(const thread_book<Spaces>& mine, unsigned in) const noexcept;
    void tell_holders(unsigned thread);

    template <class Call>
    void in_book(operation_kind kind, const Call& call, pid_nr nr = 0) {
        const std::size_t number = record(kind, nr);
        call();
        calls_.returned(number);
    }
    [[nodiscard]] std::size_t record(operation_kind kind, pid_nr nr = 0) {
        return plan_->is_plain ? calls_.called(kind, nr) : call_book::none;
    }

    // The end.
    [[nodiscard]] std::vector<pid_nr> held_in(unsigned in) const;
    [[nodiscard]] unsigned references_on(unsigned in) const noexcept;
    void audit_all() const;
    [[nodiscard]] bool any_object_left() const noexcept;
    void give_back_all();

    const explored_allocator& variant_;
    const plan* plan_;
    pid_max_cell pid_max_;
    pid_nr limit_;
    atomic<namespace_object*> table_{nullptr};
    /// By number in namespace 0.
    std::array<pid_object_handle*, most_explored_pids> objects_{};
    std::array<space_book, Spaces> spaces_;
    space_book& first_ = spaces_[0];
    std::array<thread_book<Spaces>, most_script_threads + 1> books_{};  // 0 is the set-up.
    holders holders_{plan_->threads};
    /// For `home`, unless that is namespace 0.
    std::optional<holders> holders_at_home_;
    call_book calls_;
};

}  // namespace pidmap_stress::explore
