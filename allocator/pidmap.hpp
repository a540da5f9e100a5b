#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "allocator/execution_policy.hpp"

namespace pidmap_stress {

/// The bitmap of one page: a set bit is a pid in use. Zeroed when constructed.
template <execution_policy P>
class page_bits {
    template <class T, cell_role Role = cell_role::data>
    using atomic = typename P::template atomic<T, Role>;

public:
    using word = std::uint64_t;
    static constexpr unsigned bits = P::geometry::bits_per_page;
    static constexpr unsigned word_bits = bits < 64 ? bits : 64;
    static constexpr unsigned words = bits / word_bits;

    /// Sets one bit. \returns Whether it was clear, so that the caller owns it now.
    [[nodiscard]] bool test_and_set(unsigned bit, std::memory_order order) noexcept {
        return (words_[bit / word_bits].fetch_or(mask(bit), order) & mask(bit)) == 0;
    }

    /// Clears one bit. \pre The caller owns it.
    void clear(unsigned bit, std::memory_order order) noexcept {
        words_[bit / word_bits].fetch_and(~mask(bit), order);
    }

    /// The first bit in [from, end) that looks clear, or `end`. It may be taken a moment later.
    [[nodiscard]] unsigned next_clear(unsigned from, unsigned end,
                                      std::memory_order order) const noexcept {
        while (from < end) {
            const word taken = words_[from / word_bits].load(order) >> (from % word_bits);
            const auto skipped = static_cast<unsigned>(std::countr_one(taken));
            const unsigned left_in_word = word_bits - from % word_bits;
            if (skipped < left_in_word) return from + skipped < end ? from + skipped : end;
            from += left_in_word;
        }
        return end;
    }

    /// One word of the bitmap, for judges.
    [[nodiscard]] word peek(unsigned index) const noexcept { return P::peek(words_[index]); }

private:
    [[nodiscard]] static constexpr word mask(unsigned bit) noexcept {
        return word{1} << (bit % word_bits);
    }

    std::array<atomic<word, cell_role::bitmap>, words> words_{};
};

/// One page of pids: its bitmap, installed when first needed, and a count of its free pids.
///
/// `nr_free` starts at the page's capacity. How it relates to the bitmap while calls are in
/// flight is up to the variant; in a quiescent state it is the number of clear bits.
template <execution_policy P>
struct pidmap {
    typename P::template atomic<int, cell_role::nr_free> nr_free{
        static_cast<int>(P::geometry::bits_per_page)};
    typename P::template atomic<page_bits<P>*, cell_role::page> bits{nullptr};
};

}  // namespace pidmap_stress
