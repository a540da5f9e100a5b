#pragma once

#include <cstdint>
#include <unordered_set>

/// Sets of places in a program, by address of code.
namespace pidmap_stress::explore {

/// Says of most places that are not in it that they are not, and forgets none that is.
class site_filter {
public:
    void insert(const void* site) noexcept { bits_ |= bit(site); }
    void clear() noexcept { bits_ = 0; }
    [[nodiscard]] bool may_contain(const void* site) const noexcept {
        return (bits_ & bit(site)) != 0;
    }

private:
    [[nodiscard]] static std::uint64_t bit(const void* site) noexcept {
        return 1ULL << ((reinterpret_cast<std::uintptr_t>(site) * 0x9e3779b97f4a7c15ULL) >> 58U);
    }
    std::uint64_t bits_ = 0;
};

/// Heads of loops: few, asked for at each read.
class site_set {
public:
    void insert(const void* site) {
        filter_.insert(site);
        sites_.insert(site);
    }
    [[nodiscard]] bool contains(const void* site) const {
        return filter_.may_contain(site) && sites_.contains(site);
    }

private:
    site_filter filter_;
    std::unordered_set<const void*> sites_;
};

}  // namespace pidmap_stress::explore
