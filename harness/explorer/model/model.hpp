#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pidmap_stress::explore {

/// Which executions are consistent. Each model allows all that the next one allows.
///
/// rc11 and cxx20 differ in the order of seq_cst operations alone. [atomics.order]/3.4 and /4.1
/// order two seq_cst reads of a location through a store between them that is not seq_cst. No
/// compiler for x86 gives that, as a release store and a seq_cst load are plain moves there; RC11
/// does not ask for it. What cxx20 excludes may happen: it is for questions about the standard.
///
/// What no model has:
/// - Load buffering: program order and reads-from have no cycle, so a relaxed load never returns
///   what a later store of its own thread has led to. Arm and Power may do that.
/// - Accesses of parts: a cell is read and written as a whole, and no cell overlaps another one.
/// - Order by dependency: consume is acquire, as compilers have it; a relaxed load orders nothing.
///
/// \source RC11: Lahav, Vafeiadis, Kang, Hur, Dreyer: Repairing sequential consistency in C/C++11.
///         PLDI 2017. Here release sequences are those of C++20.
enum class model : std::uint8_t {
    rc11,   ///< RC11: C++20 as compilers implement it.
    cxx20,  ///< The letter of C++20's order of seq_cst operations.
    sc,     ///< Interleavings only.
};

/// By model: what options, tokens and reports call it.
inline constexpr std::array<std::string_view, 3> model_names{"rc11", "cxx20", "sc"};

[[nodiscard]] constexpr std::string_view to_string(model which) noexcept {
    return model_names[static_cast<std::size_t>(which)];
}
[[nodiscard]] constexpr std::optional<model> parse_model(std::string_view name) noexcept {
    const auto at = std::ranges::find(model_names, name);
    if (at == model_names.end()) return std::nullopt;
    return static_cast<model>(at - model_names.begin());
}

}  // namespace pidmap_stress::explore
