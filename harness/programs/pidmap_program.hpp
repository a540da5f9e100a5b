#pragma once

#include <boost/container/static_vector.hpp>

#include <array>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/programs/call_book.hpp"
#include "harness/programs/judge.hpp"
#include "harness/programs/judged.hpp"
#include "harness/programs/pidmap_setting.hpp"

namespace pidmap_stress::explore {

/// One execution of a program over one namespace of a variant, and the books of who uses it: what
/// the scenarios share that differ in their set-up only.
///
/// Checked are: a cell for each pid, which its holder writes (unique_pid; a race on it is
/// reuse_happens_after); the range; that a thread gets no pid again too soon; each change of the
/// count (count_judge); at every instant that a count of 0 meets no holder, and that no more pages
/// are non-empty than there are references; at the end, an audit, and whether the calls can be put
/// in an order that explains their results (call_book); and by the engine each use of memory.
///
/// In a turn, a thread allocates a pid and frees it. `member`: it holds a pid of its own, from the
/// set-up to after its last turn. `reference`: it holds a counted reference so long. `lookup`: it
/// holds nothing; it finds the namespace in a table inside a read-side critical section. One pid,
/// the resident, keeps the namespace at first; thread 1 frees it, as its first turn or after its
/// last. No other reference is left, so whoever is the last one out releases the namespace; but in
/// the variation `holders_stay`, pids and references of their own are given up when all threads
/// have ended.
class pidmap_state : public release_hook {
protected:
    static constexpr unsigned most_threads = 4;

    pidmap_state(const explored_allocator& variant, const pidmap_setting& setting,
                 pid_nr limit) noexcept
        : variant_(variant), setting_(setting), limit_(limit), pid_max_(limit) {
        pid_max_.named("pid_max");
        table_.named("table");
    }
    ~pidmap_state() = default;

    // --- For set-ups ----------------------------------------------------------------------------

    /// Creates the namespace. The creator's reference is dropped by begin().
    void create() noexcept {
        release_hook::current = this;
        ns_ = explored_namespace::create(variant_, pid_max_);
    }
    /// An allocation, which must succeed.
    [[nodiscard]] pid_nr alloc_for(unsigned thread) noexcept;
    /// What a set-up has got stays in use until it is given up.
    void keep(pid_nr nr) noexcept {
        tenants_[static_cast<unsigned>(nr)].set(1);
        ++in_use_;
    }
    void give_up(pid_nr nr) noexcept {
        tenants_[static_cast<unsigned>(nr)].set(0);
        --in_use_;
        ns_.free_pidmap(nr);
    }
    /// How many pids are in use by now.
    [[nodiscard]] unsigned seated() const noexcept { return in_use_; }
    /// Every thread gets a pid for itself.
    void seat_members() noexcept {
        for (unsigned t = 0; t < setting_.threads; ++t) own_[t] = alloc_for(t);
    }
    void seat_resident() noexcept { own_[0] = alloc_for(0); }
    /// A pid comes and goes, which installs its page.
    void visit() noexcept {
        if (const pid_nr nr = alloc_for(0); nr != 0) give_up(nr);
    }
    /// Pids come and go until the hint is at `nr`, or ought to be.
    void lead_hint_to(pid_nr nr) noexcept {
        pid_nr got = 0;
        for (unsigned n = 0; n < tenants_.size() && got < nr; ++n) {
            got = alloc_for(0);
            if (got == 0) return;
            give_up(got);
        }
    }
    /// From now on pid_max is this.
    void lower_pid_max(pid_nr limit) noexcept {
        limit_ = limit;
        pid_max_.store(limit, std::memory_order::relaxed);
    }
    /// Pids up to the end of page 0 are allocated, which leads the hint behind it ...
    void fill_page_zero() noexcept;
    /// ... and freed again.
    void clear_page_zero() noexcept;
    /// All is set up: from here on the threads run.
    void begin() noexcept;

public:
    pidmap_state(const pidmap_state&) = delete;
    pidmap_state& operator=(const pidmap_state&) = delete;

    void run(unsigned thread) noexcept;
    void check_instant() const noexcept;
    void finish();

    void on_release(const void* /*ns*/) noexcept final {
        ++releases_;
        if (setting_.how != discipline::lookup) return;
        // Relaxed: a worker that looks it up now finds nothing, and nothing follows from that.
        table_.store(nullptr, std::memory_order::relaxed);
    }

private:
    void run_protected(unsigned thread) noexcept;
    void run_lookup(unsigned thread) noexcept;
    /// Allocates and frees one pid, of what the table leads to if `look_up`.
    void turn(unsigned thread, bool look_up) noexcept;
    void give_up_own(unsigned thread) noexcept;
    void leave(unsigned thread) noexcept;

    /// A thread has got a pid, or has been refused one.
    void take(unsigned thread, pid_nr nr) noexcept;
    void refused(alloc_error why) const noexcept;
    /// A thread gives a pid back.
    void free(unsigned thread, pid_nr nr) noexcept;

protected:
    const explored_allocator& variant_;
    pidmap_setting setting_;
    explored_namespace ns_;

private:
    pid_nr limit_;
    pid_max_cell pid_max_;
    atomic<namespace_object*> table_{nullptr};
    std::array<pid_nr, most_threads> own_{};
    holders holders_{setting_.threads};
    boost::container::static_vector<tenant_cell, most_explored_pids> tenants_ =
        boost::container::static_vector<tenant_cell, most_explored_pids>(
            static_cast<std::size_t>(variant_.highest_pid_max()));
    std::array<bool, most_explored_bits> filled_{};
    reuse_book reuse_;
    call_book calls_;
    unsigned in_use_ = 0;  ///< When the threads begin.
    bool beyond_reserved_ = false;
    unsigned releases_ = 0;
};

/// When the resident of `lookup` goes, and those who hold something of their own under `member` and
/// `reference`. By default, the resident goes first, and each holder after its last turn.
inline constexpr std::array<std::string_view, 4> who_leaves{"usual", "resident_last",
                                                            "holders_stay", "resident_apart"};
inline constexpr unsigned resident_last = 1;
/// The order in which three threads give up what they hold is a factor of some thousand executions,
/// and two threads show all that there is to it: the last put against that of a page.
inline constexpr unsigned holders_stay = 2;
/// The resident is not on the page that empties and refills, and is freed last. So when a thread
/// comes to the empty page, the count is exactly 1.
inline constexpr unsigned resident_apart = 3;

/// What is wrong with a variation under a discipline, in one line.
[[nodiscard]] inline std::optional<std::string> refuses_leaving(const pidmap_setting& s) {
    const bool is_lookup = s.how == discipline::lookup;
    if (s.variation == resident_last && !is_lookup)
        return "--variation resident_last is for --discipline lookup";
    if (s.variation == resident_apart && !is_lookup)
        return "--variation resident_apart is for --discipline lookup";
    if (s.variation == holders_stay && is_lookup)
        return "--variation holders_stay is for --discipline member and reference";
    return std::nullopt;
}

/// A scenario's program, as explored_scenario::make.
///
/// \tparam State  Has state(const explored_allocator&, const pidmap_setting&); set_up(), before the
///                threads run; run(thread), with threads numbered from 0; check_instant() const,
///                which may peek only; finish(), after all threads ended.
template <class State>
[[nodiscard]] std::unique_ptr<program> make_pidmap_program(const explored_allocator& variant,
                                                           const pidmap_setting& setting) {
    auto made = std::make_unique<program_over<State>>(
        [&variant, setting](void* where) { return new (where) State(variant, setting); });
    made->first([](State& s) { s.set_up(); })
        .threads(setting.threads,
                 [](State& s, unsigned thread) {
                     if (s.is_set_up()) s.run(thread);
                 })
        .flat()
        .always([](const State& s) { s.check_instant(); })
        .finally([](State& s) {
            if (s.is_set_up()) s.finish();
        });
    return made;
}

// ------------------------------------------------------------------------------------------------

inline pid_nr pidmap_state::alloc_for(unsigned thread) noexcept {
    const alloc_result got = ns_.alloc_pidmap();
    if (!got) judge_refusal(got.error());  // The creator's reference keeps it.
    need(bool{got}, "the set-up got no pid");
    if (!got) return 0;
    tenants_[static_cast<unsigned>(got.nr())].set(thread + 1);
    ++in_use_;
    beyond_reserved_ |= got.nr() >= variant_.reserved_pids;
    return got.nr();
}

inline void pidmap_state::fill_page_zero() noexcept {
    for (unsigned nr = 0; nr + 1 < variant_.bits_per_page;) {
        nr = static_cast<unsigned>(alloc_for(0));
        if (nr == 0) return;
        filled_[nr] = true;
    }
}

inline void pidmap_state::clear_page_zero() noexcept {
    for (unsigned nr = 1; nr < variant_.bits_per_page; ++nr)
        if (filled_[nr]) give_up(static_cast<pid_nr>(nr));
}

inline void pidmap_state::begin() noexcept {
    if (setting_.how == discipline::reference)
        for (unsigned t = 0; t < setting_.threads; ++t) ns_.get();
    for (unsigned t = 0; t < setting_.threads; ++t) holders_.set(t, own_[t] != 0);
    if (setting_.how == discipline::lookup) table_.store(ns_.object());
    call_book::beginning now{.references =
                                 setting_.how == discipline::reference ? setting_.threads : 0};
    for (std::size_t nr = 0; nr < tenants_.size(); ++nr)
        if (tenants_[nr].peek() != 0) now.held.push_back(static_cast<pid_nr>(nr));
    calls_.begin(std::move(now));
    reuse_.begin(static_cast<unsigned>(limit_ - variant_.reserved_pids),
                 in_use_ + setting_.threads * setting_.turns);
    ns_.put();        // The creator's.
    check_instant();  // Before the first step of a thread, which may be to give up its pid.
}

inline void pidmap_state::run(unsigned thread) noexcept {
    if (setting_.how == discipline::lookup)
        run_lookup(thread);
    else
        run_protected(thread);
}

inline void pidmap_state::run_protected(unsigned thread) noexcept {
    for (unsigned turn = 0; turn < setting_.turns; ++turn) this->turn(thread, false);
    if (setting_.variation != holders_stay) give_up_own(thread);
}

inline void pidmap_state::give_up_own(unsigned thread) noexcept {
    if (setting_.how == discipline::member) return leave(thread);
    label("put");
    const std::size_t call = calls_.called(operation_kind::put);
    ns_.put();
    calls_.returned(call);
}

inline void pidmap_state::run_lookup(unsigned thread) noexcept {
    const bool resident = own_[thread] != 0;
    const bool first =
        resident && setting_.variation != resident_last && setting_.variation != resident_apart;
    if (first) leave(thread);
    for (unsigned turn = first ? 1 : 0; turn < setting_.turns; ++turn) this->turn(thread, true);
    if (resident && !first) leave(thread);
}

inline void pidmap_state::turn(unsigned thread, bool look_up) noexcept {
    const std::size_t call = calls_.called(operation_kind::alloc);
    alloc_result got = alloc_error::namespace_dead;
    if (look_up) {
        const read_section protects;
        label("alloc");
        // Acquire, from the set-up's store: the namespace is seen made.
        if (namespace_object* const found = table_.load(std::memory_order::acquire))
            got = variant_.alloc_pidmap(*found);
    } else {
        label("alloc");
        got = ns_.alloc_pidmap();
    }
    calls_.returned(call, got);
    if (!got) return refused(got.error());
    take(thread, got.nr());
    reuse_.got(thread, got.nr());
    if (own_[thread] == 0) {
        holders_.set(thread, true);
        holders_.set(thread, false);
    }
    free(thread, got.nr());
}

inline void pidmap_state::leave(unsigned thread) noexcept {
    holders_.set(thread, false);
    free(thread, std::exchange(own_[thread], 0));
}

inline void pidmap_state::take(unsigned thread, pid_nr nr) noexcept {
    // Once the hint is beyond the reserved ones, only a wrap leads back, and it passes them over.
    const bool in_range = nr >= (beyond_reserved_ ? variant_.reserved_pids : 1) && nr < limit_;
    check(in_range, invariant::pid_in_range);
    plain<unsigned>& tenant = tenants_[static_cast<unsigned>(nr)];
    expect(tenant.get() == 0, invariant::unique_pid);
    tenant.set(thread + 1);
}

inline void pidmap_state::refused(alloc_error why) const noexcept {
    // That no pid was found is advisory in a crowd, and that there is no memory is up to the
    // explorer.
    if (why == alloc_error::exhausted && reuse_.roomy())
        expect(false, invariant::linearizable, "no pid is found, and there are many");
    if (setting_.how != discipline::lookup) judge_refusal(why);
}

inline void pidmap_state::free(unsigned thread, pid_nr nr) noexcept {
    label("free");
    plain<unsigned>& tenant = tenants_[static_cast<unsigned>(nr)];
    expect(tenant.get() == thread + 1, invariant::unique_pid);
    tenant.set(0);
    const std::size_t call = calls_.called(operation_kind::free, nr);
    ns_.free_pidmap(nr);
    calls_.returned(call);
}

inline void pidmap_state::check_instant() const noexcept {
    judge_instant(ns_, holders_.any());
    judge_cover(ns_);
}

inline void pidmap_state::finish() {
    calls_.judge();
    if (setting_.variation == holders_stay)
        for (unsigned t = 0; t < setting_.threads; ++t) give_up_own(t);
    expect(releases_ <= 1, invariant::released_once, "released more than once");
    judge_quiescent(ns_, {.pid_max = limit_, .releases = releases_});
}

}  // namespace pidmap_stress::explore
