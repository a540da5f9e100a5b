#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace pidmap_stress::explore {

/// A hash of a state, of which 111 bits are used: that any two of 2^30 states share it has a
/// probability of 2^-52.
struct state_key {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend bool operator==(const state_key&, const state_key&) = default;
};

/// A set of locations. Those above the first few are in it together or not at all.
class location_set {
public:
    void insert(std::uint32_t where) noexcept { bits_ |= bit(where); }
    void insert(const location_set& other) noexcept { bits_ |= other.bits_; }
    [[nodiscard]] bool contains(std::uint32_t where) const noexcept {
        return (bits_ & bit(where)) != 0;
    }
    friend bool operator==(const location_set&, const location_set&) = default;

private:
    [[nodiscard]] static std::uint64_t bit(std::uint32_t where) noexcept {
        constexpr std::uint32_t last = 63;
        return 1ULL << (where < last ? where : last);
    }
    std::uint64_t bits_ = 0;
};

/// Makes a state's key, word by word.
class state_digest {
public:
    void restart() noexcept { low_ = high_ = 0x243f6a8885a308d3ULL; }
    void mix(std::uint64_t word) noexcept {
        low_ = (std::rotl(low_, 29) ^ word) * 0x9e3779b97f4a7c15ULL;
        high_ = (std::rotl(high_, 31) + word) * 0xd1b54a32d192ed03ULL;
        low_ ^= low_ >> 32U;
        high_ ^= high_ >> 29U;
    }
    void mix_bytes(std::span<const std::byte> bytes) noexcept {
        std::uint64_t word = 0;
        for (; bytes.size() >= sizeof word; bytes = bytes.subspan(sizeof word)) {
            std::memcpy(&word, bytes.data(), sizeof word);
            mix(word);
        }
        for (const std::byte one : bytes) mix(static_cast<std::uint64_t>(one));
    }
    /// Of digests that come in any order.
    class sum {
    public:
        void add(const state_digest& one) noexcept {
            low_ += one.low_;
            high_ += one.high_;
        }

    private:
        friend class state_digest;
        std::uint64_t low_ = 0;
        std::uint64_t high_ = 0;
    };
    void mix(const sum& all) noexcept {
        mix(all.low_);
        mix(all.high_);
    }
    [[nodiscard]] state_key key() const noexcept { return {.low = low_, .high = high_}; }

private:
    std::uint64_t low_ = 0;
    std::uint64_t high_ = 0;
};

/// The states that a search has met, and with each a few bits.
class state_map {
public:
    using note = std::uint16_t;

    state_map() : table_(initial_room) {}
    /// \return the state's note, until the next call, and whether the state is new: then it is 0.
    [[nodiscard]] std::pair<note*, bool> insert(state_key key) {
        if (2 * size_ >= table_.size()) grow();
        slot& s = find(table_, {.low = key.low,
                                .middle = static_cast<std::uint32_t>(key.high),
                                // No state is an empty slot.
                                .high = static_cast<std::uint16_t>(key.high >> 32U | 1U)});
        const bool is_new = s.high == 0;
        if (is_new) {
            s.low = key.low;
            s.middle = static_cast<std::uint32_t>(key.high);
            s.high = static_cast<std::uint16_t>(key.high >> 32U | 1U);
            ++size_;
        }
        return {&s.with, is_new};
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    void clear() noexcept {
        table_.assign(initial_room, {});
        size_ = 0;
    }

private:
    struct slot {
        std::uint64_t low = 0;
        std::uint32_t middle = 0;
        std::uint16_t high = 0;  // 0: empty.
        note with = 0;
    };
    static_assert(sizeof(slot) == 2 * sizeof(std::uint64_t));
    static constexpr std::size_t initial_room = 1U << 12U;

    /// Where a state is, or is to be.
    [[nodiscard]] static slot& find(std::vector<slot>& table, const slot& key) noexcept {
        const std::size_t last = table.size() - 1;
        std::size_t i = key.low & last;
        while (table[i].high != 0 && (table[i].low != key.low || table[i].middle != key.middle ||
                                      table[i].high != key.high))
            i = (i + 1) & last;
        return table[i];
    }
    void grow() {
        std::vector<slot> wider(2 * table_.size());
        for (const slot& s : table_)
            if (s.high != 0) find(wider, s) = s;
        table_ = std::move(wider);
    }
    std::vector<slot> table_;  // Open addressing, at most half full.
    std::size_t size_ = 0;
};

}  // namespace pidmap_stress::explore
