#pragma once

#include <array>

#include "allocator/pid_allocator.hpp"

namespace pidmap_stress {

/// A complete variant of its own make, which shares no step with pid_namespace: one reference for
/// every pid, taken before the search and dropped after the bit is clear. To begin a variant of
/// yours, copy it to allocator/variants/NAME.hpp and rename it.
template <execution_policy P>
class own_make {
    template <class T, cell_role Role>
    using atomic = typename P::template atomic<T, Role>;
    using enum std::memory_order;

public:
    using policy = P;
    using geometry = typename P::geometry;
    using pid_max_cell = atomic<pid_nr, cell_role::pid_max>;
    static constexpr variant_info info{.name = "own_make",
                                       .summary = "a reference for every pid, of its own make",
                                       .counts = counting::per_pid};

    explicit own_make(const pid_max_cell& pid_max) noexcept : pid_max_(pid_max) {}
    own_make(const own_make&) = delete;
    own_make& operator=(const own_make&) = delete;
    ~own_make() {
        // Relaxed: whatever led to the release happened after every installation.
        for (auto& slot : pages_)
            if (page_bits<P>* const bits = slot.load(relaxed)) P::destroy(bits);
    }

    [[nodiscard]] bool start() noexcept {
        page_bits<P>* const first = page(0);
        return first != nullptr && first->test_and_set(0, relaxed);  // No other worker is here yet.
    }

    [[nodiscard]] alloc_result alloc_pidmap() noexcept {
        // The pid's reference comes first, so that no pid is ever without one.
        if (!get_unless_zero()) return alloc_error::namespace_dead;
        const alloc_result got = search();
        if (!got) put();
        return got;
    }

    void free_pidmap(pid_nr nr) noexcept {
        const auto at = static_cast<unsigned>(nr);
        // Relaxed: the caller's allocation saw the page. Release: pairs with the claim in search().
        page_bits<P>* const bits = pages_[at / geometry::bits_per_page].load(relaxed);
        bits->clear(at % geometry::bits_per_page, release);
        put();
    }

    // Relaxed: taking a reference publishes nothing.
    void get() noexcept { count_.fetch_add(1, relaxed); }

    [[nodiscard]] bool get_unless_zero() noexcept {
        int seen = count_.load(relaxed);
        while (seen != 0)
            if (count_.compare_exchange_weak(seen, seen + 1, relaxed)) return true;
        return false;
    }

    void put() noexcept {
        // Release and acquire: all that was done under any reference happens before the release.
        if (count_.fetch_sub(1, acq_rel) == 1) P::retire(this);
    }

    [[nodiscard]] int peek_refcount() const noexcept { return P::peek(count_); }
    [[nodiscard]] const page_bits<P>* peek_bits(unsigned page) const noexcept {
        return P::peek(pages_[page]);
    }
    /// There is no such count here, so it is counted from the bitmap.
    [[nodiscard]] int peek_nr_free(unsigned page) const noexcept {
        const page_bits<P>* const bits = peek_bits(page);
        int used = bits == nullptr && page == 0 ? 1 : 0;
        for (unsigned w = 0; bits != nullptr && w < bits->words; ++w)
            used += std::popcount(bits->peek(w));
        return static_cast<int>(geometry::bits_per_page) - used;
    }

private:
    [[nodiscard]] alloc_result search() noexcept {
        const pid_nr last = last_.load(relaxed);
        // Relaxed: an allocation uses whatever pid_max it happens to read.
        pid_search<geometry> visit(last, pid_max_.load(relaxed));
        for (; !visit.done(); visit.next_page()) {
            page_bits<P>* const bits = page(visit.page());
            if (bits == nullptr) return alloc_error::no_memory;
            const unsigned end = visit.end_bit();
            for (unsigned bit = visit.first_bit(); bit < end;
                 bit = bits->next_clear(bit + 1, end, relaxed)) {
                // Acquire: the new owner sees all that the last one did before it freed the pid.
                if (!bits->test_and_set(bit, acquire)) continue;
                const auto nr = static_cast<pid_nr>(visit.page() * geometry::bits_per_page + bit);
                advance(last, nr);
                return nr;
            }
        }
        return alloc_error::exhausted;
    }

    /// Forward only; otherwise the pids between would be handed out again at once.
    void advance(pid_nr last, pid_nr nr) noexcept {
        pid_nr seen = last;
        while (!last_.compare_exchange_weak(seen, nr, relaxed))
            if (!pid_before(last, seen, nr)) return;
    }

    /// The page's bitmap, made when it is first needed; nullptr if there is no memory.
    [[nodiscard]] page_bits<P>* page(unsigned number) noexcept {
        auto& slot = pages_[number];
        if (page_bits<P>* const there = slot.load(acquire)) return there;
        page_bits<P>* const fresh = P::template create<page_bits<P>>();
        page_bits<P>* winner = nullptr;
        // Release and acquire: a worker that sees the page sees it zeroed.
        if (fresh == nullptr || slot.compare_exchange_strong(winner, fresh, acq_rel)) return fresh;
        P::destroy(fresh);
        return winner;
    }

    const pid_max_cell& pid_max_;
    atomic<int, cell_role::refcount> count_{1};  // The creator's.
    atomic<pid_nr, cell_role::last_pid> last_{0};
    std::array<atomic<page_bits<P>*, cell_role::page>, geometry::max_pages> pages_{};
};

}  // namespace pidmap_stress
