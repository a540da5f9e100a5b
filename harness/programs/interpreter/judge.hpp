#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "checkers/audit.hpp"
#include "harness/programs/explored_allocator.hpp"

/// What every explored program checks of a namespace, whatever its threads do with it.
namespace pidmap_stress::explore {

/// The holder of a pid: a thread's number plus one, or 0.
struct tenant_slot : plain<unsigned> {
    tenant_slot() noexcept : plain<unsigned>(0U, name) {}
    static constexpr const char* name = "the pid's slot";
};

/// Which threads hold at least one pid: a book for the instants.
class holders {
public:
    static constexpr unsigned most = 4;

    explicit holders(unsigned threads) noexcept : threads_(threads) {
        static constexpr std::array<const char*, most> names{"holding by 1", "holding by 2",
                                                             "holding by 3", "holding by 4"};
        for (unsigned t = 0; t < threads; ++t) holding_[t].named(names[t]);
    }
    void set(unsigned thread, bool any) noexcept {
        // Relaxed: it must not order what it observes.
        holding_[thread].store(any, std::memory_order::relaxed);
    }
    /// For an instant: it peeks, without a step.
    [[nodiscard]] bool any() const noexcept {
        bool held = false;
        for (unsigned t = 0; t < threads_; ++t) held |= holding_[t].peek();
        return held;
    }

private:
    unsigned threads_;
    std::array<atomic<bool>, most> holding_;
};

/// At every instant, a namespace whose pids are held, or those of one below it, has references.
inline void judge_instant(const explored_namespace& ns, bool held) noexcept {
    expect(ns.peek_refcount() > 0 || !held, invariant::live_pid_pins_namespace,
           "the count is 0, and a pid is held");
}

/// Judges a refused allocation in a namespace that the caller keeps alive and no thread has closed.
/// "Dead" is a wrong answer: no order of the calls explains it, and from the caller's point of
/// view, what it holds did not keep the namespace alive.
inline void judge_refusal(alloc_error why) noexcept {
    static constexpr std::string_view what = "a namespace that is in use says that it is dead";
    const bool right = why != alloc_error::namespace_dead;
    expect(right, invariant::linearizable, what);
    expect(right, invariant::live_pid_pins_namespace, what);
}

/// At every instant, a variant that counts pages has no fewer references than non-empty pages.
///
/// Only updates change the count and the bitmaps, so an instant of them is well defined under rc11
/// too: a set of events with all that they depend on.
inline void judge_cover(const explored_namespace& ns) noexcept {
    if (ns.calls().info->counts != counting::per_page) return;
    int non_empty = 0;
    for (unsigned page = 0; page < ns.calls().max_pages; ++page)
        if (ns.peek_installed(page))
            non_empty += (ns.peek_bitmap(page) & ~(page == 0 ? 1ULL : 0ULL)) != 0 ? 1 : 0;
    expect(ns.peek_refcount() >= non_empty, invariant::reference_covers_pages,
           "there are more non-empty pages than references");
}

/// Which pids each thread got, and whether it got one again too soon.
class reuse_book {
public:
    /// \param eligible  How many pids a search may find.
    /// \param most      Pids in use at first, plus calls that may take one.
    void begin(unsigned eligible, unsigned most) noexcept { roomy_ = most + 1 < eligible; }
    /// Whether at least two pids stay free, however many are taken. Then no search can find all of
    /// them taken, or go all the way around.
    [[nodiscard]] bool roomy() const noexcept { return roomy_; }
    /// A thread has got a pid.
    void got(unsigned thread, pid_nr nr) noexcept {
        // The hint was at this pid or beyond when this thread got it the first time, and it only
        // moves forward. Nothing of the kind can be said of another thread's pid: its search may
        // have begun earlier.
        const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(nr);
        expect(!roomy_ || (before_[thread] & bit) == 0, invariant::no_immediate_reuse);
        before_[thread] |= bit;
    }

private:
    bool roomy_ = false;
    std::array<std::uint64_t, holders::most> before_{};  // A bit for each pid.
};

/// What is known of a namespace when all threads have ended.
struct quiescent_books {
    pid_nr pid_max = 0;
    unsigned releases = 0;
    unsigned references = 0;
    std::span<const pid_nr> held{};
};

/// Audits it. A released namespace is audited too: what is left of it says what was done to it.
inline void judge_quiescent(const explored_namespace& ns, const quiescent_books& books) {
    namespace_evidence seen{.counts = ns.calls().info->counts,
                            .refcount = ns.peek_refcount(),
                            .external_references = books.references,
                            .pid_max = books.pid_max,
                            .bits_per_page = ns.calls().bits_per_page,
                            .held = books.held};
    std::array<std::uint64_t, most_explored_pages> words{};
    for (unsigned page = 0; page < ns.calls().max_pages; ++page) {
        page_evidence evidence{.installed = ns.peek_installed(page),
                               .nr_free = ns.peek_nr_free(page)};
        if (evidence.installed) {
            words[page] = ns.peek_bitmap(page);
            evidence.bitmap = std::span(words).subspan(page, 1);
        }
        seen.pages.push_back(evidence);
    }
    for (const pidmap_stress::finding& one : audit(seen))
        if (one.broken != invariant::released_once || books.releases == 0)
            expect(false, one.broken, one.what);
}

}  // namespace pidmap_stress::explore
