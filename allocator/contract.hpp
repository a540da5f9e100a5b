#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// What a judge may know of an allocator: names and values, and nothing of any algorithm.
namespace pidmap_stress {

/// A pid number. 0 is never a pid: bit 0 of page 0 is set when a namespace is created.
using pid_nr = std::int32_t;

/// Why an allocation returned no pid. In all three cases the namespace is as it was before.
enum class alloc_error : std::int8_t {
    exhausted,       ///< The search met no free pid. Advisory while other calls are in flight.
    no_memory,       ///< A page of the pidmap was needed and could not be allocated.
    namespace_dead,  ///< Its count was zero, or it was closed: no pid is ever handed out again.
};

/// Either a pid or the reason why there is no pid.
class [[nodiscard]] alloc_result {
public:
    /// \pre nr > 0.
    constexpr alloc_result(pid_nr nr) noexcept : value_(nr) {}
    constexpr alloc_result(alloc_error error) noexcept : value_(-1 - static_cast<pid_nr>(error)) {}

    [[nodiscard]] constexpr explicit operator bool() const noexcept { return value_ >= 0; }
    /// \pre The allocation succeeded.
    [[nodiscard]] constexpr pid_nr nr() const noexcept { return value_; }
    /// \pre The allocation failed.
    [[nodiscard]] constexpr alloc_error error() const noexcept {
        return static_cast<alloc_error>(-1 - value_);
    }
    friend constexpr bool operator==(alloc_result, alloc_result) noexcept = default;

private:
    pid_nr value_;
};

/// What must hold. Every finding names the one that it broke.
enum class invariant : std::uint8_t {
    // At every instant.
    unique_pid,               ///< No pid has two tenants at once in one namespace.
    pid_in_range,             ///< 1 <= pid < pid_max; >= reserved_pids after the first wrap.
    no_use_after_release,     ///< Nothing touches a released namespace.
    released_once,            ///< One release, by the worker that took the count to 0.
    no_underflow,             ///< The count never goes below 0.
    no_get_from_zero,         ///< A dead namespace is never revived.
    live_pid_pins_namespace,  ///< While a pid is held, its namespace is not released.
    reference_covers_pages,   ///< Page-level variants: refcount >= number of non-empty pages.
    // In a quiescent state: all workers stopped, deferred releases drained.
    refcount_equals_pages,      ///< refcount == external references + non-empty pages (or pids).
    nr_free_equals_clear_bits,  ///< Per page, counted from the bitmap itself.
    bitmap_equals_held,         ///< Set bits == pids that the workers hold, plus bit 0.
    nothing_leaked,             ///< All freed: no namespace and no page is left.
    // Over time.
    no_immediate_reuse,   ///< No pid again before the search wrapped, unless nearly full.
    reuse_happens_after,  ///< Freeing a pid happens-before its next allocation.
    linearizable,         ///< The history has a linearization against a set of pids.
    progress,             ///< Lock-freedom: a stalled worker stalls no other.
    // For each call.
    bounded_stack,  ///< The stack that a call needs does not grow with the chain's depth.
};
inline constexpr int invariant_count = static_cast<int>(invariant::bounded_stack) + 1;

/// What an invariant is about. A variant may fail in one group and hold in another, and a hint that
/// goes wrong must not hide what the references do.
enum class family : std::uint8_t {
    references,  ///< The count at rest, and the life of the namespace that depends on it.
    cover,       ///< The count at every instant: it may lag where that does no harm.
    pids,        ///< Which holder has which pid, and the books of the map.
    reuse,       ///< When a pid is reused, and whether its last owner's writes are seen.
    progress,    ///< Whether one thread that stops forever stops others.
};
inline constexpr int family_count = static_cast<int>(family::progress) + 1;

/// Everything about an invariant: a new one is a row here, and a member of the enum.
struct invariant_info {
    invariant which;
    std::string_view name;
    family about;
    /// What a thread does to break it: "thread 2 ...". Empty if no thread breaks it alone.
    std::string_view deed{};
};
inline constexpr std::array<invariant_info, invariant_count> invariants{{
    {invariant::unique_pid, "unique_pid", family::pids, "gets a pid that somebody holds"},
    {invariant::pid_in_range, "pid_in_range", family::pids, "gets a pid out of range"},
    {invariant::no_use_after_release, "no_use_after_release", family::references,
     "uses the namespace after its release"},
    {invariant::released_once, "released_once", family::references,
     "releases the namespace a second time"},
    {invariant::no_underflow, "no_underflow", family::references, "takes the count below 0"},
    {invariant::no_get_from_zero, "no_get_from_zero", family::references,
     "takes a reference from a count of 0, so that a dead namespace is revived"},
    {invariant::live_pid_pins_namespace, "live_pid_pins_namespace", family::references,
     "leaves a count of 0 while a pid is held"},
    {invariant::reference_covers_pages, "reference_covers_pages", family::cover},
    {invariant::refcount_equals_pages, "refcount_equals_pages", family::references},
    {invariant::nr_free_equals_clear_bits, "nr_free_equals_clear_bits", family::pids},
    {invariant::bitmap_equals_held, "bitmap_equals_held", family::pids},
    {invariant::nothing_leaked, "nothing_leaked", family::references},
    {invariant::no_immediate_reuse, "no_immediate_reuse", family::reuse,
     "gets a pid again though others were free"},
    {invariant::reuse_happens_after, "reuse_happens_after", family::reuse,
     "gets a pid without seeing what its last owner wrote"},
    {invariant::linearizable, "linearizable", family::pids},
    {invariant::progress, "progress", family::progress},
    {invariant::bounded_stack, "bounded_stack", family::references},
}};
[[nodiscard]] constexpr const invariant_info& info_of(invariant which) noexcept {
    return invariants[static_cast<std::size_t>(which)];
}
static_assert([] {
    for (int n = 0; n < invariant_count; ++n)
        if (invariants[static_cast<std::size_t>(n)].which != static_cast<invariant>(n))
            return false;
    return true;
}());

/// Which callers may call, and what protects the namespace during the call.
enum class discipline : std::uint8_t {
    member,     ///< The caller holds a live pid of this namespace for the whole call.
    reference,  ///< The caller holds a counted reference for the whole call.
    lookup,     ///< The caller found it in a table, inside a read-side critical section.
};
inline constexpr int discipline_count = static_cast<int>(discipline::lookup) + 1;

/// A set over a small enum.
template <class Enum>
class enum_set {
public:
    constexpr enum_set() noexcept = default;
    constexpr enum_set(Enum one) noexcept : bits_(bit(one)) {}
    [[nodiscard]] static constexpr enum_set all(int count) noexcept {
        enum_set set;
        set.bits_ = (1U << static_cast<unsigned>(count)) - 1;
        return set;
    }

    [[nodiscard]] constexpr bool contains(Enum one) const noexcept {
        return (bits_ & bit(one)) != 0;
    }
    [[nodiscard]] constexpr bool intersects(enum_set other) const noexcept {
        return (bits_ & other.bits_) != 0;
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
    constexpr void insert(Enum one) noexcept { bits_ |= bit(one); }
    friend constexpr enum_set operator|(enum_set a, enum_set b) noexcept {
        a.bits_ |= b.bits_;
        return a;
    }
    friend constexpr bool operator==(enum_set, enum_set) noexcept = default;

private:
    [[nodiscard]] static constexpr std::uint32_t bit(Enum one) noexcept {
        return 1U << static_cast<unsigned>(one);
    }
    std::uint32_t bits_ = 0;
};

/// Where an algorithm is run.
enum class world : std::uint8_t {
    native,    ///< At full speed, or with delays.
    tsan,      ///< Under ThreadSanitizer.
    asan,      ///< Under AddressSanitizer and UndefinedBehaviorSanitizer.
    explorer,  ///< Every interleaving of a small case, under C++20's memory model.
};
inline constexpr int world_count = static_cast<int>(world::explorer) + 1;

using discipline_set = enum_set<discipline>;
using invariant_set = enum_set<invariant>;
using world_set = enum_set<world>;
inline constexpr discipline_set every_discipline = discipline_set::all(discipline_count);
inline constexpr world_set every_world = world_set::all(world_count);

/// What one reference of a variant stands for: the right-hand side of the audit.
enum class counting : std::uint8_t { per_page, per_pid };

enum class variant_kind : std::uint8_t { variant, mutant };

/// One way in which a variant is known to fail.
struct breakage {
    invariant broken{};
    discipline_set where = every_discipline;
    /// The scenario in which a native run must show it, or another breakage of the variant that
    /// names this scenario: otherwise the harness is blind. Empty: it may show anywhere under these
    /// disciplines, but the schedule decides whether it does.
    std::string_view shown_by{};
};

/// The known failures of a variant; empty for one that must hold under every discipline.
class breakage_list {
public:
    static constexpr int capacity = 32;

    constexpr breakage_list() noexcept = default;
    constexpr breakage_list(invariant only) noexcept : breakage_list({breakage{.broken = only}}) {}
    constexpr breakage_list(std::initializer_list<breakage> list) noexcept {
        for (const breakage& one : list) items_[static_cast<std::size_t>(size_++)] = one;
    }
    [[nodiscard]] constexpr const breakage* begin() const noexcept { return items_.data(); }
    [[nodiscard]] constexpr const breakage* end() const noexcept { return items_.data() + size_; }
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
    /// Whether a failure of `broken` under `where` is a known one.
    [[nodiscard]] constexpr bool expects(invariant broken, discipline where) const noexcept {
        for (const breakage& one : *this)
            if (one.broken == broken && one.where.contains(where)) return true;
        return false;
    }

private:
    std::array<breakage, capacity> items_{};
    int size_ = 0;
};

/// What a variant declares.
struct variant_info {
    std::string_view name{};     ///< The file's and the type's name.
    std::string_view summary{};  ///< One line.
    variant_kind kind = variant_kind::variant;
    counting counts = counting::per_page;
    breakage_list breaks{};
    /// For a mutant: the worlds that can see what it breaks. It is run in the others too.
    world_set worlds = every_world;
};

[[nodiscard]] constexpr std::string_view to_string(alloc_error error) noexcept;
[[nodiscard]] constexpr std::string_view to_string(invariant which) noexcept;
[[nodiscard]] constexpr std::string_view to_string(discipline which) noexcept;
[[nodiscard]] constexpr std::string_view to_string(world which) noexcept;
[[nodiscard]] constexpr std::optional<discipline> parse_discipline(std::string_view name) noexcept;
[[nodiscard]] constexpr std::optional<invariant> parse_invariant(std::string_view name) noexcept;

// ------------------------------------------------------------------------------------------------

namespace detail {
inline constexpr std::array<std::string_view, 3> alloc_error_names{"exhausted", "no_memory",
                                                                   "namespace_dead"};
inline constexpr std::array<std::string_view, discipline_count> discipline_names{
    "member", "reference", "lookup"};
inline constexpr std::array<std::string_view, world_count> world_names{"native", "tsan", "asan",
                                                                       "explorer"};

template <class Enum, std::size_t N>
[[nodiscard]] constexpr std::optional<Enum> parse(const std::array<std::string_view, N>& names,
                                                  std::string_view name) noexcept {
    for (std::size_t i = 0; i < N; ++i)
        if (names[i] == name) return static_cast<Enum>(i);
    return std::nullopt;
}
}  // namespace detail

constexpr std::string_view to_string(alloc_error error) noexcept {
    return detail::alloc_error_names[static_cast<std::size_t>(error)];
}
constexpr std::string_view to_string(invariant which) noexcept {
    return info_of(which).name;
}
constexpr std::string_view to_string(discipline which) noexcept {
    return detail::discipline_names[static_cast<std::size_t>(which)];
}
constexpr std::string_view to_string(world which) noexcept {
    return detail::world_names[static_cast<std::size_t>(which)];
}
constexpr std::optional<discipline> parse_discipline(std::string_view name) noexcept {
    return detail::parse<discipline>(detail::discipline_names, name);
}
constexpr std::optional<invariant> parse_invariant(std::string_view name) noexcept {
    for (const invariant_info& one : invariants)
        if (one.name == name) return one.which;
    return std::nullopt;
}

}  // namespace pidmap_stress
