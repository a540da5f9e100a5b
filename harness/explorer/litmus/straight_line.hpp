#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// Straight-line programs as data, for tests that compare the verdicts of different judges on one
/// program: the engine, the axioms, and the machine that this runs on.
namespace pidmap_stress::explore::straight_line {

enum class kind : std::uint8_t { load, store, add, exchange, cas, weak_cas, fence };

struct operation {
    kind what;
    unsigned cell = 0;
    int value = 0;
    int expected = 0;
    std::memory_order order = std::memory_order::relaxed;
    std::memory_order failure = std::memory_order::relaxed;
};
/// The operations of each thread.
using code = std::vector<std::vector<operation>>;

inline constexpr unsigned max_cells = 3;

/// What each operation has read, 0 if it does not read, thread by thread, and what the cells hold
/// in the end. A weak compare-exchange that did not store has read 100 more.
using outcome = std::vector<int>;
/// Outcomes, and how many executions have each.
using outcomes = std::map<outcome, unsigned>;

/// One line a thread, such as "store(x, 1, release); load(y, acquire);".
[[nodiscard]] inline std::string text_of(const code& c) {
    constexpr std::array names{"load", "store", "add", "exchange", "cas", "weak_cas", "fence"};
    constexpr std::array orders{"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
    std::string text;
    for (const auto& thread : c) {
        for (const operation& o : thread) {
            text += std::string(text.empty() || text.back() == '\n' ? "" : " ") +
                    names[static_cast<unsigned>(o.what)] + "(";
            const bool compares = o.what == kind::cas || o.what == kind::weak_cas;
            if (o.what != kind::fence)
                text += std::string(1, static_cast<char>('x' + o.cell)) + ", ";
            if (compares) text += std::to_string(o.expected) + ", ";
            if (o.what != kind::fence && o.what != kind::load)
                text += std::to_string(o.value) + ", ";
            text += orders[static_cast<unsigned>(o.order)];
            if (compares) text += std::string(", ") + orders[static_cast<unsigned>(o.failure)];
            text += ");";
        }
        text += '\n';
    }
    return text;
}

}  // namespace pidmap_stress::explore::straight_line
