#include "allocator/pid_search.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace pidmap_stress {
namespace {

/// A map of pids with no concurrency: which numbers are taken.
using taken_pids = std::vector<bool>;

/// What a search must find, written as the posted loop is described: `i` runs from 0 to max_scan,
/// the numbers are pids and not (page, bit), and each condition is where the description has it.
template <geometry_trait G>
std::optional<pid_nr> posted_loop(pid_nr last, pid_nr pid_max, const taken_pids& taken) {
    constexpr auto page_size = static_cast<pid_nr>(G::bits_per_page);
    pid_nr pid = last + 1;
    if (pid >= pid_max) pid = G::reserved_pids;
    const bool mid_page = pid % page_size != 0;
    const pid_nr max_scan = (pid_max + page_size - 1) / page_size - (mid_page ? 0 : 1);
    for (pid_nr i = 0; i <= max_scan; ++i) {
        const pid_nr page = pid / page_size;
        do {
            if (!taken[static_cast<std::size_t>(pid)]) return pid;
            do ++pid;
            while (pid / page_size == page && taken[static_cast<std::size_t>(pid)]);
        } while (pid / page_size == page && pid < pid_max &&
                 (i != max_scan || pid < last || (last + 1) % page_size == 0));
        if (page < (pid_max - 1) / page_size) {
            pid = (page + 1) * page_size;
        } else {
            pid = G::reserved_pids;
            if (last == pid) break;
        }
    }
    return std::nullopt;
}

/// Whether a search tries `last` itself in the end. Most do not; but a visit tries its first bit
/// before it checks how far it may go, a search that starts at the first bit of a page ends with a
/// whole page (unless `last` is where the wrap leads), and so does one that starts with a wrap.
template <geometry_trait G>
bool comes_to_last(pid_nr last, pid_nr pid_max) {
    constexpr auto page_size = static_cast<pid_nr>(G::bits_per_page);
    if (last == 0 || last >= pid_max) return false;
    if (last == pid_max - 1) return true;
    return last % page_size == 0 || ((last + 1) % page_size == 0 && last != G::reserved_pids);
}

/// What pid_search finds, with the pages and bits that it visits checked on the way.
template <geometry_trait G>
std::optional<pid_nr> search(pid_nr last, pid_nr pid_max, const taken_pids& taken) {
    for (pid_search<G> visit(last, pid_max); !visit.done(); visit.next_page()) {
        EXPECT_LT(visit.first_bit(), visit.end_bit());
        EXPECT_LE(visit.end_bit(), G::bits_per_page);
        for (unsigned bit = visit.first_bit(); bit < visit.end_bit(); ++bit) {
            const auto pid = static_cast<pid_nr>(visit.page() * G::bits_per_page + bit);
            const bool allowed =
                pid >= 1 && pid < pid_max && (pid != last || comes_to_last<G>(last, pid_max));
            if (!allowed) ADD_FAILURE() << pid << ", last " << last << ", pid_max " << pid_max;
            if (!taken[static_cast<std::size_t>(pid)]) return pid;
        }
    }
    return std::nullopt;
}

/// A tiny geometry with pids that are not searched after a wrap.
struct tiny_with_reserved {
    static constexpr unsigned bits_per_page = 4;
    static constexpr unsigned max_pages = 3;
    static constexpr pid_nr reserved_pids = 3;
};

template <class Geometry>
class TinySearchTest : public ::testing::Test {};
using tiny_geometries =
    ::testing::Types<tiny_geometry<2, 4>, tiny_geometry<4, 1>, tiny_geometry<4, 3>,
                     tiny_geometry<8, 1>, tiny_with_reserved>;
TYPED_TEST_SUITE(TinySearchTest, tiny_geometries);

// Every pid_max, every last (beyond pid_max too: it may have shrunk), every set of taken pids.
TYPED_TEST(TinySearchTest, FindsWhatThePostedLoopFinds) {
    constexpr pid_nr highest = highest_pid_max<TypeParam>;
    for (pid_nr pid_max = lowest_pid_max<TypeParam>; pid_max <= highest; ++pid_max)
        for (pid_nr last = 0; last < highest; ++last)
            for (unsigned set = 0; set < 1U << (highest - 1); ++set) {
                taken_pids taken(static_cast<std::size_t>(highest) + 1, true);
                for (pid_nr pid = 1; pid < highest; ++pid)
                    taken[static_cast<std::size_t>(pid)] = (set >> (pid - 1) & 1) != 0;
                ASSERT_EQ(search<TypeParam>(last, pid_max, taken),
                          posted_loop<TypeParam>(last, pid_max, taken))
                    << "pid_max " << pid_max << ", last " << last << ", taken " << set;
            }
}

TYPED_TEST(TinySearchTest, ASoleFreePidIsFoundFromEveryOtherLast) {
    constexpr pid_nr highest = highest_pid_max<TypeParam>;
    for (pid_nr pid_max = lowest_pid_max<TypeParam>; pid_max <= highest; ++pid_max)
        for (pid_nr free = TypeParam::reserved_pids; free < pid_max; ++free)
            for (pid_nr last = 0; last < pid_max; ++last) {
                taken_pids taken(static_cast<std::size_t>(highest) + 1, true);
                taken[static_cast<std::size_t>(free)] = false;
                const auto expected = last != free || comes_to_last<TypeParam>(last, pid_max)
                                          ? std::optional(free)
                                          : std::nullopt;
                ASSERT_EQ(search<TypeParam>(last, pid_max, taken), expected)
                    << "pid_max " << pid_max << ", last " << last;
            }
}

/// Kernel geometry at one pid_max.
class KernelSearchTest : public ::testing::TestWithParam<pid_nr> {
public:
    static pid_nr pid_max() { return GetParam(); }

    /// Numbers at which something changes, below `end`.
    static std::vector<pid_nr> boundaries(pid_nr from, pid_nr end) {
        std::vector<pid_nr> picked;
        for (const pid_nr pid : {0, 1, 2, 298, 299, 300, 301, 32766, 32767, 32768, 32769, 65535,
                                 65536, end - 2, end - 1})
            if (pid >= from && pid < end) picked.push_back(pid);
        return picked;
    }
    static taken_pids all_taken() {
        return taken_pids(static_cast<std::size_t>(highest_pid_max<kernel_geometry>) + 1, true);
    }
};
INSTANTIATE_TEST_SUITE_P(PidMax, KernelSearchTest,
                         ::testing::Values(301, 302, 32767, 32768, 32769, 65536, 65537, 4194304));

TEST_P(KernelSearchTest, ASoleFreePidIsFoundFromEveryOtherLast) {
    taken_pids taken = all_taken();
    for (const pid_nr free : boundaries(kernel_geometry::reserved_pids, pid_max())) {
        taken[static_cast<std::size_t>(free)] = false;
        // With 128 pages a search is long: fewer starts are enough.
        for (const pid_nr last : boundaries(0, std::min(pid_max(), 70000))) {
            const auto expected = last != free || comes_to_last<kernel_geometry>(last, pid_max())
                                      ? std::optional(free)
                                      : std::nullopt;
            EXPECT_EQ(search<kernel_geometry>(last, pid_max(), taken), expected) << "last " << last;
        }
        taken[static_cast<std::size_t>(free)] = true;
    }
}

TEST_P(KernelSearchTest, FindsWhatThePostedLoopFindsNearTheBoundaries) {
    if (pid_max() > 100000) return;  // A hundred searches through 128 pages show nothing new.
    taken_pids taken = all_taken();
    for (const pid_nr free : boundaries(1, pid_max())) {
        taken[static_cast<std::size_t>(free)] = false;
        for (const pid_nr last : boundaries(0, std::min(pid_max(), 70000)))
            EXPECT_EQ(search<kernel_geometry>(last, pid_max(), taken),
                      posted_loop<kernel_geometry>(last, pid_max(), taken))
                << "free " << free << ", last " << last;
        taken[static_cast<std::size_t>(free)] = true;
    }
}

TEST(PidSearchTest, TheFirstPidIsOne) {
    constexpr pid_search<kernel_geometry> visit(0, 32768);
    static_assert(visit.page() == 0 && visit.first_bit() == 1);
}

TEST(PidSearchTest, AWrapGoesToTheFirstPidThatIsNotReserved) {
    constexpr pid_search<kernel_geometry> visit(32767, 32768);
    static_assert(visit.page() == 0 && visit.first_bit() == 300);
}

TEST(PidSearchTest, ReservedPidsAreNotSearchedAfterAWrap) {
    taken_pids taken(32769, true);
    taken[299] = false;
    EXPECT_EQ(search<kernel_geometry>(32767, 32768, taken), std::nullopt);
    EXPECT_EQ(search<kernel_geometry>(5000, 32768, taken), std::nullopt);
    EXPECT_EQ(search<kernel_geometry>(298, 32768, taken), 299) << "before the wrap they are";
}

TEST(PidSearchTest, ALastPidAboveAShrunkPidMaxStartsAtTheWrap) {
    const taken_pids none(32769, false);
    EXPECT_EQ(search<kernel_geometry>(4194303, 301, none), 300);
    EXPECT_EQ(search<kernel_geometry>(301, 301, none), 300);
}

#ifndef NDEBUG
TEST(PidSearchDeathTest, AnImpossiblePidMaxIsAnAssertion) {
    for (const pid_nr pid_max : {0, 300, 4194305})
        EXPECT_DEATH(pid_search<kernel_geometry>(1, pid_max), "limit") << pid_max;
    EXPECT_DEATH(pid_search<kernel_geometry>(-1, 32768), "last >= 0");
}
#endif

}  // namespace
}  // namespace pidmap_stress
