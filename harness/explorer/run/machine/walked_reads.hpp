#pragma once

#include <array>
#include <cstdint>

#include "harness/explorer/model/event.hpp"
#include "harness/explorer/run/site_set.hpp"

namespace pidmap_stress::explore {

/// A read of a walk: what it asks for, and where in the program.
struct walked_read {
    const void* site;
    location_id where;
    rmw_op op;
    std::uint64_t operand;
    std::uint64_t expected;

    friend bool operator==(const walked_read&, const walked_read&) noexcept = default;
};

/// What a thread of a walk has read since it changed something last: whether it may be in a loop
/// that waits.
class walked_reads {
public:
    void clear() noexcept {
        size_ = 0;
        has_repeated_ = false;
        sites_.clear();
    }
    void add(const walked_read& asked, std::uint64_t value) noexcept {
        entry& e = all_[size_++];
        e.asked = asked;
        e.value = value;
        sites_.insert(asked.site);
    }
    /// Whether a thread that is to read `next` may be waiting. It is not the first time that it
    /// asks for the same: a round is one only if the thread comes back to the state that it was in,
    /// which two rounds show. Also if there are more reads than are remembered.
    [[nodiscard]] bool may_wait_at(const walked_read& next) noexcept {
        if (sites_.may_contain(next.site) && repeats(next)) [[unlikely]] {
            if (has_repeated_) return true;
            has_repeated_ = true;
        }
        return size_ == most;
    }

private:
    struct entry {
        walked_read asked;
        std::uint64_t value;
    };
    static constexpr unsigned most = 64;

    /// Whether the thread has asked for the same, and has seen one value only at each location
    /// since.
    [[nodiscard]] bool repeats(const walked_read& next) const noexcept {
        for (unsigned i = size_; i-- > 0;)
            if (all_[i].asked == next && has_one_value_each(i)) return true;
        return false;
    }
    [[nodiscard]] bool has_one_value_each(unsigned begin) const noexcept {
        for (unsigned i = begin; i < size_; ++i)
            for (unsigned other = begin; other < i; ++other)
                if (all_[other].asked.where == all_[i].asked.where &&
                    all_[other].value != all_[i].value)
                    return false;
        return true;
    }

    std::array<entry, most> all_;
    unsigned size_ = 0;
    bool has_repeated_ = false;  // Whether it has asked for the same twice.
    site_filter sites_;
};

}  // namespace pidmap_stress::explore
