#pragma once

#include <array>
#include <atomic>

#include "allocator/execution_policy.hpp"

/// A tiny model of the page-level counting that this project examines, with the shape and the
/// events that other model checkers were given, so that their counts and times can be compared.
/// It is a yardstick for the engine; what is under test is in allocator/. It takes its atomics and
/// its checks from a world, so that another tool can run the same program: see walks_elsewhere.cpp.
namespace pidmap_stress::explore::yardstick {

enum class form : int {
    as_posted = 0,        ///< Takes a reference after the page is visibly non-empty.
    reference_first = 1,  ///< A reference is taken for every call.
    reference_late = 2,   ///< Get-unless-zero after the counter, undone on failure: wrong.
    page_level = 3,       ///< Get-unless-zero only before the counter leaves 0.
};

enum class scene : int {
    outsider = 1,            ///< One live pid; thread 0 frees it first, the others hold nothing.
    holder = 2,              ///< Each thread always holds at least one pid.
    page_zero_outsider = 3,  ///< As outsider, in page 0, whose bit 0 is never free.
    page_zero_holder = 4,    ///< As holder, with that page 0.
    late_outsider = 5,       ///< As outsider, but thread 0 frees the pid last.
};

struct shape {
    form how = form::as_posted;
    scene where = scene::outsider;
    int threads = 2;
    int turns = 1;

    [[nodiscard]] constexpr bool page_zero_is_short() const noexcept {
        return where == scene::page_zero_outsider || where == scene::page_zero_holder;
    }
    [[nodiscard]] constexpr bool all_hold() const noexcept {
        return where == scene::holder || where == scene::page_zero_holder;
    }
};

/// \tparam World  Has atomic<T, Role>, as std::atomic, and check(holds, what).
template <shape S, class World>
class pidmap_model {
    template <cell_role Role = cell_role::data>
    using atomic_int = typename World::template atomic<int, Role>;
    static void check(bool holds, const char* what) { World::check(holds, what); }

    static constexpr int pages = 2;
    static constexpr int bits = 2;
    static constexpr int full = (1 << bits) - 1;
    static constexpr int dead = -1;
    static constexpr int exhausted = -2;
    static constexpr int nothing = -1;
    static constexpr auto relaxed = std::memory_order::relaxed;
    static constexpr auto acq_rel = std::memory_order::acq_rel;

public:
    pidmap_model() {
        std::array<int, pages> used{};
        std::array<int, pages> set{};
        const int first_page = S.where == scene::page_zero_outsider ? 0 : 1;
        int last = first_page * bits - 1;
        if (S.page_zero_is_short()) set[0] = 1;
        held_.fill(nothing);
        if (S.all_hold()) {
            for (int i = 0; i < S.threads; ++i) {
                int page = i % pages;
                int bit = i / pages + (S.page_zero_is_short() && page == 0 ? 1 : 0);
                if (bit >= bits) {
                    page = pages - 1;
                    bit = bits - 1;
                }
                take(set, used, page, bit);
                held_[at(i)] = page * bits + bit;
            }
        } else {
            take(set, used, first_page, S.page_zero_is_short() ? 1 : 0);
            used[at(first_page)] = 1;
            held_[0] = first_page * bits + (S.page_zero_is_short() ? 1 : 0);
            last = held_[0];
        }
        int non_empty = 0;
        for (const int n : used) non_empty += n != 0 ? 1 : 0;
        ref_.store(non_empty, relaxed);
        for (int i = 0; i < pages; ++i) {
            count_[at(i)].store(counted(used[at(i)], i), relaxed);
            map_[at(i)].store(set[at(i)], relaxed);
        }
        last_.store(last, relaxed);
    }

    void worker(int me) {
        int held = held_[at(me)];
        if constexpr (S.all_hold()) {
            for (int r = 0; r < S.turns; ++r) {
                const int pid = alloc();
                if (pid >= 0) {
                    free(held);
                    held = pid;
                }
            }
            if (me != 0)
                free(held);  // Thread 0's stays live to the end.
            else
                held_[0] = held;
        } else {
            const bool first = me == 0 && S.where != scene::late_outsider;
            if (first) free(held);
            for (int r = first ? 1 : 0; r < S.turns; ++r) {
                const int pid = alloc();
                if (pid >= 0) free(pid);
            }
            if (me == 0 && !first) free(held);
        }
    }

    void quiesce() {
        int non_empty = 0;
        for (int i = 0; i < pages; ++i) {
            int word = map_[at(i)].load(relaxed);
            if (S.page_zero_is_short() && i == 0) word &= ~1;
            const int used = (word & 1) + (word >> 1 & 1);
            non_empty += used != 0 ? 1 : 0;
            check(count_[at(i)].load(relaxed) == counted(used, i), "page's count");
        }
        check(ref_.load(relaxed) == non_empty, "references equal non-empty pages");
        check((released_.load(relaxed) != 0) == (non_empty == 0), "released when empty");
    }

private:
    [[nodiscard]] static constexpr std::size_t at(int i) noexcept {
        return static_cast<std::size_t>(i);
    }
    static void take(std::array<int, pages>& set, std::array<int, pages>& used, int page, int bit) {
        set[at(page)] |= 1 << bit;
        ++used[at(page)];
    }
    /// What the page's counter says: free bits as posted, used ones otherwise.
    [[nodiscard]] static constexpr int counted(int used, int page) noexcept {
        if (S.how != form::as_posted) return used;
        return bits - used - (S.page_zero_is_short() && page == 0 ? 1 : 0);
    }
    [[nodiscard]] static constexpr int capacity(int page) noexcept {
        return bits - (S.page_zero_is_short() && page == 0 ? 1 : 0);
    }

    void put() {
        const int old = ref_.fetch_sub(1, acq_rel);
        check(old > 0, "put from zero");
        if (old == 1) released_.store(1, relaxed);
    }
    void get() { check(ref_.fetch_add(1, acq_rel) > 0, "get from zero"); }
    bool get_not_zero() {
        int seen = ref_.load(relaxed);
        while (seen != 0)
            if (ref_.compare_exchange_strong(seen, seen + 1, acq_rel, relaxed)) return true;
        return false;
    }

    int next_pid() {
        const int pid = last_.load(relaxed) + 1;
        return pid >= pages * bits ? (S.page_zero_is_short() ? 1 : 0) : pid;
    }
    int alloc() {
        if constexpr (S.how == form::as_posted)
            return alloc_as_posted();
        else
            return alloc_by_count();
    }
    int alloc_as_posted() {
        if (ref_.load(relaxed) == 0) return dead;
        const int start = next_pid();
        int page = start / bits;
        int bit = start % bits;
        for (int i = 0; i <= pages; ++i, page = (page + 1) % pages, bit = 0) {
            if (count_[at(page)].load(relaxed) == 0) continue;
            while (bit < bits) {
                if ((map_[at(page)].fetch_or(1 << bit, acq_rel) & (1 << bit)) == 0) {
                    if (count_[at(page)].fetch_sub(1, acq_rel) - 1 == bits - 1) get();
                    return publish(page, bit);
                }
                const int word = map_[at(page)].load(relaxed);
                ++bit;
                while (bit < bits && (word & (1 << bit)) != 0) ++bit;
            }
        }
        return exhausted;
    }
    int alloc_by_count() {
        if constexpr (S.how == form::reference_first) {
            if (!get_not_zero()) return dead;
        } else if constexpr (S.how == form::reference_late) {
            if (ref_.load(relaxed) == 0) return dead;
        }
        const int start = next_pid();
        int page = start / bits;
        int bit = start % bits;
        for (int i = 0; i <= pages; ++i, page = (page + 1) % pages, bit = 0) {
            int used = count_[at(page)].load(relaxed);
            while (used < capacity(page)) {
                if (S.how == form::page_level && used == 0 && !get_not_zero()) return dead;
                const int was = used;
                if (!count_[at(page)].compare_exchange_strong(used, used + 1, acq_rel, relaxed)) {
                    if (S.how == form::page_level && was == 0) put();
                    continue;
                }
                if (S.how == form::reference_late && was == 0 && !get_not_zero()) {
                    count_[at(page)].fetch_sub(1, acq_rel);
                    return dead;
                }
                while ((map_[at(page)].fetch_or(1 << bit, acq_rel) & (1 << bit)) != 0)
                    bit = (bit + 1) % bits;
                if (S.how == form::page_level) check(ref_.load(relaxed) > 0, "page without get");
                const int pid = publish(page, bit);
                if (S.how == form::reference_first && was != 0) put();
                return pid;
            }
        }
        if (S.how == form::reference_first) put();
        return exhausted;
    }
    int publish(int page, int bit) {
        const int pid = page * bits + bit;
        last_.store(pid, relaxed);
        return pid;
    }
    void free(int pid) {
        const int page = pid / bits;
        map_[at(page)].fetch_and(full & ~(1 << pid % bits), relaxed);
        if constexpr (S.how == form::as_posted) {
            int free_bits = count_[at(page)].fetch_add(1, acq_rel) + 1;
            if (S.page_zero_is_short() && page == 0) ++free_bits;
            if (free_bits == bits) put();
        } else {
            if (count_[at(page)].fetch_sub(1, acq_rel) == 1) put();
        }
    }

    atomic_int<cell_role::refcount> ref_;
    atomic_int<> released_;
    std::array<atomic_int<cell_role::nr_free>, pages> count_;
    std::array<atomic_int<cell_role::bitmap>, pages> map_;
    atomic_int<cell_role::last_pid> last_;
    std::array<int, 4> held_{};
};

}  // namespace pidmap_stress::explore::yardstick
