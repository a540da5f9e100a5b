#pragma once

#include <algorithm>
#include <cassert>

#include "allocator/geometry.hpp"

namespace pidmap_stress {

/// The order in which one allocation visits the map: which pages, and which bits of each.
///
/// It starts behind the last pid, goes up to pid_max, wraps to `reserved_pids` on page 0 and ends
/// before the last pid: a page that the search enters in its middle is visited twice. The search
/// depends only on its two arguments, so it is a fixed list of visits.
///
/// Pids below `reserved_pids` are not visited after a wrap. `last` itself is not visited either,
/// unless it is the first or the last pid of a page, or `limit - 1`.
///
/// \source alloc_pidmap() of Linux 2.6.22, the iteration count and all boundary conditions.
template <geometry_trait G>
class pid_search {
    static constexpr unsigned bits = G::bits_per_page;
    static_assert(static_cast<unsigned>(G::reserved_pids) < bits, "the wrap goes to page 0");

public:
    /// \param last   The pid behind which to start, >= 0.
    /// \param limit  pid_max as this call sees it, in [lowest_pid_max, highest_pid_max].
    constexpr pid_search(pid_nr last, pid_nr limit) noexcept : last_(last), limit_(limit) {
        assert(last >= 0 && limit >= lowest_pid_max<G> && limit <= highest_pid_max<G>);
        const pid_nr start = last + 1 < limit ? last + 1 : G::reserved_pids;
        page_ = static_cast<unsigned>(start) / bits;
        first_bit_ = static_cast<unsigned>(start) % bits;
        const unsigned pages = (static_cast<unsigned>(limit) + bits - 1) / bits;
        visits_left_ = pages + 1 - (first_bit_ == 0 ? 1 : 0);
    }

    [[nodiscard]] constexpr bool done() const noexcept { return visits_left_ == 0; }

    /// The page to visit now. \pre !done().
    [[nodiscard]] constexpr unsigned page() const noexcept { return page_; }
    /// The first bit of it to try.
    [[nodiscard]] constexpr unsigned first_bit() const noexcept { return first_bit_; }
    /// One behind the last bit of it to try; greater than first_bit().
    [[nodiscard]] constexpr unsigned end_bit() const noexcept {
        const unsigned base = page_ * bits;
        unsigned end = std::min(bits, static_cast<unsigned>(limit_) - base);
        // The last visit ends before `last`, unless the search began at the start of a page.
        if (visits_left_ == 1 && static_cast<unsigned>(last_ + 1) % bits != 0)
            end = static_cast<unsigned>(last_) > base
                      ? std::min(end, static_cast<unsigned>(last_) - base)
                      : 0;
        return std::max(end, first_bit_ + 1);
    }

    constexpr void next_page() noexcept {
        --visits_left_;
        if (page_ < static_cast<unsigned>(limit_ - 1) / bits) {
            ++page_;
            first_bit_ = 0;
            return;
        }
        page_ = 0;
        first_bit_ = static_cast<unsigned>(G::reserved_pids);
        if (last_ == G::reserved_pids) visits_left_ = 0;  // It would begin with `last` itself.
    }

private:
    pid_nr last_;
    pid_nr limit_;
    unsigned page_ = 0;
    unsigned first_bit_ = 0;
    unsigned visits_left_ = 0;
};

/// Whether a search that started behind `base` reaches `a` before it reaches `b`.
///
/// Pid numbers are compared on the circle that starts at `base`, so that "forward" has a meaning
/// after a wrap too. \source The unsigned comparison is Linux 5fdee8c4a5e1's.
[[nodiscard]] constexpr bool pid_before(pid_nr base, pid_nr a, pid_nr b) noexcept {
    const auto distance = [base](pid_nr to) {
        return static_cast<std::uint32_t>(to) - static_cast<std::uint32_t>(base);
    };
    return distance(a) < distance(b);
}

}  // namespace pidmap_stress
