#pragma once

#include <boost/container/static_vector.hpp>

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "harness/programs/call_book.hpp"
#include "harness/programs/judge.hpp"
#include "harness/programs/judged.hpp"
#include "harness/programs/script.hpp"

namespace pidmap_stress::explore {

/// One execution of a script over a variant: the namespace, and the books of who uses it. Judged
/// as a pidmap_state is.
class script_state final : public release_hook {
    static constexpr unsigned most_pids = script_pages * most_explored_bits;

public:
    script_state(const explored_allocator& variant, const script& s) noexcept
        : variant_(variant), script_(&s), pid_max_(s.pid_max) {
        pid_max_.named("pid_max");
        table_.named("table");
    }

    void set_up() noexcept;
    void run(unsigned thread) noexcept;
    void check_instant() const noexcept;
    void finish();

    void on_release(const void* /*ns*/) noexcept override {
        ++releases_;
        if (script_->how != discipline::lookup) return;
        // Relaxed: a worker that looks it up now finds nothing, and nothing follows from that.
        table_.store(nullptr, std::memory_order::relaxed);
    }

private:
    /// What a thread has, oldest first.
    struct books {
        std::array<pid_nr, most_pids> own{};
        unsigned count = 0;
        unsigned references = 0;

        void add(pid_nr nr) noexcept { own[count++] = nr; }
        pid_nr take(unsigned which) noexcept {
            const pid_nr nr = own[which];
            for (unsigned i = which + 1; i < count; ++i) own[i - 1] = own[i];
            --count;
            return nr;
        }
    };

    template <class Call>
    void in_book(operation_kind kind, const Call& call, pid_nr nr = 0) {
        const std::size_t number = calls_.called(kind, nr);
        call();
        calls_.returned(number);
    }
    [[nodiscard]] bool may_call(unsigned thread, const script_call& call) const noexcept;
    void call_alloc(unsigned thread) noexcept;
    void call_free(unsigned thread, unsigned which) noexcept;
    void name_cells() noexcept;
    void open_books();
    void judge(std::span<const pid_nr> held, unsigned references) const {
        judge_quiescent(ns_, {.pid_max = script_->pid_max,
                              .releases = releases_,
                              .references = references,
                              .held = held});
    }
    /// What all threads have together.
    [[nodiscard]] std::vector<pid_nr> all_held() const;
    [[nodiscard]] unsigned all_references() const noexcept;
    [[nodiscard]] plain<unsigned>& tenant_of(pid_nr nr) noexcept {
        return tenants_[static_cast<unsigned>(nr)];
    }

    const explored_allocator& variant_;
    const script* script_;
    pid_max_cell pid_max_;
    atomic<namespace_object*> table_{nullptr};
    explored_namespace ns_;
    std::array<books, most_script_threads> books_{};
    holders holders_{static_cast<unsigned>(script_->threads.size())};
    boost::container::static_vector<tenant_cell, most_pids> tenants_ =
        boost::container::static_vector<tenant_cell, most_pids>(
            static_cast<std::size_t>(variant_.highest_pid_max()));
    reuse_book reuse_;
    call_book calls_;
    unsigned releases_ = 0;
};

/// \pre !why_not(s), and the variant's size is the script's.
[[nodiscard]] inline std::unique_ptr<program> make_script_program(const explored_allocator& variant,
                                                                  const script& s) {
    using state = script_state;
    // The program outlives its instances, and they point at its script.
    const auto shared = std::make_shared<const script>(s);
    auto made = std::make_unique<program_over<state>>(
        [&variant, shared](void* where) { return new (where) state(variant, *shared); });
    made->first([](state& st) { st.set_up(); })
        .threads(static_cast<unsigned>(s.threads.size()),
                 [](state& st, unsigned thread) {
                     if (st.is_set_up()) st.run(thread);
                 })
        .always([](const state& st) { st.check_instant(); })
        .finally([](state& st) {
            if (st.is_set_up()) st.finish();
        });
    return made;
}

// ------------------------------------------------------------------------------------------------

inline void script_state::set_up() noexcept {
    release_hook::current = this;
    ns_ = explored_namespace::create(variant_, pid_max_);
    for (pid_nr nr = 1; nr <= script_->last; ++nr) {
        const alloc_result got = ns_.alloc_pidmap();
        if (!got) judge_refusal(got.error());
        need(got && got.nr() == nr, "the set-up did not get its pids in order");
        if (!got) return;
    }
    bool creator = false;
    std::array<unsigned, most_pids> owner{};  // A thread's number plus one, or 0.
    for (unsigned t = 0; t < script_->threads.size(); ++t) {
        if (script_->how == discipline::reference) {
            ns_.get();
            books_[t].references = 1;
        }
        if (script_->threads[t].is_creator) {
            creator = true;
            ++books_[t].references;
        }
        for (const pid_nr nr : script_->threads[t].holds) {
            owner[static_cast<unsigned>(nr)] = t + 1;
            books_[t].add(nr);
        }
    }
    for (pid_nr nr = 1; nr <= script_->last; ++nr) {
        tenant_of(nr).set(owner[static_cast<unsigned>(nr)]);
        if (owner[static_cast<unsigned>(nr)] == 0) ns_.free_pidmap(nr);
    }
    for (unsigned t = 0; t < script_->threads.size(); ++t) holders_.set(t, books_[t].count != 0);
    if (script_->how == discipline::lookup) table_.store(ns_.object());
    name_cells();
    if (!creator) ns_.put();
    open_books();
    judge(all_held(), all_references());
    check_instant();  // Before the first step of a thread, which may be to give up its pid.
}

inline void script_state::open_books() {
    calls_.begin({.references = all_references(), .held = all_held()});
    std::size_t allocs = 0;
    for (const script_thread& t : script_->threads)
        for (const script_call& call : t.does) allocs += call.what == script_call::kind::alloc;
    reuse_.begin(static_cast<unsigned>(script_->pid_max - variant_.reserved_pids),
                 static_cast<unsigned>(all_held().size() + allocs));
}

inline void script_state::name_cells() noexcept {
    static constexpr std::array<const char*, script_pages> nr_free{"nr_free of page 0",
                                                                   "nr_free of page 1"};
    static constexpr std::array<const char*, script_pages> bitmap{"bitmap of page 0",
                                                                  "bitmap of page 1"};
    static constexpr std::array<const char*, script_pages> page_names{"page 0", "page 1"};
    name_peeked("refcount", [this] { (void)ns_.peek_refcount(); });
    for (unsigned page = 0; page < script_pages; ++page) {
        name_peeked(nr_free[page], [&] { (void)ns_.peek_nr_free(page); });
        // That peeks at the page's cell as well, which then gets its own name.
        if (ns_.peek_installed(page))
            name_peeked(bitmap[page], [&] { (void)ns_.peek_bitmap(page); });
        name_peeked(page_names[page], [&] { (void)ns_.peek_installed(page); });
    }
}

inline bool script_state::may_call(unsigned thread, const script_call& call) const noexcept {
    using enum script_call::kind;
    const books& mine = books_[thread];
    if (call.what == free && call.which >= mine.count) return false;
    if (call.what == put && mine.references == 0) return false;
    switch (script_->how) {
        case discipline::member:
            return mine.count != 0 || mine.references != 0;
        case discipline::reference:
            return mine.references != 0;
        case discipline::lookup:
            return call.what != get || mine.count != 0;
    }
    return false;
}

inline void script_state::run(unsigned thread) noexcept {
    for (const script_call& call : script_->threads[thread].does) {
        if (!may_call(thread, call)) continue;
        switch (call.what) {
            case script_call::kind::alloc:
                call_alloc(thread);
                break;
            case script_call::kind::free:
                call_free(thread, call.which);
                break;
            case script_call::kind::get:
                label("get");
                in_book(operation_kind::get, [this] { ns_.get(); });
                ++books_[thread].references;
                break;
            case script_call::kind::put:
                label("put");
                --books_[thread].references;
                in_book(operation_kind::put, [this] { ns_.put(); });
                break;
        }
    }
}

inline void script_state::call_alloc(unsigned thread) noexcept {
    label("alloc");
    const std::size_t call = calls_.called(operation_kind::alloc);
    alloc_result got = alloc_error::namespace_dead;
    if (script_->how == discipline::lookup) {
        const read_section protects;
        // Acquire, from the set-up's store: the namespace is seen made.
        if (namespace_object* const found = table_.load(std::memory_order::acquire))
            got = variant_.alloc_pidmap(*found);
    } else {
        got = ns_.alloc_pidmap();
    }
    calls_.returned(call, got);
    if (!got) {
        // That no pid was found is advisory, and that there is no memory is up to the explorer.
        if (script_->how != discipline::lookup) judge_refusal(got.error());
        return;
    }
    const pid_nr nr = got.nr();
    check(nr >= 1 && nr < script_->pid_max, invariant::pid_in_range);
    expect(tenant_of(nr).get() == 0, invariant::unique_pid);
    tenant_of(nr).set(thread + 1);
    books& mine = books_[thread];
    // A pid that has two tenants may be more than there is room for.
    check(mine.count < tenants_.size(), invariant::unique_pid);
    mine.add(nr);
    reuse_.got(thread, nr);
    if (mine.count == 1) holders_.set(thread, true);
}

inline void script_state::call_free(unsigned thread, unsigned which) noexcept {
    static constexpr std::array<const char*, 16> labels{
        "free 0", "free 1", "free 2",  "free 3",  "free 4",  "free 5",  "free 6",  "free 7",
        "free 8", "free 9", "free 10", "free 11", "free 12", "free 13", "free 14", "free 15"};
    books& mine = books_[thread];
    const pid_nr nr = mine.take(which);
    label(labels[static_cast<unsigned>(nr)]);
    if (mine.count == 0) holders_.set(thread, false);
    expect(tenant_of(nr).get() == thread + 1, invariant::unique_pid);
    tenant_of(nr).set(0);
    in_book(operation_kind::free, [&] { ns_.free_pidmap(nr); }, nr);
}

inline void script_state::check_instant() const noexcept {
    judge_instant(ns_, holders_.any());
    judge_cover(ns_);
}

inline std::vector<pid_nr> script_state::all_held() const {
    std::vector<pid_nr> held;
    for (const books& one : books_)
        held.insert(held.end(), one.own.begin(), one.own.begin() + one.count);
    return held;
}

inline unsigned script_state::all_references() const noexcept {
    unsigned references = 0;
    for (const books& one : books_) references += one.references;
    return references;
}

inline void script_state::finish() {
    calls_.judge();
    expect(releases_ <= 1, invariant::released_once, "released more than once");
    const std::vector<pid_nr> held = all_held();
    unsigned references = all_references();
    judge(held, references);
    if (releases_ != 0) return;  // What is left over was judged, and there is nothing to give back.
    for (const pid_nr nr : held) ns_.free_pidmap(nr);
    for (; references != 0; --references) ns_.put();
    // The last one out released it, unless a reference is left over.
    if (!held.empty() || releases_ == 0) judge({}, 0);
}

}  // namespace pidmap_stress::explore
