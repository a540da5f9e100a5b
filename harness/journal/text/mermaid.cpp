#include "harness/journal/text/mermaid.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "harness/journal/text/safe_text.hpp"

namespace pidmap_stress::journal {
namespace {

constexpr std::size_t most_steps = 40;  ///< More is no longer read.
constexpr std::size_t most_of_a_label = 120;
constexpr std::size_t most_broken = 2;  ///< Notes at one step.
/// Mermaid refuses to draw more, and shows an error instead.
constexpr std::size_t most_characters = 50'000;

/// Text as Mermaid takes it: what would end a statement, begin a comment or an entity, or be HTML,
/// is spelled as an entity; so is what would end the block of code that the diagram stands in.
[[nodiscard]] std::string label(std::string_view text) {
    std::string out;
    for (const char c : safe_text::one_line(text, most_of_a_label)) {
        if (std::string_view("#;<>&%\"{}`").find(c) != std::string_view::npos)
            out += fmt::format("#{};", static_cast<int>(c));
        else
            out += c;
    }
    return out;
}

}  // namespace

std::string to_mermaid(const explained_finding& shown) {
    if (shown.steps.empty()) return {};
    const std::size_t first = shown.steps.size() - std::min(shown.steps.size(), most_steps);
    std::set<unsigned> threads;
    for (std::size_t n = first; n < shown.steps.size(); ++n) threads.insert(shown.steps[n].thread);
    std::string text = "sequenceDiagram\n";
    for (const unsigned thread : threads)
        text += fmt::format("    participant T{} as thread {}\n", thread, thread);
    text += "    participant N as namespace\n";
    if (first != 0)
        text += fmt::format("    Note over T{},N: {} steps before these are left out\n",
                            *threads.begin(), first);
    for (std::size_t n = first; n < shown.steps.size(); ++n) {
        const interleaving_step& step = shown.steps[n];
        const std::string call = step.call.empty() ? "" : step.call + ": ";
        const std::string edge = step.edge.empty() ? "" : step.edge + ": ";
        const std::string from =
            step.reads_from ? fmt::format(", from step {}", *step.reads_from + 1) : std::string{};
        text += fmt::format("    T{}->>N: {}. {}{}\n", step.thread, n + 1,
                            label(call + edge + step.what), from);
        for (std::size_t b = 0; b < std::min(step.broken.size(), most_broken); ++b)
            text +=
                fmt::format("    Note over T{},N: BROKEN {}\n", step.thread, label(step.broken[b]));
    }
    return text.size() < most_characters ? text : std::string{};
}

}  // namespace pidmap_stress::journal
