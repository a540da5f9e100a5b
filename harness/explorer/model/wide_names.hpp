#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace pidmap_stress::explore {

/// A value of 128 bits.
struct wide_value {
    std::array<std::uint64_t, 2> words{};
    std::uint8_t pointers = 0;  ///< A bit for each word that is the place a pointer leads to.

    friend bool operator==(const wide_value&, const wide_value&) = default;
};

/// Names of 64 bits for values of 128: a location of an execution graph has room for no more, and
/// asks only whether two values are equal. Equal values have one name, in every machine, as a graph
/// may go on in another one; and in every process, so that states can be compared by it. No name is
/// forgotten: a program has few such values. Threads may share it.
class wide_names {
public:
    [[nodiscard]] static wide_names& of_all();

    [[nodiscard]] std::uint64_t name_of(const wide_value& value);
    /// \pre It is the name of one.
    [[nodiscard]] wide_value value_of(std::uint64_t name) const;

private:
    mutable std::mutex mutex_;
    std::unordered_map<std::uint64_t, wide_value> values_{{0, {}}};
};

}  // namespace pidmap_stress::explore
