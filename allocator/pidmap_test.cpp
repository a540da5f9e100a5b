#include "allocator/pidmap.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pidmap_stress {
namespace {

constexpr auto relaxed = std::memory_order::relaxed;

template <class Geometry>
class PageBitsTest : public ::testing::Test {
public:
    using bitmap = page_bits<basic_native<Geometry>>;
    static constexpr unsigned bits = bitmap::bits;

    /// Bits around every boundary.
    static std::set<unsigned> interesting_bits() {
        std::set<unsigned> picked;
        for (const unsigned bit : {0U, 1U, 2U, 3U, 7U, 62U, 63U, 64U, 65U, 127U, 128U, bits / 2,
                                   bits - 65, bits - 64, bits - 2, bits - 1})
            if (bit < bits) picked.insert(bit);
        return picked;
    }
};

using geometries = ::testing::Types<tiny_geometry<2, 2>, tiny_geometry<4, 2>, tiny_geometry<64, 2>,
                                    tiny_geometry<128, 2>, kernel_geometry>;
TYPED_TEST_SUITE(PageBitsTest, geometries);

TYPED_TEST(PageBitsTest, IsZeroedWhenConstructed) {
    const typename TestFixture::bitmap map;
    for (unsigned i = 0; i < TestFixture::bitmap::words; ++i) EXPECT_EQ(map.peek(i), 0U);
}

TYPED_TEST(PageBitsTest, ABitIsClaimedOnceUntilItIsCleared) {
    typename TestFixture::bitmap map;
    for (const unsigned bit : TestFixture::interesting_bits()) {
        EXPECT_TRUE(map.test_and_set(bit, relaxed)) << bit;
        EXPECT_FALSE(map.test_and_set(bit, relaxed)) << bit;
        map.clear(bit, relaxed);
        EXPECT_TRUE(map.test_and_set(bit, relaxed)) << bit;
    }
}

TYPED_TEST(PageBitsTest, SettingAndClearingTouchOneBitOnly) {
    for (const unsigned bit : TestFixture::interesting_bits()) {
        typename TestFixture::bitmap map;
        EXPECT_TRUE(map.test_and_set(bit, relaxed));
        for (const unsigned other : TestFixture::interesting_bits())
            EXPECT_EQ(map.next_clear(other, other + 1, relaxed), other == bit ? other + 1 : other);
        map.clear(bit, relaxed);
        for (unsigned i = 0; i < TestFixture::bitmap::words; ++i) EXPECT_EQ(map.peek(i), 0U);
    }
}

TYPED_TEST(PageBitsTest, NextClearFindsASoleClearBitFromEveryStart) {
    typename TestFixture::bitmap map;
    for (unsigned bit = 0; bit < TestFixture::bits; ++bit)
        ASSERT_TRUE(map.test_and_set(bit, relaxed));
    for (const unsigned hole : TestFixture::interesting_bits()) {
        map.clear(hole, relaxed);
        for (const unsigned from : TestFixture::interesting_bits()) {
            EXPECT_EQ(map.next_clear(from, TestFixture::bits, relaxed),
                      from <= hole ? hole : TestFixture::bits);
            EXPECT_EQ(map.next_clear(from, hole, relaxed), hole) << "the end is not in the range";
        }
        EXPECT_TRUE(map.test_and_set(hole, relaxed));
    }
}

TYPED_TEST(PageBitsTest, NextClearOfAnEmptyRangeIsItsEnd) {
    const typename TestFixture::bitmap map;
    EXPECT_EQ(map.next_clear(TestFixture::bits, TestFixture::bits, relaxed), TestFixture::bits);
    EXPECT_EQ(map.next_clear(1, 1, relaxed), 1U);
}

TYPED_TEST(PageBitsTest, APageStartsFreeAndNotInstalled) {
    const pidmap<basic_native<TypeParam>> page;
    EXPECT_EQ(page.nr_free.load(), static_cast<int>(TypeParam::bits_per_page));
    EXPECT_EQ(page.bits.load(), nullptr);
}

}  // namespace
}  // namespace pidmap_stress
