#pragma once

#include <array>
#include <cassert>
#include <memory>

#include "allocator/geometry.hpp"
#include "allocator/pid_allocator.hpp"
#include "checkers/audit.hpp"
#include "harness/explore/explored.hpp"
#include "harness/explore/judged.hpp"
#include "harness/explore/pidmap_setting.hpp"

namespace pidmap_stress::explore {

/// One execution of a program over a variant: the namespace, and the books of who uses it.
///
/// Checked are: a cell for each pid, which its holder writes (unique_pid; a race on it is
/// reuse_happens_after); the range; each change of the count (judged_count); at every instant that
/// a count of 0 meets no holder; at the end, an audit; and by the engine each use of memory.
template <pid_allocator V>
class pidmap_state final : public release_hook {
    using geometry = typename V::geometry;
    static constexpr unsigned bits = geometry::bits_per_page;
    static constexpr unsigned pages = geometry::max_pages;

public:
    explicit pidmap_state(const pidmap_setting& setting) noexcept
        : setting_(setting), limit_(limit_of(setting)), pid_max_(limit_) {
        static constexpr std::array<const char*, most_pidmap_threads> names{
            "holding by 1", "holding by 2", "holding by 3", "holding by 4"};
        for (unsigned t = 0; t < setting.threads; ++t) holding_[t].named(names[t]);
        pid_max_.named("pid_max");
        table_.named("table");
    }

    void set_up() noexcept;
    void run(unsigned thread) noexcept;
    void check_instant() const noexcept;
    void finish();

    void on_release() noexcept override {
        ++releases_;
        if (setting_.how != discipline::lookup) return;
        // Relaxed: who looks it up now finds nothing, and nothing follows from that.
        table_.store(nullptr, std::memory_order::relaxed);
    }

private:
    /// For page_zero, page 1 is as large as what the set-up leaves there, so that it is full.
    [[nodiscard]] static pid_nr limit_of(const pidmap_setting& s) noexcept {
        if (s.scenario == pidmap_scenario::page_zero && s.how != discipline::lookup)
            return static_cast<pid_nr>(bits + (s.how == discipline::member ? s.threads : 1));
        return highest_pid_max<geometry>;
    }

    /// An allocation of the set-up, which must succeed.
    [[nodiscard]] pid_nr alloc_for(unsigned thread) noexcept;
    void run_member(unsigned thread) noexcept;
    void run_reference(unsigned thread) noexcept;
    void run_lookup(unsigned thread) noexcept;

    /// A thread has got a pid, or has been refused one.
    void take(unsigned thread, pid_nr nr) noexcept;
    void refused(alloc_error why) const noexcept;
    /// A thread gives a pid back.
    void free(unsigned thread, pid_nr nr) noexcept;
    void holds(unsigned thread, bool any) noexcept {
        // Relaxed: a book for check_instant(); it must not order what it observes.
        holding_[thread].store(any, std::memory_order::relaxed);
    }

    pidmap_setting setting_;
    pid_nr limit_;
    typename V::pid_max_cell pid_max_;
    atomic<V*> table_{nullptr};
    V* ns_ = nullptr;
    std::array<pid_nr, most_pidmap_threads> own_{};
    std::array<atomic<bool>, most_pidmap_threads> holding_;
    std::array<plain<unsigned>, pages * bits> tenants_;  // A thread's number plus one, or 0.
    unsigned releases_ = 0;
};

template <pid_allocator V>
[[nodiscard]] std::unique_ptr<program> make_pidmap_program(const pidmap_setting& setting) {
    using state = pidmap_state<V>;
    auto made = std::make_unique<program_over<state>>(
        [setting](void* where) { return new (where) state(setting); });
    made->first([](state& s) { s.set_up(); })
        .threads(setting.threads, [](state& s, unsigned thread) { s.run(thread); })
        .always([](const state& s) { s.check_instant(); })
        .finally([](state& s) { s.finish(); });
    return made;
}

/// The variant in each geometry that is built.
template <template <class> class Variant>
[[nodiscard]] constexpr explored_variant make_explored_variant() noexcept {
    return {.info = &Variant<judged<tiny_geometry<8, 2>>>::info,
            .make = [](const pidmap_setting& s) -> std::unique_ptr<program> {
                const auto with = [&]<unsigned Bits>() {
                    return s.pages == 2
                               ? make_pidmap_program<Variant<judged<tiny_geometry<Bits, 2>>>>(s)
                               : make_pidmap_program<Variant<judged<tiny_geometry<Bits, 3>>>>(s);
                };
                assert(!why_not(s));
                return s.bits == 4   ? with.template operator()<4>()
                       : s.bits == 8 ? with.template operator()<8>()
                                     : with.template operator()<16>();
            }};
}

/// The mutant, in the usual geometry alone: there are many, and each costs the build seconds.
template <template <class> class Mutant>
[[nodiscard]] constexpr explored_variant make_explored_mutant() noexcept {
    return {.info = &Mutant<judged<tiny_geometry<8, 2>>>::info,
            .make = [](const pidmap_setting& s) -> std::unique_ptr<program> {
                assert(!why_not(s) && s.pages == 2 && s.bits == 8);
                return make_pidmap_program<Mutant<judged<tiny_geometry<8, 2>>>>(s);
            },
            .usual_size_only = true};
}

// ------------------------------------------------------------------------------------------------

template <pid_allocator V>
void pidmap_state<V>::set_up() noexcept {
    release_hook::current = this;
    ns_ = create_namespace<V>(pid_max_);
    const bool fresh =
        setting_.how == discipline::lookup && setting_.scenario == pidmap_scenario::page_zero;
    // Page 0 is filled and emptied once, which leads the hint behind it.
    std::array<pid_nr, bits> on_page_zero{};
    for (unsigned bit = 1; bit < bits && !fresh; ++bit) on_page_zero[bit] = alloc_for(0);
    // What then is on page 1, or on page 0 if that is still fresh.
    switch (setting_.how) {
        case discipline::member:
            for (unsigned t = 0; t < setting_.threads; ++t) own_[t] = alloc_for(t);
            break;
        case discipline::reference:
            for (unsigned t = 0; t < setting_.threads; ++t) ns_->get();
            own_[0] = alloc_for(0);
            break;
        case discipline::lookup:
            own_[0] = alloc_for(0);
            break;
    }
    for (const pid_nr nr : on_page_zero)
        if (nr != 0) {
            tenants_[static_cast<unsigned>(nr)].set(0);
            ns_->free_pidmap(nr);
        }
    if (setting_.how == discipline::reference &&
        setting_.scenario == pidmap_scenario::page_boundary) {
        free(0, own_[0]);  // Page 1 is to be empty at times.
        own_[0] = 0;
    }
    for (unsigned t = 0; t < setting_.threads; ++t) holds(t, own_[t] != 0);
    if (setting_.how == discipline::lookup) table_.store(ns_);
    ns_->put();       // The creator's.
    check_instant();  // Before the first step of a thread, which may be to give up its pid.
}

template <pid_allocator V>
pid_nr pidmap_state<V>::alloc_for(unsigned thread) noexcept {
    const alloc_result got = ns_->alloc_pidmap();
    check(bool{got}, invariant::linearizable, "the set-up got no pid");
    if (!got) return 0;
    tenants_[static_cast<unsigned>(got.nr())].set(thread + 1);
    return got.nr();
}

template <pid_allocator V>
void pidmap_state<V>::run(unsigned thread) noexcept {
    switch (setting_.how) {
        case discipline::member:
            return run_member(thread);
        case discipline::reference:
            return run_reference(thread);
        case discipline::lookup:
            return run_lookup(thread);
    }
}

template <pid_allocator V>
void pidmap_state<V>::run_member(unsigned thread) noexcept {
    pid_nr mine = own_[thread];
    for (unsigned round = 0; round < setting_.rounds; ++round) {
        label("alloc");
        const alloc_result got = ns_->alloc_pidmap();
        if (!got) {
            refused(got.error());
            continue;
        }
        take(thread, got.nr());
        free(thread, std::exchange(mine, got.nr()));
    }
    holds(thread, false);
    free(thread, mine);
}

template <pid_allocator V>
void pidmap_state<V>::run_reference(unsigned thread) noexcept {
    for (unsigned round = 0; round < setting_.rounds; ++round) {
        label("alloc");
        const alloc_result got = ns_->alloc_pidmap();
        if (!got) {
            refused(got.error());
            continue;
        }
        take(thread, got.nr());
        if (own_[thread] == 0) {
            holds(thread, true);
            holds(thread, false);
        }
        free(thread, got.nr());
    }
    if (own_[thread] != 0) {
        holds(thread, false);
        free(thread, own_[thread]);
    }
    label("put");
    ns_->put();
}

template <pid_allocator V>
void pidmap_state<V>::run_lookup(unsigned thread) noexcept {
    const bool resident = own_[thread] != 0;
    const bool first = setting_.resident == resident_leaves::first;
    if (resident && first) {
        holds(thread, false);
        free(thread, own_[thread]);
    }
    const bool holds_throughout = resident && !first;
    for (unsigned round = 0; round < setting_.rounds; ++round) {
        alloc_result got = alloc_error::namespace_dead;
        {
            const read_section protects;
            label("alloc");
            // Acquire, from the set-up's store: the namespace is seen made.
            if (V* const found = table_.load(std::memory_order::acquire))
                got = found->alloc_pidmap();
        }
        if (!got) {
            refused(got.error());
            continue;
        }
        take(thread, got.nr());
        if (!holds_throughout) {
            holds(thread, true);
            holds(thread, false);
        }
        free(thread, got.nr());
    }
    if (holds_throughout) {
        holds(thread, false);
        free(thread, own_[thread]);
    }
}

template <pid_allocator V>
void pidmap_state<V>::take(unsigned thread, pid_nr nr) noexcept {
    const bool in_range = nr >= 1 && nr < limit_;
    check(in_range, invariant::pid_in_range);
    plain<unsigned>& tenant = tenants_[static_cast<unsigned>(nr)];
    expect(tenant.get() == 0, invariant::unique_pid);
    tenant.set(thread + 1);
}

template <pid_allocator V>
void pidmap_state<V>::refused(alloc_error why) const noexcept {
    // That no pid was found is advisory, and that there is no memory is up to the explorer.
    if (why == alloc_error::namespace_dead && setting_.how != discipline::lookup)
        expect(false, invariant::linearizable, "a namespace that is in use says that it is dead");
}

template <pid_allocator V>
void pidmap_state<V>::free(unsigned thread, pid_nr nr) noexcept {
    label("free");
    plain<unsigned>& tenant = tenants_[static_cast<unsigned>(nr)];
    expect(tenant.get() == thread + 1, invariant::unique_pid);
    tenant.set(0);
    ns_->free_pidmap(nr);
}

template <pid_allocator V>
void pidmap_state<V>::check_instant() const noexcept {
    // No short cut: the explorer tells instants apart by the cells that are looked at.
    bool held = false;
    for (unsigned t = 0; t < setting_.threads; ++t) held |= holding_[t].peek();
    const bool dead = ns_->peek_refcount() <= 0;
    expect(!(dead && held), invariant::live_pid_pins_namespace,
           "the count is 0, and a pid is held");
}

template <pid_allocator V>
void pidmap_state<V>::finish() {
    expect(releases_ <= 1, invariant::released_once, "released more than once");
    namespace_evidence seen{.counts = V::info.counts,
                            .refcount = ns_->peek_refcount(),
                            .pid_max = limit_,
                            .bits_per_page = bits};
    std::array<std::uint64_t, pages> words{};
    for (unsigned page = 0; page < pages; ++page) {
        const auto* const map = ns_->peek_bits(page);
        page_evidence evidence{.installed = map != nullptr, .nr_free = ns_->peek_nr_free(page)};
        if (map != nullptr) {
            words[page] = map->peek(0);
            evidence.bitmap = std::span(words).subspan(page, 1);
        }
        seen.pages.push_back(evidence);
    }
    // A released namespace is audited as well: what is left of it says what was done to it.
    for (const pidmap_stress::finding& one : audit(seen))
        if (one.broken != invariant::released_once || releases_ == 0)
            expect(false, one.broken, one.what);
}

}  // namespace pidmap_stress::explore
