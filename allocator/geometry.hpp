#pragma once

#include <bit>
#include <concepts>

#include "allocator/contract.hpp"

/// The size of a pidmap. Algorithms take every number from here.
namespace pidmap_stress {

template <class G>
concept geometry_trait = requires {
    { G::bits_per_page } -> std::convertible_to<unsigned>;
    { G::max_pages } -> std::convertible_to<unsigned>;
    { G::reserved_pids } -> std::convertible_to<pid_nr>;
    requires std::has_single_bit(G::bits_per_page) && G::bits_per_page >= 2;
    requires G::max_pages >= 1;
    requires G::reserved_pids >= 1;
};

/// The kernel's: a 4 KiB page of bits is 32768 pids, and pid_max goes up to 4194304.
/// \source include/linux/threads.h and kernel/pid.c of Linux 2.6.22.
struct kernel_geometry {
    static constexpr unsigned bits_per_page = 32768;
    static constexpr unsigned max_pages = 128;
    static constexpr pid_nr reserved_pids = 300;
};

/// Small enough that full, empty and wrapped pages are common, and that a search ends.
template <unsigned Bits, unsigned Pages, pid_nr Reserved = 1>
struct tiny_geometry {
    static constexpr unsigned bits_per_page = Bits;
    static constexpr unsigned max_pages = Pages;
    static constexpr pid_nr reserved_pids = Reserved;
};

/// pid_max is the first number that is never handed out.
template <geometry_trait G>
inline constexpr pid_nr highest_pid_max = static_cast<pid_nr>(G::bits_per_page * G::max_pages);
/// How many pids a page has. Bit 0 of page 0 is not a pid.
template <geometry_trait G>
[[nodiscard]] constexpr int page_capacity(unsigned page) noexcept {
    return static_cast<int>(G::bits_per_page) - (page == 0 ? 1 : 0);
}
/// How many namespaces may be above one. \source MAX_PID_NS_LEVEL of Linux.
inline constexpr unsigned max_level = 32;
/// At least one pid must be left after a wrap.
template <geometry_trait G>
inline constexpr pid_nr lowest_pid_max = G::reserved_pids + 1;

}  // namespace pidmap_stress
