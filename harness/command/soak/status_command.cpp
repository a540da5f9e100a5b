#include "harness/command/soak/status_command.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/base/say.hpp"
#include "harness/command/options.hpp"
#include "harness/journal/summary.hpp"

namespace pidmap_stress {
namespace {

[[nodiscard]] std::string to_human_seconds(double seconds) {
    return to_human(std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(seconds)));
}

}  // namespace

int run_status(const std::string& folder) {
    std::optional<journal::journal_text> text;
    try {
        text = journal::read_journal(folder);
    } catch (const std::runtime_error& error) {
        say(stderr, "pidmap-stress: {}\n", error.what());
        return exit_usage;
    }
    if (!text) {
        say(stderr, "pidmap-stress: {} has no journal; it must be the --dir of a soak\n", folder);
        return exit_usage;
    }
    const journal::summary now = journal::summarize({*text});
    double spent = 0;
    for (const journal::slice_record& slice : text->slices) spent += slice.spent_seconds;
    for (const journal::canary_record& canary : text->canaries) spent += canary.seconds;
    const double whole = text->attempts.empty() ? 0 : text->attempts.back().duration_seconds;
    const std::optional<int> writer = journal::writer_of(folder);
    const bool done = !text->ends.empty() && text->ends.back().reason == "done";
    const std::string state =
        writer ? fmt::format("running, process {} on {}", *writer,
                             text->attempts.empty() ? "?" : text->attempts.back().host)
        : done ? "done"
               : "not running, and not done: the same command goes on";
    say("{}: {}\n", folder, state);
    say("  {} of {} in {} attempt{}: {} slices, {} operations, {:.3g} CPU hours; last record {}\n",
        to_human_seconds(spent), to_human_seconds(whole), text->attempts.size(),
        text->attempts.size() == 1 ? "" : "s", now.slices,
        to_human(static_cast<double>(now.operations)), now.cpu_seconds / 3600,
        now.ended.empty() ? "none" : now.ended);
    std::size_t unexpected = 0;
    for (const journal::finding_group& group : now.findings) unexpected += group.expected ? 0 : 1;
    say("  worst so far: {}\n", unexpected == 0 ? std::string("nothing unexpected")
                                                : fmt::format("{} unexpected finding{}", unexpected,
                                                              unexpected == 1 ? "" : "s"));
    for (const journal::canary_state& canary : now.canaries)
        say("  canary: {}\n", canary.dead
                                  ? canary.why
                                  : fmt::format("found {} of work ago",
                                                to_human_seconds(canary.seconds_since_found)));
    if (!text->left_out.empty()) say("  {}\n", text->left_out);
    return exit_as_expected;
}

}  // namespace pidmap_stress
