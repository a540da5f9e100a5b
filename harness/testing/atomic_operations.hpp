#pragma once

#include <atomic>
#include <string_view>

/// Every operation of std::atomic<int>, in one list, to try each world with.
namespace pidmap_stress::testing {

/// What an operation is, apart from its code.
struct atomic_operation {
    std::string_view name;
    int from = 0;  ///< The value of the cell before it.
    /// The changes that it can make from there: +1, -1, or both.
    bool raises = true;
    bool lowers = true;
    bool changes = true;
};

/// Calls `visit(operation, apply)` for each, where `apply(cell, to)` brings a cell that has the
/// value `from` to the value `to`, which is -1 or 1, by this operation alone. An operation that
/// changes nothing leaves the cell as it is. `apply` returns whether everything that it returned
/// was right.
template <class Visit>
void for_each_atomic_operation(Visit visit) {
    constexpr auto relaxed = std::memory_order::relaxed;
    const auto reading = [](std::string_view name) {
        return atomic_operation{.name = name, .changes = false};
    };
    const auto setting = [](std::string_view name) { return atomic_operation{.name = name}; };
    const auto raising = [](std::string_view name) {
        return atomic_operation{.name = name, .lowers = false};
    };
    const auto lowering = [](std::string_view name) {
        return atomic_operation{.name = name, .raises = false};
    };
    const auto masking = [](std::string_view name) {
        return atomic_operation{.name = name, .from = -1, .lowers = false};
    };

    visit(reading("load()"), [](auto& cell, int) { return cell.load() == 0; });
    visit(reading("load(order)"), [](auto& cell, int) { return cell.load(relaxed) == 0; });
    visit(reading("operator T"), [](auto& cell, int) { return static_cast<int>(cell) == 0; });
    visit(reading("wait(old)"), [](auto& cell, int) { return cell.wait(1), true; });
    visit(reading("a failed compare_exchange_strong"), [](auto& cell, int to) {
        int expected = 7;
        return !cell.compare_exchange_strong(expected, to) && expected == 0;
    });
    visit(reading("a failed compare_exchange_weak"), [](auto& cell, int to) {
        int expected = 7;
        return !cell.compare_exchange_weak(expected, to, relaxed, relaxed) && expected == 0;
    });

    visit(setting("store(v)"), [](auto& cell, int to) { return cell.store(to), true; });
    visit(setting("store(v, order)"),
          [](auto& cell, int to) { return cell.store(to, relaxed), true; });
    visit(setting("operator="), [](auto& cell, int to) { return (cell = to) == to; });
    visit(setting("exchange(v)"), [](auto& cell, int to) { return cell.exchange(to) == 0; });
    visit(setting("exchange(v, order)"),
          [](auto& cell, int to) { return cell.exchange(to, relaxed) == 0; });
    visit(setting("compare_exchange_strong(e, v)"), [](auto& cell, int to) {
        int expected = 0;
        return cell.compare_exchange_strong(expected, to) && expected == 0;
    });
    visit(setting("compare_exchange_strong(e, v, order)"), [](auto& cell, int to) {
        int expected = 0;
        return cell.compare_exchange_strong(expected, to, std::memory_order::acq_rel);
    });
    visit(setting("compare_exchange_strong(e, v, order, order)"), [](auto& cell, int to) {
        int expected = 0;
        return cell.compare_exchange_strong(expected, to, relaxed, relaxed);
    });
    // Natively on x86, and in the explorer's first execution, a weak one does not fail spuriously.
    visit(setting("compare_exchange_weak(e, v)"), [](auto& cell, int to) {
        int expected = 0;
        return cell.compare_exchange_weak(expected, to);
    });
    visit(setting("compare_exchange_weak(e, v, order)"), [](auto& cell, int to) {
        int expected = 0;
        return cell.compare_exchange_weak(expected, to, std::memory_order::release);
    });
    visit(setting("compare_exchange_weak(e, v, order, order)"), [](auto& cell, int to) {
        int expected = 0;
        return cell.compare_exchange_weak(expected, to, relaxed, relaxed);
    });
    visit(setting("fetch_add(v)"), [](auto& cell, int to) { return cell.fetch_add(to) == 0; });
    visit(setting("fetch_add(v, order)"),
          [](auto& cell, int to) { return cell.fetch_add(to, relaxed) == 0; });
    visit(setting("fetch_sub(v)"), [](auto& cell, int to) { return cell.fetch_sub(-to) == 0; });
    visit(setting("fetch_sub(v, order)"),
          [](auto& cell, int to) { return cell.fetch_sub(-to, relaxed) == 0; });
    visit(setting("operator+="), [](auto& cell, int to) { return (cell += to) == to; });
    visit(setting("operator-="), [](auto& cell, int to) { return (cell -= -to) == to; });
    visit(raising("++x"), [](auto& cell, int) { return ++cell == 1; });
    visit(raising("x++"), [](auto& cell, int) { return cell++ == 0; });
    visit(lowering("--x"), [](auto& cell, int) { return --cell == -1; });
    visit(lowering("x--"), [](auto& cell, int) { return cell-- == 0; });
    visit(setting("fetch_or(v)"), [](auto& cell, int to) { return cell.fetch_or(to) == 0; });
    visit(setting("operator|="), [](auto& cell, int to) { return (cell |= to) == to; });
    visit(setting("fetch_xor(v)"), [](auto& cell, int to) { return cell.fetch_xor(to) == 0; });
    visit(setting("operator^="), [](auto& cell, int to) { return (cell ^= to) == to; });
    visit(masking("fetch_and(v)"), [](auto& cell, int to) { return cell.fetch_and(to) == -1; });
    visit(masking("operator&="), [](auto& cell, int to) { return (cell &= to) == to; });
}

}  // namespace pidmap_stress::testing
